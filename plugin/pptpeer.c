/*
 * pptpeer.so: the part of pptpeer inside pppd.
 *
 * It gives pppd the secret, which came over a socket and is in no file and no argv, and
 * it says over another socket how far PPP is and why it failed (report.h).  pppd has
 * notifiers for the good news only: what went wrong is read off the packets (snoop.h).
 *
 * It never blocks and never takes pppd down: a report that cannot be sent is lost.
 */
#include <arpa/inet.h>
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
#include "our_secret.h"
#include "report.h"
#include "say.h"
#include "snoop.h"

/* One pppd is one link; its hooks have no argument to hang this on. */
static struct plugin {
	int report_fd;
	struct in_addr address; /* to ask for; 0: the peer's choice */

	bool said_hello;
	bool link_ended; /* with: */
	int status;
	bool lcp_open;
} plugin = {
    .report_fd = -1,
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
	    .u.lcp.auth = pptpeer_auth_agreed(),
	};

	pptpeer_say(&report);
}

/* ---- notifiers ------------------------------------------------------------- */

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
	pptpeer_secret_begin();
	pptpeer_set_text(&hello, (const unsigned char *)pppd_version, strlen(pppd_version));
	pptpeer_say(&hello);
}

_Static_assert(PHASE_ESTABLISH == REPORT_ESTABLISH, "as report.h says");

static void
begin_anew(void)
{
	plugin.lcp_open = false;
	pptpeer_snoop_anew();
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
		pptpeer_snoop_disconnect();
	}
	if (phase_now == PHASE_TERMINATE)
		pptpeer_snoop_terminate();
}

/* Comes when the network phase begins, whether anybody had to authenticate or not. */
static void
on_auth_up(void *ctx, int arg)
{
	struct report report = {.kind = REPORT_AUTH_OK, .u.auth.method = pptpeer_auth_agreed()};

	(void)ctx;
	(void)arg;
	pptpeer_snoop_network();
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
	pptpeer_snoop_ccp();
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
	pptpeer_secret_wipe();
}

static void
on_exit_status(void *ctx, int exit_status)
{
	struct report report = {.kind = REPORT_EXIT};

	(void)ctx;
	pptpeer_answer_end();
	pptpeer_secret_wipe();
	report.u.status = (uint32_t)(plugin.link_ended ? plugin.status : exit_status);
	pptpeer_say(&report);
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
	static char report_name[] = "pptpeer-report";
	static char address_name[] = "pptpeer-address", address_help[] = "Our address to ask for";
	static char report_help[] = "Socket for pptpeer's reports";
	static option_t options[] = {
	    {.name = report_name,
		.type = o_special,
		.addr = (void *)set_report,
		.description = report_help},
	    {.name = address_name,
		.type = o_special,
		.addr = (void *)set_address,
		.description = address_help},
	    {.name = NULL},
	};

	ppp_add_options(options);
	pptpeer_secret_init();
	pptpeer_channel_init();
	pptpeer_answer_init();
	ppp_add_notify(NF_PHASE_CHANGE, on_phase, NULL);
	ppp_add_notify(NF_AUTH_UP, on_auth_up, NULL);
	ppp_add_notify(NF_IP_UP, on_ip_up, NULL);
	ppp_add_notify(NF_IP_DOWN, on_ip_down, NULL);
	ppp_add_notify(NF_LINK_DOWN, on_link_down, NULL);
	ppp_add_notify(NF_FORK, on_fork, NULL);
	ppp_add_notify(NF_EXIT, on_exit_status, NULL);
	pptpeer_snoop_init();
	ip_choose_hook = ask_dns;
}
