/*
 * firewall.h: which rule of this host drops GRE of a peer (design D7): nft, iptables in both its
 * flavours, rp_filter.  The programs that list the rules are run, and what they say is read, in a
 * short-lived child, which has no privileges any more when it begins to read (design D3).
 */
#ifndef FIREWALL_H
#define FIREWALL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A whole look; then its child is killed, and nothing was looked at.  It takes some 20 ms, but seconds
 * on a machine that others keep busy.
 */
#define FIREWALL_SECONDS 10
/* Whoever asks the keeper for a look has an answer by then. */
#define FIREWALL_WAIT (FIREWALL_SECONDS + 1)

struct firewall_request {
	struct in_addr peer, local;
	uint32_t
	    interface; /* index: the peer's packets were seen there, and not behind; 0: not seen */
	uint32_t refused; /* 0 or 1: our own packets cannot be sent (EPERM) */
};

/* What was looked at. */
#define FIREWALL_NFT      1U
#define FIREWALL_IPTABLES 2U
/* And there is something that could not be. */
#define FIREWALL_INCOMPLETE 4U

enum firewall_sure { FIREWALL_NOTHING, FIREWALL_PERHAPS, FIREWALL_CERTAIN };

/* What drops packets of one direction. */
struct firewall_finding {
	uint32_t sure;  /* enum firewall_sure */
	char where[96]; /* "nft: inet filter input", "rp_filter of eth0"; escaped */
	char mend[192]; /* a command that lets just these packets pass; "" none */
};

struct firewall_result {
	uint32_t looked; /* FIREWALL_ */
	struct firewall_finding in, out;
};

/* "nft", "nft and iptables"; "": nothing was looked at, or not all that there is. */
const char *firewall_looked_at(const struct firewall_result *result);

/*
 * A child looks: its answer comes through *fd (the caller's, non-blocking), for
 * firewall_answer().  Needs root; without it nothing can be looked at.  `wipe` (may be NULL) is
 * called in it before anything else: it forgets the secret.  The pid, or -1 with errno; what it
 * runs ends with it.
 */
pid_t firewall_start(
    const struct firewall_request *request, void (*wipe)(void *), void *ctx, int *fd);
/* What it found; nothing where it said nothing, or what no such child says. */
void firewall_answer(int fd, struct firewall_result *result);

#endif
