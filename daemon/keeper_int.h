/*
 * keeper_int.h: struct keeper, for the files of this room only: keeper.c (its life: processes,
 * the loop), keeper_dial.c (one dial after the other), keeper_ask.c (signals, and what they ask
 * for), keeper_secret.c, keeper_hook.c, keeper_dns.c, keeper_firewall.c, keeper_net.c (what becomes of this
 * host's network), and acts.c (the closed list of what it does for the engine).
 */
#ifndef KEEPER_INT_H
#define KEEPER_INT_H

#include <event2/event.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "dns.h"
#include "hook.h"
#include "ipc.h"
#include "keeper.h"
#include "hook_child.h"
#include "lookup.h"
#include "retry.h"
#include "routes.h"
#include "rundir.h"
#include "state.h"
#include "users.h"
#include "watch.h"

/*
 * After that an engine that does not end is killed.  It takes 16 s at most (peer_down.c), and the
 * unit's TimeoutStopSec must leave us time for what is left then.
 */
#define STOP_SECONDS 20
#define ASK_SIGNALS  6

struct keeper;

enum keeper_phase {
	KEEPER_PRE_DIAL, /* the pre-dial hook is asked */
	KEEPER_SECRET,   /* the password is being read */
	KEEPER_DIALLING, /* the engine has been told to begin; up is in here */
	KEEPER_HOOK,     /* that dial has ended; DNS is put back, and hooks hear of it */
	KEEPER_WAITING,  /* for the next dial */
	KEEPER_DONE,     /* the engine has been told to exit */
};

/*
 * Of events, as libevent counts them: half of their number is what an event has without a word.  A pppd
 * stands still until it is told of its caller: that goes before starting others.
 */
#define PRIORITIES 2
#define URGENT     0

/* Where pppd's plugin asks who its caller is, and is told the secret (report.h). */
struct verifier {
	int fd;                    /* owns; -1 none */
	struct event *event;       /* owns */
	const struct users *users; /* borrows for as long as it is open */
	/* The address that is to be told with it; `user` NULL: there is no such one. */
	struct in_addr (*asked)(void *ctx, const struct user *user);
	void *ctx;
};

/* One call of a listener's, from its pppd on: keeper_calls.c. */
struct keeper_call {
	struct keeper *keeper; /* borrows for life */
	uint32_t number;       /* the engine's */
	pid_t pid;             /* of its pppd; 0: none, or reaped */
	struct in_addr caller;
	uint16_t local_call_id, peer_call_id;
	char user[256];         /* verified; "" unknown */
	struct in_addr address; /* the one that it has been given; INADDR_ANY: none */
	bool own_address;       /* it is its user's */
	struct verifier verifier;
	uint64_t before; /* watch_mark() of before its pppd, whose interface is newer */
	struct ipc_network network;
	bool up, ended;        /* addresses are agreed; the engine has said the last of it */
	uint64_t up_at;        /* us */
	struct routes *routes; /* owns; behind the caller; NULL none */
	struct reason reason;
	uint64_t rx_bytes, tx_bytes;
	TAILQ_ENTRY(keeper_call) link;
};
TAILQ_HEAD(keeper_call_list, keeper_call);

STAILQ_HEAD(call_hook_list, call_hook);

struct keeper_calls {
	struct keeper_call_list list;
	struct call_hook_list hooks; /* events of calls, with or before their programs */
	unsigned count, up;
	uint32_t
	    next_address;   /* host order: where the search goes on, so that none comes back soon */
	struct users users; /* as last read */
};

#define HOOK_PROGRAMS 2 /* for one event: its hook, and the script */

/* The hook that runs.  There is only ever one: each event waits for what the one before has started. */
struct keeper_hook {
	struct hook_child child;
	struct hook_facts facts; /* of the one that runs */
	unsigned count, at;      /* programs of this event; the one that runs */
	struct {
		const char *path;
		bool script;
	} program[HOOK_PROGRAMS];
	char failed[200]; /* "hook ended with status 1", the first that did; "" */
	/* All have ended: well (NULL), or what failed. */
	void (*done)(struct keeper *keeper, const char *why);
};

