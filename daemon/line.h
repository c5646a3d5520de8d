/*
 * line.h: what carries the PPP of one call, dialled or answered: its GRE, the channel to the kernel's
 * PPP, and pppd with what it and its plugin say.  It records and passes on; its owner decides.
 * line.c (GRE and channel), line_ppp.c (reports and log), line_reason.c (of its end), line_status.c (`status`).
 */
#ifndef LINE_H
#define LINE_H

#include <event2/event.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "channel.h"
#include "gre_sock.h"
#include "report.h"

struct config;
struct engine;
struct ipc_pppd;
struct reason;
struct line;

#define PPP_IFNAME_MAX 15
#define LINE_EARLY     8 /* frames that wait for pppd */
#define LOG_LINES      8
#define LOG_LINE       200

/* What pppd and the plugin have told. */
struct ppp {
	bool running;       /* asked for, and not yet reaped */
	bool exit_reported; /* the plugin gave pppd's exit status */
	uint32_t exit_status;
	pid_t pid;
	int report_fd, log_fd;                  /* own, -1 none */
	struct event *report_event, *log_event; /* own */
	bool lcp_up, auth_ok, auth_failed, ip_up, ip_down, ccp_up;
	bool ip_anew;            /* it came up a second time */
	bool caller_proved;      /* where we answer: whoever calls has proved who it is */
	uint32_t auth, asked;    /* enum report_auth */
	uint32_t auth_agreed;    /* enum report_auth: what LCP agreed that we do */
	uint32_t asked_protocol; /* of REPORT_AUTH_OTHER */
	bool auth_asked, lcp_ended, proof_wrong;
	unsigned echo_spared;            /* LCP Echo-Requests not answered though packets came */
	uint32_t ccp_why;                /* enum report_ccp, 0 none */
	uint32_t ccp_bits, ccp_stateful; /* what the peer offers */
	uint32_t auth_error;             /* MS-CHAP's E= */
	char auth_text[REPORT_TEXT_MAX * 4 + 1]; /* what it said to that, escaped */
	char lcp_text[REPORT_TEXT_MAX * 4 + 1];  /* the reason of its Terminate-Request, escaped */
	char caller[REPORT_TEXT_MAX + 1];        /* who it says it is, where we answer; raw */
	uint32_t caller_refused;                 /* enum report_refused, 0 none */
	uint32_t mppe_bits, mppe_stateful;
	struct in_addr local, peer, dns[2];
	uint32_t mtu;
	char ifname[PPP_IFNAME_MAX + 1];
	/* pppd's last words, escaped, a ring. */
	char log[LOG_LINES][LOG_LINE];
	unsigned log_count;
	size_t log_len; /* of the line in the making */
	char log_line[LOG_LINE];
};

/* Who decides; each is called before engine_pump(). */
struct line_owner {
	/* The plugin said this, and line->ppp has it already. */
	void (*report)(void *ctx, const struct report *report);
	/* What it says cannot be understood: it is of another build than ours. */
	void (*bad_report)(void *ctx);
	/* It says nothing more: pppd ends, and its exit tells. */
	void (*report_over)(void *ctx);
	/* A line of pppd's log, escaped; ppp.log has it as well. */
	void (*logged)(void *ctx, const char *text);
	/* pppd has closed its end of the channel. */
	void (*channel_closed)(void *ctx);
	/* Packets have passed: gre_sock_pump() has something to do.  NULL: it is called anyway. */
	void (*carried)(void *ctx);
	int note_level; /* of what is worth a note, as engine_note() has it */
	void *ctx;
};

/* A frame of the peer's that came before pppd listens. */
struct line_early {
	size_t len;
	uint8_t octets[];
};

struct line {
	struct engine *engine; /* borrows for life */
	struct line_owner owner;
	struct in_addr local, remote; /* of the control connection, when the call is up */
	uint16_t local_call_id, peer_call_id;
	uint16_t peer_window, peer_delay; /* as the peer told: packets, 1/10 s */
	struct gre_sock *gre;             /* owns; NULL: there is none, or the kernel has it */
	struct channel *channel;          /* owns */
	char no_tap[128];                 /* why the channel is none, where one was wanted; "" */
	char tap_name[16];                /* where it is one; "" */
	bool awaits_pppd;                 /* its plugin is there to tell when it listens */
	unsigned early_count;
	struct line_early *early[LINE_EARLY]; /* own */
	struct ppp ppp;
};

