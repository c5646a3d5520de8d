/*
 * test_manual.c: the manual and the programs agree, in both directions: keys with their values and
 * defaults, verbs with their options, exit codes, E-codes; and the examples pass `check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>

#include "capture.h"
#include "daemon/config_file.h"

#define PAGE_LINES 1500
#define ITEM_FACTS 6

struct page {
	char *text; /* owns; each line ends with a NUL */
	const char *line[PAGE_LINES];
	size_t count;
};

/* Lines first to last - 1 of a page. */
struct part {
	const struct page *page;
	size_t first, last;
};

static void
page_read(struct page *page, const char *name)
{
	char path[512];
	FILE *file;
	long size;

	snprintf(path, sizeof(path), TOP_SRCDIR "/%s", name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	assert_true(size > 0);
	assert_int_equal(fseek(file, 0, SEEK_SET), 0);
	page->text = calloc(1, (size_t)size + 2); /* a last line may lack its end */
	assert_non_null(page->text);
	assert_int_equal(fread(page->text, 1, (size_t)size, file), size);
	fclose(file);
	page->count = 0;
	for (char *at = page->text; *at != '\0'; at++) {
		assert_true(page->count < PAGE_LINES);
		page->line[page->count++] = at;
		at += strcspn(at, "\n");
		*at = '\0';
	}
}

static void
page_free(struct page *page)
{
	free(page->text);
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static struct part
whole(const struct page *page)
{
	return (struct part){page, 0, page->count};
}

/* From the only line that is `title` to the next one that begins with one of `ends`. */
static struct part
part_of(struct part in, const char *title, const char *const *ends)
{
	struct part part = {in.page, in.last, in.last};

	for (size_t i = in.first; i < in.last; i++) {
		if (strcmp(in.page->line[i], title) != 0)
			continue;
		if (part.first != in.last)
			fail_msg("\"%s\" is there twice", title);
		part.first = i + 1;
	}
	for (size_t i = part.first; i < part.last; i++) {
		for (size_t j = 0; ends[j] != NULL && i < part.last; j++) {
			if (begins(in.page->line[i], ends[j]))
				part.last = i;
		}
	}
	return part;
}

static const char *const section_ends[] = {".Sh", NULL};
static const char *const verb_ends[] = {".Sh", ".Ss", NULL};
static const char *const item_ends[] = {".It", ".El", NULL};

static bool
has_line(struct part part, const char *line)
{
	for (size_t i = part.first; i < part.last; i++) {
		if (strcmp(part.page->line[i], line) == 0)
			return true;
	}
	return false;
}

/* How many lines of the part begin so. */
static size_t
count(struct part part, const char *with)
{
	size_t found = 0;

	for (size_t i = part.first; i < part.last; i++)
		found += begins(part.page->line[i], with);
	return found;
}

/* ------------------------------------------------------------------------------- the keys */

static const char *
unit_word(const char *unit)
{
	static const char *const words[][2] = {
	    {"s", "Seconds"}, {"ms", "Milliseconds"}, {"octets", "Octets"}, {"packets", "Packets"}};

	for (size_t i = 0; unit != NULL && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(unit, words[i][0]) == 0)
			return words[i][1];
	}
	return unit != NULL ? unit : "Number";
}

/* "One of "a", "b"." with the first `number` of them, or all (0). */
static void
words_text(char *buf, size_t size, const char *before, const struct config_key *key,
    unsigned number, const char *after)
{
	snprintf(buf, size, "%s", before);
	for (unsigned i = 0; key->words[i] != NULL && (number == 0 || i < number); i++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s\"%s\"", i == 0 ? " " : ", ",
		    key->words[i]);
	snprintf(buf + strlen(buf), size - strlen(buf), "%s.", after);
}

/* What values a key takes, for those kinds that have no words and no range in the table. */
static const char *
kind_text(enum key_type type)
{
	static const char *const texts[] = {
	    [KEY_BOOL] = "True or false.",
	    [KEY_ASK] = "True or false.",
	    [KEY_TEXT] = "Text.",
	    [KEY_PATH] = "Path from / on.",
	    [KEY_FILE] = "Path from / on.",
	    [KEY_LIST] = "List of texts.",
	    [KEY_NETS] = "List of IPv4 networks.",
	    [KEY_ADDRESS] = "IPv4 address.",
	    [KEY_BIND] = "IPv4 address, or % and an interface.",
	    [KEY_SERVER] = "Name or IPv4 address.",
	    [KEY_BITS] = "List of 40 and 128.",
	    [KEY_CREDENTIAL] = "Name without a slash.",
	    [KEY_COMMAND] = "List of texts, the first a path from / on.",
	    [KEY_RATE] = "Text: a number, a slash, and second, minute or hour.",
	    [KEY_POOL] = "List of IPv4 addresses, or two with a dash between them.",
	    [KEY_DNS] = "List of at most 2 IPv4 addresses.",
	    [KEY_PEERS] = "List of groups.",
	    [KEY_ANSWER_FILE] = "Path from / on.",
	    [KEY_ANSWER_CREDENTIAL] = "Name without a slash.",
	};

	return type < sizeof(texts) / sizeof(texts[0]) ? texts[type] : NULL;
}

/* "Role: "listen", "auto"."; 0 where it is for all of them. */
static size_t
roles_text(char *buf, size_t size, unsigned roles)
{
	const char *before = "Role:";
	unsigned number = 0;

	buf[0] = '\0';
	for (unsigned i = ROLE_DIAL; i <= ROLE_AUTO; i++) {
		if ((roles & ROLE_BIT(i)) == 0)
			continue;
		snprintf(buf + strlen(buf), size - strlen(buf), "%s \"%s\"", before,
		    config_role_name(i));
		before = ",";
		number++;
	}
	snprintf(buf + strlen(buf), size - strlen(buf), ".");
	return number <= ROLE_AUTO ? 1 : 0;
}

/* The lines with which the key's description must end; their number. */
static size_t
facts(const struct config_key *key, char fact[ITEM_FACTS][256])
{
	char *first = fact[0];
	size_t n = 1;

	if (key->type == KEY_WORD)
		words_text(first, 256, "One of", key, 0, "");
	else if (key->type == KEY_SET)
		words_text(first, 256, "A list of", key, 0, "");
	else if (key->type == KEY_TARGET)
		words_text(first, 256, "One of", key, 0, ", or a path from / on");
	else if (key->type == KEY_SERVERS)
		snprintf(first, 256, "List of at most %d names or IPv4 addresses.", CONFIG_SERVERS);
	else if (key->type == KEY_NUMBER && key->later)
		snprintf(first, 256, "%s.", unit_word(key->unit));
	else if (key->type == KEY_NUMBER)
		snprintf(
		    first, 256, "%s, from %u to %u.", unit_word(key->unit), key->min, key->max);
	else if (key->type == KEY_TEXT && key->size != 0)
		snprintf(first, 256, "Text of at most %zu octets.", key->size - 1);
	else if (kind_text(key->type) != NULL)
		snprintf(first, 256, "%s", kind_text(key->type));
	else
		n = 0;
	if (key->now != 0)
		words_text(fact[n++], 256, "In this version only", key, key->now, "");
	n += roles_text(fact[n], 256, config_key_roles(key));
	snprintf(fact[n++], 256, "Default: %s.", key->standard);
	if (key->later)
		snprintf(fact[n++], 256, "Not in this version.");
	return n;
}

static void
every_key_is_in_the_manual_with_its_values(void **state)
{
	struct page page;
	unsigned bad = 0;

	(void)state;
	page_read(&page, "doc/pptpeer.conf.5");
	for (size_t i = 0; i < config_keys_count(); i++) {
		char title[128], fact[ITEM_FACTS][256];
		size_t n = facts(&config_keys[i], fact);
		struct part item;
		bool fine;

		snprintf(title, sizeof(title), ".It Ic %s", config_keys[i].path);
		item = part_of(whole(&page), title, item_ends);
		/* Some words about it, a break, then these lines and no others of their kind. */
		fine = item.last - item.first > n + 1 && count(item, "Default:") <= 1 &&
		       strcmp(page.line[item.last - n - 1], ".br") == 0;
		for (size_t j = 0; fine && j < n; j++)
			fine = strcmp(page.line[item.last - n + j], fact[j]) == 0;
		if (fine)
			continue;
		print_error(
		    "doc/pptpeer.conf.5 wants an item, and some words about it:\n%s\n.br\n", title);
		for (size_t j = 0; j < n; j++)
			print_error("%s\n", fact[j]);
		bad++;
	}
	page_free(&page);
	assert_int_equal(bad, 0);
}

/* "Ic" is for keys only, in items and in the text. */
static void
the_manual_has_no_key_that_is_none(void **state)
{
	static const char *const names[] = {
	    "doc/pptpeer.8", "doc/pptpeerd.8", "doc/pptpeer.conf.5"};
	unsigned bad = 0, items = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct page page;

		page_read(&page, names[i]);
		items += count(whole(&page), ".It Ic ");
		for (size_t j = 0; j < page.count; j++) {
			char words[256], *rest = words;

			if (!begins(page.line[j], ".Ic ") && !begins(page.line[j], ".It Ic "))
				continue;
			snprintf(words, sizeof(words), "%s", strstr(page.line[j], "Ic ") + 3);
			for (char *word; (word = strsep(&rest, " ")) != NULL;) {
				if (strlen(word) > 1 && config_key_find(word) < 0) {
					print_error("%s:%zu: %s\n", names[i], j + 1, word);
					bad++;
				}
			}
		}
		page_free(&page);
	}
	assert_int_equal(bad, 0);
	assert_int_equal(items, config_keys_count());
}

