/* reason.c: see reason.h. */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pptp.h"

#define ROW(ecode, exit_code, next, ...) {ecode, exit_code, next},
static const struct {
	uint16_t ecode;
	uint8_t exit_code;
	const char *next;
} table[] = {
#include "reason_table.h"
};

void
reason_set(struct reason *reason, unsigned ecode, const char *format, ...)
{
	va_list args;
	size_t i = 0;

	memset(reason, 0, sizeof(*reason));
	while (i < sizeof(table) / sizeof(table[0]) && table[i].ecode != ecode)
		i++;
	if (i == sizeof(table) / sizeof(table[0]))
		i = 1; /* a code without a row is our mistake: internal */
	reason->ecode = table[i].ecode;
	reason->exit_code = table[i].exit_code;
	snprintf(reason->next, sizeof(reason->next), "%s", table[i].next);
	va_start(args, format);
	vsnprintf(reason->what, sizeof(reason->what), format, args);
	va_end(args);
}

void
reason_next(struct reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->next, sizeof(reason->next), format, args);
	va_end(args);
}

bool
reason_is_none(const struct reason *reason)
{
	return reason->what[0] == '\0';
}

void
reason_plugin(struct reason *reason, const char *plugin_path)
{
	reason_set(reason, 103, "pppd's plugin %s is of another version of pptpeer.", plugin_path);
	reason_next(reason, "make install, so that both are of one build");
}

const char *
reason_general_error(unsigned error_code, char *out, size_t size)
{
	if (error_code == 0)
		out[0] = '\0';
	else
		snprintf(out, size, ", general error %u (%s)", error_code,
		    pptp_general_error_name(error_code));
	return out;
}

const char *
reason_by(const struct reason *reason)
{
	if (reason->ecode == 0)
		return "user";
	switch (reason->exit_code) {
	case EXIT_CONTROL:
	case EXIT_CALL:
	case EXIT_AUTH:
	case EXIT_PEER_AUTH:
	case EXIT_ENCRYPTION:
	case EXIT_PEER_HANGUP:
		return "peer";
	default:
		return "here";
	}
}
