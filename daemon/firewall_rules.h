/*
 * firewall_rules.h: rules as they matter to one packet (firewall.h): whether it matches, and what
 * then becomes of it.  firewall_nft.c and firewall_iptables.c make them, firewall_walk.c follows
 * them as the kernel does: those three do no I/O, and what they read bounds itself.  firewall_ways.c asks
 * the kernel for its routes.
 */
#ifndef FIREWALL_RULES_H
#define FIREWALL_RULES_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "firewall.h"

/* firewall_ways.c */
struct fw_ways {
	char arrival[IF_NAMESIZE], way[IF_NAMESIZE]; /* interfaces; "" not known */
	bool reverse_drops;                          /* rp_filter */
	int reverse_mends;                           /* its value that does not; -1: not alone */
};

/* Where the peer's packets came, if they did, and where the way to it goes. */
void fw_ways(struct fw_ways *ways, const struct firewall_request *request);

/* One direction of the tunnel's GRE. */
struct fw_packet {
	bool out;
	bool refused; /* it is known that none passes, so none belongs to a connection */
	struct in_addr src, dst;
	char in[IF_NAMESIZE], to[IF_NAMESIZE]; /* interfaces; "": not known */
};

enum fw_match { FW_NO, FW_MAYBE, FW_YES };
enum fw_verdict { FW_CONTINUE, FW_ACCEPT, FW_DROP, FW_RETURN, FW_JUMP, FW_GOTO };

struct fw_rule {
	enum fw_match match;
	enum fw_verdict verdict;
	char *target; /* owns; the chain of a jump, else NULL */
};

struct fw_chain {
	char *name;               /* owns; with its table: "inet filter input", "filter INPUT" */
	char *table;              /* owns; what a chain's name is unique in: "inet filter" */
	char hook[16];            /* "": others jump to it */
	bool unsure, policy_drop; /* unsure: perhaps our packets do not come to it at all */
	size_t count, room;
	struct fw_rule *rules; /* owns */
};

struct fw_rules {
	const char *program; /* "nft", "iptables-legacy" */
	size_t count, room;
	struct fw_chain *chains; /* owns */
	bool broken;             /* out of memory */
};

/* In both: the chain, made where it is not there yet; NULL out of memory. */
struct fw_chain *fw_chain(struct fw_rules *rules, const char *table, const char *name);
void fw_add(struct fw_rules *rules, struct fw_chain *chain, enum fw_match match,
    enum fw_verdict verdict, const char *target);
void fw_free(struct fw_rules *rules);

enum fw_match fw_not(enum fw_match match);
enum fw_match fw_and(enum fw_match a, enum fw_match b);
/* A name of an interface against a pattern: all of it, or up to the pattern's last character `any`. */
enum fw_match fw_interface(const char *name, const char *pattern, char any);
/* "192.0.2.1", and of that so many bits. */
enum fw_match fw_address(struct in_addr address, const char *net, unsigned bits);
/*
 * A connection's state, as both programs call it, in either case.  Without a helper that knows PPTP, GRE of the
 * peer begins a connection of its own; and what does not pass belongs to none.
 */
enum fw_match fw_state(const struct fw_packet *packet, const char *state);

/* False: it is no ruleset. `skip` (may be NULL): tables of family ip that are iptables' own. */
bool fw_read_nft(struct fw_rules *rules, const char *text, size_t len,
    const struct fw_packet *packet, const struct fw_rules *skip);
/* The text is changed. */
bool fw_read_iptables(struct fw_rules *rules, char *text, const struct fw_packet *packet);

/* What becomes of the packet at a hook: more than *found has, or nothing. */
void fw_walk(const struct fw_rules *rules, const struct fw_packet *packet, const char *hook,
    struct firewall_finding *found);

#endif
