/*
 * firewall_iptables.c: what `iptables-save` says, as rules for one packet; iptables(8) and
 * iptables-extensions(8).  What is not understood makes a match FW_MAYBE, never wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall_rules.h"

#define WORDS 64

/* One rule, its words taken apart. */
struct line {
	char *word[WORDS];
	size_t count;
	bool cut; /* it has more of them */
};

/* In place; a word may be in quotes, with a backslash before what would end them. */
static void
split(struct line *line, char *text)
{
	char *to = text;

	line->count = 0;
	line->cut = false;
	while (*text != '\0') {
		text += strspn(text, " \t");
		if (*text == '\0')
			break;
		line->cut = line->count == WORDS;
		if (line->cut)
			break;
		line->word[line->count++] = to;
		bool quoted = false;
		for (; *text != '\0' && (quoted || (*text != ' ' && *text != '\t')); text++) {
			if (*text == '"')
				quoted = !quoted;
			else if (*text == '\\' && text[1] != '\0')
				*to++ = *++text;
			else
				*to++ = *text;
		}
		if (*text != '\0')
			text++;
		*to++ = '\0';
	}
}

/* ---------------------------------------------------------------------------------- matches */

static enum fw_match
net_match(struct in_addr address, char *net)
{
	char *slash = strchr(net, '/');

	if (slash == NULL)
		return fw_address(address, net, 32);
	*slash = '\0';
	if (strchr(slash + 1, '.') != NULL)
		return FW_MAYBE; /* a mask that is no prefix: iptables-save says others with a number */
	return fw_address(address, net, (unsigned)strtoul(slash + 1, NULL, 10));
}

static enum fw_match
protocol_match(const char *protocol)
{
	return strcmp(protocol, "gre") == 0 || strcmp(protocol, "47") == 0 ||
		       strcmp(protocol, "all") == 0
		   ? FW_YES
		   : FW_NO;
}

/* "RELATED,ESTABLISHED" */
static enum fw_match
states_match(const struct fw_packet *packet, char *states)
{
	enum fw_match match = FW_NO;
	char *rest = NULL;

	for (char *one = strtok_r(states, ",", &rest); one != NULL;
	     one = strtok_r(NULL, ",", &rest)) {
		enum fw_match is = fw_state(packet, one);

		if (is > match)
			match = is;
	}
	return match;
}

/* An option with one word after it; FW_MAYBE where it is not known what it asks. */
static enum fw_match
option_match(const struct fw_packet *packet, const char *option, char *word)
{
	if (strcmp(option, "-s") == 0)
		return net_match(packet->src, word);
	if (strcmp(option, "-d") == 0)
		return net_match(packet->dst, word);
	if (strcmp(option, "-p") == 0)
		return protocol_match(word);
	if (strcmp(option, "-i") == 0)
		return packet->out ? FW_MAYBE : fw_interface(packet->in, word, '+');
	if (strcmp(option, "-o") == 0)
		return packet->out ? fw_interface(packet->to, word, '+') : FW_MAYBE;
	if (strcmp(option, "--ctstate") == 0 || strcmp(option, "--state") == 0)
		return states_match(packet, word);
	if (strcmp(option, "--dst-type") == 0 && !packet->out)
		return strcmp(word, "LOCAL") == 0 ? FW_YES : FW_NO;
	if (strcmp(option, "--comment") == 0)
		return FW_YES;
	return FW_MAYBE;
}

/* Modules that ask nothing by themselves, but by their options. */
static bool
is_understood(const char *module)
{
	static const char *const modules[] = {"conntrack", "state", "comment", "addrtype"};

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (strcmp(module, modules[i]) == 0)
			return true;
	}
	return false;
}

