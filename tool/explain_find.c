/* explain_find.c: which codes are in a text. */
#include "explain.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX     2048 /* octets of the text that are looked at */

/* Which numbers follow a word.  The longest that fits counts. */
static const struct {
	const char *word;
	unsigned families;
} words[] = {
    {"exit", FAMILY_EXIT},
    {"code=exited, status", FAMILY_EXIT}, /* systemd's */
    {"pppd", FAMILY_PPPD},
    {"ms-chap", FAMILY_MSCHAP},
    {"mschap", FAMILY_MSCHAP},
    {"chap", FAMILY_MSCHAP},
    {"e=", FAMILY_MSCHAP},
    {"result", FAMILY_RESULTS},
    {"general error", FAMILY_GENERAL},
    {"error", FAMILY_GENERAL | FAMILY_MSCHAP}, /* of a Windows: "error 691" */
    {"reason", FAMILY_STOP},
    {"cause", FAMILY_CAUSE},
};

/* What may stand between the word and its number. */
static const char *const fillers[] = {
    "code", "status", "exited", "exit", "error", "with", "number", "is", "v2", "'s"};

/* Whose result it is, by other words of the text. */
static const struct {
	const char *word;
	enum family family;
} owners[] = {
    {"start-", FAMILY_START},
    {"start control", FAMILY_START},
    {"refused the control connection", FAMILY_START},
    {"sccrp", FAMILY_START},
    {"stop-", FAMILY_REPLY},
    {"reply-result", FAMILY_REPLY},
    {"echo", FAMILY_REPLY},
    {"outgoing", FAMILY_OUTGOING},
    {"refused the call", FAMILY_OUTGOING},
    {"ocrp", FAMILY_OUTGOING},
    {"incoming", FAMILY_INCOMING},
    {"icrp", FAMILY_INCOMING},
    {"disconnect", FAMILY_DISCONNECT},
    {"cdn", FAMILY_DISCONNECT},
};

static void
add(struct explanation *to, const struct meaning *meaning)
{
	for (size_t i = 0; i < to->count; i++) {
		if (to->meaning[i].family == meaning->family &&
		    to->meaning[i].number == meaning->number &&
		    strcmp(to->meaning[i].what, meaning->what) == 0)
			return;
	}
	if (to->count < EXPLAIN_MEANINGS)
		to->meaning[to->count++] = *meaning;
}

/* What the number means in each of the families. */
static void
add_number(struct explanation *to, unsigned families, unsigned number)
{
	struct meaning meaning;
	bool found = false;

	for (unsigned family = 1; family <= FAMILY_LAST; family <<= 1) {
		if ((families & family) == 0 ||
		    !explain_number((enum family)family, number, &meaning))
			continue;
		add(to, &meaning);
		found = true;
	}
	if (!found) {
		to->unknown = (enum family)families;
		to->unknown_number = number;
	}
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The digits at `at`: at most nine, and no letter behind them.  Their end, or NULL. */
static const char *
number_at(const char *at, unsigned *number)
{
	size_t len = strspn(at, "0123456789");

	if (len == 0 || len > 9 || isalpha((unsigned char)at[len]))
		return NULL;
	*number = (unsigned)strtoul(at, NULL, 10);
	return at + len;
}

/* "E301" at `at`. */
static const char *
ecode_at(const char *at, unsigned *number)
{
	if (at[0] != 'e' || strspn(at + 1, "0123456789") != 3)
		return NULL;
	return number_at(at + 1, number);
}

static const char *
skip_fillers(const char *at)
{
	const char *before;

	do {
		before = at;
		at += strspn(at, " \t=:(#\"");
		for (size_t i = 0; i < COUNT(fillers); i++) {
			if (begins(at, fillers[i]))
				at += strlen(fillers[i]);
		}
	} while (at != before);
	return at;
}

static unsigned
owners_of(const char *text)
{
	unsigned families = 0;

	for (size_t i = 0; i < COUNT(owners); i++) {
		if (strstr(text, owners[i].word) != NULL)
			families |= owners[i].family;
	}
	return families != 0 ? families : FAMILY_RESULTS;
}

/* A word with its number at `at`; the end of them, or NULL. */
static const char *
word_at(const char *text, const char *at, unsigned *families, unsigned *number)
{
	const char *end = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < COUNT(words); i++) {
		size_t len = strlen(words[i].word);
		const char *found = NULL;

		if (begins(at, words[i].word) && len > longest)
			found = number_at(skip_fillers(at + len), number);
		if (found == NULL)
			continue;
		*families = words[i].families;
		longest = len;
		end = found;
	}
	/* "pppd ended (exit status 16)" */
	if (end != NULL && *families == FAMILY_EXIT && strstr(text, "pppd") != NULL)
		*families = FAMILY_PPPD;
	if (end != NULL && *families == FAMILY_RESULTS)
		*families = owners_of(text);
	return end;
}

static void
find_numbers(const char *text, struct explanation *to)
{
	for (const char *at = text; *at != '\0';) {
		unsigned families = FAMILY_ECODE, number;
		const char *end = NULL;

		if (at == text || !isalnum((unsigned char)at[-1])) {
			end = ecode_at(at, &number);
			if (end == NULL)
				end = word_at(text, at, &families, &number);
		}
		if (end != NULL)
			add_number(to, families, number);
		at = end != NULL ? end : at + 1;
	}
}

static void
find_lines(const char *text, struct explanation *to)
{
	for (const struct known_line *line = known_lines; line->words != NULL; line++) {
		struct meaning meaning = {.family = FAMILY_LINE}, ours;

		if (strstr(text, line->words) == NULL)
			continue;
		meaning.name = line->from;
		meaning.what = line->what;
		meaning.exit_code = -1;
		meaning.ecode = line->ecode;
		if (line->ecode != 0 && explain_number(FAMILY_ECODE, line->ecode, &ours)) {
			meaning.causes = ours.causes;
			meaning.next = ours.next;
			meaning.exit_code = ours.exit_code;
		}
		if (line->causes != NULL)
			meaning.causes = line->causes;
		if (line->next != NULL)
			meaning.next = line->next;
		add(to, &meaning);
	}
}

void
explain_text(const char *text, struct explanation *explanation)
{
	char lower[TEXT_MAX];
	unsigned number;
	const char *end;
	size_t len = 0;

	memset(explanation, 0, sizeof(*explanation));
	text += strspn(text, " \t\n");
	for (; len < sizeof(lower) - 1 && text[len] != '\0'; len++)
		lower[len] = (char)tolower((unsigned char)text[len]);
	while (len > 0 && isspace((unsigned char)lower[len - 1]))
		len--;
	lower[len] = '\0';
	end = number_at(lower, &number);
	if (end != NULL && *end == '\0') { /* a number and no more: all that it may be */
		add_number(explanation, 2 * FAMILY_LAST - 1, number);
		return;
	}
	find_numbers(lower, explanation);
	find_lines(lower, explanation);
}
