/*
 * engine.h: the process that speaks to the network and to the user's tool (design D3): the
 * event loop, the protocol, the control socket, and every octet a stranger sends.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdint.h>

#include "config.h"
#include "ipc.h"
#include "pptp.h"

struct channel;
struct channel_owner;
struct control;
struct door;
struct engine;
struct listener;
struct peer;

/* Where something went or came from: the addresses of its control connection. */
struct engine_way {
	bool out;
	struct in_addr local, remote;
};

/* Who looks on: the control socket (control.h).  A process that has none does not link it. */
struct engine_watch {
	/* One control message passed. */
	void (*message)(struct control *control, const struct engine_way *way,
	    const uint8_t *octets, size_t len);
	/* A PPP packet that agrees on something; the Call ID is its receiver's. */
	void (*ppp)(struct control *control, const struct engine_way *way, uint16_t call_id,
	    const uint8_t *frame, size_t len);
	/* What came of the "reload" that somebody asked for. */
	void (*reloaded)(struct control *control, const struct ipc_msg *msg);
};

/* Role "listen" (listener.h).  A process that only dials does not link it. */
struct engine_many {
	struct listener *(*create)(struct engine *engine);
	void (*destroy)(struct listener *listener);
	void (*hear)(struct listener *listener, const struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
	void (*orphaned)(struct listener *listener);
	bool (*is_idle)(const struct listener *listener);
	void (*pump)(struct listener *listener, uint64_t now);
};

/*
 * What carries PPP where the keeper can have more than a pty.  Whoever has but that (the
 * drop-in `pptp`) does not link them.
 */
struct engine_paths {
	struct channel *(*tap)(struct engine *engine, int fd, const struct tap_session *session,
	    const struct channel_owner *owner);
	struct channel *(*kernel)(int netlink);
};

/*
 * The packets that one wakeup has in hand, whichever way they go: they are in nobody's hand when it
 * ends, so one room is enough for all.
 */
#define ENGINE_SLOTS     32
#define ENGINE_HEADROOM  76 /* before a frame: the longest IP header and the longest GRE header */
#define ENGINE_SEND_ROOM 36 /* before one that we send: our IP header has no options */

struct engine {
	const struct config *config; /* borrows for life */
	uint8_t *slots; /* owns ENGINE_SLOTS of slot_size: ENGINE_HEADROOM and a frame */
	size_t slot_size;
	struct pptp_env env;
	struct event_base *base;            /* owns */
	int keeper_fd;                      /* owns */
	struct event *keeper_event, *timer; /* owns */
	const struct engine_watch *watch;   /* borrows for life; NULL: nobody looks on */
	struct control *control;            /* borrows: what the watch is called with */
	struct peer *peer;                  /* owns; NULL where role is "listen", and then: */
	struct listener *listener;          /* owns */
	const struct engine_many *many;     /* borrows for life; NULL: it only dials */
	const struct engine_paths *paths;   /* borrows for life; NULL: a pty is all there is */
	struct door *door;      /* owns; role "auto": where the peer connects to us; NULL none */
	uint64_t started;       /* us */
	struct history history; /* the dials before this one */
	uint64_t wait_until;    /* us: the next dial; 0: none is waited for */
	int verbose;            /* which notes the keeper wants */
	bool orphan;            /* the keeper is gone */
};

/*
 * Everything of an engine but its loop and its control socket, for a process that has a keeper's
 * part as well (the drop-in `pptp`).  `many`: NULL where the role is never "listen".  Takes over the
 * descriptor.  False: out of memory or descriptors.  engine_fini() in each case.
 */
bool engine_init(struct engine *engine, const struct config *config, int keeper_fd,
    const struct engine_many *many);
void engine_fini(struct engine *engine);
/* Its slots alone.  False: out of memory. */
bool engine_slots(struct engine *engine);
/* One control message passed, for whoever looks on; and one PPP packet. */
void engine_message(
    const struct engine *engine, const struct engine_way *way, const uint8_t *octets, size_t len);
void engine_ppp(const struct engine *engine, const struct engine_way *way, uint16_t call_id,
    const uint8_t *frame, size_t len);
/*
 * engine_run.c: the life of the engine's process.  Takes over both descriptors; `history` is what `status` tells
 * until the first turn brings a newer one.  Returns its exit status: 0 when the end was told to
 * the keeper.
 */
int engine_run(
    const struct config *config, const struct history *history, int keeper_fd, int control_fd);

/*
 * The one pump: sends what is to be sent, drains the events, sets the one timer.  Every
 * callback of this process ends in it.
 */
void engine_pump(struct engine *engine);

/* To the keeper.  The text is bounded and must be escaped already. */
void engine_send(struct engine *engine, const struct ipc_msg *msg);
void engine_stage(struct engine *engine, enum stage stage, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void engine_note(struct engine *engine, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The end of this dial; the keeper decides what follows. */
struct engine_end {
	uint64_t rx, tx; /* octets */
	bool answered;   /* it was the peer's call */
};
void engine_ended(struct engine *engine, const struct reason *reason, const struct engine_end *end);

#endif
