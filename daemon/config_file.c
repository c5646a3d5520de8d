/* config_file.c: see config_file.h. */
#include "config_read.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"
#include "pptp.h"

void
config_diag_add(
    struct config_diags *diags, const char *file, unsigned line, const char *format, ...)
{
	struct config_diag *diag = &diags->diag[diags->count];
	va_list args;

	if (diags->count == CONFIG_DIAGS) {
		diags->more = true;
		return;
	}
	diags->count++;
	snprintf(diag->file, sizeof(diag->file), "%s", file);
	diag->line = line;
	va_start(args, format);
	vsnprintf(diag->text, sizeof(diag->text), format, args);
	va_end(args);
	diag->text[0] = (char)toupper((unsigned char)diag->text[0]);
	/* A key's name stays as it is written. */
	for (size_t i = 0; i < config_keys_count(); i++) {
		size_t len = strlen(config_keys[i].path);

		if (strncasecmp(diag->text, config_keys[i].path, len) == 0 &&
		    strchr(" :", diag->text[len]) != NULL)
			diag->text[0] = (char)tolower((unsigned char)diag->text[0]);
	}
}

const char *
config_diag_text(const struct config_diag *diag, char *buf, size_t size)
{
	char raw[sizeof(diag->file) + sizeof(diag->text) + 16];

	if (diag->line != 0)
		snprintf(raw, sizeof(raw), "%s:%u: %s", diag->file, diag->line, diag->text);
	else
		snprintf(raw, sizeof(raw), "%s: %s", diag->file, diag->text);
	pptp_escape(raw, buf, size);
	return buf;
}

const char *
config_origin_text(const struct config_origins *origins, size_t index, char *buf, size_t size)
{
	const struct config_origin *origin = &origins->key[index];

	if (origin->from == FROM_LINE)
		snprintf(buf, size, "%s:%u", origins->file[origin->file], origin->line);
	else
		snprintf(buf, size, "%s", origin->from == FROM_FLAG ? "flag" : "default");
	return buf;
}

int
config_path(const char *dir, const char *name, char *buf, size_t size)
{
	int len;

	if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || strchr(name, '/') != NULL)
		return -1;
	len = snprintf(buf, size, "%s/%s.conf", dir != NULL ? dir : CONFIG_DIR, name);
	return len >= 0 && (size_t)len < size ? 0 : -1;
}

struct config_origin
reader_origin(const struct config_reader *reader, unsigned line)
{
	const struct config_source *source = &reader->source;
	unsigned i = source->parts - 1;

	while (i > 0 && source->part[i].begin > line)
		i--;
	return (struct config_origin){
	    FROM_LINE, source->part[i].line + (line - source->part[i].begin), source->part[i].file};
}

void
reader_wrong_line(struct config_reader *reader, unsigned line, const char *text)
{
	struct config_origin origin = reader_origin(reader, line);

	config_diag_add(reader->diags, reader->origins->file[origin.file], origin.line, "%s", text);
}

void
reader_wrong(struct config_reader *reader, const config_setting_t *at, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	reader_wrong_line(reader, config_setting_source_line(at), text);
}

void
reader_wrong_name(struct config_reader *reader, const char *text)
{
	config_diag_add(
	    reader->diags, reader->name != NULL ? "--name" : reader->path, 0, "%s", text);
}

/* In its section first, then by its last part in any. */
static void
unknown(struct config_reader *reader, const char *path, const config_setting_t *at)
{
	const char *near = NULL, *last = strrchr(path, '.'), *dot;
	size_t best = SIZE_MAX, section = last != NULL ? (size_t)(last - path) + 1 : 0;

	for (size_t i = 0; i < config_keys_count(); i++) {
		const char *candidate = config_keys[i].path;
		size_t distance = SIZE_MAX;

		dot = strchr(candidate, '.');
		if (section != 0 && strncmp(candidate, path, section) == 0)
			distance = word_distance(path + section, candidate + section);
		else if (dot != NULL && strcmp(dot + 1, path + section) == 0)
			distance = 1; /* the right name at the wrong place */
		else if (section == 0 && dot == NULL)
			distance = word_distance(path, candidate);
		if (distance <= word_reach(strlen(path + section)) && distance < best) {
			best = distance;
			near = candidate;
		}
	}
	if (near != NULL)
		reader_wrong(reader, at, "There is no setting %s; did you mean %s?", path, near);
	else
		reader_wrong(reader, at, "There is no setting %s.", path);
}

static void
unknown_top(struct config_reader *reader, const char *name, const config_setting_t *at)
{
	char section[NEAREST_MAX];

	for (size_t i = 0; i < config_keys_count(); i++) {
		size_t len = strcspn(config_keys[i].path, ".");

		if (config_keys[i].path[len] == '\0' || len >= sizeof(section))
			continue;
		memcpy(section, config_keys[i].path, len);
		section[len] = '\0';
		if (word_distance(name, section) <= word_reach(strlen(name))) {
			reader_wrong(
			    reader, at, "There is no section %s; did you mean %s?", name, section);
			return;
		}
	}
	unknown(reader, name, at);
}

static bool
is_section(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < config_keys_count(); i++) {
		if (strncmp(config_keys[i].path, name, len) == 0 && config_keys[i].path[len] == '.')
			return true;
	}
	return false;
}

static void
take_setting(struct config_reader *reader, const char *path, const config_setting_t *at)
{
	int index = config_key_find(path);

	if (index < 0) {
		unknown(reader, path, at);
		return;
	}
	reader->origins->key[index] = reader_origin(reader, config_setting_source_line(at));
	reader_value(reader, &config_keys[index], at);
}

