/* gre_sock.c: see gre_sock.h. */
#include "gre_sock.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/errqueue.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "damage.h"
#include "engine.h"
#include "gre_int.h"
#include "gre_out.h"
#include "pace.h"
#include "sockets.h"

#define MIN_IP_SIZE 20
#define MAX_IP_SIZE 60 /* of its header */
#define ICMP_BATCH  32 /* messages a wakeup */
#define EARLY       8  /* packets that wait for gre_sock_start() where the socket is shared */
_Static_assert(GRE_BATCH <= ENGINE_SLOTS, "each has its slot");
_Static_assert(PACE_MUCH <= GRE_BATCHES * GRE_BATCH, "what a wakeup leaves is not waited for");
_Static_assert(MAX_IP_SIZE + PPTP_GRE_MAX_HEADER <= ENGINE_HEADROOM, "the headers come as well");
_Static_assert(sizeof(struct iphdr) + PPTP_GRE_MAX_HEADER <= ENGINE_SEND_ROOM, "and go in place");

/* What has come before gre_sock_start(). */
struct early {
	size_t len;
	uint8_t octets[];
};

struct gre_sock {
	struct engine *engine; /* borrows for life */
	struct gre_owner owner;
	struct pptp_session *session; /* owns; NULL before the call is up */
	struct pace pace;             /* empty where it is shared */
	int fd;                       /* owns, but where it is shared */
	struct gre_share share;
	unsigned early_count;
	struct early *early[EARLY]; /* own */
	struct damage *damage;      /* owns; NULL: what is sent stays in order */
	uint64_t last_rx;
	bool hears_icmp; /* until the first good packet */
	bool held;       /* nothing is read */
	struct gre_errors errors;
	struct gre_inbox *in; /* owns; NULL where it is shared */
	uint64_t out_now;     /* us: when the first one of `out` was queued */
	struct gre_out out;   /* the last: to clang it has no fixed size (struct cmsghdr) */
};

void
gre_inbox_init(struct gre_inbox *in, const struct engine *engine)
{
	for (size_t i = 0; i < GRE_BATCH; i++) {
		in->parts[i] = (struct iovec){.iov_base = engine->slots + i * engine->slot_size,
		    .iov_len = engine->slot_size};
		in->messages[i].msg_hdr.msg_iov = &in->parts[i];
		in->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

/* The raw socket gives the IP header as well (protocol F12). */
bool
gre_inbox_packet(
    const struct gre_inbox *inbox, unsigned i, const uint8_t **packet, size_t *len, size_t *ip_len)
{
	const struct mmsghdr *message = &inbox->messages[i];

	*packet = inbox->parts[i].iov_base;
	*len = message->msg_len;
	*ip_len = *len < MIN_IP_SIZE ? 0 : (size_t)(**packet & 0x0f) * 4;
	if (*ip_len < MIN_IP_SIZE || *ip_len > *len)
		*ip_len = 0; /* the kernel does not deliver such a thing */
	return *ip_len != 0 && (message->msg_hdr.msg_flags & MSG_TRUNC) == 0;
}

/*
 * ICMP errors with who sent them, until GRE comes: then they only cost, as each makes one send() fail
 * (ip(7), IP_RECVERR).
 */
static void
hear_icmp(struct gre_sock *gre, bool on)
{
	int value = on;

	if (gre->hears_icmp == on)
		return;
	gre->hears_icmp =
	    setsockopt(gre->fd, IPPROTO_IP, IP_RECVERR, &value, sizeof(value)) == 0 && on;
}

/* All that wait: the socket is readable as long as one does. */
static void
take_icmp(struct gre_sock *gre)
{
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof(control)};

	for (unsigned i = 0; i < ICMP_BATCH && gre->hears_icmp &&
			     recvmsg(gre->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
	     i++) {
		for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL;
		     part = CMSG_NXTHDR(&message, part)) {
			struct {
				struct sock_extended_err error;
				struct sockaddr_in from;
			} said;

			if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_RECVERR ||
			    part->cmsg_len < CMSG_LEN(sizeof(said)))
				continue;
			memcpy(&said, CMSG_DATA(part), sizeof(said));
			if (said.error.ee_origin != SO_EE_ORIGIN_ICMP)
				continue;
			gre->errors.icmp_count++;
			gre->errors.icmp = (struct gre_icmp){
			    said.from.sin_addr, said.error.ee_type, said.error.ee_code};
		}
		message.msg_controllen = sizeof(control);
	}
}

