/*
 * fuzz_config.c: any octets as a configuration file, and as what it may include ("more").  What
 * is read must be what libconfig makes of the same files, and what is written from it must be read
 * as it was.
 *
 *   mkdir -p build/fuzz/corpus && cd build/fuzz
 *   ../../configure CC=clang CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' --enable-sanitizers
 *   make tests/fuzz/fuzz_config
 *   export ASAN_OPTIONS=detect_leaks=0
 *   tests/fuzz/fuzz_config -dict=../../tests/fuzz/config.dict corpus ../../conf
 *
 * Leaks: libconfig 1.5 loses the quoted text at which it finds a fault.
 */
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_read.h"

#define MORE 0xff /* the octet after which "more" begins */

static char dir[] = "/tmp/pptpeer-fuzz-XXXXXX";
static char file[64], more[64], again[64];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
clean_up(void)
{
	remove(file);
	remove(more);
	remove(again);
	remove(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(file, sizeof(file), "%s/t.conf", dir);
	snprintf(more, sizeof(more), "%s/more", dir);
	snprintf(again, sizeof(again), "%s/again.conf", dir);
	atexit(clean_up);
	return 0;
}

static void
put(const char *path, const uint8_t *data, size_t size)
{
	FILE *out = fopen(path, "w");

	if (out == NULL || fwrite(data, 1, size, out) != size || fclose(out) != 0)
		abort();
}

static void
differ(const char *one, const char *two)
{
	fprintf(stderr, "%s\ndiffers from\n%s\n", one, two);
	abort();
}

/* 1.5 has no folder before the name of what is included. */
static const char *
base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Its name, type, number, length, text, place; for the root there is no place. */
static void
describe(char *text, size_t size, const config_setting_t *at, const char *path, unsigned line)
{
	const char *string = config_setting_get_string(at), *name = config_setting_name(at);

	snprintf(text, size, "%s %d %lld %d %s %s:%u", name != NULL ? name : "",
	    config_setting_type(at), config_setting_get_int64(at), config_setting_length(at),
	    string != NULL ? string : "", name != NULL ? base(path) : "", name != NULL ? line : 0);
}

/* Two settings with all below them. */
static void
compare(const struct config_reader *reader, const config_setting_t *ours,
    const config_setting_t *theirs)
{
	struct config_origin origin = reader_origin(reader, config_setting_source_line(ours));
	static char one[4096], two[4096];

	describe(one, sizeof(one), ours, reader->origins->file[origin.file], origin.line);
	describe(two, sizeof(two), theirs, config_setting_source_file(theirs),
	    config_setting_source_line(theirs));
	if (strcmp(one, two) != 0)
		differ(one, two);
	if (!config_setting_is_aggregate(ours))
		return;
	for (int i = 0; i < config_setting_length(ours); i++)
		compare(reader, config_setting_get_elem(ours, (unsigned)i),
		    config_setting_get_elem(theirs, (unsigned)i));
}

static void
as_libconfig_reads_it(void)
{
	static struct config_origins origins;
	static struct config_diags diags;
	struct config_reader reader = {.path = file, .origins = &origins, .diags = &diags};
	config_t ours, theirs;

	diags.count = 0;
	if (reader_source(&reader) && diags.count == 0) {
		config_init(&ours);
		config_init(&theirs);
		config_set_include_dir(&theirs, dir);
		if (config_read_string(&ours, reader.source.text) == CONFIG_TRUE &&
		    config_read_file(&theirs, file) == CONFIG_TRUE)
			compare(&reader, config_root_setting(&ours), config_root_setting(&theirs));
		config_destroy(&ours);
		config_destroy(&theirs);
	}
	free(reader.source.text);
}

static void
as_we_write_it(void)
{
	static struct config_settings settings, written;
	static struct config_diags diags;
	char text[16384], text_written[16384];
	FILE *out;

	if (!config_file_read(file, NULL, CONFIG_NO_SECRET, &settings, NULL, &diags)) {
		if (diags.count == 0)
			abort();
		return;
	}
	out = fopen(again, "w");
	if (out == NULL || !config_file_write(&settings, out) || fclose(out) != 0)
		abort();
	if (!config_file_read(again, NULL, CONFIG_NO_SECRET, &written, NULL, &diags))
		differ(diags.diag[0].text, "no fault");
	for (size_t i = 0; i < config_keys_count(); i++) {
		config_key_format(&config_keys[i], &settings, text, sizeof(text));
		config_key_format(&config_keys[i], &written, text_written, sizeof(text_written));
		if (strcmp(text, text_written) != 0)
			differ(text, text_written);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *mark = memchr(data, MORE, size);
	size_t len = mark != NULL ? (size_t)(mark - data) : size;

	put(file, data, len);
	remove(more);
	if (mark != NULL)
		put(more, mark + 1, size - len - 1);
	as_libconfig_reads_it();
	as_we_write_it();
	return 0;
}
