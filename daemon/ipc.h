/*
 * ipc.h: the typed messages between keeper and engine (design D3), over one SOCK_SEQPACKET
 * pair, descriptors passed along.  The engine asks, the keeper checks each request against
 * the configuration by itself; nothing in here was parsed from the network but addresses.
 */
#ifndef IPC_H
#define IPC_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config.h"
#include "firewall.h"
#include "reason.h"
#include "state.h"
#include "tap.h"

#define IPC_MAX_ADDRESSES 16
#define IPC_MAX_FDS       3
#define IPC_TEXT          512

enum ipc_type {
	/* engine -> keeper */
	IPC_LOOKUP = 1,   /* resolve the server of this dial; the answer is IPC_ADDRESSES */
	IPC_OPEN_SOCKETS, /* open; the answer is IPC_SOCKETS */
	IPC_START_PPPD,   /* start; the answer is IPC_PPPD_STARTED, later one IPC_PPPD_EXITED */
	IPC_SIGNAL_PPPD,  /* signal: SIGTERM or SIGKILL */
	IPC_NETWORK,      /* network: addresses are agreed; the answer is IPC_NETWORK_UP */
	IPC_FIREWALL,     /* look: what drops GRE here; the answer is IPC_FIREWALL_IS */
	IPC_STAGE,        /* stage */
	IPC_NOTE,         /* note */
	IPC_ENDED,        /* ended: this dial; the keeper decides what follows */
	IPC_DOWN,         /* somebody asks for the end; the answer is IPC_STOP */
	IPC_REDIAL,       /* somebody asks for it */
	IPC_RELOAD,       /* the same; the answer is IPC_RELOADED */
	IPC_PONG,         /* the answer to IPC_PING */
	IPC_CALLED,       /* role "auto": the peer has connected to us, so do not wait */
	/* keeper -> engine */
	IPC_BEGIN,        /* history: the secret is at hand, dial */
	IPC_WAIT,         /* history: the next dial comes in history.wait */
	IPC_EXIT,         /* there is no next one */
	IPC_RELOADED,     /* reloaded */
	IPC_VERBOSE,      /* verbose: which notes are of interest from now on */
	IPC_STATISTICS,   /* say the counters as notes */
	IPC_PING,         /* an engine that hangs does not answer */
	IPC_STOP,         /* end in order */
	IPC_LOST,         /* reason: the way to the server is another one, or none: end */
	IPC_AWAKE,        /* this machine slept: is the server still there? */
	IPC_NO_INTERFACE, /* deleted: the tunnel's interface is gone, or down */
	IPC_ADDRESSES,    /* addresses */
	IPC_SOCKETS,      /* error; descriptors: enum ipc_sockets */
	IPC_PPPD_STARTED, /* pppd; descriptors: enum ipc_pppd_fds */
	IPC_PPPD_EXITED,  /* wait_status */
	IPC_NETWORK_UP,   /* routes */
	IPC_FIREWALL_IS,  /* found */
	IPC_ROUTES,       /* routes: others than before */
	IPC_DNS,          /* dns */
	/* keeper -> engine, role "listen" */
	IPC_LISTEN, /* failure; descriptors: enum ipc_listen_fds */

	IPC_END_CALL, /* reason: of a call: end it */
};

enum ipc_sockets { IPC_FD_TCP, IPC_FD_SNIFF, IPC_FD_GRE /* none where GRE is the kernel's */ };
enum ipc_listen_fds { IPC_FD_LISTEN, IPC_FD_LISTEN_GRE };
enum ipc_pppd_fds { IPC_FD_CHANNEL, IPC_FD_REPORT, IPC_FD_LOG };

/* What became of a pppd, and on which channel it is. */
struct ipc_pppd {
	int error;     /* errno, 0 good */
	char what[64]; /* the call that failed */
	pid_t pid;
	uint32_t path;              /* enum data_path: PATH_PTY, PATH_TAP, PATH_KERNEL */
	struct tap_session session; /* PATH_TAP */
	char why[128];              /* a TAP was wanted, and is not to be had: why; else "" */
	struct reason reason;       /* where the error is that nobody can be verified; else none */
};

/* What PPP has agreed, as pppd's plugin says, and the call, for routes and hooks. */
struct ipc_network {
	char interface[16];
	struct in_addr local, peer, dns[2]; /* INADDR_ANY: none */
	struct in_addr outer;               /* ours, of the control connection */
	uint32_t mtu, mppe_bits;            /* octets; 0 bits: not encrypted */
	uint16_t call_id, peer_call_id;
	char peer_hostname[4 * PPTP_NAME_LEN + 1]; /* escaped */
	char caller[256]; /* who a listener's caller says it is, raw; compared for equality only */
};

