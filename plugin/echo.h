/*
 * echo.h: a busy line does not die of lost LCP Echo-Requests (RFC 1661 5.8).
 *
 * pppd ends a link when so many of them were not answered, one after the other, whatever else
 * comes.  On a full line three in a row do get lost.  Here a request in whose time packets came
 * is spared: it does not count.  Of a row no more than twice lcp-echo-failure are, so that a
 * line that is dead one way only still ends (design D13, of the control connection's echo).
 */
#ifndef PPTPEER_ECHO_H
#define PPTPEER_ECHO_H

/* A request was answered, or LCP begins to agree: pppd counts anew. */
void pptpeer_echo_anew(void);
/* pppd sends an Echo-Request, and has not counted it yet. */
void pptpeer_echo_sent(void);

#endif