/* ------------------------------------------------------------------------------- examples */

static void
assert_passes_check(const char *path, unsigned flags, const char *what)
{
	struct config_settings *settings = calloc(1, sizeof(*settings));
	struct config_diags *diags = calloc(1, sizeof(*diags));
	char text[1024];

	assert_non_null(settings);
	assert_non_null(diags);
	if (!config_file_read(path, NULL, flags, settings, NULL, diags))
		fail_msg("%s: %s", what, config_diag_text(&diags->diag[0], text, sizeof(text)));
	free(settings);
	free(diags);
}

/* The lines of a part as a file of their own, without the first `indent` columns. */
static void
assert_part_passes_check(struct part part, size_t indent, const char *what)
{
	char path[] = "/tmp/pptpeer-manual-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	for (size_t i = part.first; i < part.last; i++)
		fprintf(file, "%s\n", part.page->line[i] + indent);
	assert_int_equal(fclose(file), 0);
	assert_passes_check(path, CONFIG_OFFLINE, what);
	assert_int_equal(remove(path), 0);
}

static void
the_examples_pass_check(void **state)
{
	struct page manual, readme;
	unsigned examples = 0;

	(void)state;
	page_read(&manual, "doc/pptpeer.conf.5");
	for (size_t i = 0; i + 1 < manual.count; i++) {
		struct part example = {&manual, i + 1, i + 1};

		if (!begins(manual.line[i], ".Bd") ||
		    !begins(manual.line[i + 1], "# /etc/pptpeer/"))
			continue;
		while (strcmp(manual.line[example.last], ".Ed") != 0)
			example.last++;
		assert_part_passes_check(example, 0, manual.line[i + 1]);
		examples++;
	}
	assert_int_equal(examples, 5);
	page_free(&manual);

	page_read(&readme, "README.md");
	for (size_t i = 0; i < readme.count; i++) {
		struct part example = {&readme, i, i};

		if (!begins(readme.line[i], "    dial: {"))
			continue;
		while (begins(readme.line[example.last], "    "))
			example.last++;
		assert_int_equal(example.last - example.first, 8); /* "eight lines" */
		assert_part_passes_check(example, 4, "README.md");
		examples++;
	}
	assert_int_equal(examples, 6);
	page_free(&readme);
	/* The gateway's users file is not there. */
	assert_passes_check(TOP_SRCDIR "/conf/office.conf", 0, "conf/office.conf");
	assert_passes_check(TOP_SRCDIR "/conf/branch.conf", 0, "conf/branch.conf");
	assert_passes_check(TOP_SRCDIR "/conf/gateway.conf", CONFIG_OFFLINE, "conf/gateway.conf");
}

