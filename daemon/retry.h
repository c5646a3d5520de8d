/*
 * retry.h: whether and when to dial again (design D11).  Time and chance are the caller's, so
 * that the whole rule is in one place and tests need no clock.
 */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "reason.h"

struct retry {
	unsigned server;  /* in config.servers: the one to dial next */
	unsigned tries;   /* rounds in a row in which no server took us */
	unsigned redials; /* ever: dials after the first one */
	uint64_t delay;   /* us: the last one that was waited */
	/*
	 * Role "auto": a dial of ours was refused for good, and only answering goes on.  Until somebody
	 * asks for a redial, or there is another configuration: then the owner clears it.
	 */
	bool barred;
};

/* Of one dial that has ended. */
struct retry_end {
	int exit_code;
	uint64_t up_for; /* us; 0: it never was */
	uint32_t random; /* any 32 bits */
	bool answered; /* it was the peer's call: nothing of ours was refused, whatever the code */
	bool asked;    /* somebody asked for a redial: at once, whatever the code */
};

/*
 * Whether there is another dial, or with role "auto" calls to answer until then (*wait is PPTP_NEVER:
 * until what `barred` says); then retry->server is the one to call and *wait (us) the time
 * until then.  Each of several servers has its turn at once, also without retry.persist; after the
 * last one the delay doubles from first-delay to max-delay, each time 25 % more or less.
 */
bool retry_next(
    struct retry *retry, const struct config *config, const struct retry_end *end, uint64_t *wait);

#endif
