/* gre_out.h: for gre_sock.c only: the packets of one call that go, many with one system call (design D7). */
#ifndef GRE_OUT_H
#define GRE_OUT_H

#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "gre_int.h"
#include "gre_sock.h"

#define GRE_OUT_BATCH 32 /* packets a call */

/* With each packet on a shared socket (ip(7), IP_PKTINFO): from the address that the peer dialled. */
union gre_from {
	struct cmsghdr align;
	char octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* The arguments of sendmmsg(). */
struct gre_out {
	int fd;                    /* borrows for life */
	struct gre_errors *errors; /* borrows for life; what could not be sent is counted there */
	unsigned count;
	struct mmsghdr messages[GRE_OUT_BATCH];
	/* Header and packet, or both as one; the packet alone. */
	struct iovec parts[GRE_OUT_BATCH][2];
	struct iphdr header; /* of all that we send, if we make it */
	bool makes_header;   /* never where it is shared: the option is the socket's */
	uint16_t id;         /* identification of the next one with room before it */
	struct sockaddr_in to;
	union gre_from from;
};

/* The socket is the call's own, and connected to `peer`; `chance`: a random number. */
void gre_out_init(
    struct gre_out *out, int fd, struct in_addr peer, uint32_t chance, struct gre_errors *errors);
void gre_out_init_shared(
    struct gre_out *out, const struct gre_share *share, struct gre_errors *errors);
/*
 * Sends the packet at gre_out_flush() at the latest: until then it borrows it.  With `room`, an IP
 * header's octets before it are free, and it has a header of its own.
 */
void gre_out_queue(struct gre_out *out, uint8_t *packet, size_t len, bool room);
/* Sends all that waits, with as few calls as there can be; what cannot be sent is dropped. */
void gre_out_flush(struct gre_out *out);

#endif
