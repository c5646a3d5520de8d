/* snoop.h: what is read off the packets as they pass, before pppd acts on them: why it is that PPP fails. */
#ifndef PPTPEER_SNOOP_H
#define PPTPEER_SNOOP_H

#include "report.h"

/* From now on each packet of LCP, CCP and of the authentication is looked at, and LCP's echo. */
void pptpeer_snoop_init(void);
/* LCP begins to agree: what was found of authentication and MPPE was of the agreement before. */
void pptpeer_snoop_anew(void);
/* The authentication is over. */
void pptpeer_snoop_network(void);
/* CCP opens before IPCP, or after it, or again with other options: looked at often. */
void pptpeer_snoop_ccp(void);
/* The link has gone; or pppd ends it.  What is known of why is said. */
void pptpeer_snoop_disconnect(void);
void pptpeer_snoop_terminate(void);
/* What LCP has agreed that we do to prove ourselves; or the caller, where we answer. */
enum report_auth pptpeer_auth_agreed(void);
/* CHAP with this digest (pppd's CHAP_MD5 and so on). */
enum report_auth pptpeer_auth_of_chap(unsigned digest);

#endif