/* The child that looks at the firewall. */
struct keeper_look {
	pid_t pid;                      /* 0: none; never used after it was reaped */
	int fd;                         /* -1: no answer is waited for */
	uint32_t call;                  /* of a listener: which one asked */
	struct event *answered, *limit; /* own */
};

/* Who may call, where role "auto" answers; while its pppd runs. */
struct keeper_verify {
	struct verifier verifier;
	struct users users;
};

/* This host's network, while it changes: keeper_net.c. */
struct keeper_net {
	struct watch *watch;
	struct event *settle;   /* changes come in flocks */
	bool changed, appeared; /* since the last flock */
	bool source_known;      /* the routing says where the tunnel goes from */
	unsigned tunnel;        /* index of its interface; 0: not up */
	struct in_addr outer;   /* ours, of the tunnel that is up */
	uint64_t asleep;        /* us: this machine, ever, when last looked at */
	int wake_fd;            /* -1 none */
	struct event *wake;
	uint64_t paid; /* us: dials at once are paid for until then */
	char what[96]; /* the newest by which a server may be reached */
};

/* The DNS servers of the tunnel that is up. */
struct keeper_dns {
	struct dns_task task; /* what is set, or being set; use DNS_OFF: nothing */
	struct dns_plan plan;
	size_t step; /* of the plan: the command that runs */
	pid_t pid;   /* of that; 0: none */
	int said;    /* -1 none: what it prints */
	struct event *limit;
	bool overdue;
	unsigned reached; /* bits: the servers to which a route of their own leads */
	bool undoing;     /* the plan takes back */
	bool again;       /* there is a new configuration since it began */
	struct ipc_dns told;
	void (*done)(struct keeper *keeper); /* NULL: nobody waits */
};

struct keeper {
	const struct config *config;
	const struct keeper_ui *ui;
	struct event_base *base;
	struct secret secret;
	struct rundir rundir;
	struct reason reason;
	struct reason no_secret;  /* why there is no password to be had */
	unsigned server_index;    /* in config.servers: the one of this dial */
	struct ipc_msg addresses; /* what the look-up gave; the only ones that may be dialled */
	char conflict[256];       /* a word in pppd's own files that we cannot take back; "" none */
	enum stage stage;         /* reached */
	struct ipc_msg known;     /* the last look-up that was good: who else may connect to us */
	int door_fd;              /* where the peer connects to us; -1 none */
	bool answered;            /* this dial was the peer's call */
	int kernel_fd;            /* its PPTP; pppd has it too, once it runs; -1 none */
	struct in_addr dialled;   /* for which that is */
	struct if_nameindex *interfaces; /* owns; those of before pppd; NULL none */
	struct routes routes;            /* past the tunnel that is up */
	struct ipc_network network;      /* of the tunnel that is up */
	struct ipc_routes routes_told;   /* while the hook runs: what the engine is to hear */
	bool network_up;                 /* the addresses were agreed: once a dial */
	bool hooks_up;                   /* and hooks heard of it: they hear of the end */
	bool been_up;                    /* hooks heard of an earlier dial that was up */
	bool counted;                    /* how many octets of PPP's this dial had */
	uint64_t rx_bytes, tx_bytes;
	struct keeper_hook hook;
	struct keeper_calls calls; /* role "listen" */
	struct keeper_net net;
	bool dial_held; /* the next dial is due, and waits for a hook */
	struct keeper_dns dns;
	struct keeper_verify verify;
	uint64_t up_for; /* us: the dial that has ended, while the hook runs */
	int engine_fd;
	pid_t engine_pid, pppd_pid; /* 0: none; never used after it was reaped */
	struct lookup lookup;
	struct keeper_look look;
	struct event *engine_event, *stop_timer;
	struct event *child_event, *ask_events[ASK_SIGNALS];

