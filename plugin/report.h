/*
 * report.h: what pptpeer.so inside pppd says, and to whom.
 *
 * pppd inherits ends of SOCK_SEQPACKET pairs and learns their numbers by options:
 *
 *   pptpeer-report N   plugin -> engine: one struct report a datagram, never answered.
 *   pptpeer-secret N   keeper -> plugin: one datagram, the secret as it is, at most
 *                      SECRET_MAX octets, already waiting when pppd starts.  The plugin reads
 *                      it at once, closes the descriptor, and wipes its copy at the end.
 *
 *   pptpeer-verify N   plugin -> keeper and back, where pppd answers a call: one struct verify_ask,
 *                      then one struct verify_answer, for which the plugin waits 6 s at most.
 *
 * All run on one machine from one build: plain C structs, host order, one version.
 */
#ifndef PPTPEER_REPORT_H
#define PPTPEER_REPORT_H

#include <stdint.h>

#define REPORT_VERSION   1
#define SECRET_MAX       255 /* pppd's MAXSECRETLEN less its NUL */

#define REPORT_ESTABLISH 4 /* PHASE_ESTABLISH: pppd has its channel, and reads it */

enum report_kind {
	REPORT_HELLO =
	    1,          /* the plugin is loaded and the options were read: text is pppd's version */
	REPORT_PHASE,   /* phase: pppd's PHASE_* number (0 dead .. 12 master) */
	REPORT_LCP_UP,  /* LCP is open, or once more, as agreed anew: lcp */
	REPORT_AUTH_OK, /* the peer took our name and secret: auth */
	REPORT_AUTH_ASKED, /* the peer proposes an authentication that we refuse: auth; it
			      may propose another one next, so only the last one counts */
	REPORT_AUTH_FAIL,  /* it refused them: auth; text is its message, raw */
	REPORT_CCP_UP,     /* mppe */
	REPORT_IP_UP,      /* ip */
	REPORT_IP_DOWN,
	REPORT_LINK_DOWN,
	/*
	 * status: with which the link ended.  Better than the process's own, which pppd 2.4.9 may
	 * turn into 16 when the peer has fallen silent.
	 */
	REPORT_EXIT,
	REPORT_CCP_FAIL,   /* MPPE was wanted and cannot be: ccp */
	REPORT_PEER_PROOF, /* MS-CHAPv2: the peer's own proof is wrong: it does not know our secret */
	REPORT_HEARD,      /* the peer's first packet has come to pppd */
	REPORT_LCP_ENDED, /* the peer sent LCP Terminate-Request: text is its reason, raw */
	/* Where we answer, instead of AUTH_FAIL; REPORT_AUTH_OK comes after it. */
	REPORT_CALLER_OK,      /* the caller is who it says: auth; text is its name, raw */
	REPORT_CALLER_REFUSED, /* it is not: auth, with enum report_refused as its error_code */
	/*
	 * spared: so many LCP Echo-Requests in a row were not answered though packets came, and
	 * do not count; 0: one was answered.
	 */
	REPORT_ECHO_SPARED,
	/* A new one comes last: a daemon that was started before an upgrade starts the new plugin. */
};

enum report_refused {
	REPORT_REFUSED_SECRET = 1, /* its proof is wrong; or chap-secrets or RADIUS refused it */
	REPORT_REFUSED_NAME,       /* there is nobody of that name */
	REPORT_REFUSED_NO_ANSWER,  /* the keeper did not answer */
};

enum report_auth {
	REPORT_AUTH_NONE = 0,
	REPORT_AUTH_PAP,
	REPORT_AUTH_CHAP, /* CHAP with MD5 */
	REPORT_AUTH_MSCHAP,
	REPORT_AUTH_MSCHAPV2,
	REPORT_AUTH_EAP,
	REPORT_AUTH_OTHER, /* none of these; error_code is the PPP protocol (RFC 1661 6.2) */
};

enum report_ccp {
	REPORT_CCP_NO_KEYS = 1, /* the authentication gave none (not MS-CHAP, MS-CHAPv2, EAP) */
	REPORT_CCP_NO_KERNEL,   /* this kernel has no MPPE */
	REPORT_CCP_REJECTED,    /* the peer rejected CCP, or MPPE in it, or proposes another */
	REPORT_CCP_OTHER_KIND,  /* the peer offers only what we refuse: peer_bits, peer_stateful */
	REPORT_CCP_ENDED,       /* it was up, and the peer ended it */
	REPORT_CCP_UNKNOWN,     /* none of these was seen */
};

#define REPORT_TEXT_MAX 255
#define VERIFY_NAME_MAX 255 /* octets of a caller's name */

/* Who is that?  The name as it came: DOMAIN\\user where the caller says so. */
struct verify_ask {
	uint32_t version; /* REPORT_VERSION */
	char name[VERIFY_NAME_MAX + 1];
};

struct verify_answer {
	uint32_t version;
	uint32_t found;   /* 1; 0: nobody of that name may call */
	uint32_t address; /* the caller's in the tunnel, network order; 0: the one that pppd has */
	uint32_t secret_len;
	char secret[SECRET_MAX]; /* not terminated */
};

struct report {
	uint32_t version; /* REPORT_VERSION */
	uint32_t kind;    /* enum report_kind */
	union {
		uint32_t phase;
		uint32_t status;
		uint32_t spared;
		struct {
			uint32_t send_accm;    /* what we escape towards the peer */
			uint32_t receive_accm; /* what the peer escapes towards us */
			uint32_t mru, peer_mru;
			uint32_t auth; /* enum report_auth: what we do for the peer */
		} lcp;
		struct {
			uint32_t method;     /* enum report_auth */
			uint32_t error_code; /* MS-CHAP: E=, else 0 */
		} auth;
		struct {
			uint32_t bits;     /* 40, 56, 128; 0: no encryption */
			uint32_t stateful; /* 0 or 1 */
		} mppe;
		struct {
			uint32_t why;       /* enum report_ccp */
			uint32_t peer_bits; /* 40 + 56 + 128 of what it offers */
			uint32_t peer_stateful;
		} ccp;
		struct {
			uint32_t local, peer, dns1, dns2; /* IPv4, network order; 0 none */
			uint32_t mtu;
			char ifname[32];
		} ip;
	} u;
	char text[REPORT_TEXT_MAX + 1]; /* terminated */
};

#endif