static void
deliver(struct gre_sock *gre)
{
	const uint8_t *frame;
	size_t len;

	while (pptp_session_next(gre->session, &frame, &len) == PPTP_OK)
		gre->owner.frame(gre->owner.ctx, frame, len);
}

/* It is dropped where there is no room: PPP sends its requests again. */
static void
keep_early(struct gre_sock *gre, const uint8_t *packet, size_t len)
{
	struct early *early = gre->early_count < EARLY ? malloc(sizeof(*early) + len) : NULL;

	if (early == NULL)
		return;
	early->len = len;
	memcpy(early->octets, packet, len);
	gre->early[gre->early_count++] = early;
}

void
gre_sock_take(struct gre_sock *gre, const uint8_t *packet, size_t len, uint64_t now)
{
	if (gre->session == NULL) {
		keep_early(gre, packet, len);
		return;
	}
	if (pptp_session_recv(gre->session, packet, len, now) == PPTP_OK) {
		gre->last_rx = now;
		hear_icmp(gre, false);
	}
	deliver(gre);
}

void
gre_sock_too_long(struct gre_sock *gre)
{
	gre->errors.too_long++;
}

void
gre_sock_end_batch(struct gre_sock *gre)
{
	gre->owner.batch_end(gre->owner.ctx);
}

/* How many there were; an error counts as one. */
static unsigned
recv_batch(struct gre_sock *gre, uint64_t now)
{
	int n = recvmmsg(gre->fd, gre->in->messages, GRE_BATCH, MSG_DONTWAIT, NULL);

	if (n < 0) {
		bool none = errno == EAGAIN;

		take_icmp(gre);
		if (none)
			return 0;
		/* An ICMP error shows here; the tunnel does not die of it (design D9). */
		gre->errors.recv_errors++;
		return 1;
	}
	for (int i = 0; i < n; i++) {
		const uint8_t *packet;
		size_t len, ip_len;

		if (gre_inbox_packet(gre->in, (unsigned)i, &packet, &len, &ip_len))
			gre_sock_take(gre, packet + ip_len, len - ip_len, now);
		else if (ip_len != 0)
			gre->errors.too_long++;
	}
	return (unsigned)n;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct gre_sock *gre = ctx;
	struct engine *engine = gre->engine;
	uint64_t now = clock_now();

	unsigned packets = 0, count;

	(void)fd, (void)what;
	/* While some are delivered others come: to look is cheaper than another turn of the loop. */
	do {
		count = recv_batch(gre, now);
		packets += count;
	} while (count > 1 && packets < GRE_BATCHES * GRE_BATCH && !gre->held);
	gre_sock_end_batch(gre);
	if (!gre->held)
		pace_next(&gre->pace, packets, now);
	engine_pump(engine);
}

struct gre_sock *
gre_sock_new(struct engine *engine, int fd, struct in_addr peer, const struct gre_owner *owner)
{
	struct gre_sock *gre = calloc(1, sizeof(*gre));

	if (gre != NULL) {
		gre->engine = engine;
		gre->owner = *owner;
		gre->fd = fd;
		gre->in = calloc(1, sizeof(*gre->in));
		if (gre->in != NULL)
			gre_inbox_init(gre->in, engine);
		gre_out_init(
		    &gre->out, fd, peer, engine->env.random(engine->env.ctx), &gre->errors);
	}
	if (gre == NULL || gre->in == NULL ||
	    !pace_init(&gre->pace, engine->base, fd, on_readable, gre)) {
		if (gre != NULL)
			gre_sock_free(gre);
		else
			close(fd);
		return NULL;
	}
	hear_icmp(gre, true);
	return gre;
}

