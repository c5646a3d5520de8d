/*
 * words.h: text for people, written into a buffer of bounded size.  Inside lib/ only.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* `out` is terminated after each call, if it has room for that. */
struct words {
	char *out; /* borrows the caller's buffer */
	size_t size;
	size_t len; /* what the whole would take, as snprintf() says it */
};

void words_init(struct words *words, char *out, size_t size);
void words_add(struct words *words, const char *text);
/* At most 127 octets. */
void words_addf(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* In quotes; a quote or backslash of the peer's must not look like ours. */
void words_add_quoted(struct words *words, const char *text, size_t len);

bool words_printable(char c);

#endif
