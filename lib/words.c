/* words.c: see words.h. */
#include "words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
words_init(struct words *words, char *out, size_t size)
{
	*words = (struct words){.out = out, .size = size};
	if (size > 0)
		out[0] = '\0';
}

void
words_add(struct words *words, const char *text)
{
	size_t len = strlen(text);
	size_t room = words->len < words->size ? words->size - words->len - 1 : 0;

	if (room > 0) {
		size_t n = len < room ? len : room;

		memcpy(words->out + words->len, text, n);
		words->out[words->len + n] = '\0';
	}
	words->len += len;
}

void
words_addf(struct words *words, const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	words_add(words, text);
}

bool
words_printable(char c)
{
	return c >= ' ' && c <= '~';
}

void
words_add_quoted(struct words *words, const char *text, size_t len)
{
	words_add(words, "\"");
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (words_printable(c) && c != '"' && c != '\\')
			words_addf(words, "%c", c);
		else
			words_addf(words, "\\x%02x", (unsigned)(unsigned char)c);
	}
	words_add(words, "\"");
}
