/* line_ppp.c: what pppd's plugin reports and pppd's log says, kept in struct ppp.  See line.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine.h"
#include "line.h"

const char *
ppp_auth_name(uint32_t report_auth)
{
	switch ((enum report_auth)report_auth) {
	case REPORT_AUTH_NONE:
		return "none";
	case REPORT_AUTH_PAP:
		return "PAP";
	case REPORT_AUTH_CHAP:
		return "CHAP";
	case REPORT_AUTH_MSCHAP:
		return "MS-CHAP";
	case REPORT_AUTH_MSCHAPV2:
		return "MS-CHAP-V2";
	case REPORT_AUTH_EAP:
		return "EAP";
	case REPORT_AUTH_OTHER:
		break;
	}
	return "unknown";
}

void
ppp_mppe_text(const struct ppp *ppp, char *out, size_t size)
{
	if (ppp->mppe_bits == 0)
		snprintf(out, size, "NOT ENCRYPTED");
	else
		snprintf(out, size, "MPPE %u-bit %s", ppp->mppe_bits,
		    ppp->mppe_stateful ? "stateful" : "stateless");
}

/* --------------------------------------------------------------------------- the plugin's word */

static void
keep_ip_up(struct ppp *ppp, const struct report *report)
{
	ppp->ip_anew = ppp->ip_up;
	ppp->ip_up = true;
	ppp->local.s_addr = report->u.ip.local;
	ppp->peer.s_addr = report->u.ip.peer;
	ppp->dns[0].s_addr = report->u.ip.dns1;
	ppp->dns[1].s_addr = report->u.ip.dns2;
	ppp->mtu = report->u.ip.mtu;
	snprintf(ppp->ifname, sizeof(ppp->ifname), "%.*s", PPP_IFNAME_MAX, report->u.ip.ifname);
}

static void
keep(struct ppp *ppp, const struct report *report)
{
	switch ((enum report_kind)report->kind) {
	case REPORT_HELLO:
	case REPORT_PHASE: /* the reports below say more */
	case REPORT_HEARD:
		break;
	case REPORT_LCP_UP:
		ppp->lcp_up = true;
		ppp->auth_agreed = report->u.lcp.auth;
		break;
	case REPORT_AUTH_OK:
		ppp->auth_ok = true;
		ppp->auth = report->u.auth.method;
		break;
	case REPORT_CALLER_OK:
	case REPORT_CALLER_REFUSED:
		ppp->auth = report->u.auth.method;
		ppp->caller_refused =
		    report->kind == REPORT_CALLER_REFUSED ? report->u.auth.error_code : 0;
		ppp->caller_proved = report->kind == REPORT_CALLER_OK;
		memcpy(ppp->caller, report->text, sizeof(ppp->caller));
		break;
	case REPORT_AUTH_ASKED:
		ppp->auth_asked = true;
		ppp->asked = report->u.auth.method;
		ppp->asked_protocol = report->u.auth.error_code;
		break;
	case REPORT_PEER_PROOF:
		ppp->proof_wrong = true;
		break;
	case REPORT_ECHO_SPARED:
		ppp->echo_spared = report->u.spared;
		break;
	case REPORT_LCP_ENDED:
		ppp->lcp_ended = true;
		pptp_escape(report->text, ppp->lcp_text, sizeof(ppp->lcp_text));
		break;
	case REPORT_CCP_FAIL:
		ppp->ccp_why = report->u.ccp.why;
		ppp->ccp_bits = report->u.ccp.peer_bits;
		ppp->ccp_stateful = report->u.ccp.peer_stateful;
		break;
	case REPORT_AUTH_FAIL:
		ppp->auth_failed = true;
		ppp->auth = report->u.auth.method;
		ppp->auth_error = report->u.auth.error_code;
		pptp_escape(report->text, ppp->auth_text, sizeof(ppp->auth_text));
		break;
	case REPORT_CCP_UP:
		ppp->ccp_up = true;
		ppp->mppe_bits = report->u.mppe.bits;
		ppp->mppe_stateful = report->u.mppe.stateful;
		break;
	case REPORT_IP_UP:
		keep_ip_up(ppp, report);
		break;
	case REPORT_IP_DOWN: /* pppd ends: its status tells why; it takes its interface along */
	case REPORT_LINK_DOWN:
		ppp->ip_down = true;
		break;
	case REPORT_EXIT:
		ppp->exit_reported = true;
		ppp->exit_status = report->u.status;
		break;
	}
}

