/*
 * peer_int.h: struct peer, for the files of this room only: peer.c (the way up, the pump),
 * peer_call.c (its call), peer_answer.c (where the peer calls us),
 * peer_down.c (the way down), peer_gre.c (the data path), peer_ppp.c (what pppd and its plugin
 * say), peer_reason.c, peer_reason_gre.c and peer_reason_ppp.c (the one reason of the end), peer_status.c.
 */
#ifndef PEER_INT_H
#define PEER_INT_H

#include <event2/event.h>
#include <time.h>

#include "conn.h"
#include "engine.h"
#include "line.h"
#include "peer.h"
#include "reason.h"
#include "sniff.h"

enum peer_phase {
	PEER_IDLE,
	PEER_RESOLVING,
	PEER_CONNECTING, /* sockets, TCP */
	PEER_CONTROL,    /* SCCRQ sent */
	PEER_CALLING,    /* OCRQ sent */
	PEER_PPP,        /* the call is up; `stage` tells how far PPP is */
	/* Down, in order: */
	PEER_HANGUP,    /* pppd has been told to end; GRE still flows */
	PEER_CLEARING,  /* call and control connection are being ended */
	PEER_FINISHING, /* TCP is being closed */
	PEER_ENDED,
};

/* A minute is the RFC's patience with any one step (3.1.4); pppd has none for CCP. */
#define PPP_SECONDS 90

struct peer {
	struct engine *engine;       /* borrows for life */
	const struct config *config; /* borrows for life */
	enum peer_phase phase;
	enum stage stage;  /* how far it ever came */
	bool stopped;      /* the user asked for the end */
	bool without_mppe; /* the second try of mppe = "prefer" */
	bool ppp_may_know; /* the peer ended the connection during PPP: pppd may say why */
	bool again;        /* once all is down, dial that second try */
	bool orphan;       /* the keeper is gone */
	bool lost;         /* and so is the way to the server */
	bool line_over;    /* nobody hears pppd any more */
	bool interface_deleted;
	bool tcp_open, control_up, call_up;
	struct reason reason;
	const char *rough; /* what of the way down was not in order; NULL: all was */

	unsigned server_index;                 /* in config.servers: the one of this dial */
	uint32_t address_count, address_index; /* the one being dialled */
	struct in_addr addresses[IPC_MAX_ADDRESSES];

	struct conn *conn;   /* owns */
	struct sniff *sniff; /* owns; until the first good GRE packet */
	struct line line;
	/* Where GRE is the kernel's: when we last heard of the peer's, us; 0 never. */
	uint64_t kernel_heard;
	uint64_t kernel_packets;       /* received, when last looked at */
	uint64_t kernel_rx, kernel_tx; /* octets, when pppd last had the interface */
	struct pptp_sccrq server;      /* its SCCRP */
	/* Role "auto": the peer has connected to us, and offered its call. */
	bool answered, call_offered;
	bool called;              /* at rest: the keeper has been told that it connects */
	uint64_t doubt_since;     /* us: it has connected once more, so is it still there? */
	bool is_pac;              /* of this call; else the PNS */
	uint32_t call_speed;      /* bit/s, as the PAC says */
	struct ipc_routes routes; /* as the keeper has set them */
	struct ipc_dns dns;       /* the same */

	/* Why no GRE comes: the keeper looks at the firewall before that is told. */
	bool look_asked, look_told;   /* and has answered */
	bool notice_waits, end_waits; /* for that answer: their deadlines are that of the look */
	struct firewall_result found; /* the last one */

	/* Deadlines, us; PPTP_NEVER when off. */
	uint64_t come_up_due;                  /* --timeout */
	uint64_t gre_notice_due;               /* say that no GRE comes */
	uint64_t gre_due;                      /* end because none comes */
	uint64_t again_due;                    /* the second try of mppe = "prefer" */
	uint64_t ppp_due;                      /* PPP has had its time to come up */
	uint64_t probe_due;                    /* our own LCP Configure-Request */
	uint64_t interface_due;                /* nobody but pppd may take its interface down */
	uint64_t call_due;                     /* the peer has connected, and places no call */
	uint64_t kill_due;                     /* pppd did not end: SIGKILL */
	uint64_t began, up_since, phase_since; /* us */
	time_t since_wall;                     /* s, when the present state began */
	unsigned echo_wait;                    /* s: what an Echo-Reply may take now */
	uint64_t echo_rtt;                     /* us; 0 unknown */
};

/*
 * Ends the tunnel in order, for this reason; the first one that is given stays.  Safe from any
 * place: what is to be freed is freed by peer_pump().
 */
