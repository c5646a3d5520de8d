/* sniff.c: see sniff.h. */
#include "sniff.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine.h"
#include "pptp.h"

#define BATCH   64
#define HEADERS 96 /* octets; the socket's filter cuts to less */
#define MIN_IP  20
#define GRE_KEY 8 /* octets of GRE up to and with the Call ID */

struct sniff {
	struct event *event; /* owns */
	int fd;              /* owns */
	struct in_addr server, local;
	uint16_t call_id;
	struct sniff_evidence evidence;
};

/*
 * The payload is cut off, so the length in the header does not fit: only the fixed part is read
 * here, enhanced GRE (version 1, protocol 0x880b) and the Call ID (RFC 2637 4.1).
 */
static void
judge(struct sniff *sniff, const uint8_t *ip, size_t len, int interface)
{
	size_t ip_len = (size_t)(ip[0] & 0x0f) * 4;
	struct in_addr src, dst;

	if (len < MIN_IP || ip_len < MIN_IP || len < ip_len + GRE_KEY)
		return;
	const uint8_t *gre = ip + ip_len;
	if ((gre[1] & 0x07) != 1 || gre[2] != PPTP_GRE_PROTOCOL >> 8 ||
	    gre[3] != (PPTP_GRE_PROTOCOL & 0xff))
		return;
	memcpy(&src, ip + 12, sizeof(src));
	memcpy(&dst, ip + 16, sizeof(dst));
	uint16_t call_id = (uint16_t)(gre[6] << 8 | gre[7]);
	if (dst.s_addr != sniff->local.s_addr)
		return;
	if (src.s_addr == sniff->server.s_addr && call_id == sniff->call_id) {
		sniff->evidence.ours++;
		sniff->evidence.interface = (uint32_t)interface;
	} else if (src.s_addr == sniff->server.s_addr) {
		sniff->evidence.other_call++;
		sniff->evidence.call_id = call_id;
	} else if (call_id == sniff->call_id) {
		sniff->evidence.other_address++;
		sniff->evidence.address = src;
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct sniff *sniff = ctx;
	uint8_t buf[HEADERS];

	(void)what;
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_ll from = {0};
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(
		    fd, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

		if (n < 0)
			return;
		judge(sniff, buf, (size_t)n, from.sll_ifindex);
	}
}

struct sniff *
sniff_new(struct engine *engine, int fd)
{
	struct sniff *sniff = calloc(1, sizeof(*sniff));

	if (sniff != NULL) {
		sniff->fd = fd;
		sniff->event =
		    event_new(engine->base, fd, EV_READ | EV_PERSIST, on_readable, sniff);
	}
	if (sniff == NULL || sniff->event == NULL) {
		free(sniff);
		close(fd);
		return NULL;
	}
	return sniff;
}

void
sniff_free(struct sniff *sniff)
{
	if (sniff == NULL)
		return;
	event_free(sniff->event);
	close(sniff->fd);
	free(sniff);
}

void
sniff_start(struct sniff *sniff, struct in_addr server, struct in_addr local, uint16_t call_id)
{
	sniff->server = server;
	sniff->local = local;
	sniff->call_id = call_id;
	event_add(sniff->event, NULL); /* what came since the socket was opened waits in it */
}

const struct sniff_evidence *
sniff_evidence(const struct sniff *sniff)
{
	return &sniff->evidence;
}