/* One with nothing in it. */
void line_init(struct line *line, struct engine *engine, const struct line_owner *owner);
/* All of it goes; what is then in it is as after line_init(). */
void line_fini(struct line *line);

/* Whom its GRE is to give frames to. */
struct gre_owner line_gre_owner(struct line *line);
/* The GRE session of the call that is up, by the settings and by what the peer told. */
void line_session_params(const struct line *line, struct pptp_session_params *params);
/*
 * The channel that the keeper has made, with pppd at its other end; takes over fd.  False when out of
 * memory.  What is worth a note is said.
 */
bool line_open_channel(struct line *line, const struct ipc_pppd *pppd, int fd);
/* Hangs up: pppd has no line any more. */
void line_close_channel(struct line *line);
/*
 * From now on GRE is read.  Not before there is where to put it: what comes with the call reply
 * is the peer's first Configure-Request, and PPP would wait 3 s for the next (RFC 1661 4.6).
 * False when out of memory.
 */
bool line_hear(struct line *line);
/*
 * A PPP frame passes: what agrees on something is for the trace, and little; of data only the Protocol
 * field is looked at.
 */
void line_record(const struct line *line, bool out, const uint8_t *frame, size_t len);
/* Those of the data path; zeroes while there is none. */
void line_counters(
    const struct line *line, struct pptp_session_stats *stats, struct gre_errors *errors);

/*
 * pppd listens.  Before that the kernel throws away what it is given, on a TAP as on a pty, and pppd may
 * take its time: the peer's first Configure-Request waits here, or PPP would for the next one.
 */
void line_pppd_listens(struct line *line);

/* line_ppp.c */

/* Descriptors below 0: a pppd without our plugin.  pid 0: it is not ours to wait for. */
bool line_ppp_open(struct line *line, pid_t pid, int report_fd, int log_fd);
void line_ppp_close(struct line *line);
/* Takes all that the plugin and the log have; before judging an exit. */
void line_ppp_drain(struct line *line);
/* pppd's last line, for those endings that only it can explain. */
const char *ppp_last_words(const struct ppp *ppp);
/* The last line of pppd's that has `words` in it, or NULL. */
const char *ppp_log_with(const struct ppp *ppp, const char *words);
/* "MS-CHAP-V2" */
const char *ppp_auth_name(uint32_t report_auth);
/* "MPPE 128-bit stateless" or "NOT ENCRYPTED" */
void ppp_mppe_text(const struct ppp *ppp, char *out, size_t size);

/* line_reason.c */

/*
 * PPP has addresses: may it be used?  Not when they came a second time, for the routes of the first time are gone;
 * and where we answer, not by pppd's word alone: what the machine's own options files say may let anybody in.
 */
bool line_may_come_up(
    struct reason *reason, const struct ppp *ppp, const char *other, bool answered);
/* Why there is no MPPE: `other` is "server" or "caller"; the method of authentication is told. */
void line_reason_ccp(
    struct reason *reason, const struct ppp *ppp, const char *other, const char *auth_name);
/* LCP's Echo-Requests were not answered: `what`, "tunnel" or "call", is dead. */
void line_reason_echo(struct reason *reason, const struct ppp *ppp, const struct config *config,
    const char *what, const char *other);

/* line_status.c: parts of `tunnels` (interface.md 4); each a new reference */

json_t *line_gre_json(const struct line *line, uint64_t now);
/* The counters that a session keeps; null for each where nobody does. */
json_t *line_gre_counters_json(const struct pptp_session_stats *stats,
    const struct gre_errors *errors, bool counted, uint64_t heard, uint64_t now);
json_t *line_channel_json(const struct line *line);
json_t *line_path_why_json(const struct line *line);
json_t *ppp_mppe_json(const struct ppp *ppp);
json_t *ppp_ipv6_json(const struct ppp *ppp);

#endif
