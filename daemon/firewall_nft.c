/*
 * firewall_nft.c: what `nft -j list ruleset` says, as rules for one packet; libnftables-json(5).  What is
 * not understood makes a match FW_MAYBE, never wrong.
 */
#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "firewall_rules.h"
#include "pptp.h"

struct reading {
	struct fw_rules *rules;
	const struct fw_packet *packet;
	json_t *list; /* all objects of the ruleset: sets are looked for in it */
	const char *family, *table;
};

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* --------------------------------------------------------------------------- what is compared */

enum kind {
	KIND_UNKNOWN,
	KIND_NEVER,
	KIND_PROTOCOL,
	KIND_NAME,
	KIND_INTERFACE,
	KIND_ADDRESS,
	KIND_STATE
};

/* The left side of a comparison. */
struct subject {
	enum kind kind;
	const char *name; /* KIND_NAME, KIND_INTERFACE: what the packet has */
	struct in_addr address;
};

static struct subject
meta_subject(const struct fw_packet *packet, const char *key)
{
	if (is(key, "l4proto"))
		return (struct subject){.kind = KIND_PROTOCOL};
	if (is(key, "nfproto"))
		return (struct subject){.kind = KIND_NAME, .name = "ipv4"};
	if (is(key, "protocol"))
		return (struct subject){.kind = KIND_NAME, .name = "ip"};
	/* None of the other direction: no interface has that name. */
	if (is(key, "iifname") || is(key, "iif"))
		return (struct subject){
		    .kind = packet->out ? KIND_UNKNOWN : KIND_INTERFACE, .name = packet->in};
	if (is(key, "oifname") || is(key, "oif"))
		return (struct subject){
		    .kind = packet->out ? KIND_INTERFACE : KIND_UNKNOWN, .name = packet->to};
	return (struct subject){.kind = KIND_UNKNOWN};
}

/* A header that GRE over IPv4 has not: what nft asks for first, and does not always print. */
static bool
never_there(const char *protocol)
{
	static const char *const others[] = {"ip6", "tcp", "udp", "udplite", "icmp", "icmpv6",
	    "igmp", "sctp", "dccp", "esp", "ah", "arp"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (is(protocol, others[i]))
			return true;
	}
	return false;
}

static struct subject
payload_subject(const struct fw_packet *packet, const json_t *payload)
{
	const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");

	if (never_there(protocol))
		return (struct subject){.kind = KIND_NEVER};
	if (!is(protocol, "ip"))
		return (struct subject){.kind = KIND_UNKNOWN};
	if (is(field, "protocol"))
		return (struct subject){.kind = KIND_PROTOCOL};
	if (is(field, "saddr"))
		return (struct subject){.kind = KIND_ADDRESS, .address = packet->src};
	if (is(field, "daddr"))
		return (struct subject){.kind = KIND_ADDRESS, .address = packet->dst};
	return (struct subject){.kind = KIND_UNKNOWN};
}

static struct subject
subject_of(const struct fw_packet *packet, const json_t *left)
{
	const json_t *part = json_array_get(json_object_get(left, "&"), 0);

	if (part != NULL &&
	    payload_subject(packet, json_object_get(part, "payload")).kind == KIND_NEVER)
		return (struct subject){.kind = KIND_NEVER};
	part = json_object_get(left, "meta");
	if (part != NULL)
		return meta_subject(packet, text_of(part, "key"));
	part = json_object_get(left, "payload");
	if (part != NULL)
		return payload_subject(packet, part);
	part = json_object_get(left, "ct");
	if (part != NULL && is(text_of(part, "key"), "state"))
		return (struct subject){.kind = KIND_STATE};
	part = json_object_get(left, "fib");
	if (part != NULL && !packet->out && is(text_of(part, "result"), "type") &&
	    json_array_size(json_object_get(part, "flags")) == 1 &&
	    is(json_string_value(json_array_get(json_object_get(part, "flags"), 0)), "daddr"))
		return (struct subject){.kind = KIND_NAME, .name = "local"};
	return (struct subject){.kind = KIND_UNKNOWN};
}

/* ------------------------------------------------------------------------ with what it is */

static enum fw_match
text_match(const struct reading *reading, const struct subject *subject, const char *text)
{
	if (subject->kind == KIND_PROTOCOL)
		return is(text, "gre") ? FW_YES : FW_NO;
	if (subject->kind == KIND_NAME)
		return is(text, subject->name) ? FW_YES : FW_NO;
	if (subject->kind == KIND_INTERFACE)
		return fw_interface(subject->name, text, '*');
	if (subject->kind == KIND_ADDRESS)
		return fw_address(subject->address, text, 32);
	if (subject->kind == KIND_STATE)
		return fw_state(reading->packet, text);
	return FW_MAYBE;
}

