/* snoop.c: see snoop.h. */
#include "snoop.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "compat.h"
#include "echo.h"
#include "report.h"
#include "say.h"

/* PPP protocols (RFC 1661 2; RFC 1962 2; RFC 1332 2) and codes (RFC 1661 5, RFC 1994 4). */
enum {
	PROTO_LCP = 0xc021,
	PROTO_PAP = 0xc023,
	PROTO_CHAP = 0xc223,
	PROTO_EAP = 0xc227,
	PROTO_CCP = 0x80fd,

	CODE_CONFIGURE_REQUEST = 1,
	CODE_CONFIGURE_NAK = 3,
	CODE_CONFIGURE_REJECT = 4,
	CODE_TERMINATE_REQUEST = 5,
	CODE_PROTOCOL_REJECT = 8,
	CODE_ECHO_REQUEST = 9,
	CODE_ECHO_REPLY = 10,
	CODE_PAP_NAK = 3, /* RFC 1334 2.2.2 */
	CODE_CHAP_SUCCESS = 3,
	CODE_CHAP_FAILURE = 4,
	CODE_EAP_REQUEST = 1,
	CODE_EAP_FAILURE = 4,
	EAP_TYPE_MSCHAPV2 = 26,

	OPTION_AUTH = 3,  /* LCP, RFC 1661 6.2 */
	OPTION_MPPE = 18, /* CCP, RFC 3078 2.1 */

	HEADER = 4, /* Code, Identifier, Length; FF 03 and the protocol are four as well */
};

/* Of the one link that a pppd is; its hooks have no argument to hang this on. */
static struct {
	bool heard;        /* said so */
	bool network;      /* the authentication is over */
	bool chap_success; /* CHAP Success came; pppd has yet to look into it */
	bool auth_failed;  /* said so */
	bool ccp_sent;     /* we have sent a CCP Configure-Request */
	bool ccp_open;     /* said so, with: */
	unsigned ccp_bits, ccp_stateful;
	bool ccp_judged;        /* why it does not open was reported */
	struct report ccp_fail; /* what the peer has said against MPPE so far */
} seen = {
    .ccp_fail = {.kind = REPORT_CCP_FAIL, .u.ccp.why = REPORT_CCP_UNKNOWN},
};

static void
report_ccp_fail(enum report_ccp why)
{
	struct report report = {.kind = REPORT_CCP_FAIL, .u.ccp.why = why};

	pptpeer_say(&report);
}

enum report_auth
pptpeer_auth_of_chap(unsigned digest)
{
	switch (digest) {
	case CHAP_MD5:
		return REPORT_AUTH_CHAP;
	case CHAP_MICROSOFT:
		return REPORT_AUTH_MSCHAP;
	case CHAP_MICROSOFT_V2:
		return REPORT_AUTH_MSCHAPV2;
	default:
		return REPORT_AUTH_OTHER;
	}
}

enum report_auth
pptpeer_auth_agreed(void)
{
	const lcp_options *his = &lcp_hisoptions[0];

	if (pptpeer_answering())
		return pptpeer_answer_auth();
	if (his->neg_eap)
		return REPORT_AUTH_EAP;
	if (his->neg_chap)
		return pptpeer_auth_of_chap(CHAP_DIGEST(his->chap_mdtype));
	if (his->neg_upap)
		return REPORT_AUTH_PAP;
	return REPORT_AUTH_NONE;
}

void
pptpeer_snoop_ccp(void)
{
	unsigned mppe = ccp_gotoptions[0].mppe, bits, stateful;
	struct report report = {.kind = REPORT_CCP_UP};

	if (ccp_fsm[0].state != OPENED)
		return;
	bits = mppe & MPPE_OPT_128 ? 128 : mppe & MPPE_OPT_40 ? 40 : 0;
	stateful = bits != 0 && (mppe & MPPE_OPT_STATEFUL) != 0;
	if (seen.ccp_open && bits == seen.ccp_bits && stateful == seen.ccp_stateful)
		return;
	seen.ccp_open = true;
	seen.ccp_bits = report.u.mppe.bits = bits;
	seen.ccp_stateful = report.u.mppe.stateful = stateful;
	pptpeer_say(&report);
}

/* ---- what the packets tell us ---------------------------------------------- */

/* The octets after the header of a packet, cut to its own Length; NULL: malformed. */
static const unsigned char *
packet_data(const unsigned char *packet, size_t len, size_t *data_len)
{
	size_t length = len < HEADER ? 0 : (size_t)packet[2] << 8 | packet[3];

	if (length < HEADER || length > len)
		return NULL;
	*data_len = length - HEADER;
	return packet + HEADER;
}

/* The data of an option, without Type and Length; NULL: it is not there, or malformed. */
static const unsigned char *
find_option(unsigned char type, const unsigned char *data, size_t len, size_t *option_len)
{
	while (len >= 2 && data[1] >= 2 && data[1] <= len) {
		if (data[0] == type) {
			*option_len = data[1] - 2U;
			return data + 2;
		}
		len -= data[1];
		data += data[1];
	}
	return NULL;
}

