/* dns.c: see dns.h. */
#include "dns.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_END ".pptpeer"

/* ------------------------------------------------------------------------ what there is */

static void
look_for(const char *root, char *found, size_t size, const char *const *paths)
{
	char path[PATH_MAX];

	found[0] = '\0';
	for (; *paths != NULL && found[0] == '\0'; paths++) {
		snprintf(path, sizeof(path), "%s%s", root, *paths);
		if (access(path, X_OK) == 0)
			snprintf(found, size, "%s", *paths);
	}
}

/* Where the links at the path lead to; false: to nothing. */
static bool
leads_to(const char *root, const char *path, char target[PATH_MAX])
{
	char at[PATH_MAX];

	snprintf(at, sizeof(at), "%s%s", root, path);
	return realpath(at, target) != NULL;
}

/* resolved's own files, or one that names its stub listener (systemd-resolved(8)). */
static bool
resolv_conf_is_resolved(const char *root)
{
	static const char *const files[] = {
	    "/run/systemd/resolve/", "/usr/lib/systemd/resolv.conf"};
	char target[PATH_MAX], line[256];
	bool found = false;
	FILE *file;

	if (!leads_to(root, "/etc/resolv.conf", target))
		return false;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strncmp(target, root, strlen(root)) == 0 &&
		    strncmp(target + strlen(root), files[i], strlen(files[i])) == 0)
			return true;
	}
	file = fopen(target, "re");
	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = strncmp(line, "nameserver 127.0.0.53", 21) == 0 && !isdigit(line[21]);
	if (file != NULL)
		fclose(file);
	return found;
}

void
dns_look(struct dns_host *host, const char *root)
{
	static const char *const resolvectl[] = {"/usr/bin/resolvectl", "/bin/resolvectl", NULL};
	static const char *const resolvconf[] = {
	    "/usr/sbin/resolvconf", "/sbin/resolvconf", "/usr/bin/resolvconf", NULL};
	char target[PATH_MAX];

	memset(host, 0, sizeof(*host));
	look_for(root, host->resolvectl, sizeof(host->resolvectl), resolvectl);
	look_for(root, host->resolvconf, sizeof(host->resolvconf), resolvconf);
	/* systemd has one that only speaks to resolved; where that is used, we do so ourselves. */
	if (host->resolvconf[0] != '\0' && leads_to(root, host->resolvconf, target) &&
	    strcmp(strrchr(target, '/'), "/resolvectl") == 0)
		host->resolvconf[0] = '\0';
	host->resolved =
	    leads_to(root, "/run/systemd/resolve", target) && resolv_conf_is_resolved(root);
	host->ordered = leads_to(root, "/etc/resolvconf/interface-order", target);
}

const char *
dns_use_name(enum dns_use use)
{
	static const char *const names[] = {[DNS_AUTO] = "auto",
	    [DNS_OFF] = "off",
	    [DNS_RESOLVED] = "resolved",
	    [DNS_RESOLVCONF] = "resolvconf",
	    [DNS_HOOK] = "hook"};

	return names[use];
}

void
dns_choose(struct dns_choice *choice, const struct config *config, const struct dns_host *host)
{
	memset(choice, 0, sizeof(*choice));
	choice->use = config->dns_use;
	if (config->dns_use == DNS_AUTO && config->hook_script[0] != '\0') {
		choice->use = DNS_HOOK;
		snprintf(choice->why, sizeof(choice->why), "hooks.script sets it");
		return;
	}
	if (config->dns_use != DNS_AUTO) {
		snprintf(choice->why, sizeof(choice->why), "dns.use = \"%s\"",
		    dns_use_name(config->dns_use));
		return;
	}
	if (host->resolved && host->resolvectl[0] != '\0') {
		choice->use = DNS_RESOLVED;
		snprintf(choice->why, sizeof(choice->why), "/etc/resolv.conf leads to it");
		return;
	}
	choice->use = host->resolvconf[0] != '\0'  ? DNS_RESOLVCONF
		      : config->hook_up[0] != '\0' ? DNS_HOOK
						   : DNS_OFF;
	snprintf(choice->why, sizeof(choice->why), "systemd-resolved %s%s%s",
	    host->resolved ? "has no resolvectl here" : "is not what /etc/resolv.conf leads to",
	    choice->use == DNS_RESOLVCONF ? "" : ", no resolvconf is installed",
	    choice->use == DNS_OFF ? ", no up hook is set" : "");
}

bool
dns_is_scripts(const struct config *config)
{
	return config->dns_use == DNS_AUTO || config->dns_use == DNS_HOOK;
}

bool
dns_is_server(struct in_addr address)
{
	unsigned first = ntohl(address.s_addr) >> 24;

	return first != 0 && first != 127 && first < 224;
}

const char *
dns_domains_text(const struct config *config, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < config->domains.count && used < size; i++)
		used += (size_t)snprintf(
		    buf + used, size - used, "%s%s", i == 0 ? "" : " ", config->domains.word[i]);
	return buf;
}

/* ---------------------------------------------------------------------------- the plans */

