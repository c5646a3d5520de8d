/*
 * ppp.h: PPP packets for a trace, between ppp.c (what a packet is, and what of it is secret),
 * ppp_print.c (it in words) and ppp_options.c (its options in words).  Inside lib/ only.
 */
#ifndef PPP_H
#define PPP_H

#include "pptp.h"
#include "wire.h"
#include "words.h"

enum { /* https://www.iana.org/assignments/ppp-numbers: those with words of their own */
	PPP_IPCP = 0x8021,
	PPP_IPV6CP = 0x8057,
	PPP_CCP = 0x80fd,
	PPP_LCP = 0xc021,
	PPP_PAP = 0xc023,
	PPP_LQR = 0xc025,
	PPP_CHAP = 0xc223,
	PPP_EAP = 0xc227,
};

#define PPP_CONFIGURE_REQUEST 1 /* RFC 1661 5; 2 to 4 are its answers */
#define PPP_CONFIGURE_REJECT  4
#define PPP_PROTOCOL_REJECT   8
#define PPP_HEADER_LEN        4 /* Code, Identifier, Length */

/* "MRU 1400, Magic-Number 0x01020304": the options of the four Configure packets. */
void ppp_options_print(struct words *words, unsigned protocol, struct wire_reader *reader);
const char *ppp_chap_algorithm(unsigned algorithm);

#endif
