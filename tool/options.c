/* options.c: options, their help and their errors, from the rows of a verb. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/nearest.h"
#include "tool.h"

#define ROWS_MAX 64

static const struct option_row common_rows[] = {
    {'v', "verbose", "", "say more; twice: pppd's own words too"},
    {'q', "quiet", "", "say only what goes wrong"},
    {OPT_NO_COLOR, "no-color", "", "no colours (also: NO_COLOR in the environment)"},
    {OPT_RUN_DIR, "run-dir", "D",
	"the folder of the control sockets, /run/pptpeer (also: PPTPEER_RUN_DIR)"},
    {OPT_CONFIG_DIR, "config-dir", "D",
	"the folder of NAME.conf, " CONFIG_DIR " (also: PPTPEER_CONFIG_DIR)"},
    {'h', "help", "", "this text"},
    {OPT_PASSWORD, "password", NULL, NULL},
    {0},
};

/* What getopt_long() wants, made from the rows. */
struct parser {
	struct option longs[ROWS_MAX + 1];
	const char *names[ROWS_MAX]; /* for tool_nearest(), hidden ones left out */
	char shorts[2 * ROWS_MAX + 2];
	size_t count, name_count;
};

static void
parser_add(struct parser *parser, const struct option_row *row)
{
	size_t len = strlen(parser->shorts);
	bool has_arg = row->arg != NULL && row->arg[0] != '\0';

	for (; row->id != 0 && parser->count < ROWS_MAX; row++) {
		has_arg = row->arg != NULL && row->arg[0] != '\0';
		/* A hidden one is refused whatever follows it: its word is in its place
		 * or not. */
		parser->longs[parser->count++] = (struct option){row->name,
		    row->help == NULL || (has_arg && row->arg[0] == '[') ? optional_argument
		    : has_arg                                            ? required_argument
									 : no_argument,
		    NULL, row->id};
		if (row->help != NULL)
			parser->names[parser->name_count++] = row->name;
		if (row->id < OPT_FIRST) {
			parser->shorts[len++] = (char)row->id;
			if (has_arg)
				parser->shorts[len++] = ':';
		}
	}
}

static void
parser_init(struct parser *parser, const struct verb *verb)
{
	memset(parser, 0, sizeof(*parser));
	parser->shorts[0] = ':'; /* tell a missing argument from an unknown option */
	parser_add(parser, common_rows);
	parser_add(parser, verb->options);
}

int
tool_error(const struct tool *tool, int code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "pptpeer %s: ", tool->verb->name);
	text_safe(stderr, text);
	fputc('\n', stderr);
	return code;
}

int
tool_usage(const struct tool *tool, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tool_error(tool, EXIT_USAGE, "%s", text);
	fprintf(stderr, "Try: pptpeer help %s\n", tool->verb->name);
	return EXIT_USAGE;
}

/*
 * Overwrites what stands after "--pass...=": `ps` shows the words of argv, and so would
 * an error message.  Names of options that take a path or a number stay.
 */
static void
wipe_passwords(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char *value = strchr(argv[i], '=');

		if (strncmp(argv[i], "--pass", 6) != 0)
			continue;
		if (value != NULL && strncmp(argv[i], "--password-f", 12) != 0)
			memset(value + 1, '*', strlen(value + 1));
		else if (strcmp(argv[i], "--password") == 0 && i + 1 < argc &&
			 argv[i + 1][0] != '-')
			memset(argv[i + 1], '*', strlen(argv[i + 1]));
	}
}

static int
bad_option(const struct tool *tool, const struct parser *parser, int result, char *word)
{
	const char *near;
	char *value;

	if (optopt != 0 && optopt < OPT_FIRST && (word[0] != '-' || word[1] != '-')) {
		if (result == ':')
			return tool_usage(tool, "-%c needs a value.", optopt);
		return tool_usage(tool, "There is no option -%c.", optopt);
	}
	if (result == ':')
		return tool_usage(tool, "%s needs a value.", word);
	value = strchr(word, '=');
	if (value != NULL)
		*value = '\0';
	if (optopt != 0)
		return tool_usage(tool, "%s takes no value.", word);
	near = tool_nearest(word + 2, parser->names, parser->name_count, sizeof(char *));
	if (near != NULL)
		return tool_usage(tool, "There is no option %s; did you mean --%s?", word, near);
	return tool_usage(tool, "There is no option %s, or it is short for more than one.", word);
}