/* --------------------------------------------------------------------- verbs and options */

/*
 * An option's line in a help ("  -u, --user USER    user name") as the manual has it
 * (".It Fl u , Fl -user Ar USER"); false for another line.
 */
static bool
option_item(const char *line, char *item, size_t size)
{
	char letter = '\0', name[64], word[64] = "", *end;
	size_t len;

	if (!begins(line, "  -") && !begins(line, "      --"))
		return false;
	if (line[2] == '-')
		letter = line[3];
	line += 6; /* its "--" */
	len = strcspn(line, " \n");
	snprintf(name, sizeof(name), "%.*s", (int)len - 1, line + 1);
	line += len;
	if (line[0] == ' ' && line[1] != ' ' && line[1] != '\n')
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(line + 1, " \n"), line + 1);
	if (letter != '\0')
		snprintf(item, size, ".It Fl %c , Fl %s", letter, name);
	else
		snprintf(item, size, ".It Fl %s", name);
	end = item + strlen(item);
	size -= strlen(item);
	if (begins(word, "[="))
		snprintf(end, size, " Ns Op = Ns Ar %.*s", (int)strlen(word) - 3, word + 2);
	else if (word[0] != '\0')
		snprintf(end, size, " Ar %s", word);
	return true;
}

/* Each option in `help` is in the part of the page, or in `common`; how many are in the part. */
static size_t
assert_options(struct part part, struct part common, const char *help)
{
	char item[256];
	size_t found = 0;

	for (; help != NULL && *help != '\0'; help = strchr(help, '\n')) {
		help += *help == '\n';
		if (!option_item(help, item, sizeof(item)))
			continue;
		if (has_line(part, item))
			found++;
		else if (!has_line(common, item))
			fail_msg("the manual has no \"%s\"", item);
	}
	return found;
}

