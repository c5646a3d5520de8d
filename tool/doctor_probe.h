/*
 * doctor_probe.h: ping, DNS and path MTU through an interface, in a short-lived child that has no
 * rights any more when the first octet comes in (design D3).
 */
#ifndef DOCTOR_PROBE_H
#define DOCTOR_PROBE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct probe {
	char interface[IF_NAMESIZE];
	struct in_addr peer;   /* who is to answer the pings */
	struct in_addr dns[2]; /* INADDR_ANY: none */
	unsigned mtu;          /* of the interface */
};

enum probe_kind { PROBE_PING, PROBE_DNS, PROBE_MTU };

struct probe_report {
	uint32_t kind;
	int32_t error; /* errno of what could not be done at all, or of what came back; 0 */
	uint32_t sent, received; /* packets; of PROBE_DNS queries and answers */
	uint32_t us;             /* the mean of what came back */
	uint32_t size;           /* PROBE_MTU: octets of the longest packet that came back */
	uint32_t server;         /* PROBE_DNS: which */
	uint32_t rcode;          /* PROBE_DNS: of its answer (RFC 1035 4.1.1) */
};

/*
 * One report after the other: ping; DNS, for each server; path MTU.  It ends early where nothing
 * answers the ping, or no DNS server a query.  The pid, or -1 with errno; *fd is the caller's.
 */
pid_t probe_start(const struct probe *probe, int *fd);
/* 1: the next one; 0: that was all; -1: a signal came. */
int probe_next(int fd, struct probe_report *report);

#endif
