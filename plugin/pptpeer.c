/*
 * pptpeer.so: the part of pptpeer inside pppd.
 *
 * It gives pppd the secret, which came over a socket and is in no file and no argv, and
 * it says over another socket how far PPP is and why it failed (report.h).  pppd has
 * notifiers for the good news only: what went wrong is read off the packets as they pass
 * (the snoop hooks), before pppd acts on them.
 *
 * It never blocks and never takes pppd down: a report that cannot be sent is lost.
 */
#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "channel.h"
#include "compat.h"
#include "report.h"
#include "say.h"

/* PPP protocols (RFC 1661 2; RFC 1962 2; RFC 1332 2) and codes (RFC 1661 5, RFC 1994 4).
 */
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

/* One pppd is one link; its hooks have no argument to hang this on. */
static struct plugin {
	int report_fd;
	bool have_secret;
	char secret[SECRET_MAX + 1];
	struct in_addr address; /* to ask for; 0: the peer's choice */

	bool said_hello;
	bool heard;      /* said so */
	bool link_ended; /* with: */
	int status;
	bool lcp_open;
	bool network;           /* the authentication is over */
	bool chap_success;      /* CHAP Success came; pppd has yet to look into it */
	bool auth_failed;       /* said so */
	bool ccp_sent;          /* we have sent a CCP Configure-Request */
	bool ccp_open;          /* said so, with: */
	bool ccp_judged;        /* why it does not open was reported */
	struct report ccp_fail; /* what the peer has said against MPPE so far */
	unsigned ccp_bits, ccp_stateful;
} plugin = {
    .report_fd = -1,
    .ccp_fail = {.kind = REPORT_CCP_FAIL, .u.ccp.why = REPORT_CCP_UNKNOWN},
};

char pppd_version[] = COMPAT_VERSION;
void plugin_init(void);

/* ---- reports --------------------------------------------------------------- */

void
pptpeer_say(struct report *report)
{
	if (plugin.report_fd < 0)
		return;
	report->version = REPORT_VERSION;
	(void)!send(plugin.report_fd, report, sizeof(*report), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
report_kind(enum report_kind kind)
{
	struct report report = {.kind = kind};

	pptpeer_say(&report);
}

void
pptpeer_set_text(struct report *report, const unsigned char *text, size_t len)
{
	if (len > REPORT_TEXT_MAX)
		len = REPORT_TEXT_MAX;
	memcpy(report->text, text, len);
	report->text[len] = '\0';
}

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

/* What LCP has agreed that we do to prove ourselves; or the caller, where we answer. */
static enum report_auth
auth_agreed(void)
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

static void
report_lcp_up(void)
{
	const lcp_options *got = &lcp_gotoptions[0], *his = &lcp_hisoptions[0];
	struct report report = {
	    .kind = REPORT_LCP_UP,
	    /* A map that was not agreed on is its default, all (RFC 1662 7.1). */
	    .u.lcp.send_accm = his->neg_asyncmap ? his->asyncmap : 0xffffffff,
	    .u.lcp.receive_accm = got->neg_asyncmap ? got->asyncmap : 0xffffffff,
	    .u.lcp.mru = (uint32_t)(got->neg_mru ? got->mru : DEFMRU),
	    .u.lcp.peer_mru = (uint32_t)(his->neg_mru ? his->mru : DEFMRU),
	    .u.lcp.auth = auth_agreed(),
	};

	pptpeer_say(&report);
}

/* CCP opens before IPCP, or after it, or again with other options: looked at often. */
static void
watch_ccp(void)
{
	unsigned mppe = ccp_gotoptions[0].mppe, bits, stateful;
	struct report report = {.kind = REPORT_CCP_UP};

	if (ccp_fsm[0].state != OPENED)
		return;
	bits = mppe & MPPE_OPT_128 ? 128 : mppe & MPPE_OPT_40 ? 40 : 0;
	stateful = bits != 0 && (mppe & MPPE_OPT_STATEFUL) != 0;
	if (plugin.ccp_open && bits == plugin.ccp_bits && stateful == plugin.ccp_stateful)
		return;
	plugin.ccp_open = true;
	plugin.ccp_bits = report.u.mppe.bits = bits;
	plugin.ccp_stateful = report.u.mppe.stateful = stateful;
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
	} else if (code == CODE_PROTOCOL_REJECT && len >= 2 &&
		   ((unsigned)data[0] << 8 | data[1]) == PROTO_CCP && plugin.ccp_sent) {
		plugin.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	}
}

/* Does it want another kind of MPPE than we do? (RFC 3078 2.1) */
static void
snoop_mppe(const unsigned char *mppe)
{
	struct report *fail = &plugin.ccp_fail;
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
		if (plugin.ccp_fail.u.ccp.why != REPORT_CCP_OTHER_KIND)
			plugin.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	} else if ((code == CODE_CONFIGURE_NAK || code == CODE_CONFIGURE_REQUEST) && mppe != NULL &&
		   n == 4)
		snoop_mppe(mppe);
	else if (code == CODE_CONFIGURE_REQUEST && mppe == NULL && len > 0)
		plugin.ccp_fail.u.ccp.why = REPORT_CCP_REJECTED;
	else if (code == CODE_TERMINATE_REQUEST && plugin.ccp_open)
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
	if (!plugin.auth_failed)
		pptpeer_say(&report);
	plugin.auth_failed = true;
}