static void
verbs_and_options_are_those_of_the_manual(void **state)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	struct part all, none, common;
	struct page page;
	size_t number = 0;

	(void)state;
	assert_non_null(capture);
	page_read(&page, "doc/pptpeer.8");
	all = part_of(whole(&page), ".Sh VERBS", section_ends);
	common = part_of(whole(&page), ".Sh COMMON OPTIONS", section_ends);
	none = (struct part){&page, 0, 0};
	for (const struct verb *verb = verbs; verb->name != NULL; verb++, number++) {
		char title[128];
		struct part part;

		snprintf(title, sizeof(title), ".Ss %s%s%s", verb->name,
		    verb->args[0] != '\0' ? " " : "", verb->args);
		part = part_of(all, title, verb_ends);
		if (part.first == all.last)
			fail_msg("the manual has no \"%s\"", title);
		snprintf(title, sizeof(title), "help %s", verb->name);
		capture_tool(capture, title);
		assert_int_equal(
		    assert_options(part, common, capture->out), count(part, ".It Fl "));
	}
	assert_int_equal(count(all, ".Ss "), number);
	capture_tool(capture, "help version"); /* which has none of its own */
	assert_int_equal(assert_options(common, none, capture->out), count(common, ".It Fl "));
	page_free(&page);
	free(capture);
}

