/* gre_sock.c: see gre_sock.h. */
#include "gre_sock.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "damage.h"
#include "engine.h"

#define BATCH       64    /* packets a wakeup: then control and timers have their turn */
#define DATAGRAM    65536 /* octets: the largest IP packet (protocol F9) */
#define MIN_IP_SIZE 20

struct gre_sock {
	struct engine *engine; /* borrows for life */
	struct gre_owner owner;
	struct pptp_session *session; /* owns; NULL before the call is up */
	struct event *event;          /* owns */
	int fd;                       /* owns */
	struct damage *damage;        /* owns; NULL: what is sent stays in order */
	uint64_t last_rx;
	struct gre_errors errors;
	uint8_t buf[DATAGRAM];
};

static void
deliver(struct gre_sock *gre)
{
	const uint8_t *frame;
	size_t len;

	while (pptp_session_next(gre->session, &frame, &len) == PPTP_OK)
		gre->owner.frame(gre->owner.ctx, frame, len);
}

/* The raw socket gives the IP header as well (protocol F12); `len` octets are in the buffer. */
static void
one_packet(struct gre_sock *gre, size_t len, uint64_t now)
{
	size_t ip_len = (size_t)(gre->buf[0] & 0x0f) * 4;

	if (len < MIN_IP_SIZE || ip_len < MIN_IP_SIZE || ip_len > len)
		return; /* the kernel does not deliver such a thing */
	if (pptp_session_recv(gre->session, gre->buf + ip_len, len - ip_len, now) == PPTP_OK)
		gre->last_rx = now;
	deliver(gre);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct gre_sock *gre = ctx;
	struct engine *engine = gre->engine;
	uint64_t now = clock_now();

	(void)what;
	for (int i = 0; i < BATCH; i++) {
		ssize_t n = recv(fd, gre->buf, sizeof(gre->buf), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			/* An ICMP error shows here; the tunnel does not die of it (design D9). */
			gre->errors.recv_errors++;
			gre->errors.last_recv_error = errno;
			continue;
		}
		one_packet(gre, (size_t)n, now);
	}
	gre->owner.batch_end(gre->owner.ctx);
	engine_pump(engine);
}

struct gre_sock *
gre_sock_new(struct engine *engine, int fd, const struct gre_owner *owner)
{
	struct gre_sock *gre = calloc(1, sizeof(*gre));

	if (gre != NULL) {
		gre->engine = engine;
		gre->owner = *owner;
		gre->fd = fd;
		gre->event = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, gre);
	}
	if (gre == NULL || gre->event == NULL) {
		free(gre);
		close(fd);
		return NULL;
	}
	return gre;
}

void
gre_sock_free(struct gre_sock *gre)
{
	if (gre == NULL)
		return;
	event_free(gre->event);
	pptp_session_free(gre->session);
	damage_free(gre->damage);
	close(gre->fd);
	free(gre);
}

bool
gre_sock_start(struct gre_sock *gre, const struct pptp_session_params *params)
{
	const struct config *config = gre->engine->config;

	if (config->damage_type != DAMAGE_NONE) {
		gre->damage =
		    damage_new((enum damage_type)config->damage_type, config->damage_rate);
		if (gre->damage == NULL)
			return false;
	}
	gre->session = pptp_session_new(&gre->engine->env, params);
	return gre->session != NULL && event_add(gre->event, NULL) == 0;
}

static void
send_packet(void *ctx, const uint8_t *packet, size_t len)
{
	struct gre_sock *gre = ctx;

	if (send(gre->fd, packet, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return;
	gre->errors.send_errors++; /* dropped: PPTP does not send again (design D9) */
	gre->errors.last_send_error = errno;
}

void
gre_sock_send(struct gre_sock *gre, uint8_t *frame, size_t len)
{
	uint8_t *packet;
	size_t packet_len;

	if (gre->session == NULL)
		return;
	if (pptp_session_send(gre->session, frame, len, &packet, &packet_len, clock_now()) ==
	    PPTP_OK) {
		if (gre->damage != NULL)
			damage_packet(gre->damage, packet, packet_len, send_packet, gre);
		else
			send_packet(gre, packet, packet_len);
	}
}

uint64_t
gre_sock_pump(struct gre_sock *gre, uint64_t now)
{
	uint8_t ack[PPTP_GRE_MAX_HEADER], *packet;
	size_t len;

	if (gre->session == NULL)
		return PPTP_NEVER;
	pptp_session_expire(gre->session, now);
	deliver(gre);
	gre->owner.batch_end(gre->owner.ctx);
	while (pptp_session_send_queued(gre->session, &packet, &len, now) == PPTP_OK)
		send_packet(gre, packet, len);
	if (pptp_session_ack(gre->session, ack, sizeof(ack), &len, now) == PPTP_OK)
		send_packet(gre, ack, len);
	return pptp_session_deadline(gre->session);
}

uint64_t
gre_sock_last_rx(const struct gre_sock *gre)
{
	return gre->last_rx;
}

void
gre_sock_stats(const struct gre_sock *gre, struct pptp_session_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (gre->session != NULL)
		pptp_session_stats(gre->session, stats);
}

const struct gre_errors *
gre_sock_errors(const struct gre_sock *gre)
{
	return &gre->errors;
}