/* The peer proposes an authentication: do we refuse it? (RFC 1661 6.2) */
static void
snoop_auth_option(const unsigned char *data, size_t len)
{
	const lcp_options *allow = &lcp_allowoptions[0];
	struct report report = {.kind = REPORT_AUTH_ASKED};
	size_t n = 0;
	const unsigned char *option = find_option(OPTION_AUTH, data, len, &n);
	unsigned protocol, digest;
	bool allowed = false;

	if (option == NULL || n < 2)
		return;
	protocol = (unsigned)option[0] << 8 | option[1];
	digest = n > 2 ? option[2] : 0;
	report.u.auth.method = REPORT_AUTH_OTHER;
	if (protocol == PROTO_PAP) {
		allowed = allow->neg_upap;
		report.u.auth.method = REPORT_AUTH_PAP;
	} else if (protocol == PROTO_EAP) {
		allowed = allow->neg_eap;
		report.u.auth.method = REPORT_AUTH_EAP;
	} else if (protocol == PROTO_CHAP) {
		allowed = allow->neg_chap && (CHAP_CANDIGEST(allow->chap_mdtype, digest));
		report.u.auth.method = pptpeer_auth_of_chap(digest);
	}
	if (report.u.auth.method == REPORT_AUTH_OTHER)
		report.u.auth.error_code = protocol;
	if (!allowed)
		pptpeer_say(&report);
}

static void
snoop_lcp(unsigned code, const unsigned char *data, size_t len)
{
	struct report report = {.kind = REPORT_LCP_ENDED};

	if (code == CODE_CONFIGURE_REQUEST) {
		snoop_auth_option(data, len);
	} else if (code == CODE_TERMINATE_REQUEST) {
		pptpeer_set_text(&report, data, len);
		pptpeer_say(&report);
	} else if (code == CODE_ECHO_REPLY) {
		pptpeer_echo_anew();
	} else if (code == CODE_PROTOCOL_REJECT && len >= 2 &&
		   ((unsigned)data[0] << 8 | data[1]) == PROTO_CCP && seen.ccp_sent) {
		seen.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	}
}

/* Does it want another kind of MPPE than we do? (RFC 3078 2.1) */
static void
snoop_mppe(const unsigned char *mppe)
{
	struct report *fail = &seen.ccp_fail;
	unsigned char offered = mppe[3], wanted = ccp_gotoptions[0].mppe;
	bool stateful = (mppe[0] & MPPE_H_BIT) == 0;

	if (((wanted & MPPE_OPT_128 && offered & MPPE_S_BIT) ||
		(wanted & MPPE_OPT_40 && offered & MPPE_L_BIT)) &&
	    !stateful)
		return;
	fail->u.ccp.why = REPORT_CCP_OTHER_KIND;
	fail->u.ccp.peer_bits = (offered & MPPE_L_BIT ? 40 : 0) + (offered & MPPE_M_BIT ? 56 : 0) +
				(offered & MPPE_S_BIT ? 128 : 0);
	fail->u.ccp.peer_stateful = stateful;
}

/* Remembered only: whether pppd gives up on it shows when it terminates. */
static void
snoop_ccp(unsigned code, const unsigned char *data, size_t len)
{
	size_t n = 0;
	const unsigned char *mppe = find_option(OPTION_MPPE, data, len, &n);

	if (code == CODE_CONFIGURE_REJECT && mppe != NULL) {
		/* What it asked for itself says more. */
		if (seen.ccp_fail.u.ccp.why != REPORT_CCP_OTHER_KIND)
			seen.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	} else if ((code == CODE_CONFIGURE_NAK || code == CODE_CONFIGURE_REQUEST) && mppe != NULL &&
		   n == 4)
		snoop_mppe(mppe);
	else if (code == CODE_CONFIGURE_REQUEST && mppe == NULL && len > 0)
		seen.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	else if (code == CODE_TERMINATE_REQUEST && seen.ccp_open)
		report_ccp_fail(REPORT_CCP_ENDED);
}

static void
report_auth_fail(enum report_auth method, const unsigned char *text, size_t len)
{
	struct report report = {.kind = REPORT_AUTH_FAIL, .u.auth.method = method};

	pptpeer_set_text(&report, text, len);
	/* "E=691 R=0 C=... V=3 M=..." (RFC 2759 6, RFC 2433 5). */
	if (method != REPORT_AUTH_PAP && strncmp(report.text, "E=", 2) == 0)
		report.u.auth.error_code = (uint32_t)strtoul(report.text + 2, NULL, 10);
	if (!seen.auth_failed)
		pptpeer_say(&report);
	seen.auth_failed = true;
}