/* What became of the routes, and of the hook. */
struct ipc_routes {
	uint32_t ecode; /* 0, or the tunnel cannot be used, and why: */
	char why[256];
	uint64_t set; /* ROUTES_DEFAULT, ROUTES_NET(): those that are there, of: */
	struct config_nets through;
	uint32_t pinned;            /* 0 or 1: the way to the server is kept, by that one: */
	char via[INET6_ADDRSTRLEN]; /* "": it is direct */
	char device[16];
};

/* What became of the peer's DNS servers. */
struct ipc_dns {
	uint32_t use;   /* enum dns_use: who was told; DNS_AUTO: the peer has none */
	uint32_t ecode; /* 0, or it could not be done */
	char why[256];  /* that, or why it is this one */
};

/*
 * A listener has many calls.  Of each it says IPC_START_PPPD, IPC_SIGNAL_PPPD, IPC_NETWORK and last of
 * all IPC_ENDED, with the number of that call, and IPC_FIREWALL; and the keeper IPC_PPPD_STARTED,
 * IPC_PPPD_EXITED, IPC_NETWORK_UP, IPC_FIREWALL_IS, and those above.
 */
struct ipc_msg {
	uint32_t type; /* enum ipc_type */
	uint32_t call; /* the engine's number of the call; 0: the tunnel, or the listener */
	union {
		struct {
			struct in_addr address;
			struct in_addr
			    local; /* the peer has dialled this one; INADDR_ANY: we dial */
			uint16_t local_call_id;
		} open;
		struct {
			uint32_t without_mppe; /* 0 or 1; the second try of mppe = "prefer" */
			uint32_t answered;     /* 0 or 1; the peer has called us */
			uint16_t local_call_id, peer_call_id;
			struct in_addr peer; /* of a listener's call: who calls */
		} start;
		int signal;
		struct {
			uint32_t stage; /* enum stage */
			char text[IPC_TEXT];
		} stage;
		struct {
			int level;
			char text[IPC_TEXT];
		} note;
		struct {
			struct reason reason;
			uint64_t rx_bytes, tx_bytes; /* PPP's, through this tunnel */
			uint32_t answered;           /* 0 or 1; it was the peer's call */
		} ended;
		struct reason reason; /* IPC_LOST, IPC_END_CALL */
		struct {
			int gai_error; /* getaddrinfo's, 0 good */
			uint32_t count;
			struct in_addr address[IPC_MAX_ADDRESSES];
		} addresses;
		struct {
			int error;              /* errno, 0 good */
			char what[64];          /* the call that failed */
			uint16_t local_call_id; /* for which they were asked for */
		} failure;                      /* IPC_SOCKETS */
		struct ipc_pppd pppd;
		struct ipc_network network;
		struct ipc_routes routes;
		struct firewall_request look;
		struct firewall_result found;
		struct ipc_dns dns;
		int wait_status;
		struct history history;
		struct {
			uint32_t ok; /* 0 or 1 */
			char text[IPC_TEXT];
		} reloaded;
		int verbose;
		uint32_t deleted; /* 0 or 1 */
	} u;
};

/* A pair of ends, close-on-exec.  0, or -1 with errno. */
int ipc_pair(int fds[2]);
/* A message of this type, all zero but that: nothing of the sender's memory goes along. */
void ipc_init(struct ipc_msg *msg, enum ipc_type type);
/*
 * Sends one message with `nfds` descriptors, which stay the caller's.  Never blocks: EAGAIN when the
 * other end does not read.  0, or -1 with errno.
 */
int ipc_send(int fd, const struct ipc_msg *msg, const int *fds, size_t nfds);
/* Octets that the other end has not read yet. */
size_t ipc_unread(int fd);
/*
 * Takes one message; `fds` gets IPC_MAX_FDS entries, -1 where there is none, owned by the
 * caller.  1: a message; 0: the other end is gone; -1: errno (EAGAIN: none now; EPROTO: not one
 * of ours).  With `fds` NULL none is taken: one that comes along makes it EPROTO.
 */
int ipc_recv(int fd, struct ipc_msg *msg, int fds[IPC_MAX_FDS]);
/*
 * The texts of an engine's message, for people and for a hook's environment: each ends, and is UTF-8 without
 * a control character; '?' takes the place of what is not.  An engine escapes what comes from the network,
 * but it may be somebody else's by now.
 */
void ipc_clean(struct ipc_msg *msg);

#endif