static void
options_of_the_daemon_are_those_of_the_manual(void **state)
{
	char help[4096];
	FILE *daemon = popen(TOP_BUILDDIR "/pptpeerd --help", "r");
	struct page page;
	struct part all;

	(void)state;
	assert_non_null(daemon);
	help[fread(help, 1, sizeof(help) - 1, daemon)] = '\0';
	assert_int_equal(pclose(daemon), 0);
	page_read(&page, "doc/pptpeerd.8");
	all = whole(&page);
	assert_true(count(all, ".It Fl ") > 0);
	assert_int_equal(assert_options(all, all, help), count(all, ".It Fl "));
	page_free(&page);
}

/* ---------------------------------------------------------------------------------- codes */

/* "\tEXIT_NO_DAEMON = 20," of the header; its name as the manual has it. */
static bool
exit_code_row(const char *line, char *name, size_t size, int *code)
{
	const char *equals = strstr(line, " = ");

	if (!begins(line, "\tEXIT_") || equals == NULL)
		return false;
	snprintf(name, size, "%.*s", (int)(equals - line) - 6, line + 6);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)(*c == '_' ? '-' : tolower((unsigned char)*c));
	*code = (int)strtol(equals + 3, NULL, 10);
	return true;
}

static void
exit_codes_are_those_of_the_manual(void **state)
{
	struct page manual, header;
	struct part all, part;
	size_t number = 0;

	(void)state;
	page_read(&manual, "doc/pptpeer.8");
	page_read(&header, "daemon/reason.h");
	all = part_of(whole(&manual), ".Sh EXIT STATUS", section_ends);
	for (size_t i = 0; i < header.count; i++) {
		char name[64], title[128];
		int code;

		if (!exit_code_row(header.line[i], name, sizeof(name), &code))
			continue;
		snprintf(title, sizeof(title), ".It %d %s", code, name);
		part = part_of(all, title, item_ends);
		if (part.first == all.last)
			fail_msg("the manual has no \"%s\"", title);
		if (has_line(part, "Dialled again.") != exit_code_redials(code))
			fail_msg("%s: is it \"Dialled again.\"?", title);
		number++;
	}
	assert_true(number > 0);
	assert_int_equal(count(all, ".It "), number);
	page_free(&header);
	page_free(&manual);
}

static void
e_codes_are_those_of_the_manual(void **state)
{
	struct page page;
	struct part all;
	size_t number = 0;

	(void)state;
	page_read(&page, "doc/pptpeer.8");
	all = part_of(whole(&page), ".Sh DIAGNOSTICS", section_ends);
	for (unsigned code = 1; code < 10000; code++) {
		char title[32], exits[32];
		struct reason reason;
		struct part part;

		reason_set(&reason, code, "%s", "");
		if (reason.ecode != code) /* there is none */
			continue;
		snprintf(title, sizeof(title), ".It E%03u", code);
		snprintf(exits, sizeof(exits), "Exit code %d", reason.exit_code);
		part = part_of(all, title, item_ends);
		if (part.first == all.last)
			fail_msg("the manual has no \"%s\"", title);
		assert_int_equal(count(part, "Exit code "), 1);
		/* Alone, or before others that an end can have as well. */
		if (count(part, exits) != 1 ||
		    isdigit((unsigned char)page.line[part.last - 1][strlen(exits)]))
			fail_msg("%s: where is \"%s\"?", title, exits);
		number++;
	}
	assert_int_equal(count(all, ".It "), number);
	page_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_is_in_the_manual_with_its_values),
	    cmocka_unit_test(the_manual_has_no_key_that_is_none),
	    cmocka_unit_test(the_examples_pass_check),
	    cmocka_unit_test(verbs_and_options_are_those_of_the_manual),
	    cmocka_unit_test(options_of_the_daemon_are_those_of_the_manual),
	    cmocka_unit_test(exit_codes_are_those_of_the_manual),
	    cmocka_unit_test(e_codes_are_those_of_the_manual),
	};

	return cmocka_run_group_tests_name("manual", tests, NULL, NULL);
}
