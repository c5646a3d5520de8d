/* echo.c: see echo.h. */
#include "echo.h"

#include "compat.h"
#include "report.h"
#include "say.h"

/* Of the one link that a pppd is. */
static struct {
	unsigned unanswered; /* requests in a row, before the one that is being sent */
	int spared;          /* of them; pppd's limit is higher by so many */
	int said;            /* of spared, to the engine */
	unsigned packets;    /* that had come when the last request was sent */
} echo;

/*
 * pppd compares before it sends: it ends the link instead of the request that would follow
 * lcp_echo_fails unanswered ones.
 */
static void
set_spared(int count)
{
	lcp_echo_fails += count - echo.spared;
	echo.spared = count;
}

/* It is the next request that says so: when pppd has ended the link, LCP begins anew as well. */
void
pptpeer_echo_anew(void)
{
	echo.unanswered = 0;
	set_spared(0);
}

void
pptpeer_echo_sent(void)
{
	struct report report = {.kind = REPORT_ECHO_SPARED};
	unsigned packets = ppp_packets_in();

	if (echo.unanswered > 0 && packets != echo.packets &&
	    echo.spared < 2 * (lcp_echo_fails - echo.spared))
		set_spared(echo.spared + 1);
	echo.packets = packets;
	echo.unanswered++;
	if (echo.spared == echo.said)
		return;
	report.u.spared = (uint32_t)echo.spared;
	pptpeer_say(&report);
	echo.said = echo.spared;
}