static void
snoop_authentication(unsigned protocol, unsigned code, const unsigned char *data, size_t len)
{
	if (protocol == PROTO_PAP && code == CODE_PAP_NAK) {
		/* One octet Msg-Length before the message (RFC 1334 2.2.2). */
		size_t n = len > 0 && data[0] < len ? data[0] : 0;
		report_auth_fail(REPORT_AUTH_PAP, data + (len > 0), n);
	} else if (protocol == PROTO_CHAP && code == CODE_CHAP_FAILURE) {
		report_auth_fail(auth_agreed(), data, len);
	} else if (protocol == PROTO_CHAP && code == CODE_CHAP_SUCCESS) {
		plugin.chap_success = true;
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

	if (!plugin.heard)
		report_kind(REPORT_HEARD);
	plugin.heard = true;
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
	else if (!plugin.network)
		snoop_authentication(protocol, code, data, data_len);
	watch_ccp();
}

static void
snoop_send(unsigned char *frame, int frame_len)
{
	if (frame_len >= 2 * HEADER && frame[2] == PROTO_CCP >> 8 &&
	    frame[3] == (PROTO_CCP & 0xff) && frame[HEADER] == CODE_CONFIGURE_REQUEST)
		plugin.ccp_sent = true;
	if (frame_len >= 2 * HEADER)
		pptpeer_answer_sent((unsigned)frame[2] << 8 | frame[3], frame[HEADER]);
	watch_ccp(); /* CCP's opening sends IPCP's first packet */
}

/* ---- notifiers ------------------------------------------------------------- */

/* MPPE is wanted, it is its turn, and it has not come. */
static bool
mppe_is_missing(void)
{
	return plugin.network && ccp_wantoptions[0].mppe != 0 && !plugin.ccp_open;
}

/* pppd terminates before CCP has opened: is it for the encryption? */
static void
judge_ccp(void)
{
	enum report_auth auth = auth_agreed();

	if (!mppe_is_missing())
		return;
	plugin.ccp_judged = true;
	if (!mppe_keys_isset() ||
	    (auth != REPORT_AUTH_MSCHAP && auth != REPORT_AUTH_MSCHAPV2 && auth != REPORT_AUTH_EAP))
		report_ccp_fail(REPORT_CCP_NO_KEYS);
	else if (!plugin.ccp_sent)
		report_ccp_fail(REPORT_CCP_NO_KERNEL);
	else
		pptpeer_say(&plugin.ccp_fail);
}

/*
 * What an options file may have set and no argument takes back: an empty `disconnect`, for
 * one, still runs a shell, and the status of pppd becomes that of the hangup.
 */
static void
undo_system_options(void)
{
	demand = false;     /* we have dialled already */
	record_file = NULL; /* a file with every octet, behind a process of its own */
	connect_script = disconnect_script = initializer = welcomer = NULL;
	sync_serial = false; /* our pty speaks async HDLC */
	ipcp_wantoptions[0].ouraddr = plugin.address.s_addr;
	ipcp_wantoptions[0].hisaddr = 0;
}

/* All options have been read, the last of them after ours (/etc/ppp/options.TTY). */
static void
say_hello(void)
{
	struct report hello = {.kind = REPORT_HELLO};

	plugin.said_hello = true;
	undo_system_options();
	pptpeer_answer_begin();
	/* A `password` in an options file would go before the hooks. */
	if (plugin.have_secret)
		memcpy(passwd, plugin.secret, sizeof(plugin.secret));
	pptpeer_set_text(&hello, (const unsigned char *)pppd_version, strlen(pppd_version));
	pptpeer_say(&hello);
}

_Static_assert(PHASE_ESTABLISH == REPORT_ESTABLISH, "as report.h says");

/* What was found of authentication and MPPE was of the agreement before. */
static void
begin_anew(void)
{
	plugin.lcp_open = plugin.network = false;
	plugin.chap_success = plugin.auth_failed = false;
	plugin.ccp_sent = plugin.ccp_open = plugin.ccp_judged = false;
	pptpeer_answer_anew();
}

static void
on_phase(void *ctx, int phase_now)
{
	struct report report = {.kind = REPORT_PHASE};

	(void)ctx;
	if (!plugin.said_hello)
		say_hello();
	/*
	 * LCP opens, then pppd goes on to AUTHENTICATE, or straight to NETWORK.  It goes back when the peer
	 * asks to agree anew, and LCP is still called open then (RFC 1661 4.4, RCR in state Opened).
	 */
	if (phase_now == PHASE_ESTABLISH)
		begin_anew();
	else if (!plugin.lcp_open && lcp_fsm[0].state == OPENED) {
		plugin.lcp_open = true;
		report_lcp_up();
	}
	report.u.phase = (uint32_t)phase_now;
	pptpeer_say(&report);
	/*
	 * pppd 2.4.9 reads once more from the link that a timer has just ended, takes that
	 * for a hangup, and forgets that it was the peer's silence, say.
	 */
	if (phase_now == PHASE_DISCONNECT) {
		plugin.link_ended = true;
		plugin.status = ppp_status();
		/*
		 * The peer was the first to give up. What it has against our MPPE it sent before, but
		 * pppd reads LCP first, whatever came first.
		 */
		if (mppe_is_missing() && !plugin.ccp_judged &&
		    plugin.ccp_fail.u.ccp.why != REPORT_CCP_UNKNOWN)
			pptpeer_say(&plugin.ccp_fail);
	}
	if (phase_now == PHASE_TERMINATE) {
		judge_ccp();
		if (plugin.chap_success && auth_agreed() == REPORT_AUTH_MSCHAPV2 &&
		    !plugin.network && !plugin.auth_failed)
			report_kind(REPORT_PEER_PROOF);
	}
}

/* Comes when the network phase begins, whether anybody had to authenticate or not. */
static void
on_auth_up(void *ctx, int arg)
{
	struct report report = {.kind = REPORT_AUTH_OK, .u.auth.method = auth_agreed()};

	(void)ctx;
	(void)arg;
	plugin.network = true;
	pptpeer_say(&report);
}

static void
on_ip_up(void *ctx, int arg)
{
	struct report report = {
	    .kind = REPORT_IP_UP,
	    .u.ip.local = ipcp_gotoptions[0].ouraddr,
	    .u.ip.peer = ipcp_hisoptions[0].hisaddr,
	    .u.ip.dns1 = ipcp_gotoptions[0].dnsaddr[0],
	    .u.ip.dns2 = ipcp_gotoptions[0].dnsaddr[1],
	    .u.ip.mtu = (uint32_t)ppp_get_mtu(ppp_ifunit()),
	};

	(void)ctx;
	(void)arg;
	watch_ccp();
	strncpy(report.u.ip.ifname, ppp_ifname(), sizeof(report.u.ip.ifname) - 1);
	pptpeer_say(&report);
}

static void
on_ip_down(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	report_kind(REPORT_IP_DOWN);
}

static void
on_link_down(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	report_kind(REPORT_LINK_DOWN);
}

static void
wipe_secret(void)
{
	explicit_bzero(plugin.secret, sizeof(plugin.secret));
	if (plugin.have_secret)
		explicit_bzero(passwd, sizeof(plugin.secret));
}

/* A script is about to be run in a child: neither socket is for it. */
static void
on_fork(void *ctx, int arg)
{
	(void)ctx;
	(void)arg;
	if (plugin.report_fd >= 0)
		close(plugin.report_fd);
	plugin.report_fd = -1;
	pptpeer_answer_end();
	wipe_secret();
}

static void
on_exit_status(void *ctx, int exit_status)
{
	struct report report = {.kind = REPORT_EXIT};

	(void)ctx;
	pptpeer_answer_end();
	wipe_secret();
	report.u.status = (uint32_t)(plugin.link_ended ? plugin.status : exit_status);
	pptpeer_say(&report);
}

/* ---- the secret ------------------------------------------------------------ */

static int
have_secret(void)
{
	return 1;
}

/* pppd's buffers have MAXSECRETLEN (256) octets; NULL asks whether there is a secret. */
static int
give_secret(char *secret)
{
	if (secret != NULL)
		memcpy(secret, plugin.secret, sizeof(plugin.secret));
	return 1;
}

static int
passwd_hook(char *name, char *secret)
{
	(void)name;
	return give_secret(secret);
}

/* ---- DNS ------------------------------------------------------------------- */

/*
 * IPCP is about to send its first request: ask for the peer's DNS servers (RFC 1877). The
 * option `usepeerdns` asks as well, but then writes /etc/ppp/resolv.conf, which stays.
 */
static void
ask_dns(u_int32_t *his_address)
{
	(void)his_address;
	if (pptpeer_answering())
		return;
	ipcp_gotoptions[0].req_dns1 = true;
	ipcp_gotoptions[0].req_dns2 = true;
}

/* ---- options --------------------------------------------------------------- */

void
pptpeer_option_error(const char *text)
{
	static char format[] = "%s"; /* pppd knows no const */

	ppp_option_error(format, text);
}

int
pptpeer_take_socket(const char *word)
{
	char *end;
	long fd;
	int type = 0;
	socklen_t len = sizeof(type);

	errno = 0;
	fd = strtol(word, &end, 10);
	if (errno == 0 && end != word && *end == '\0' && fd >= 0 && fd <= INT_MAX &&
	    getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET &&
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0)
		return (int)fd;
	pptpeer_option_error("pptpeer: that descriptor is not a socket of pptpeer's");
	return -1;
}

static int
set_report(char **argv)
{
	undo_system_options(); /* pppd refuses `demand` with a device before the first phase */
	plugin.report_fd = pptpeer_take_socket(*argv);
	return plugin.report_fd >= 0;
}

static int
set_secret(char **argv)
{
	ssize_t n;
	int fd = pptpeer_take_socket(*argv);

	if (fd < 0)
		return 0;
	/* A core must not hold it; a debugger of another user's must not see it. */
	prctl(PR_SET_DUMPABLE, 0);
	n = recv(fd, plugin.secret, sizeof(plugin.secret), MSG_DONTWAIT);
	close(fd);
	/* 0: the keeper has closed it, and is gone; it never sends an empty one. */
	if (n <= 0 || n > SECRET_MAX || memchr(plugin.secret, '\0', (size_t)n) != NULL) {
		pptpeer_option_error("pptpeer: no usable secret was waiting");
		explicit_bzero(plugin.secret, sizeof(plugin.secret));
		return 0;
	}
	plugin.have_secret = true;
	chap_check_hook = have_secret;
	pap_check_hook = have_secret;
	chap_passwd_hook = passwd_hook;
	pap_passwd_hook = passwd_hook;
	return 1;
}

/* The same word is in "ADDRESS:" for pppd itself, which an options file may have said too. */
static int
set_address(char **argv)
{
	if (inet_pton(AF_INET, *argv, &plugin.address) == 1)
		return 1;
	pptpeer_option_error("pptpeer: that is no IPv4 address");
	return 0;
}

void
plugin_init(void)
{
	static char report_name[] = "pptpeer-report", secret_name[] = "pptpeer-secret";
	static char address_name[] = "pptpeer-address", address_help[] = "Our address to ask for";
	static char report_help[] = "Socket for pptpeer's reports";
	static char secret_help[] = "Socket from which pptpeer's secret is read";
	static option_t options[] = {
	    {.name = report_name,
		.type = o_special,
		.addr = (void *)set_report,
		.description = report_help},
	    {.name = secret_name,
		.type = o_special,
		.addr = (void *)set_secret,
		.description = secret_help},
	    {.name = address_name,
		.type = o_special,
		.addr = (void *)set_address,
		.description = address_help},
	    {.name = NULL},
	};

	ppp_add_options(options);
	pptpeer_channel_init();
	pptpeer_answer_init();
	ppp_add_notify(NF_PHASE_CHANGE, on_phase, NULL);
	ppp_add_notify(NF_AUTH_UP, on_auth_up, NULL);
	ppp_add_notify(NF_IP_UP, on_ip_up, NULL);
	ppp_add_notify(NF_IP_DOWN, on_ip_down, NULL);
	ppp_add_notify(NF_LINK_DOWN, on_link_down, NULL);
	ppp_add_notify(NF_FORK, on_fork, NULL);
	ppp_add_notify(NF_EXIT, on_exit_status, NULL);
	snoop_recv_hook = snoop_recv;
	snoop_send_hook = snoop_send;
	ip_choose_hook = ask_dns;
}
