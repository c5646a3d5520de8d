/*
 * dns.h: who on this host is told of a tunnel's DNS servers, and by which commands (pptpeer.conf(5),
 * dns).  /etc/resolv.conf is nobody's here but of those programs.  Who runs the commands is keeper_dns.c.
 */
#ifndef DNS_H
#define DNS_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "config.h"

#define DNS_SERVERS  2
#define DNS_COMMANDS 4
#define DNS_WORDS    (CONFIG_LIST + 4) /* of one command */
#define DNS_ENTRY    (IF_NAMESIZE + sizeof("tun..pptpeer"))

/* What of it this host has; a path is "" where there is no such program. */
struct dns_host {
	bool resolved; /* it runs, and /etc/resolv.conf leads there */
	bool ordered;  /* Debian's resolvconf, which has /etc/resolvconf/interface-order */
	char resolvectl[64], resolvconf[64];
};

struct dns_choice {
	enum dns_use use; /* never DNS_AUTO */
	char why[128];    /* what stands against the others, or ""; without a full stop */
};

/* What is to be set, or is set. */
struct dns_task {
	enum dns_use use; /* DNS_RESOLVED, DNS_RESOLVCONF; of all others nothing is to be done */
	char interface[IF_NAMESIZE];
	char entry[DNS_ENTRY]; /* resolvconf's name for it */
	unsigned server_count;
	struct in_addr server[DNS_SERVERS];
};

struct dns_command {
	const char *argv[DNS_WORDS + 1];
	const char *input; /* NULL: none */
};

/* Commands, one after the other. */
struct dns_plan {
	size_t count;
	struct dns_command command[DNS_COMMANDS];
	size_t used;
	char text[4 * CONFIG_LIST * CONFIG_LIST_TEXT];
};

/* Looks around under `root`, "" for the host itself. */
void dns_look(struct dns_host *host, const char *root);
void dns_choose(
    struct dns_choice *choice, const struct config *config, const struct dns_host *host);
/* Whether a script of openconnect's protocol is to hear of the servers, and sets them. */
bool dns_is_scripts(const struct config *config);
/* By its word in the configuration. */
const char *dns_use_name(enum dns_use use);
/* An address where no DNS server can be is not to be told to anybody. */
bool dns_is_server(struct in_addr address);
/* The domains, with a blank between two; returns `buf`. */
const char *dns_domains_text(const struct config *config, char *buf, size_t size);

/* task->entry, by the interface. */
void dns_name_entry(struct dns_task *task, const struct dns_host *host);
/* Whether it could be one of ours: what a keeper that was killed has written is read again. */
bool dns_is_entry(const char *text);
/* Adds what sets the task, or takes it back.  The plan is all zero at first. */
void dns_plan_set(struct dns_plan *plan, const struct dns_task *task, const struct config *config,
    const struct dns_host *host);
void dns_plan_unset(
    struct dns_plan *plan, const struct dns_task *task, const struct dns_host *host);
/* What will come of it that one may not expect: a sentence without its full stop, or NULL. */
const char *dns_caveat(const struct config *config, enum dns_use use);

#endif
