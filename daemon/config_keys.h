/*
 * config_keys.h: every key of a configuration file, in one table (interface.md 3).  The reader,
 * `show`, `--save` and the test of the manual all walk it.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

/* All that a file sets. */
struct config_settings {
	struct config config;
};

enum key_type {
	KEY_BOOL,       /* bool */
	KEY_NUMBER,     /* uint16_t or unsigned, by its size */
	KEY_WORD,       /* one of `words`: bool or enum, by its size */
	KEY_SET,        /* a list of `words`: bits of an unsigned */
	KEY_TEXT,       /* char[] */
	KEY_PATH,       /* char[]: "" or from '/' on */
	KEY_LIST,       /* struct config_list */
	KEY_NETS,       /* struct config_nets */
	KEY_TABLE,      /* config.route_table: "main" or a number */
	KEY_ADDRESS,    /* struct in_addr: "" or IPv4 */
	KEY_BIND,       /* "", IPv4, or "%IF" */
	KEY_SERVER,     /* config.servers, one of them */
	KEY_SERVERS,    /* config.servers, all of them */
	KEY_BITS,       /* mppe_40, mppe_128 */
	KEY_FILE,       /* auth.password-file */
	KEY_CREDENTIAL, /* auth.password-credential */
	KEY_COMMAND,    /* auth.password-command */
	KEY_ASK,        /* auth.password-ask */
	KEY_TARGET,     /* log.target */

	/* of those who answer */
	KEY_RATE,              /* config.rate_count and rate_seconds: "10/minute" */
	KEY_POOL,              /* struct config_pool: addresses, and ranges of them */
	KEY_DNS,               /* config.ip_dns: a list of addresses */
	KEY_PEERS,             /* struct config_peers: groups in a list */
	KEY_ANSWER_FILE,       /* answer-auth.peer-password-file */
	KEY_ANSWER_CREDENTIAL, /* answer-auth.peer-password-credential */
};

struct config_key {
	const char *path; /* "dial.connect-timeout"; without a dot: at the top */
	enum key_type type;
	size_t offset, size;      /* of its member of struct config_settings; size 0: none */
	uint32_t min, max;        /* KEY_NUMBER */
	const char *const *words; /* KEY_WORD, KEY_SET; ends with NULL */
	unsigned now;             /* KEY_WORD: so many of them work in this version; 0: all */
	bool later;               /* only the default works in this version */
	const char *standard;     /* the default, as it would stand in the file */
	const char *unit;         /* "s", "octets"; NULL: none */
	const char *meaning;
};

#define CONFIG_KEYS_MAX 128
#define CONFIG_VALUE    98304 /* octets of the longest value as config_key_format() has it */

/* Bits of config_key_roles(). */
#define ROLE_BIT(role) (1U << (role))

extern const struct config_key config_keys[]; /* ends with a NULL path */
/* Their number. */
size_t config_keys_count(void);
/* For which roles it is: ROLE_BITs. */
unsigned config_key_roles(const struct config_key *key);
const char *config_role_name(enum role role);
/* The index of a key, -1 if there is none. */
int config_key_find(const char *path);
/*
 * The value as it would stand in the file ("\"bob\"", "60", "[ 128 ]"); returns `buf`.  What the
 * file leaves to us ("" for our host name) is shown as it is used.
 */
const char *config_key_format(
    const struct config_key *key, const struct config_settings *settings, char *buf, size_t size);

#endif