static void
snoop_authentication(unsigned protocol, unsigned code, const unsigned char *data, size_t len)
{
	if (protocol == PROTO_PAP && code == CODE_PAP_NAK) {
		/* One octet Msg-Length before the message (RFC 1334 2.2.2). */
		size_t n = len > 0 && data[0] < len ? data[0] : 0;
		report_auth_fail(REPORT_AUTH_PAP, data + (len > 0), n);
	} else if (protocol == PROTO_CHAP && code == CODE_CHAP_FAILURE) {
		report_auth_fail(pptpeer_auth_agreed(), data, len);
	} else if (protocol == PROTO_CHAP && code == CODE_CHAP_SUCCESS) {
		seen.chap_success = true;
	} else if (protocol == PROTO_EAP && code == CODE_EAP_REQUEST && len >= 5 &&
		   data[0] == EAP_TYPE_MSCHAPV2 && data[1] == CODE_CHAP_FAILURE) {
		/* Type, then a CHAP packet; EAP Failure itself has no text. */
		report_auth_fail(REPORT_AUTH_EAP, data + 5, len - 5);
	} else if (protocol == PROTO_EAP && code == CODE_EAP_FAILURE) {
		report_auth_fail(REPORT_AUTH_EAP, data, 0);
	}
}

static void
snoop_recv(unsigned char *frame, int frame_len)
{
	size_t len = (size_t)frame_len, data_len = 0;
	const unsigned char *data;
	unsigned protocol, code;
	struct report heard = {.kind = REPORT_HEARD};

	if (!seen.heard)
		pptpeer_say(&heard);
	seen.heard = true;
	if (frame_len < 2 * HEADER)
		return;
	protocol = (unsigned)frame[2] << 8 | frame[3];
	code = frame[HEADER];
	data = packet_data(frame + HEADER, len - HEADER, &data_len);
	if (data == NULL)
		return;
	if (protocol == PROTO_LCP)
		snoop_lcp(code, data, data_len);
	else if (protocol == PROTO_CCP)
		snoop_ccp(code, data, data_len);
	else if (pptpeer_answering())
		pptpeer_answer_heard(protocol, code, data, data_len);
	else if (!seen.network)
		snoop_authentication(protocol, code, data, data_len);
	pptpeer_snoop_ccp();
}

static void
snoop_sent(unsigned protocol, unsigned code)
{
	if (protocol == PROTO_CCP && code == CODE_CONFIGURE_REQUEST)
		seen.ccp_sent = true;
	if (protocol == PROTO_LCP && code == CODE_ECHO_REQUEST)
		pptpeer_echo_sent();
	pptpeer_answer_sent(protocol, code);
}

static void
snoop_send(unsigned char *frame, int frame_len)
{
	if (frame_len >= 2 * HEADER)
		snoop_sent((unsigned)frame[2] << 8 | frame[3], frame[HEADER]);
	pptpeer_snoop_ccp(); /* CCP's opening sends IPCP's first packet */
}

/* ---- what pppd tells us ---------------------------------------------------- */

void
pptpeer_snoop_anew(void)
{
	seen.network = false;
	seen.chap_success = seen.auth_failed = false;
	seen.ccp_sent = seen.ccp_open = seen.ccp_judged = false;
	pptpeer_echo_anew();
}

void
pptpeer_snoop_network(void)
{
	seen.network = true;
}

/* MPPE is wanted, it is its turn, and it has not come. */
static bool
mppe_is_missing(void)
{
	return seen.network && ccp_wantoptions[0].mppe != 0 && !seen.ccp_open;
}

/* pppd terminates before CCP has opened: is it for the encryption? */
static void
judge_ccp(void)
{
	enum report_auth auth = pptpeer_auth_agreed();

	if (!mppe_is_missing())
		return;
	seen.ccp_judged = true;
	if (!mppe_keys_isset() ||
	    (auth != REPORT_AUTH_MSCHAP && auth != REPORT_AUTH_MSCHAPV2 && auth != REPORT_AUTH_EAP))
		report_ccp_fail(REPORT_CCP_NO_KEYS);
	else if (!seen.ccp_sent)
		report_ccp_fail(REPORT_CCP_NO_KERNEL);
	else
		pptpeer_say(&seen.ccp_fail);
}

void
pptpeer_snoop_disconnect(void)
{
	/*
	 * The peer was the first to give up. What it has against our MPPE it sent before, but
	 * pppd reads LCP first, whatever came first.
	 */
	if (mppe_is_missing() && !seen.ccp_judged && seen.ccp_fail.u.ccp.why != REPORT_CCP_UNKNOWN)
		pptpeer_say(&seen.ccp_fail);
}

void
pptpeer_snoop_terminate(void)
{
	struct report proof = {.kind = REPORT_PEER_PROOF};

	judge_ccp();
	if (seen.chap_success && pptpeer_auth_agreed() == REPORT_AUTH_MSCHAPV2 && !seen.network &&
	    !seen.auth_failed)
		pptpeer_say(&proof);
}

void
pptpeer_snoop_init(void)
{
	snoop_recv_hook = snoop_recv;
	snoop_send_hook = snoop_send;
}