/* All before the target. */
static enum fw_match
line_match(const struct fw_packet *packet, const struct line *line, size_t end)
{
	enum fw_match match = line->cut ? FW_MAYBE : FW_YES;
	bool negated = false;

	for (size_t i = 2; i < end; i++) {
		const char *option = line->word[i];
		char none[] = "!", *word = i + 1 < end ? line->word[i + 1] : none;
		enum fw_match one = FW_MAYBE;

		if (strcmp(option, "!") == 0) {
			negated = true;
			continue;
		}
		/* An option takes the next word, unless that is one itself: what a module's takes is not known. */
		if (strcmp(word, "!") != 0 &&
		    (word[0] != '-' || strcmp(option, "--comment") == 0)) {
			one = strcmp(option, "-m") == 0 ? (is_understood(word) ? FW_YES : FW_MAYBE)
							: option_match(packet, option, word);
			i++;
		}
		match = fw_and(match, negated ? fw_not(one) : one);
		negated = false;
	}
	return match;
}

/* --------------------------------------------------------------------------------- verdicts */

static enum fw_verdict
verdict_of(const char *flag, const char *target)
{
	static const struct {
		const char *name;
		enum fw_verdict verdict;
	} verdicts[] = {{"ACCEPT", FW_ACCEPT}, {"DROP", FW_DROP}, {"REJECT", FW_DROP},
	    {"RETURN", FW_RETURN}, {"NFQUEUE", FW_DROP}, {"QUEUE", FW_DROP}};

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (strcmp(target, verdicts[i].name) == 0)
			return verdicts[i].verdict;
	}
	return strcmp(flag, "-g") == 0 ? FW_GOTO : FW_JUMP;
}

/* A target that is no chain (LOG, MARK, NFLOG, ...) lets the packet go on. */
static bool
is_chain(const struct fw_rules *rules, const char *table, const char *name)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (strcmp(rules->chains[i].table, table) == 0 &&
		    strcmp(rules->chains[i].name + strlen(table) + 1, name) == 0)
			return true;
	}
	return false;
}

static void
add_rule(struct fw_rules *rules, const char *table, const struct fw_packet *packet,
    const struct line *line)
{
	size_t end = 2;

	while (end < line->count && strcmp(line->word[end], "-j") != 0 &&
	       strcmp(line->word[end], "-g") != 0) {
		/* A comment may be any word. */
		end += strcmp(line->word[end], "--comment") == 0 ? 2 : 1;
	}
	if (end + 1 >= line->count)
		return;
	const char *target = line->word[end + 1];
	enum fw_verdict verdict = verdict_of(line->word[end], target);
	enum fw_match match = line_match(packet, line, end);
	bool jump = verdict == FW_JUMP || verdict == FW_GOTO;

	if (jump && !is_chain(rules, table, target))
		return;
	if (strstr(target, "QUEUE") != NULL && !jump)
		match = fw_and(match, FW_MAYBE); /* some program decides */
	fw_add(rules, fw_chain(rules, table, line->word[1]), match, verdict, jump ? target : NULL);
}

/* ":INPUT DROP [0:0]"; a chain of somebody's own has "-" for a policy. */
static void
add_chain(struct fw_rules *rules, const char *table, const struct line *line)
{
	static const char *const hooks[][2] = {{"PREROUTING", "prerouting"}, {"INPUT", "input"},
	    {"OUTPUT", "output"}, {"POSTROUTING", "postrouting"}};
	struct fw_chain *chain = fw_chain(rules, table, line->word[0] + 1);

	if (chain == NULL || strcmp(line->word[1], "-") == 0)
		return;
	chain->policy_drop = strcmp(line->word[1], "DROP") == 0;
	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		if (strcmp(line->word[0] + 1, hooks[i][0]) == 0)
			snprintf(chain->hook, sizeof(chain->hook), "%s", hooks[i][1]);
	}
}

bool
fw_read_iptables(struct fw_rules *rules, char *text, const struct fw_packet *packet)
{
	char table[64] = "", *rest = NULL;

	for (char *row = strtok_r(text, "\n", &rest); row != NULL;
	     row = strtok_r(NULL, "\n", &rest)) {
		struct line line;

		if (row[0] == '*') {
			snprintf(table, sizeof(table), "%s", row + 1);
			continue;
		}
		if (row[0] != ':' && strncmp(row, "-A ", 3) != 0)
			continue;
		split(&line, row);
		if (line.count < 2 || table[0] == '\0')
			return false;
		if (row[0] == ':')
			add_chain(rules, table, &line);
		else
			add_rule(rules, table, packet, &line);
	}
	return !rules->broken;
}
