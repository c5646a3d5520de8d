/*
 * packet.h: one packet of a capture, from its link layer to what IPv4 carries.  Nothing of it can be
 * trusted: not a length, not a checksum (which are not looked at: offloading leaves them wrong).
 */
#ifndef PACKET_H
#define PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packet {
	struct in_addr src, dst;
	uint8_t protocol;       /* 6 TCP, 47 GRE */
	const uint8_t *payload; /* behind the IP header; borrows the frame */
	size_t len;             /* octets of it that were captured */
	size_t missing;         /* and those that were not, by the IP header's length */
	bool is_fragment;       /* the first one: more of the packet comes in others */
};

enum packet_kind {
	PACKET_WHOLE,
	PACKET_OTHER,    /* no IPv4, or not all of its header */
	PACKET_FRAGMENT, /* a later one: fragments are not put together */
};

/* Whether frames of this DLT_ of libpcap can be read. */
bool packet_link_is_known(int link_type);
/* len > 0: the octets that were captured. */
enum packet_kind packet_decode(
    struct packet *packet, int link_type, const uint8_t *frame, size_t len);

#endif
