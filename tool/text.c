/* text.c: numbers and foreign text for people's eyes. */
#include <inttypes.h>
#include <string.h>

#include "tool.h"

void
text_safe(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c <= '~')
			fputc(c, out);
		else
			fprintf(out, "\\x%02x", c);
	}
}

void
text_lines(FILE *out, const char *text, int indent)
{
	char line[1024];
	size_t len;

	for (;;) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text_safe(out, line);
		if (text[len] == '\0' || text[len + 1] == '\0')
			return;
		text += len + 1;
		fprintf(out, "\n%*s", indent, "");
	}
}

const char *
text_duration(uint64_t seconds, char *buf, size_t size)
{
	uint64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

	if (days != 0)
		snprintf(buf, size, "%" PRIu64 " d %" PRIu64 " h", days, hours);
	else if (hours != 0)
		snprintf(buf, size, "%" PRIu64 " h %" PRIu64 " min", hours, minutes);
	else if (minutes != 0)
		snprintf(buf, size, "%" PRIu64 " min %" PRIu64 " s", minutes, seconds % 60);
	else
		snprintf(buf, size, "%" PRIu64 " s", seconds);
	return buf;
}

const char *
text_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, size, "%" PRIu64 " B", bytes);
		return buf;
	}
	/* 1023.95 would be printed as 1024.0 of the smaller unit */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, "%.1f %s", value, units[unit]);
	return buf;
}

const char *
text_count(uint64_t count, char *buf, size_t size)
{
	char digits[24];
	size_t len, at = 0;

	snprintf(digits, sizeof(digits), "%" PRIu64, count);
	len = strlen(digits);
	for (size_t i = 0; i < len && at + 2 < size; i++) {
		if (i != 0 && (len - i) % 3 == 0)
			buf[at++] = ' ';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *
text_color(bool on, enum color color)
{
	if (!on)
		return "";
	switch (color) {
	case COLOR_NONE:
		break;
	case COLOR_GOOD:
		return "\033[32m";
	case COLOR_BAD:
		return "\033[31m";
	case COLOR_DIM:
		return "\033[2m";
	case COLOR_BOLD:
		return "\033[1m";
	}
	return "\033[0m";
}
