/* firewall_walk.c: rules in memory, and the packet's way through them; see firewall_rules.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firewall_rules.h"
#include "pptp.h"

#define DEPTH 16     /* jumps: the kernel's NFT_JUMP_STACK_SIZE */
#define STEPS 200000 /* rules looked at in one walk: chains may jump to others many times */

/* -------------------------------------------------------------------------------- in memory */

static void *
grown(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	size_t more = *room == 0 ? 16 : *room * 2;
	void *larger = realloc(array, more * size);
	if (larger != NULL)
		*room = more;
	return larger;
}

struct fw_chain *
fw_chain(struct fw_rules *rules, const char *table, const char *name)
{
	char full[512];
	struct fw_chain *chains;

	if (snprintf(full, sizeof(full), "%s %s", table, name) >= (int)sizeof(full)) {
		rules->broken = true;
		return NULL;
	}
	for (size_t i = 0; i < rules->count; i++) {
		if (strcmp(rules->chains[i].name, full) == 0)
			return &rules->chains[i];
	}
	chains = grown(rules->chains, rules->count, &rules->room, sizeof(*chains));
	if (chains == NULL) {
		rules->broken = true;
		return NULL;
	}
	rules->chains = chains;
	struct fw_chain *chain = &chains[rules->count];
	*chain = (struct fw_chain){.name = strdup(full), .table = strdup(table)};
	if (chain->name != NULL && chain->table != NULL) {
		rules->count++;
		return chain;
	}
	free(chain->name);
	free(chain->table);
	rules->broken = true;
	return NULL;
}

void
fw_add(struct fw_rules *rules, struct fw_chain *chain, enum fw_match match, enum fw_verdict verdict,
    const char *target)
{
	struct fw_rule *larger;

	if (chain == NULL || match == FW_NO || verdict == FW_CONTINUE)
		return;
	larger = grown(chain->rules, chain->count, &chain->room, sizeof(*larger));
	if (larger == NULL) {
		rules->broken = true;
		return;
	}
	chain->rules = larger;
	larger[chain->count] = (struct fw_rule){match, verdict, NULL};
	if (target != NULL) {
		larger[chain->count].target = strdup(target);
		if (larger[chain->count].target == NULL)
			rules->broken = true;
	}
	chain->count++;
}

void
fw_free(struct fw_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		struct fw_chain *chain = &rules->chains[i];

		for (size_t k = 0; k < chain->count; k++)
			free(chain->rules[k].target);
		free(chain->rules);
		free(chain->name);
		free(chain->table);
	}
	free(rules->chains);
	*rules = (struct fw_rules){.program = rules->program};
}

/* --------------------------------------------------------------------------------- matches */

enum fw_match
fw_not(enum fw_match match)
{
	return match == FW_MAYBE ? FW_MAYBE : match == FW_YES ? FW_NO : FW_YES;
}

enum fw_match
fw_and(enum fw_match a, enum fw_match b)
{
	return a < b ? a : b;
}

enum fw_match
fw_interface(const char *name, const char *pattern, char any)
{
	size_t len = strlen(pattern);

	if (name[0] == '\0')
		return FW_MAYBE;
	if (len > 0 && pattern[len - 1] == any)
		return strncmp(name, pattern, len - 1) == 0 ? FW_YES : FW_NO;
	return strcmp(name, pattern) == 0 ? FW_YES : FW_NO;
}

enum fw_match
fw_address(struct in_addr address, const char *net, unsigned bits)
{
	struct in_addr other;

	if (inet_pton(AF_INET, net, &other) != 1 || bits > 32)
		return FW_MAYBE;
	uint32_t mask = bits == 0 ? 0 : htonl(UINT32_MAX << (32 - bits));
	return ((address.s_addr ^ other.s_addr) & mask) == 0 ? FW_YES : FW_NO;
}

enum fw_match
fw_state(const struct fw_packet *packet, const char *state)
{
	if (strcasecmp(state, "new") == 0)
		return packet->refused ? FW_YES : FW_MAYBE;
	if (strcasecmp(state, "established") == 0 || strcasecmp(state, "related") == 0)
		return packet->refused ? FW_NO : FW_MAYBE;
	if (strcasecmp(state, "invalid") == 0) /* of one that has not been seen nothing says so */
		return packet->refused ? FW_MAYBE : FW_NO;
	return FW_MAYBE;
}

/* --------------------------------------------------------------------------------- the walk */

struct walk {
	const struct fw_rules *rules;
	unsigned steps;
	bool sure; /* the packet is here: nothing before may have let it pass */
	enum firewall_sure found;
};