static int
take_common(struct tool *tool, int id, const char *arg)
{
	switch (id) {
	case 'v':
		tool->verbose = tool->verbose < 0 ? 1 : tool->verbose < 2 ? tool->verbose + 1 : 2;
		return TOOL_GO;
	case 'q':
		tool->verbose = -1;
		return TOOL_GO;
	case 'h':
		tool_help(tool->verb, stdout);
		return EXIT_OK;
	case OPT_NO_COLOR:
		tool->color_out = tool->color_err = false;
		return TOOL_GO;
	case OPT_RUN_DIR:
		tool->run_dir = arg;
		return TOOL_GO;
	case OPT_CONFIG_DIR:
		tool->config_dir = arg;
		return TOOL_GO;
	default: /* OPT_PASSWORD */
		return tool_usage(tool,
		    "There is no --password VALUE: everybody on this machine can read "
		    "the words of a command. Take --password-stdin, --password-fd N, "
		    "--password-file F, or none of them and be asked.");
	}
}

static bool
is_common(int id)
{
	for (const struct option_row *row = common_rows; row->id != 0; row++)
		if (row->id == id)
			return true;
	return false;
}

int
tool_options(
    struct tool *tool, int argc, char **argv, option_handler *handler, void *ctx, int *first)
{
	struct parser parser;
	int id, code = TOOL_GO;

	parser_init(&parser, tool->verb);
	wipe_passwords(argc, argv);
	opterr = 0; /* the words are ours */
	optind = 0; /* 0, not 1: GNU's getopt starts afresh then */
	while (code == TOOL_GO &&
	       (id = getopt_long(argc, argv, parser.shorts, parser.longs, NULL)) != -1) {
		if (id == '?' || id == ':')
			return bad_option(tool, &parser, id, argv[optind - 1]);
		code =
		    is_common(id) ? take_common(tool, id, optarg) : handler(tool, ctx, id, optarg);
	}
	*first = optind;
	return code;
}

bool
tool_number(const char *text, uint32_t min, uint32_t max, uint32_t *value)
{
	unsigned long long number;
	char *end;

	/* strtoull() takes blanks and signs; we do not.  Base 0 would take 010 for eight.
	 */
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, text[1] == 'x' || text[1] == 'X' ? 16 : 10);
	if (errno != 0 || *end != '\0' || number < min || number > max)
		return false;
	*value = (uint32_t)number;
	return true;
}

const char *
tool_nearest(const char *word, const char *const *first, size_t count, size_t stride)
{
	size_t best = word_reach(strlen(word)) + 1;
	const char *near = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *name = *(const char *const *)((const char *)first + i * stride);
		size_t distance = word_distance(word, name);

		if (distance < best) {
			best = distance;
			near = name;
		}
	}
	return near;
}

static void
help_rows(const struct option_row *row, FILE *out)
{
	for (; row->id != 0; row++) {
		char left[64];

		if (row->help == NULL)
			continue;
		if (row->id < OPT_FIRST)
			snprintf(left, sizeof(left), "-%c, --%s %s", row->id, row->name, row->arg);
		else
			snprintf(left, sizeof(left), "    --%s %s", row->name, row->arg);
		if (strlen(left) > 25)
			fprintf(out, "  %s\n%28s", left, "");
		else
			fprintf(out, "  %-26s", left);
		text_lines(out, row->help, 28);
		fputc('\n', out);
	}
}

void
tool_help(const struct verb *verb, FILE *out)
{
	fprintf(out, "Usage: pptpeer %s%s%s\n\n", verb->name, verb->args[0] != '\0' ? " " : "",
	    verb->args);
	fprintf(out, "%s: %s.\n\n", verb->name, verb->summary);
	help_rows(verb->options, out);
	help_rows(common_rows, out);
	if (verb->text != NULL)
		fprintf(out, "\n%s", verb->text);
}