static void
take_section(struct config_reader *reader, const config_setting_t *section)
{
	char path[NEAREST_MAX * 2];

	if (!config_setting_is_group(section)) {
		reader_wrong(reader, section, "The section %s is a group: %s: { ... };",
		    config_setting_name(section), config_setting_name(section));
		return;
	}
	for (int i = 0; i < config_setting_length(section); i++) {
		const config_setting_t *at = config_setting_get_elem(section, (unsigned)i);

		snprintf(path, sizeof(path), "%s.%s", config_setting_name(section),
		    config_setting_name(at));
		take_setting(reader, path, at);
	}
}

static void
take_all(struct config_reader *reader, const config_t *file)
{
	const config_setting_t *root = config_root_setting(file);

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *at = config_setting_get_elem(root, (unsigned)i);
		const char *name = config_setting_name(at);

		if (is_section(name))
			take_section(reader, at);
		else if (config_key_find(name) >= 0)
			take_setting(reader, name, at);
		else
			unknown_top(reader, name, at);
	}
}

static void
syntax_error(struct config_reader *reader, const config_t *file)
{
	const char *text = config_error_text(file);

	if (text != NULL && strstr(text, "duplicate") != NULL)
		text = "this setting is there twice.";
	else if (text == NULL || strcmp(text, "syntax error") == 0)
		text = SYNTAX_ERROR;
	reader_wrong_line(reader, (unsigned)config_error_line(file), text);
}

void
config_file_defaults(struct config *config)
{
	config_defaults(config);
	config->persist = true;
	config->keep_state = true;
}

/* The tunnel's name: of the file, or as it was told. */
static bool
take_name(struct config_reader *reader)
{
	struct config *config = &reader->settings->config;
	const char *slash = strrchr(reader->path, '/');
	const char *name = slash != NULL ? slash + 1 : reader->path;
	size_t len;

	if (reader->name != NULL)
		name = reader->name;
	len = strlen(name);
	if (reader->name == NULL && len > 5 && strcmp(name + len - 5, ".conf") == 0)
		len -= 5;
	if (len >= sizeof(config->name)) /* cut, it would be another one's */
		return false;
	memcpy(config->name, name, len);
	config->name[len] = '\0';
	return true;
}

static bool
set_defaults(struct config_reader *reader, const char *run_dir)
{
	struct config *config = &reader->settings->config;

	memset(reader->settings, 0, sizeof(*reader->settings));
	config_file_defaults(config);
	if (!take_name(reader)) {
		reader_wrong_name(reader, "the name is too long.");
		return false;
	}
	if (strlen(reader->path) >= sizeof(config->path) ||
	    (run_dir != NULL && strlen(run_dir) >= sizeof(config->run_dir))) {
		config_diag_add(reader->diags, reader->path, 0, "the path is too long.");
		return false;
	}
	snprintf(config->path, sizeof(config->path), "%s", reader->path);
	if (run_dir != NULL)
		snprintf(config->run_dir, sizeof(config->run_dir), "%s", run_dir);
	return true;
}

static bool
is_before(const struct config_diag *one, const struct config_diag *two)
{
	int files = strcmp(one->file, two->file);

	return files != 0 ? files < 0 : one->line < two->line;
}

/* Of one line, in the order in which they were found: qsort() does not promise that. */
static void
sort_diags(struct config_diags *diags)
{
	struct config_diag moved;

	for (unsigned i = 1; i < diags->count; i++) {
		unsigned to = i;

		moved = diags->diag[i];
		for (; to > 0 && is_before(&moved, &diags->diag[to - 1]); to--)
			diags->diag[to] = diags->diag[to - 1];
		diags->diag[to] = moved;
	}
}

static void
parse(struct config_reader *reader, unsigned flags)
{
	bool broken = reader->diags->count != 0;
	config_t file;

	config_init(&file);
	if (config_read_string(&file, reader->source.text) != CONFIG_TRUE) {
		/* A quote that is missing makes a fault of what comes after it. */
		if (broken && (unsigned)config_error_line(&file) < reader->source.lines)
			reader->diags->count = 0;
		if (reader->diags->count == 0)
			syntax_error(reader, &file);
	} else if (!broken) {
		take_all(reader, &file);
		reader_cross(reader, &file, flags);
	}
	config_destroy(&file);
}

static bool
read_file(struct config_reader *reader, const char *run_dir, unsigned flags)
{
	struct config *config = &reader->settings->config;

	memset(reader->origins, 0, sizeof(*reader->origins));
	memset(reader->diags, 0, sizeof(*reader->diags));
	if (set_defaults(reader, run_dir) && reader_source(reader))
		parse(reader, flags);
	free(reader->source.text);
	config->verbose = config_verbose(config->log_level);
	sort_diags(reader->diags);
	return reader->diags->count == 0;
}

bool
config_file_read(const char *path, const char *run_dir, unsigned flags,
    struct config_settings *settings, struct config_origins *origins, struct config_diags *diags)
{
	struct config_origins unused = {0};
	struct config_reader reader = {
	    .path = path,
	    .settings = settings,
	    .origins = origins != NULL ? origins : &unused,
	    .diags = diags,
	};

	return read_file(&reader, run_dir, flags);
}

bool
config_load(const char *path, const char *name, const char *run_dir, struct config *config,
    struct config_diags *diags)
{
	struct config_settings *settings = calloc(1, sizeof(*settings));
	struct config_origins unused = {0};
	struct config_reader reader = {
	    .path = path,
	    .name = name,
	    .settings = settings,
	    .origins = &unused,
	    .diags = diags,
	};
	bool fine;

	if (settings == NULL) {
		memset(diags, 0, sizeof(*diags));
		config_diag_add(diags, path, 0, "out of memory.");
		return false;
	}
	fine = read_file(&reader, run_dir, 0);
	*config = settings->config;
	free(settings);
	return fine;
}
