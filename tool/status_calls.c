/* status_calls.c: the calls of a listener, a line for each; see status.h. */
#include "status.h"

#include <string.h>

#include "client.h"
#include "tool.h"

#define INDENT 9 /* as the labels of a tunnel's block */

static void
print_ppp(FILE *out, const json_t *ppp)
{
	const json_t *mppe = json_object_get(ppp, "mppe");
	char rx[32], tx[32];

	if (client_text(ppp, "interface")[0] == '\0')
		return;
	fputs("   ", out);
	text_safe(out, client_text(ppp, "interface"));
	fputc(' ', out);
	text_safe(out, client_text(ppp, "peer"));
	if (json_is_object(mppe))
		fprintf(out, "   MPPE %u-bit", (unsigned)client_number(mppe, "bits"));
	else
		fputs("   NOT ENCRYPTED", out);
	fprintf(out, "   received %s  sent %s",
	    text_bytes((uint64_t)client_number(ppp, "rx_bytes"), rx, sizeof(rx)),
	    text_bytes((uint64_t)client_number(ppp, "tx_bytes"), tx, sizeof(tx)));
}

static void
print_call(FILE *out, const json_t *call)
{
	const char *user = client_text(call, "user"), *state = client_text(call, "state");
	char duration[32];

	fprintf(out, "%*scall %-6u ", INDENT, "", (unsigned)client_number(call, "number"));
	text_safe(out, client_text(call, "caller"));
	if (user[0] != '\0') {
		fputc(' ', out);
		text_safe(out, user);
	}
	fputs("   ", out);
	text_safe(out, state);
	if (client_has_number(call, "uptime_s"))
		fprintf(out, " %s",
		    text_duration(
			(uint64_t)client_number(call, "uptime_s"), duration, sizeof(duration)));
	print_ppp(out, json_object_get(call, "ppp"));
	fputc('\n', out);
}

void
status_print_calls(FILE *out, const json_t *calls)
{
	const json_t *call;
	size_t i;

	json_array_foreach(calls, i, call) print_call(out, call);
}
