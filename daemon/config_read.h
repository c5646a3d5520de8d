/* config_read.h: between the rooms of the configuration's reader; nobody else includes it. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include <libconfig.h>

#include "config_file.h"

#define SYNTAX_ERROR "syntax error: is a quote, a bracket or a ';' missing here or before?"

/* Some lines of the text that libconfig gets, and where they come from. */
struct source_part {
	unsigned begin;     /* its first line in the text */
	unsigned line;      /* the same one in its file */
	unsigned char file; /* index of struct config_origins' file[] */
};

/* That text. */
struct config_source {
	char *text;      /* owned */
	unsigned lines;  /* that it has begun */
	unsigned octets; /* of all its files */
	unsigned parts;
	struct source_part part[2 * CONFIG_FILES - 1]; /* each @include splits one */
};

struct config_reader {
	const char *path; /* of the main file, borrowed */
	const char *name; /* of the tunnel, borrowed; NULL: the file's */
	char dir[CONFIG_PATH_MAX];
	struct config_settings *settings;
	struct config_origins *origins;
	struct config_diags *diags;
	struct config_source source;
};

/* Says what is wrong with the tunnel's name. */
void reader_wrong_name(struct config_reader *reader, const char *text);
/* Where a line of the text stands. */
struct config_origin reader_origin(const struct config_reader *reader, unsigned line);
/* Says what is wrong at a line of the text, or at a setting. */
void reader_wrong_line(struct config_reader *reader, unsigned line, const char *text);
void reader_wrong(struct config_reader *reader, const config_setting_t *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Reads the main file and all that it includes into reader->source.  After the first fault, which
 * it says, the text is one up to there: what libconfig finds wrong in it before counts more.
 * False: there is no text.
 */
bool reader_source(struct config_reader *reader);
/* One setting of the table into the settings; it says what is wrong. */
void reader_value(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at);
/* The same of the keys of those who answer. */
void reader_value_answer(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at);

/* What a setting is, in words. */
const char *reader_type(const config_setting_t *at);
bool reader_is_list(const config_setting_t *at);
/*
 * The values that several kinds of keys have; each says what is wrong.  NULL or false after that.
 * The setting may be an element of the key's.
 */
const char *reader_text(
    struct config_reader *reader, const struct config_key *key, const config_setting_t *at);
bool reader_copy(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to, size_t size, const char *text);
bool reader_list(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, struct config_list *list);
void reader_nets(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to);
void reader_path(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to, size_t size);
void reader_credential(struct config_reader *reader, const struct config_key *key,
    const config_setting_t *at, char *to, size_t size);

/* What is wrong at a key: its line, or that of its section, or the first one. */
void reader_wrong_at(
    struct config_reader *reader, const config_t *root, const char *key, const char *text);
/* What no single line shows; `root` tells the lines. */
void reader_cross(struct config_reader *reader, const config_t *root, unsigned flags);
/* Its part about those who answer. */
void reader_cross_answer(struct config_reader *reader, const config_t *root, unsigned flags);

#endif
