/*
 * config.h: the settings of one tunnel, from wherever they came: defaults, a file, flags.
 * No secret is ever in here: the engine has a copy of this struct.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"
#include "pptp.h"

/* Who calls: we dial, we listen for callers, or we dial one peer and answer it. */
enum role { ROLE_DIAL, ROLE_LISTEN, ROLE_AUTO };

enum mppe_mode { MPPE_REQUIRE, MPPE_PREFER, MPPE_OFF };

/*
 * auth.accept: which methods we answer; bits of config.accept.  The same of those that we ask a
 * caller for, in config.require_peer.
 */
enum auth_method {
	ACCEPT_PAP = 1 << 0,
	ACCEPT_CHAP = 1 << 1,
	ACCEPT_MSCHAP = 1 << 2,
	ACCEPT_MSCHAPV2 = 1 << 3,
	ACCEPT_EAP = 1 << 4,
};

/*
 * How far a tunnel has come; also what --until names (the words of stage_name()).
 * Everything up to STAGE_GRE needs no pppd and no password.
 */
enum stage {
	STAGE_NONE,
	STAGE_LOOKUP,  /* the name has an address */
	STAGE_TCP,     /* TCP is connected */
	STAGE_CONTROL, /* the control connection is established */
	STAGE_CALL,    /* the call is open */
	STAGE_GRE,     /* the first good GRE packet came */
	STAGE_LCP,     /* LCP is open */
	STAGE_AUTH,    /* they took our name and password */
	STAGE_UP,      /* addresses are agreed */
};

/* data.path, in the order of its words. */
enum data_path { PATH_AUTO, PATH_PTY, PATH_TAP, PATH_KERNEL };

/* data.set-link-info, in the order of its words: who sends it. */
enum link_info { LINK_INFO_PNS, LINK_INFO_BOTH, LINK_INFO_OFF };

/* dns.use, in the order of its words. */
enum dns_use { DNS_AUTO, DNS_OFF, DNS_RESOLVED, DNS_RESOLVCONF, DNS_HOOK };

#define CONFIG_SERVERS   8
#define CONFIG_LIST      32 /* words of a list */
#define CONFIG_LIST_TEXT 128

/* A list of words: routes, hooks' commands, pppd's options. */
struct config_list {
	unsigned count;
	char word[CONFIG_LIST][CONFIG_LIST_TEXT];
};

struct config_nets {
	unsigned count;
	struct net net[CONFIG_LIST];
};

enum password_from {
	SECRET_UNSET, /* nothing says where: `connect` asks on its terminal */
	SECRET_FILE,
	SECRET_CREDENTIAL, /* systemd's, by name */
	SECRET_COMMAND,
	SECRET_ASK,
};

/* auth.secrets, in the order of its words: where a listener finds the callers' secrets. */
enum secrets_from { SECRETS_USERS, SECRETS_CHAP, SECRETS_RADIUS };

#define CONFIG_RANGES      32 /* of addresses, in a pool */
#define CONFIG_PEERS       64 /* sites behind callers */
#define CONFIG_PEER_ROUTES 16
#define CONFIG_DNS         2 /* IPCP has room for two (RFC 1877) */

struct config_range {
	struct in_addr first, last; /* both are part of it */
};

struct config_pool {
	unsigned count;
	struct config_range range[CONFIG_RANGES];
};

/* A caller with networks behind it. */
struct config_peer {
	char user[256];
	struct config_nets routes; /* at most CONFIG_PEER_ROUTES */
	struct in_addr address;    /* its own; INADDR_ANY: as any other caller's */
};

struct config_peers {
	unsigned count;
	struct config_peer peer[CONFIG_PEERS];
};

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_target { LOG_TO_JOURNAL, LOG_TO_SYSLOG, LOG_TO_STDERR, LOG_TO_FILE };

struct config {
	char name[64]; /* of the tunnel, and of its folder in run_dir */
	char run_dir[256];
	char path[256]; /* of the configuration file; "" none */
	enum role role;

