/*
 * doctor.h: `pptpeer doctor`, for the files of this room only: doctor.c (the verb, what it
 * prints), doctor_host.c (what is to be had before anybody is dialled), doctor_dial.c (one dial of
 * its own), doctor_tunnel.c (a tunnel that is up).
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <jansson.h>

#include "connect.h"
#include "daemon/ipc.h"

/* In the order of the way. */
enum hop {
	HOP_HOST,
	HOP_NAME,
	HOP_ROUTE,
	HOP_TCP,
	HOP_CONTROL,
	HOP_CALL,
	HOP_GRE_OUT,
	HOP_GRE_IN,
	HOP_LCP,
	HOP_AUTH,
	HOP_ENCRYPTION,
	HOP_ADDRESSES,
	HOP_PING,
	HOP_DNS,
	HOP_MTU,
	HOPS, /* beyond the last one */
};

#define NO_TIME UINT64_MAX /* where a hop's is not known, or of no interest */

/* An address of the server, and the way to it. */
struct doctor_address {
	struct in_addr address;
	char text[INET_ADDRSTRLEN];
	char from[64]; /* "source 192.0.2.1 dev eth0"; "" not known */
};

struct doctor {
	struct connect run;
	struct tool *tool; /* borrows */
	bool json;
	const char *target; /* borrows argv */
	json_t *hops;       /* owns; as --json has them */
	enum hop next;      /* the first that has not been walked */
	bool failed;
	enum hop failed_at;
	struct reason reason; /* of that */

	unsigned address_count;
	struct doctor_address addresses[IPC_MAX_ADDRESSES];
};

/* doctor.c */

/*
 * The hop is fine, with its evidence and how long it took, us or NO_TIME.  It is told once: the
 * second dial of mppe = "prefer" comes by it again.
 */
void doctor_ok(struct doctor *doctor, enum hop hop, uint64_t us, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* There is nothing to be walked, or nothing is known of it. */
void doctor_none(struct doctor *doctor, enum hop hop, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The way ends here. */
void doctor_fail(struct doctor *doctor, enum hop hop, const struct reason *reason);
/* A line that is no hop's, of that level. */
void doctor_note(const struct doctor *doctor, int level, const char *text);
uint64_t doctor_now(void);

/* doctor_host.c: this host, the name, the route.  False: the way has ended. */
bool doctor_host(struct doctor *doctor);

/* doctor_dial.c: dials, up to what the settings ask for. */
void doctor_dial(struct doctor *doctor);

/* doctor_tunnel.c */

/* What the keeper of a tunnel that is up knows, as hops up to the addresses. */
void doctor_known(struct doctor *doctor, const json_t *tunnel);
/* "3 packets sent, 2 of them acknowledged", of a status object; "" where it tells nothing. */
const char *doctor_gre_out(const json_t *tunnel, char *buf, size_t size);
const char *doctor_gre_in(const json_t *tunnel, char *buf, size_t size);
void doctor_encryption(struct doctor *doctor, const json_t *tunnel);
void doctor_addresses(struct doctor *doctor, const json_t *tunnel);
/* Ping, DNS and path MTU through it. */
void doctor_through(struct doctor *doctor, const json_t *tunnel);

#endif