struct gre_sock *
gre_sock_new_shared(
    struct engine *engine, const struct gre_share *share, const struct gre_owner *owner)
{
	struct gre_sock *gre = calloc(1, sizeof(*gre));

	if (gre == NULL)
		return NULL;
	gre->engine = engine;
	gre->owner = *owner;
	gre->fd = share->fd;
	gre->share = *share;
	gre_out_init_shared(&gre->out, share, &gre->errors);
	return gre;
}

void
gre_sock_free(struct gre_sock *gre)
{
	if (gre == NULL)
		return;
	pace_fini(&gre->pace);
	for (unsigned i = 0; i < gre->early_count; i++)
		free(gre->early[i]);
	pptp_session_free(gre->session);
	damage_free(gre->damage);
	free(gre->in);
	if (gre->share.shared != NULL)
		gre_shared_leave(gre->share.shared, gre->share.peer, gre->share.call_id);
	else
		close(gre->fd);
	free(gre);
}

static void
take_early(struct gre_sock *gre)
{
	uint64_t now = clock_now();

	for (unsigned i = 0; i < gre->early_count; i++) {
		gre_sock_take(gre, gre->early[i]->octets, gre->early[i]->len, now);
		free(gre->early[i]);
	}
	if (gre->early_count > 0)
		gre_sock_end_batch(gre);
	gre->early_count = 0;
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
	if (gre->session == NULL)
		return false;
	if (gre->share.shared == NULL)
		return gre->held || pace_start(&gre->pace);
	take_early(gre);
	return true;
}

void
gre_sock_bound(struct gre_sock *gre, int octets)
{
	if (gre->share.shared != NULL)
		return;
	setsockopt(
	    gre->fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets)); /* at worst it is longer */
}

void
gre_sock_leave_by(struct gre_sock *gre, unsigned interface)
{
	if (gre->share.shared == NULL)
		sockets_leave_by(gre->fd, interface);
}

void
gre_sock_hold(struct gre_sock *gre, bool hold)
{
	if (gre->share.shared != NULL)
		return;
	gre->held = hold;
	if (gre->session == NULL)
		return;
	if (hold)
		pace_stop(&gre->pace);
	else
		pace_start(&gre->pace);
}

void
gre_sock_flush(struct gre_sock *gre)
{
	gre_out_flush(&gre->out);
}

/* What does not stay where it is until the flush. */
static void
send_now(void *ctx, const uint8_t *packet, size_t len)
{
	gre_out_queue(ctx, (uint8_t *)(uintptr_t)packet, len, false);
	gre_out_flush(ctx);
}

void
gre_sock_send(struct gre_sock *gre, uint8_t *frame, size_t len)
{
	uint8_t *packet;
	size_t packet_len;

	if (gre->session == NULL)
		return;
	if (gre->out.count == 0)
		gre->out_now = clock_now(); /* once for a batch: they come together */
	if (pptp_session_send(gre->session, frame, len, &packet, &packet_len, gre->out_now) !=
	    PPTP_OK)
		return;
	if (gre->damage != NULL)
		damage_packet(gre->damage, packet, packet_len, send_now, &gre->out);
	else
		gre_out_queue(&gre->out, packet, packet_len, true);
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
		send_now(&gre->out, packet, len);
	if (pptp_session_ack(gre->session, ack, sizeof(ack), &len, now) == PPTP_OK)
		send_now(&gre->out, ack, len);
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

uint64_t
gre_socket_full(int fd, uint64_t full)
{
	uint32_t facts[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(facts);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, facts, &len) < 0 || len < sizeof(facts))
		return full;
	return full + (uint32_t)(facts[SK_MEMINFO_DROPS] - (uint32_t)full);
}

const struct gre_errors *
gre_sock_errors(struct gre_sock *gre)
{
	gre->errors.shared = gre->share.shared != NULL;
	if (!gre->errors.shared)
		gre->errors.full = gre_socket_full(gre->fd, gre->errors.full);
	return &gre->errors;
}
