/* trace_hex.c: the octets of a packet with the names that RFC 2637 and RFC 1661 have for them. */
#include <string.h>

#include "client.h"
#include "pptp.h"
#include "trace.h"

#define ROW 16 /* octets */

/* "            40  31 31 32 00 ...  112.....": rows that only repeat the one before are one "*". */
static void
print_rows(size_t offset, const uint8_t *octets, size_t len, const char *name)
{
	bool starred = false;

	for (size_t at = 0; at < len; at += ROW) {
		size_t count = len - at < ROW ? len - at : ROW;

		if (at > 0 && count == ROW && memcmp(octets + at, octets + at - ROW, ROW) == 0) {
			if (!starred)
				printf("%14s\n", "*");
			starred = true;
			continue;
		}
		starred = false;
		printf("%14zu  ", offset + at);
		for (size_t i = 0; i < ROW; i++) {
			if (i < count)
				printf("%02x ", octets[at + i]);
			else if (len > 4) /* short fields stand close to their names */
				fputs("   ", stdout);
		}
		if (len <= 4)
			printf("%*s", (int)(3 * (4 - len)), "");
		putchar(' ');
		for (size_t i = 0; len > 4 && i < count; i++)
			putchar(
			    octets[at + i] >= ' ' && octets[at + i] <= '~' ? octets[at + i] : '.');
		if (at == 0)
			printf("%s%s", len > 4 ? "  " : "", name);
		putchar('\n');
	}
}

static void
print_number(size_t offset, const uint8_t *octets, size_t len, const char *format, unsigned number)
{
	char name[128];

	snprintf(name, sizeof(name), "%s %u", format, number);
	print_rows(offset, octets, len, name);
}

static void
print_field(const struct pptp_field *field, const uint8_t *octets)
{
	char name[160];

	if (field->is_text)
		snprintf(name, sizeof(name), "%s", field->name);
	else if (field->is_hex)
		snprintf(name, sizeof(name), "%s 0x%0*x%s%s%s", field->name, (int)(2 * field->size),
		    field->number, field->word != NULL ? " (" : "",
		    field->word != NULL ? field->word : "", field->word != NULL ? ")" : "");
	else
		snprintf(name, sizeof(name), "%s %u%s%s%s", field->name, field->number,
		    field->word != NULL ? " (" : "", field->word != NULL ? field->word : "",
		    field->word != NULL ? ")" : "");
	print_rows(field->offset, octets + field->offset, field->size, name);
}

static void
show_control(const uint8_t *octets, size_t len)
{
	struct pptp_field field;
	struct pptp_msg msg;

	if (pptp_msg_decode(&msg, octets, len) != PPTP_OK) {
		print_rows(0, octets, len, "");
		return;
	}
	print_number(0, octets, 2, "Length", (unsigned)len); /* RFC 2637 2 */
	print_number(2, octets + 2, 2, "PPTP Message Type", PPTP_MESSAGE_CONTROL);
	print_rows(4, octets + 4, 4, "Magic Cookie");
	print_number(8, octets + 8, 2, "Control Message Type", msg.type);
	for (unsigned i = 0; pptp_msg_field(&msg, i, &field) == PPTP_OK; i++)
		print_field(&field, octets);
}

static void
show_ppp(const uint8_t *octets, size_t len)
{
	struct pptp_ppp ppp;
	size_t at;
	char name[64];

	if (pptp_ppp_decode(&ppp, octets, len) != PPTP_OK || !ppp.has_code) {
		print_rows(0, octets, len, "");
		return;
	}
	at = (size_t)(ppp.packet - octets);
	if (at > 2)
		print_rows(0, octets, at - 2, "Address, Control"); /* RFC 1661 3.1 */
	snprintf(name, sizeof(name), "Protocol (%s)", pptp_ppp_protocol_name(ppp.protocol));
	print_rows(at - 2, octets + at - 2, 2, name);
	print_number(at, octets + at, 1, "Code", ppp.code); /* 5 */
	print_number(at + 1, octets + at + 1, 1, "Identifier", ppp.identifier);
	print_number(
	    at + 2, octets + at + 2, 2, "Length", (unsigned)octets[at + 2] << 8 | octets[at + 3]);
	print_rows(at + 4, octets + at + 4, len - at - 4, "Data");
}

void
trace_show_hex(const json_t *event)
{
	uint8_t octets[512];
	size_t len;

	trace_octets(event, octets, sizeof(octets), &len);
	if (trace_is(event, "control"))
		show_control(octets, len);
	else
		show_ppp(octets, len);
}