	/* dial */
	unsigned server_count;             /* at least 1 when checked */
	char servers[CONFIG_SERVERS][256]; /* names or IPv4, tried in order */
	uint16_t port;
	struct in_addr bind_address; /* INADDR_ANY: none */
	char bind_device[16];        /* "" none */
	uint32_t mark;               /* SO_MARK; 0 none */
	char phone[65];
	bool call_incoming;       /* as the PAC: we offer an incoming call */
	unsigned connect_timeout; /* s */
	unsigned reply_timeout;   /* s */

	/* listen */
	struct in_addr listen_address; /* INADDR_ANY: each of this host's */
	uint16_t listen_port;
	struct config_nets listen_from; /* who may connect; none: anybody, or the one dialled */
	unsigned max_control;           /* control connections */
	unsigned max_half_open;         /* of these without a call */
	unsigned max_calls, max_calls_per_peer; /* in all, and from one address */
	unsigned setup_timeout;                 /* s for each step until the call is open */
	/* connections that one address may begin in so many seconds; count 0: any number */
	unsigned rate_count, rate_seconds;

	/* retry */
	bool persist;          /* dial again after an end that can pass */
	unsigned first_delay;  /* s */
	unsigned max_delay;    /* s */
	unsigned max_tries;    /* in a row without success; 0: for ever */
	bool retry_after_auth; /* on-auth-failure = "retry" */

	/* auth */
	char user[256];
	char domain[256];
	unsigned accept; /* bits of enum auth_method */
	enum password_from password_from;
	char password_path[256]; /* of the file, or the credential's name */

	/* auth, of those who answer; answer-auth, of role "auto" */
	unsigned require_peer;        /* bits of enum auth_method; 0: nobody need say who it is */
	unsigned answer_require_peer; /* the same, where role "auto" answers */
	char auth_name[64];           /* ours, told with a challenge */
	enum secrets_from secrets;
	char users_file[256];
	char radius_config[256]; /* of pppd's radius.so; "" its own */
	char answer_user[256];
	enum password_from answer_password_from; /* SECRET_FILE or SECRET_CREDENTIAL */
	char answer_password_path[256];

	/* encryption */
	enum mppe_mode mppe;
	bool mppe_40, mppe_128; /* encryption.bits; 128 only by default */
	bool mppe_stateful;

	/* ip */
	char interface[16];     /* "" pppd's choice */
	unsigned mtu;           /* 0: from the path, at most 1456 with MPPE possible, else 1460 */
	unsigned mru;           /* 0: as the MTU's default */
	struct in_addr address; /* the one we ask for; INADDR_ANY: the peer's choice */
	bool ipv6;              /* IPv6CP beside IPCP */
	/* of those who answer; INADDR_ANY: not set */
	struct in_addr ip_local, ip_remote;
	struct config_pool pool;
	struct in_addr ip_dns[CONFIG_DNS]; /* for callers; INADDR_ANY: none */

	/* routes */
	bool route_default; /* everything through the tunnel */
	bool server_route;  /* where one of them covers the server, the way to it is kept */
	struct config_nets routes_through, routes_except;
	uint32_t route_table;  /* its number; RT_TABLE_MAIN */
	unsigned route_metric; /* 0: none, which goes before all others */

	/* dns */
	enum dns_use dns_use;

	/* hooks */
	char hook_up[256], hook_down[256]; /* "" none */
	char hook_pre_dial[256], hook_renew[256], hook_auth_failed[256], hook_waiting[256];
	char hook_script[256]; /* one that speaks openconnect's protocol; "" none */
	char hook_call_up[256], hook_call_down[256]; /* of a listener, for each call */
	unsigned hook_timeout;                       /* s */
	bool hook_required;                          /* an up that fails ends the tunnel */

	/* keepalive, all in s; 0 never */
	unsigned control_echo, control_echo_wait;
	unsigned lcp_echo, lcp_echo_failure;