enum way { WAY_ENDS, WAY_RETURNS };

static enum way walk_chain(struct walk *walk, const struct fw_chain *chain, unsigned depth);

static void
drops(struct walk *walk, enum fw_match match)
{
	enum firewall_sure sure =
	    match == FW_YES && walk->sure ? FIREWALL_CERTAIN : FIREWALL_PERHAPS;

	if (sure > walk->found)
		walk->found = sure;
}

static const struct fw_chain *
find(const struct walk *walk, const char *table, const char *name)
{
	char full[512];

	snprintf(full, sizeof(full), "%s %s", table, name != NULL ? name : "");
	for (size_t i = 0; i < walk->rules->count; i++) {
		if (strcmp(walk->rules->chains[i].name, full) == 0)
			return &walk->rules->chains[i];
	}
	return NULL;
}

static enum way
jumps(struct walk *walk, const struct fw_chain *chain, const struct fw_rule *rule, unsigned depth)
{
	const struct fw_chain *target = find(walk, chain->table, rule->target);

	if (rule->match != FW_YES || target == NULL || depth == DEPTH)
		walk->sure = false;
	if (target == NULL || depth == DEPTH)
		return WAY_RETURNS;
	enum way way = walk_chain(walk, target, depth + 1);
	return rule->match == FW_YES ? way : WAY_RETURNS;
}

/* A jump to one and the same chain may come from many others, so `steps` bounds it, not `depth`. */
static enum way
walk_chain(struct walk *walk, const struct fw_chain *chain, unsigned depth)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct fw_rule *rule = &chain->rules[i];
		enum way way = WAY_ENDS;

		if (walk->steps == 0) {
			walk->sure = false;
			return WAY_RETURNS;
		}
		walk->steps--;
		if (rule->verdict == FW_DROP) {
			drops(walk, rule->match);
		} else if (rule->verdict == FW_JUMP || rule->verdict == FW_GOTO) {
			way = jumps(walk, chain, rule, depth);
		} else if (rule->match == FW_MAYBE) {
			walk->sure = false; /* it may have been let pass here */
		}
		if (rule->match != FW_YES)
			continue;
		if (rule->verdict == FW_RETURN || (rule->verdict == FW_GOTO && way == WAY_RETURNS))
			return WAY_RETURNS;
		if (way == WAY_ENDS)
			return WAY_ENDS;
	}
	return WAY_RETURNS;
}

/* -------------------------------------------------------------------------------- in words */

/* Whether a shell, into which somebody pastes it, takes it for a plain word. */
static bool
plain(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "._- ")] == '\0' &&
	       strstr(text, " -") == NULL;
}

static void
tell(const struct fw_rules *rules, const struct fw_chain *chain, const struct fw_packet *packet,
    struct firewall_finding *found)
{
	char name[400], ip[INET_ADDRSTRLEN];
	const char *bare = chain->name + strlen(chain->table) + 1;
	struct in_addr peer = packet->out ? packet->dst : packet->src;
	int n;

	pptp_escape(chain->name, name, sizeof(name));
	inet_ntop(AF_INET, &peer, ip, sizeof(ip));
	snprintf(found->where, sizeof(found->where), "%s: %.70s", rules->program, name);
	if (strcmp(rules->program, "nft") == 0)
		n = snprintf(found->mend, sizeof(found->mend),
		    "nft insert rule %s ip %s %s meta l4proto gre accept", chain->name,
		    packet->out ? "daddr" : "saddr", ip);
	else
		n = snprintf(found->mend, sizeof(found->mend),
		    "%s -t %s -I %s -p gre %s %s -j ACCEPT", rules->program, chain->table, bare,
		    packet->out ? "-d" : "-s", ip);
	if (!plain(chain->name) || strchr(bare, ' ') != NULL || n >= (int)sizeof(found->mend))
		found->mend[0] = '\0';
}

void
fw_walk(const struct fw_rules *rules, const struct fw_packet *packet, const char *hook,
    struct firewall_finding *found)
{
	for (size_t i = 0; i < rules->count && found->sure != FIREWALL_CERTAIN; i++) {
		const struct fw_chain *chain = &rules->chains[i];
		struct walk walk = {.rules = rules, .steps = STEPS, .sure = !chain->unsure};

		if (strcmp(chain->hook, hook) != 0)
			continue;
		if (walk_chain(&walk, chain, 0) == WAY_RETURNS && chain->policy_drop)
			drops(&walk, FW_YES);
		if (walk.found <= found->sure)
			continue;
		found->sure = walk.found;
		tell(rules, chain, packet, found);
	}
}