	/* one dial after the other: keeper_dial.c */
	enum keeper_phase phase;
	struct retry retry;
	struct history history;
	struct event *dial_timer, *watch_timer, *refork_timer;
	uint64_t dial_at;           /* us: while waiting */
	struct config *next_config; /* owns; of a reload, for the next dial; NULL none */
	struct config *own_config;  /* owns; the one in use, if it came of a reload */
	int64_t since;              /* s since 1970: this run, at last its end */
	uint64_t up_at;             /* us: this dial; 0 not up */
	bool redial;                /* somebody asked for one */
	bool renew; /* the engine is to be replaced: it knows an old configuration */
	bool told_ready;
	bool interrupted;     /* while the password was asked for: an end without a word */
	bool hung;            /* the engine did not answer, and is being killed */
	unsigned unanswered;  /* pings */
	uint64_t watch_every; /* us between two of them */

	/* keeper_secret.c */
	pid_t secret_pid; /* 0 none */
	int secret_fd;    /* -1 none */
	struct event *secret_event;
	bool auth_refused; /* pppd's own status 19: not again with this password */

	bool stopping;       /* the user has asked for the end */
	bool overdue;        /* it has taken too long, and was killed */
	bool forced;         /* and again: at once */
	uint64_t stop_since; /* us: the first time */
	unsigned pppd_starts;
};

/* keeper.c */

/* A new engine, in the place of one that is gone; false: none is to be had. */
bool keeper_fork_engine(struct keeper *keeper);
/* Ends the loop once all is down; sees to what is not. */
void keeper_check_done(struct keeper *keeper);

/* keeper_dial.c */

bool keeper_dial_setup(struct keeper *keeper);
void keeper_dial_free(struct keeper *keeper);
/* Reads the secret, then lets the engine dial. */
void keeper_dial(struct keeper *keeper);
/* The same for the first time, unless the end was asked for. */
void keeper_dial_first(struct keeper *keeper);
/* This dial has ended for keeper->reason: the next one, or the end of all. */
void keeper_dial_ended(struct keeper *keeper);
/* The engine has died, unasked, and its pppd is gone. */
void keeper_engine_lost(struct keeper *keeper);
/* The engine has answered a ping. */
void keeper_pong(struct keeper *keeper);
/* The secret is at hand (0), or not: an exit code; below 0 the end was asked for. */
void keeper_secret_done(struct keeper *keeper, int code);
/* How far this dial has come. */
void keeper_reached(struct keeper *keeper, enum stage stage, const char *text);
/* keeper->reason as the last end, of one that had been up for so many us. */
void keeper_remember(struct keeper *keeper, uint64_t up_for);
void keeper_write_state(struct keeper *keeper, const char *state);

/* keeper->reason is the end of all; also of one that waited, or had not begun to dial. */
void keeper_finish(struct keeper *keeper, uint64_t up_for);
/* The next dial comes at keeper->dial_at: to the engine. */
void keeper_tell_wait(struct keeper *keeper);
/* What a reload brought is in use from now on; the engine knows only the old one, and goes with the next dial. */
void keeper_take_next_config(struct keeper *keeper);
/* A timer, in so many us. */
void keeper_arm(struct event *timer, uint64_t us);

/* keeper_ask.c */

bool keeper_ask_setup(struct keeper *keeper);
void keeper_ask_free(struct keeper *keeper);
/* Ends in order, as a signal asks. */
void keeper_stop(struct keeper *keeper);
/* At once: out of the waiting, or after an end in order. */
void keeper_redial(struct keeper *keeper);
/* The configuration anew; what came of it in `text`. */
bool keeper_reload(struct keeper *keeper, char *text, size_t size);

/* keeper_net.c */

bool keeper_net_setup(struct keeper *keeper);
void keeper_net_free(struct keeper *keeper);
/* A dial begins: what has come before is no news to it. */
void keeper_net_dial(struct keeper *keeper);
/* The tunnel is up on that interface, between that address and the server's. */
void keeper_net_up(struct keeper *keeper, unsigned tunnel, struct in_addr outer);
void keeper_net_down(struct keeper *keeper);
/* All that was heard until now, before the end of a process is judged, or one waits. */
void keeper_net_drain(struct keeper *keeper);
/* Whether this machine has slept since it was last asked. */
void keeper_net_wake(struct keeper *keeper);
/* It waits; the network may have changed since this dial began. */
void keeper_net_waits(struct keeper *keeper);