static enum fw_match
range_match(const struct subject *subject, const json_t *range)
{
	const char *low = json_string_value(json_array_get(range, 0));
	const char *high = json_string_value(json_array_get(range, 1));
	struct in_addr from, to;

	if (subject->kind != KIND_ADDRESS || low == NULL || high == NULL ||
	    inet_pton(AF_INET, low, &from) != 1 || inet_pton(AF_INET, high, &to) != 1)
		return FW_MAYBE;
	uint32_t address = ntohl(subject->address.s_addr);
	return address >= ntohl(from.s_addr) && address <= ntohl(to.s_addr) ? FW_YES : FW_NO;
}

/* One value: of a set's elements as well. */
static enum fw_match
value_match(const struct reading *reading, const struct subject *subject, const json_t *value)
{
	const json_t *part = json_object_get(json_object_get(value, "elem"), "val");

	if (part != NULL) /* with a counter or a time-out */
		value = part;
	if (json_is_string(value) && is(json_string_value(value), "*"))
		return FW_YES;
	if (json_is_string(value))
		return text_match(reading, subject, json_string_value(value));
	if (json_is_integer(value) && subject->kind == KIND_PROTOCOL)
		return json_integer_value(value) == PPTP_GRE_IP_PROTOCOL ? FW_YES : FW_NO;
	part = json_object_get(value, "prefix");
	if (part != NULL && subject->kind == KIND_ADDRESS)
		return fw_address(subject->address, text_of(part, "addr"),
		    (unsigned)json_integer_value(json_object_get(part, "len")));
	part = json_object_get(value, "range");
	return part != NULL ? range_match(subject, part) : FW_MAYBE;
}

/* The elements of a named set or map; NULL: there is no such thing, or they are the kernel's to add. */
static json_t *
named(const struct reading *reading, const char *kind, const char *name)
{
	size_t i;
	json_t *object;

	json_array_foreach(reading->list, i, object)
	{
		const json_t *set = json_object_get(object, kind);

		if (set != NULL && is(text_of(set, "name"), name) &&
		    is(text_of(set, "family"), reading->family) &&
		    is(text_of(set, "table"), reading->table))
			return json_object_get(set, "elem");
	}
	return NULL;
}

static enum fw_match
any_match(const struct reading *reading, const struct subject *subject, const json_t *values)
{
	enum fw_match match = FW_NO;
	size_t i;
	json_t *value;

	json_array_foreach(values, i, value)
	{
		enum fw_match one = value_match(reading, subject, value);

		if (one > match)
			match = one;
	}
	return match;
}

static enum fw_match
right_match(const struct reading *reading, const struct subject *subject, const json_t *right)
{
	const char *text = json_string_value(right);
	const json_t *set = json_object_get(right, "set");

	if (subject->kind == KIND_UNKNOWN)
		return FW_MAYBE;
	if (text != NULL && text[0] == '@') {
		set = named(reading, "set", text + 1);
		return set != NULL ? any_match(reading, subject, set) : FW_MAYBE;
	}
	if (set != NULL && json_is_array(set))
		return any_match(reading, subject, set);
	if (json_is_array(right)) /* flags: established,related */
		return any_match(reading, subject, right);
	return value_match(reading, subject, set != NULL ? set : right);
}

static enum fw_match
expr_match(const struct reading *reading, const json_t *match)
{
	const char *op = text_of(match, "op");
	struct subject subject = subject_of(reading->packet, json_object_get(match, "left"));
	enum fw_match found;

	if (subject.kind == KIND_NEVER)
		return FW_NO; /* "!=" too: the header must be there */
	found = right_match(reading, &subject, json_object_get(match, "right"));
	if (is(op, "!="))
		return fw_not(found);
	return is(op, "==") || is(op, "in") ? found : FW_MAYBE;
}

/* -------------------------------------------------------------------------------- verdicts */

/* "drop": null and the like; with jump and goto whereto. */
static enum fw_verdict
verdict_of(const json_t *statement, const char **target)
{
	static const struct {
		const char *name;
		enum fw_verdict verdict;
	} verdicts[] = {{"accept", FW_ACCEPT}, {"drop", FW_DROP}, {"return", FW_RETURN},
	    {"continue", FW_CONTINUE}, {"jump", FW_JUMP}, {"goto", FW_GOTO}};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const json_t *at = json_object_get(statement, verdicts[i].name);

		if (at == NULL)
			continue;
		*target = json_string_value(json_object_get(at, "target"));
		return verdicts[i].verdict;
	}
	return FW_CONTINUE;
}

