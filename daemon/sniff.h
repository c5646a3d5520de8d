/*
 * sniff.h: what arrives as GRE ahead of this host's firewall, until the first good packet
 * (design D7).  It sees what the GRE socket does not, and so tells why.
 */
#ifndef SNIFF_H
#define SNIFF_H

#include <netinet/in.h>
#include <stdint.h>

struct engine;
struct sniff;

struct sniff_evidence {
	uint64_t ours;          /* from the server, to us, with our Call ID: this host dropped it */
	uint32_t interface;     /* index: where the last of those came */
	uint64_t other_call;    /* from the server, to us, with another Call ID */
	uint64_t other_address; /* with our Call ID, to us, from another address */
	uint16_t call_id;       /* that other Call ID */
	struct in_addr address; /* that other address */
};

/* Takes over the sniffer's socket.  NULL when out of memory (then fd is closed). */
struct sniff *sniff_new(struct engine *engine, int fd);
void sniff_free(struct sniff *sniff); /* NULL is fine */
/* The call is up: judge from now on. */
void sniff_start(
    struct sniff *sniff, struct in_addr server, struct in_addr local, uint16_t call_id);
const struct sniff_evidence *sniff_evidence(const struct sniff *sniff);

#endif