/* keeper_hook.c */

/*
 * Starts the programs that hear of that event, if there are any, one after the other; `done` follows,
 * perhaps before this returns.  None of the tunnel's hooks may run.
 */
void keeper_hook_run(struct keeper *keeper, enum hook_event event,
    void (*done)(struct keeper *keeper, const char *why));
/* Whether any program hears of what a tunnel that is up has agreed. */
bool keeper_hook_of_network(const struct config *config);
/* A child has ended; true: it was the hook. */
bool keeper_hook_ended(struct keeper *keeper, pid_t pid, int status);
/* Kills it, if one runs; nothing else is started, and `done` does not follow. */
void keeper_hook_cancel(struct keeper *keeper);

/* keeper_dns.c; for each of them with a `done` that follows, perhaps before this returns */

/* Tells who is to be told of the servers in keeper->network; what fails is a warning. */
void keeper_dns_set(struct keeper *keeper, void (*done)(struct keeper *keeper));
/* Takes that back. */
void keeper_dns_unset(struct keeper *keeper, void (*done)(struct keeper *keeper));
/* The same for a keeper of this name that was killed. */
void keeper_dns_recover(struct keeper *keeper, void (*done)(struct keeper *keeper));
/* There is a next_config after that one. */
void keeper_dns_reload(struct keeper *keeper, const struct config *old);
/* A child has ended; true: it was one of these. */
bool keeper_dns_ended(struct keeper *keeper, pid_t pid, int status);
/* Kills it, if one runs; `done` does not follow. */
void keeper_dns_cancel(struct keeper *keeper);

/* keeper_secret.c */

/* keeper_secret_done() follows, perhaps before this returns. */
void keeper_secret_start(struct keeper *keeper);
void keeper_secret_cancel(struct keeper *keeper);
/* A new configuration: a password that is kept may be another user's. */
void keeper_secret_renew(struct keeper *keeper, const struct config *old);

/* keeper_firewall.c */

/*
 * Which rule of this host drops GRE of the peer: the one that is being dialled, or who calls in a listener's
 * call.  The answer follows, perhaps before this returns.
 */
void keeper_firewall(struct keeper *keeper, const struct firewall_request *request);
void keeper_firewall_of_call(
    struct keeper *keeper, const struct keeper_call *call, const struct firewall_request *request);
/* No answer is wanted any more; waits for the child that was killed. */
void keeper_firewall_cancel(struct keeper *keeper);

/* keeper_verify.c */

/* `users`, `asked` and `ctx` are set.  The plugin's end, the caller's to close; -1 with errno. */
int verifier_open(struct verifier *verifier, struct event_base *base);
void verifier_close(struct verifier *verifier);

/* For a pppd that answers: the plugin's end, the caller's to close; -1, and the reason. */
int keeper_verify_open(struct keeper *keeper, struct reason *reason);
void keeper_verify_close(struct keeper *keeper);

/* keeper_door.c */

/* Listens for the peer, where the settings say so; false: it cannot be, for keeper->reason. */
bool keeper_open_door(struct keeper *keeper);
/* To an engine that is new. */
void keeper_show_door(struct keeper *keeper);
void keeper_close_door(struct keeper *keeper);
/* The peer has connected: the next dial is its. */
void keeper_called(struct keeper *keeper);
/* keeper_listen.c */

/* Reads the users anew; false: keeper->reason says why not, and they stay as they are. */
bool keeper_listen_users(struct keeper *keeper);
/* There is a new configuration: users, peers, hooks and pppd's settings are those of the next call. */
void keeper_listen_reload(struct keeper *keeper, const struct users *users);
/*
 * Room in the pair, both ways, for all that may be said of all calls at once: a word of the engine's that
 * does not fit is lost, as that a call has ended, and for one of ours the engine is killed.
 */