/*
 * Debian's resolvconf asks ppp* after every Ethernet, and tun* before: what a tunnel's names are
 * asked for must come first, or is never asked.
 */
void
dns_name_entry(struct dns_task *task, const struct dns_host *host)
{
	snprintf(task->entry, sizeof(task->entry), "%s%s" ENTRY_END, host->ordered ? "tun." : "",
	    task->interface);
}

bool
dns_is_entry(const char *text)
{
	size_t len = strlen(text), end = strlen(ENTRY_END);

	if (len <= end || len >= DNS_ENTRY || strcmp(text + len - end, ENTRY_END) != 0 ||
	    !isalnum((unsigned char)text[0]))
		return false;
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || *text == '/')
			return false;
	}
	return true;
}

static const char *keep(struct dns_plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static const char *
keep(struct dns_plan *plan, const char *format, ...)
{
	size_t room = sizeof(plan->text) - plan->used;
	char *at = plan->text + plan->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) /* cannot be: there is room for each domain twice */
		abort();
	plan->used += (size_t)n + 1;
	return at;
}

static struct dns_command *
command(struct dns_plan *plan, const char *path, const char *verb, const char *name)
{
	struct dns_command *command = &plan->command[plan->count++];

	command->argv[0] = keep(plan, "%s", path);
	command->argv[1] = verb;
	command->argv[2] = keep(plan, "%s", name);
	return command;
}

static const char *
server(struct dns_plan *plan, const struct dns_task *task, unsigned i)
{
	char ip[INET_ADDRSTRLEN];

	return keep(plan, "%s", inet_ntop(AF_INET, &task->server[i], ip, sizeof(ip)));
}

/* All names go there: those of this host's other servers are asked, too, unless we say so. */
static bool
all_names(const struct config *config)
{
	return config->route_default && config->domains.count == 0;
}

static void
set_resolved(struct dns_plan *plan, const struct dns_task *task, const struct config *config,
    const char *path)
{
	const struct config_list *domains = &config->domains;
	struct dns_command *dns = command(plan, path, "dns", task->interface), *domain;

	for (unsigned i = 0; i < task->server_count; i++)
		dns->argv[3 + i] = server(plan, task, i);
	if (domains->count != 0 || all_names(config)) {
		domain = command(plan, path, "domain", task->interface);
		if (all_names(config))
			domain->argv[3] = "~.";
		for (unsigned i = 0; i < domains->count; i++)
			domain->argv[3 + i] = keep(plan, "%s", domains->word[i]);
	}
	command(plan, path, "default-route", task->interface)->argv[3] =
	    all_names(config) ? "yes" : "no";
}

/* `-m` and `-x` are openresolv's: first of all, and alone.  Debian's takes no notice of them. */
static void
set_resolvconf(struct dns_plan *plan, const struct dns_task *task, const struct config *config,
    const char *path)
{
	struct dns_command *add = command(plan, path, "-a", task->entry);
	char text[CONFIG_LIST * (CONFIG_LIST_TEXT + 1) + 128] = "", ip[INET_ADDRSTRLEN];
	size_t used = 0;
	bool any = false;

	add->argv[3] = "-m";
	add->argv[4] = "0";
	add->argv[5] = all_names(config) ? "-x" : NULL;
	for (unsigned i = 0; i < task->server_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "nameserver %s\n",
		    inet_ntop(AF_INET, &task->server[i], ip, sizeof(ip)));
	for (unsigned i = 0; i < config->domains.count; i++) {
		if (config->domains.word[i][0] == '~')
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s",
		    any ? "" : "search", config->domains.word[i]);
		any = true;
	}
	add->input = keep(plan, "%s%s", text, any ? "\n" : "");
}

void
dns_plan_set(struct dns_plan *plan, const struct dns_task *task, const struct config *config,
    const struct dns_host *host)
{
	if (task->use == DNS_RESOLVED)
		set_resolved(plan, task, config, host->resolvectl);
	else if (task->use == DNS_RESOLVCONF)
		set_resolvconf(plan, task, config, host->resolvconf);
}

void
dns_plan_unset(struct dns_plan *plan, const struct dns_task *task, const struct dns_host *host)
{
	struct dns_command *remove;

	if (task->use == DNS_RESOLVED) {
		command(plan, host->resolvectl, "revert", task->interface);
	} else if (task->use == DNS_RESOLVCONF) {
		remove = command(plan, host->resolvconf, "-d", task->entry);
		remove->argv[3] = "-f"; /* openresolv's: also where it is gone already */
	}
}

const char *
dns_caveat(const struct config *config, enum dns_use use)
{
	if (use == DNS_RESOLVED && config->domains.count == 0 && !config->route_default)
		return "the peer's DNS servers are asked for nothing yet: name the domains that "
		       "they are for (dns.domains), or \"~.\" for all";
	if (use != DNS_RESOLVCONF)
		return NULL;
	for (unsigned i = 0; i < config->domains.count; i++) {
		if (config->domains.word[i][0] == '~')
			return "resolvconf cannot ask the peer's DNS servers for some domains "
			       "only: "
			       "they are asked for every name";
	}
	return NULL;
}