void peer_end(struct peer *peer, const struct reason *reason);
/* It has come so far: told to the user, and the end if that was all that was asked for. */
void peer_reached(struct peer *peer, enum stage stage, const char *text);
struct in_addr peer_server_address(const struct peer *peer);
/* The name or address of this dial, as configured. */
const char *peer_server_name(const struct peer *peer);
void peer_set_phase(struct peer *peer, enum peer_phase phase);
/* Ends it for a fault of this host's. */
void peer_internal(struct peer *peer, const char *what, int error);
/* Dials addresses[address_index], with a new control connection. */
void peer_dial(struct peer *peer);
void peer_signal_pppd(struct peer *peer, int signal);

/* peer_words.c: the state, as `status` calls it (interface.md 4). */
const char *peer_state_name(const struct peer *peer);
/* Through the tunnel: PPP's octets, or those of the interface where GRE is the kernel's. */
void peer_octets(const struct peer *peer, uint64_t *rx, uint64_t *tx);
/* The interface's, while there is one: pppd, told to end, may take it along before it can be asked. */
void peer_keep_octets(struct peer *peer);

/* peer_answer.c */

/* Who connects to us, if anybody does: begins with that, or says what becomes of it. */
void peer_see_caller(struct peer *peer, uint64_t now);
/* The control connection that the peer has opened is established: its call comes next. */
void peer_await_call(struct peer *peer, uint64_t now);
void peer_call_offered(struct peer *peer, const struct pptp_event *event, uint64_t now);
/* What it needs is there, or cannot be had. */
void peer_take_call(struct peer *peer);
void peer_refuse_call(struct peer *peer);

/* peer_call.c */

#define RING_SPEED 100000000 /* bit/s, of a call that we offer */
/* Once the control connection is established; enum pptp_err. */
int peer_place_call(struct peer *peer, uint64_t now);
/* What PPTP_EV_CALL_UP tells. */
void peer_call_facts(struct peer *peer, const struct pptp_event *event);
/* Before the control connection is stopped, which would end it without a reason. */
void peer_hang_up_call(struct peer *peer, uint64_t now);
/* The maps that LCP has agreed on, where we are the one to tell them. */
void peer_tell_link_info(struct peer *peer, uint32_t send_accm, uint32_t receive_accm);
/* Set-Link-Info and WAN-Error-Notify have come. */
void peer_link_info(struct peer *peer, const struct pptp_sli *sli);
void peer_wan_error(struct peer *peer, const struct pptp_wen *wen);
/* Tells the PNS what our line has counted; as often as the RFC allows. */
void peer_line_errors(struct peer *peer, uint64_t now);

/* peer_down.c */
void peer_go_down(struct peer *peer, uint64_t now);

/* peer_gre.c */
/* Of our own pppd the exit status tells. */
void peer_channel_closed(void *ctx);
void peer_send_probe(struct peer *peer, uint64_t now);
/* pppd has heard the peer. */
void peer_heard(struct peer *peer);
/* When GRE last came from the peer, us; 0 never. */
uint64_t peer_last_gre(const struct peer *peer);
/* A pppd without our plugin tells nothing: with a call and GRE all is up that we can know of. */
void peer_up_unheard(struct peer *peer);
/* Has the first packet come; is it time to say that none does, or to give up? */
void peer_check_gre(struct peer *peer, uint64_t now);

/* peer_ppp.c */
struct line_owner peer_line_owner(struct peer *peer);

/* peer_reason.c, peer_reason_gre.c, peer_reason_ppp.c */
/* "vpn.example.com (198.51.100.7)", or the address alone. */
void reason_server(const struct peer *peer, char *out, size_t size);
void reason_lookup(struct reason *reason, const struct peer *peer, int gai_error);
/* The sockets of a dial could not be opened here: errno and the call that failed. */
void reason_sockets(struct reason *reason, const struct peer *peer, int error, const char *what);
void reason_tcp(struct reason *reason, const struct peer *peer, int error);
/* The control connection or the call has ended.  True: for want of GRE, so PPP knows no better. */
bool reason_ctrl(
    struct reason *reason, const struct peer *peer, const struct pptp_event *event, uint64_t now);
/* The peer has connected to us, and does nothing; E209. */
void reason_no_call(struct reason *reason, const struct peer *peer);
/* Somebody has taken it; E607. */
void reason_interface(struct reason *reason, const struct peer *peer);
/* Why no GRE comes, by all evidence there is; E301 to E304. */
void reason_gre(struct reason *reason, const struct peer *peer, uint64_t now);
void reason_pppd(struct reason *reason, const struct peer *peer, int wait_status, uint64_t now);
/*
 * The peer ended the control connection while PPP was being agreed, and pppd has ended since:
 * true if its reports have the reason behind that.
 */
bool reason_behind(struct reason *reason, const struct peer *peer);
/* pppd neither came up nor gave up. */
void reason_ppp_timeout(struct reason *reason, const struct peer *peer, unsigned seconds);
void reason_auth(struct reason *reason, const struct peer *peer);

#endif