void keeper_listen_room(const struct keeper *keeper, const int pair[2]);
/* Opens the sockets of a listener, and has the engine take them. */
void keeper_listen(struct keeper *keeper);
/* STATUS=: where, and how many. */
void keeper_listen_notify(const struct keeper *keeper);

/* keeper_caller.c */

/* Gives it one of the pool, where there is one; false: none is free. */
bool keeper_caller_address(struct keeper *keeper, struct keeper_call *call);
/* Its pppd; false: *started says why not. */
bool keeper_caller_start(struct keeper *keeper, struct keeper_call *call, int fds[IPC_MAX_FDS],
    struct ipc_pppd *started);
/* Those of `peers`, behind it.  0, or an E-code with the reason in `why`. */
unsigned keeper_caller_routes(struct keeper *keeper, struct keeper_call *call, unsigned interface,
    char *why, size_t why_size);
/* It asks for nothing more, and nothing is behind it. */
void keeper_caller_forget(struct keeper *keeper, struct keeper_call *call);

/* keeper_call_hook.c */

/* That call's program hears of it; `behind` (NULL: nothing) are the networks behind the caller. */
void keeper_call_hook(struct keeper *keeper, enum hook_event event, const struct keeper_call *call,
    const struct config_nets *behind, uint64_t up_for);
/* A child has ended; true: it was one of these. */
bool keeper_call_hook_ended(struct keeper *keeper, pid_t pid, int status);
bool keeper_call_hooks_run(const struct keeper *keeper);
/* Kills them; those that wait are not started. */
void keeper_call_hooks_cancel(struct keeper *keeper);

/* keeper_calls.c */

/* One message of the engine's about a call. */
void keeper_calls_act(struct keeper *keeper, const struct ipc_msg *msg);
/* A child has ended; true: it was the pppd of a call. */
bool keeper_calls_ended(struct keeper *keeper, pid_t pid, int status);
/* Whether any pppd of a call runs. */
bool keeper_calls_run(const struct keeper *keeper);
void keeper_calls_signal(const struct keeper *keeper, int signal);
/* There is no engine any more, and no pppd: what is left of them goes. */
void keeper_calls_forget(struct keeper *keeper);

/* acts.c */

/* Where ip.mtu is open: what reaches that peer in one piece. */
void keeper_fit_mtu(const struct keeper *keeper, struct config *config, struct in_addr peer);

/* One message of the engine's: checked against the configuration, then done. */
void keeper_act(struct keeper *keeper, struct ipc_msg *request);
/* To the engine; one that does not read is broken, and killed. */
void keeper_send(struct keeper *keeper, const struct ipc_msg *msg, const int *fds, size_t nfds);
void keeper_signal_pppd(const struct keeper *keeper, int signal);
/* The look-up's answer. */
void keeper_looked_up(void *ctx, const struct ipc_msg *addresses);
void keeper_wipe_secret(void *secret);
/* The interfaces of before pppd. */
void keeper_forget_interfaces(struct keeper *keeper);
/* The kernel's PPTP socket of this dial, if pppd has not got it. */
void keeper_close_kernel(struct keeper *keeper);

/* acts_network.c */

/* PPP's network is there, as the plugin says: routes, DNS and hooks.  Once a dial. */
void keeper_network(struct keeper *keeper, const struct ipc_network *told);
/* Of an interface that is PPP's; else 0. */
unsigned keeper_ppp_index(const char *interface);
/* The plugin's and the peer's words, by way of the engine, for routes and the environment of a program. */
void keeper_take_network(struct ipc_network *network, const struct ipc_network *told);
/* Those past the tunnel, after the host's have changed. */
void keeper_renew_routes(struct keeper *keeper);
/* Those of the new settings, of a tunnel that is up; false: the next dial sets them. */
bool keeper_reload_routes(struct keeper *keeper, const struct config *config);

#endif
