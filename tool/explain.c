/* explain.c: `pptpeer explain`: what a code or a line of a log means, and what to do. */
#include "explain.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pptp.h"
#include "tool.h"

#define SCHEMA   1    /* of --json; grows only when a member changes its meaning */
#define TEXT_MAX 2048 /* octets of the line */

enum { OPT_JSON = OPT_VERB };

const struct option_row explain_options[] = {
    {OPT_JSON, "json", "", "one JSON object, for scripts"},
    {0},
};

#define UNDERSTOOD                                                                               \
	"  E301              one of pptpeer's E-codes\n"                                         \
	"  exit 12           an exit code of pptpeer, 0 to 20\n"                                 \
	"  pppd 19           an exit status of pppd, 0 to 21\n"                                  \
	"  ms-chap 691       an error of MS-CHAP\n"                                              \
	"  result 4          a result code of RFC 2637; also: reason 3, general error 4, cause " \
	"17\n"                                                                                   \
	"  12                a number: all that it can be\n"                                     \
	"  \"LOG LINE\"        a line of the log of pptpeer, pppd, pptp or the kernel\n"

const char explain_help[] = "What it understands:\n" UNDERSTOOD;

static int
take_option(struct tool *tool, void *ctx, int id, const char *arg)
{
	bool *json = ctx;

	(void)tool, (void)id, (void)arg;
	*json = true;
	return TOOL_GO;
}

/* "E301", "exit code 12", "line of pppd" */
static void
title_of(const struct meaning *meaning, char *buf, size_t size)
{
	if (meaning->family == FAMILY_ECODE)
		snprintf(buf, size, "E%03u", meaning->number);
	else if (meaning->family == FAMILY_LINE)
		snprintf(buf, size, "A line of %s", meaning->name);
	else
		snprintf(
		    buf, size, "%s %u", explain_family_title(meaning->family), meaning->number);
}

static void
print_causes(const char *causes)
{
	puts("  Usual causes:");
	for (const char *end; causes != NULL; causes = end != NULL ? end + 2 : NULL) {
		end = strstr(causes, "; ");
		printf("    - %.*s\n", end != NULL ? (int)(end - causes) : (int)strlen(causes),
		    causes);
	}
}

static void
print_exit(const struct meaning *meaning)
{
	const struct exit_row *row = exit_row(meaning->exit_code);

	if (row == NULL)
		return;
	if (meaning->family == FAMILY_EXIT) {
		puts(row->redials ? "  Dialled again." : "  Not dialled again.");
		return;
	}
	printf("  Exit code %d (%s)%s%s, %sdialled again.\n", row->exit_code, row->name,
	    meaning->also != NULL ? "; " : "", meaning->also != NULL ? meaning->also : "",
	    row->redials ? "" : "not ");
}

static void
print_meaning(const struct meaning *meaning, bool color)
{
	char title[80];

	title_of(meaning, title, sizeof(title));
	printf("%s%s%s", text_color(color, COLOR_BOLD), title, text_color(color, COLOR_NONE));
	if (meaning->family != FAMILY_LINE)
		printf(": %s", meaning->name);
	printf("\n  %s\n", meaning->what);
	if (meaning->ecode != 0)
		printf("  pptpeer's own code for it: E%03u.\n", meaning->ecode);
	if (meaning->causes != NULL)
		print_causes(meaning->causes);
	if (meaning->next != NULL && meaning->next[0] != '\0')
		printf("  Next: %s\n", meaning->next);
	if (meaning->maps != NULL)
		printf("  pptpeer makes of it: %s.\n", meaning->maps);
	print_exit(meaning);
}

static json_t *
text_or_null(const char *text)
{
	return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
causes_json(const char *causes)
{
	json_t *list = json_array();

	for (const char *end; causes != NULL; causes = end != NULL ? end + 2 : NULL) {
		end = strstr(causes, "; ");
		json_array_append_new(list,
		    json_stringn(causes, end != NULL ? (size_t)(end - causes) : strlen(causes)));
	}
	return list;
}

static json_t *
meaning_json(const struct meaning *meaning)
{
	const struct exit_row *exit = exit_row(meaning->exit_code);
	char ecode[16] = "";
	bool is_line = meaning->family == FAMILY_LINE;

	if (meaning->family == FAMILY_ECODE || meaning->ecode != 0)
		snprintf(ecode, sizeof(ecode), "E%03u", is_line ? meaning->ecode : meaning->number);
	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "kind",
	    explain_family_kind(meaning->family), "number",
	    is_line ? json_null() : json_integer(meaning->number), "code", text_or_null(ecode),
	    "name", meaning->name, "meaning", meaning->what, "causes", causes_json(meaning->causes),
	    "next", text_or_null(meaning->next), "pptpeer", text_or_null(meaning->maps), "exit",
	    exit != NULL ? json_integer(exit->exit_code) : json_null(), "exit_else",
	    text_or_null(meaning->also), "redials",
	    exit != NULL ? json_boolean(exit->redials) : json_null());
}

static void
print_json(const char *asked, const struct explanation *found)
{
	char escaped[4 * TEXT_MAX];
	json_t *all, *meanings = json_array();

	pptp_escape(asked, escaped, sizeof(escaped));
	for (size_t i = 0; i < found->count; i++)
		json_array_append_new(meanings, meaning_json(&found->meaning[i]));
	all = json_pack("{s:i, s:s, s:s, s:o}", "schema", SCHEMA, "version", PACKAGE_VERSION,
	    "asked", escaped, "meanings", meanings);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static int
unknown(const struct explanation *found, const char *asked)
{
	unsigned family = found->unknown;

	fputs("pptpeer explain: ", stderr);
	if (family != 0 && (family & (family - 1)) == 0)
		fprintf(stderr, "there is no %s %u", explain_family_title(found->unknown),
		    found->unknown_number);
	else
		fputs("nothing is known of", stderr);
	if (family == 0 || (family & (family - 1)) != 0) {
		fputs(" \"", stderr);
		text_safe(stderr, asked);
		fputc('"', stderr);
	}
	fputs(".  It understands:\n" UNDERSTOOD, stderr);
	return EXIT_USAGE;
}

int
explain_run(struct tool *tool, int argc, char **argv)
{
	char asked[TEXT_MAX] = "";
	struct explanation *found;
	bool json = false;
	int first, code = tool_options(tool, argc, argv, take_option, &json, &first);

	if (code != TOOL_GO)
		return code;
	if (first == argc)
		return tool_usage(tool, "a code or a line of a log: which one?");
	for (int i = first; i < argc; i++) { /* the same with and without quotes */
		size_t used = strlen(asked);

		snprintf(asked + used, sizeof(asked) - used, "%s%s", i > first ? " " : "", argv[i]);
	}
	found = calloc(1, sizeof(*found));
	if (found == NULL)
		return tool_error(tool, EXIT_INTERNAL, "out of memory.");
	explain_text(asked, found);
	if (json)
		print_json(asked, found);
	for (size_t i = 0; !json && i < found->count; i++) {
		if (i > 0)
			putchar('\n');
		print_meaning(&found->meaning[i], tool->color_out);
	}
	code = found->count > 0 ? EXIT_OK : json ? EXIT_USAGE : unknown(found, asked);
	free(found);
	return code;
}