	/* data */
	enum data_path data_path;
	unsigned reorder_wait_ms; /* at most; 0: nothing is put in order */
	unsigned reorder_depth;   /* packets */
	unsigned window;          /* packets */
	enum pptp_window_mode window_mode;
	unsigned forward_window; /* packets that a number may be ahead; 0: by reorder_depth */
	unsigned gre_timeout;    /* s until exit 10 */
	unsigned gre_notice;     /* s until the message that none comes */
	enum link_info link_info;

	/* pppd */
	char pppd_path[256];
	char plugin_path[256];
	bool ppp_debug;
	bool run_system_scripts;

	/* log; `connect` has its own output */
	enum log_level log_level;
	enum log_target log_target;
	char log_path[256]; /* LOG_TO_FILE */

	bool ready_when_up; /* ready = "up": READY=1 with the address, not at the first dial */

	/* identity */
	char host_name[64];
	char vendor[64];

	/* quirks; only the drop-in `pptp` has them so far */
	bool quirk_orckit; /* BEZEQ_ISRAEL: Orckit's ATU-R3 modem (protocol J11) */

	/* the drop-in `pptp`, whose pppd has no plugin and may be its parent */
	bool ppp_sync;                     /* one read of the pty is one frame, without HDLC */
	unsigned damage_type, damage_rate; /* --test-type; every so many packets */

	/* one run of `connect` */
	enum stage until; /* end in order when this is reached, ... */
	bool stay_up;     /* ... or stay until somebody asks for the end (then until is STAGE_UP) */
	unsigned timeout; /* s to come up; 0 none */
	int verbose;      /* -1 quiet, 0, 1, 2: which notes of the engine are of interest */
	bool
	    keep_state; /* state.json stays in the run folder after the end (any tunnel from a file) */

	/* The long lists come last: what stands between them would touch a page of memory each. */
	struct config_list password_command; /* auth: its argv */
	struct config_list domains;          /* dns: "~corp.example.com" is of routing only */
	struct config_list pppd_options;     /* pppd: more words for its argv */
	struct config_peers peers;           /* the sites behind callers */
};

/* The defaults of pptpeer.conf; host_name is this host's. */
void config_defaults(struct config *config);
/* The same in one that is all zero: most of it stays untouched. */
void config_fill(struct config *config);
/* NULL if fine, else what is wrong, in words for the user (static or in `buf`). */
const char *config_check(const struct config *config, char *buf, size_t size);
/* The same of what a call is placed with: pppd, its options and the routes are somebody else's. */
const char *config_check_call(const struct config *config, char *buf, size_t size);
/* The same of the name alone: whether it can be a folder's. */
const char *config_check_name(const struct config *config, char *buf, size_t size);
/*
 * The same, one after the other: from number *cursor on (0 at the start) the next thing that is
 * wrong, and in *key the key of the file that it is about ("" none).  NULL: no more.
 */
const char *config_check_next(
    const struct config *config, size_t *cursor, const char **key, char *buf, size_t size);
/* None of the administrator's programs hears of that tunnel. */
void config_no_hooks(struct config *config);
/* What config.verbose is for a log of that level. */
int config_verbose(enum log_level level);
/*
 * Octets of the longest PPP frame, from the address octet on, that by these settings pppd or the
 * peer may send.
 */
uint16_t config_frame_max(const struct config *config);
/*
 * What a caller of ours must prove itself by; 0 where nobody calls us.  `role` "auto" has it
 * apart, since there auth.require-peer is about the peer that we dial.
 */
unsigned config_callers_methods(const struct config *config);
/* "DOMAIN\user", or "user" without a domain; -1 if it does not fit. */
int config_login(const struct config *config, char *buf, size_t size);
/* GRE is the kernel's own (data.path = "kernel"), as far as there is PPP in this run. */
bool config_kernel_path(const struct config *config);
/*
 * A route through the tunnel covers the server, so that the tunnel would run into itself.  Packets
 * with a mark, and tables other than the main one, are led by rules of the administrator's own.
 */
bool config_covers_server(const struct config *config, struct in_addr server);
/* "control", "call", "gre", "lcp", "auth", "up", ...; and back, -1 if there is none. */
const char *stage_name(enum stage stage);
int stage_from_name(const char *name);

#endif