/* 1: one was read; 0: the plugin is gone; -1: none now. */
static int
read_report(struct line *line)
{
	struct report report;
	ssize_t n = recv(line->ppp.report_fd, &report, sizeof(report), MSG_DONTWAIT | MSG_TRUNC);

	if (n <= 0)
		return n == 0 || (errno != EAGAIN && errno != EINTR) ? 0 : -1;
	if (n != (ssize_t)sizeof(report) || report.version != REPORT_VERSION) {
		line->owner.bad_report(line->owner.ctx);
		return 1;
	}
	report.text[REPORT_TEXT_MAX] = '\0';
	keep(&line->ppp, &report);
	if (report.kind == REPORT_PHASE && report.u.phase >= REPORT_ESTABLISH)
		line_pppd_listens(line);
	line->owner.report(line->owner.ctx, &report);
	return 1;
}

static void
on_report_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct line *line = ctx;
	struct engine *engine = line->engine;

	(void)fd, (void)what;
	if (read_report(line) == 0) {
		event_del(line->ppp.report_event);
		line->owner.report_over(line->owner.ctx);
	}
	engine_pump(engine);
}

/* ----------------------------------------------------------------------------- pppd's log */

static void
log_line(struct line *line)
{
	struct ppp *ppp = &line->ppp;
	char *kept = ppp->log[ppp->log_count % LOG_LINES];

	ppp->log_line[ppp->log_len] = '\0';
	ppp->log_len = 0;
	if (ppp->log_line[0] == '\0')
		return;
	pptp_escape(ppp->log_line, kept, LOG_LINE);
	line->owner.logged(line->owner.ctx, kept);
	ppp->log_count++;
}

/* 1: something was read; 0: pppd has closed it; -1: nothing now. */
static int
read_log(struct line *line)
{
	struct ppp *ppp = &line->ppp;
	char buf[1024];
	ssize_t n = read(ppp->log_fd, buf, sizeof(buf));

	if (n <= 0)
		return n == 0 || (errno != EAGAIN && errno != EINTR) ? 0 : -1;
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n')
			log_line(line);
		else if (buf[i] != '\0' && ppp->log_len < sizeof(ppp->log_line) - 1)
			ppp->log_line[ppp->log_len++] = buf[i];
	}
	return 1;
}

static void
on_log_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct line *line = ctx;

	(void)fd, (void)what;
	if (read_log(line) == 0)
		event_del(line->ppp.log_event);
}

const char *
ppp_last_words(const struct ppp *ppp)
{
	return ppp->log_count == 0 ? "nothing" : ppp->log[(ppp->log_count - 1) % LOG_LINES];
}

const char *
ppp_log_with(const struct ppp *ppp, const char *words)
{
	for (unsigned i = 0; i < LOG_LINES && i < ppp->log_count; i++) {
		const char *line = ppp->log[(ppp->log_count - 1 - i) % LOG_LINES];

		if (strstr(line, words) != NULL)
			return line;
	}
	return NULL;
}

/* -------------------------------------------------------------------------------- life cycle */

bool
line_ppp_open(struct line *line, pid_t pid, int report_fd, int log_fd)
{
	struct event_base *base = line->engine->base;
	struct ppp *ppp = &line->ppp;

	ppp->running = true;
	ppp->pid = pid;
	ppp->report_fd = report_fd;
	ppp->log_fd = log_fd;
	if (report_fd < 0)
		return true;
	ppp->report_event =
	    event_new(base, report_fd, EV_READ | EV_PERSIST, on_report_readable, line);
	ppp->log_event = event_new(base, log_fd, EV_READ | EV_PERSIST, on_log_readable, line);
	return ppp->report_event != NULL && ppp->log_event != NULL &&
	       event_add(ppp->report_event, NULL) == 0 && event_add(ppp->log_event, NULL) == 0;
}

void
line_ppp_drain(struct line *line)
{
	if (line->ppp.report_fd >= 0) {
		while (read_report(line) > 0)
			;
	}
	if (line->ppp.log_fd >= 0) {
		while (read_log(line) > 0)
			;
	}
	log_line(line); /* what pppd ended in the middle of */
}

void
line_ppp_close(struct line *line)
{
	struct ppp *ppp = &line->ppp;

	if (ppp->report_event != NULL)
		event_free(ppp->report_event);
	if (ppp->log_event != NULL)
		event_free(ppp->log_event);
	if (ppp->report_fd >= 0)
		close(ppp->report_fd);
	if (ppp->log_fd >= 0)
		close(ppp->log_fd);
	ppp->report_event = ppp->log_event = NULL;
	ppp->report_fd = ppp->log_fd = -1;
}