/* A map of verdicts is as many rules. */
static void
add_vmap(
    const struct reading *reading, struct fw_chain *chain, enum fw_match match, const json_t *vmap)
{
	struct subject subject = subject_of(reading->packet, json_object_get(vmap, "key"));
	const json_t *data = json_object_get(vmap, "data"), *pairs = json_object_get(data, "set");
	const char *text = json_string_value(data);
	size_t i;
	json_t *pair;

	if (subject.kind == KIND_NEVER)
		return;
	if (text != NULL && text[0] == '@')
		pairs = named(reading, "map", text + 1);
	json_array_foreach(pairs, i, pair)
	{
		const char *target = NULL;
		enum fw_verdict verdict = verdict_of(json_array_get(pair, 1), &target);
		enum fw_match one = subject.kind == KIND_UNKNOWN
					? FW_MAYBE
					: value_match(reading, &subject, json_array_get(pair, 0));

		fw_add(reading->rules, chain, fw_and(match, one), verdict, target);
	}
}

/* Which packets a "reject" is for, where nft does not print what it asks for first. */
static enum fw_match
reject_match(const json_t *reject)
{
	const char *type = text_of(reject, "type");

	return is(type, "icmpv6") || is(type, "tcp reset") ? FW_NO : FW_YES;
}

/* What a packet may pass or not, as the kernel alone knows. */
static bool
is_a_condition(const json_t *statement)
{
	static const char *const names[] = {"limit", "quota", "ct count", "connlimit"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_object_get(statement, names[i]) != NULL)
			return true;
	}
	return false;
}

static void
add_rule(const struct reading *reading, struct fw_chain *chain, const json_t *rule)
{
	enum fw_match match = FW_YES;
	size_t i;
	json_t *statement;

	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		const json_t *part = json_object_get(statement, "match");
		const char *target = NULL;
		enum fw_verdict verdict = verdict_of(statement, &target);

		if (part != NULL)
			match = fw_and(match, expr_match(reading, part));
		else if (is_a_condition(statement))
			match = fw_and(match, FW_MAYBE);
		else if ((part = json_object_get(statement, "vmap")) != NULL)
			add_vmap(reading, chain, match, part);
		else if ((part = json_object_get(statement, "reject")) != NULL)
			fw_add(reading->rules, chain, fw_and(match, reject_match(part)), FW_DROP,
			    NULL);
		else if (json_object_get(statement, "queue") != NULL)
			fw_add(reading->rules, chain, fw_and(match, FW_MAYBE), FW_DROP, NULL);
		else if ((part = json_object_get(statement, "xt")) != NULL &&
			 is(text_of(part, "type"), "match") &&
			 !is(text_of(part, "name"), "comment"))
			match = fw_and(match, FW_MAYBE);
		else if (part != NULL) /* a target of iptables', which nft cannot tell */
			fw_add(reading->rules, chain, fw_and(match, FW_MAYBE), FW_DROP, NULL);
		fw_add(reading->rules, chain, match, verdict, target);
	}
}

/* ---------------------------------------------------------------------------- the ruleset */

static void
add_chain(const struct reading *reading, struct fw_chain *chain, const json_t *object)
{
	if (chain == NULL)
		return;
	snprintf(chain->hook, sizeof(chain->hook), "%s", text_of(object, "hook"));
	chain->policy_drop = is(text_of(object, "policy"), "drop");
	/* Of which interface is not always told. */
	chain->unsure = is(reading->family, "netdev");
}

/* Tables that local IPv4 passes, and that iptables-save does not tell better. */
static bool
passes(const struct reading *reading, const struct fw_rules *skip)
{
	if (is(reading->family, "inet") || is(reading->family, "netdev"))
		return true;
	if (!is(reading->family, "ip"))
		return false;
	for (size_t i = 0; skip != NULL && i < skip->count; i++) {
		if (is(skip->chains[i].table, reading->table))
			return false;
	}
	return true;
}

bool
fw_read_nft(struct fw_rules *rules, const char *text, size_t len, const struct fw_packet *packet,
    const struct fw_rules *skip)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	struct reading reading = {rules, packet, json_object_get(root, "nftables"), "", ""};
	size_t i;
	json_t *object;

	rules->program = "nft";
	json_array_foreach(reading.list, i, object)
	{
		const json_t *one = json_object_get(object, "chain");
		const json_t *rule = json_object_get(object, "rule");
		char table[256];

		if (one == NULL && rule == NULL)
			continue;
		reading.family = text_of(one != NULL ? one : rule, "family");
		reading.table = text_of(one != NULL ? one : rule, "table");
		if (!passes(&reading, skip) ||
		    snprintf(table, sizeof(table), "%s %s", reading.family, reading.table) >=
			(int)sizeof(table))
			continue;
		struct fw_chain *chain = fw_chain(rules, table,
		    text_of(one != NULL ? one : rule, one != NULL ? "name" : "chain"));
		if (one != NULL)
			add_chain(&reading, chain, one);
		else
			add_rule(&reading, chain, rule);
	}
	bool good = json_is_array(reading.list) && !rules->broken;
	json_decref(root);
	return good;
}
