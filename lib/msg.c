/*
 * msg.c: the fifteen control messages of RFC 2637 section 2 as tables of fields.
 *
 * A field is written down once.  Decoding, encoding, printing and listing walk the rows,
 * in the order of the wire; a field's offset is the sum of what stands before it.
 */
#include "pptp.h"
#include "wire.h"
#include "words.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum field_kind {
	FIELD_NUMBER,
	FIELD_HEX,      /* a number that people read in hexadecimal */
	FIELD_RESERVED, /* a number that is not worth printing while it is 0 */
	FIELD_TEXT,
};

struct field_row {
	const char *name; /* the RFC's */
	enum field_kind kind;
	uint16_t size;                      /* octets on the wire */
	uint16_t member;                    /* offset in struct pptp_msg */
	const char *(*word)(unsigned code); /* NULL: the number speaks for itself */
};

struct msg_row {
	const char *name;    /* RFC 2637 1.4 */
	const char *summary; /* Microsoft's Q241252 */
	size_t size;         /* octets, with the header */
	const struct field_row *fields;
	size_t n_fields;
};

static const char *
framing_word(unsigned code)
{
	static const char *const names[] = {"none", "asynchronous", "synchronous", "either"};

	return code < COUNT(names) ? names[code] : "unknown";
}

static const char *
bearer_word(unsigned code)
{
	static const char *const names[] = {"none", "analog", "digital", "any"};

	return code < COUNT(names) ? names[code] : "unknown";
}

static const char *
version_word(unsigned code)
{
	return code == PPTP_PROTOCOL_VERSION ? "version 1, revision 0" : "unknown";
}

/* clang-format off */
#define MEMBER(m)	    sizeof(((struct pptp_msg *)NULL)->m), offsetof(struct pptp_msg, m)
#define NUMBER(name, m)	    {name, FIELD_NUMBER, MEMBER(m), NULL}
#define CODE(name, m, word) {name, FIELD_NUMBER, MEMBER(m), word}
#define HEX(name, m, word)  {name, FIELD_HEX, MEMBER(m), word}
#define RESERVED(name, m)   {name, FIELD_RESERVED, MEMBER(m), NULL}
/* One octet less than the member, which holds a NUL as well. */
#define TEXT(name, m)	    {name, FIELD_TEXT, sizeof(((struct pptp_msg *)NULL)->m) - 1, \
			     offsetof(struct pptp_msg, m), NULL}

static const struct field_row sccrq_fields[] = { /* 2.1 */
	HEX("Protocol Version", u.sccrq.protocol_version, version_word),
	RESERVED("Reserved1", u.sccrq.reserved1),
	CODE("Framing Capabilities", u.sccrq.framing_capabilities, framing_word),
	CODE("Bearer Capabilities", u.sccrq.bearer_capabilities, bearer_word),
	NUMBER("Maximum Channels", u.sccrq.maximum_channels),
	NUMBER("Firmware Revision", u.sccrq.firmware_revision),
	TEXT("Host Name", u.sccrq.host_name),
	TEXT("Vendor Name", u.sccrq.vendor_name),
};

static const struct field_row sccrp_fields[] = { /* 2.2 */
	HEX("Protocol Version", u.sccrp.protocol_version, version_word),
	CODE("Result Code", u.sccrp.result_code, pptp_sccrp_result_name),
	CODE("Error Code", u.sccrp.error_code, pptp_general_error_name),
	CODE("Framing Capabilities", u.sccrp.framing_capabilities, framing_word),
	CODE("Bearer Capabilities", u.sccrp.bearer_capabilities, bearer_word),
	NUMBER("Maximum Channels", u.sccrp.maximum_channels),
	NUMBER("Firmware Revision", u.sccrp.firmware_revision),
	TEXT("Host Name", u.sccrp.host_name),
	TEXT("Vendor Name", u.sccrp.vendor_name),
};

static const struct field_row stop_request_fields[] = { /* 2.3 */
	CODE("Reason", u.stop_request.reason, pptp_stop_reason_name),
	RESERVED("Reserved1", u.stop_request.reserved1),
	RESERVED("Reserved2", u.stop_request.reserved2),
};

static const struct field_row stop_reply_fields[] = { /* 2.4 */
	CODE("Result Code", u.stop_reply.result_code, pptp_stop_result_name),
	CODE("Error Code", u.stop_reply.error_code, pptp_general_error_name),
	RESERVED("Reserved1", u.stop_reply.reserved1),
};

static const struct field_row echo_request_fields[] = { /* 2.5 */
	NUMBER("Identifier", u.echo_request.identifier),
};

static const struct field_row echo_reply_fields[] = { /* 2.6 */
	NUMBER("Identifier", u.echo_reply.identifier),
	CODE("Result Code", u.echo_reply.result_code, pptp_stop_result_name),
	CODE("Error Code", u.echo_reply.error_code, pptp_general_error_name),
	RESERVED("Reserved1", u.echo_reply.reserved1),
};

static const struct field_row ocrq_fields[] = { /* 2.7 */
	NUMBER("Call ID", u.ocrq.call_id),
	NUMBER("Call Serial Number", u.ocrq.call_serial_number),
	NUMBER("Minimum BPS", u.ocrq.minimum_bps),
	NUMBER("Maximum BPS", u.ocrq.maximum_bps),
	CODE("Bearer Type", u.ocrq.bearer_type, bearer_word),
	CODE("Framing Type", u.ocrq.framing_type, framing_word),
	NUMBER("Packet Recv. Window Size", u.ocrq.packet_recv_window_size),
	NUMBER("Packet Processing Delay", u.ocrq.packet_processing_delay),
	NUMBER("Phone Number Length", u.ocrq.phone_number_length),
	RESERVED("Reserved1", u.ocrq.reserved1),
	TEXT("Phone Number", u.ocrq.phone_number),
	TEXT("Subaddress", u.ocrq.subaddress),
};

static const struct field_row ocrp_fields[] = { /* 2.8 */
	NUMBER("Call ID", u.ocrp.call_id),
	NUMBER("Peer's Call ID", u.ocrp.peers_call_id),
	CODE("Result Code", u.ocrp.result_code, pptp_ocrp_result_name),
	CODE("Error Code", u.ocrp.error_code, pptp_general_error_name),
	NUMBER("Cause Code", u.ocrp.cause_code),
	NUMBER("Connect Speed", u.ocrp.connect_speed),
	NUMBER("Packet Recv. Window Size", u.ocrp.packet_recv_window_size),
	NUMBER("Packet Processing Delay", u.ocrp.packet_processing_delay),
	NUMBER("Physical Channel ID", u.ocrp.physical_channel_id),
};

static const struct field_row icrq_fields[] = { /* 2.9; its template says Call Bearer Type */
	NUMBER("Call ID", u.icrq.call_id),
	NUMBER("Call Serial Number", u.icrq.call_serial_number),
	CODE("Call Bearer Type", u.icrq.call_bearer_type, bearer_word),
	NUMBER("Physical Channel ID", u.icrq.physical_channel_id),
	NUMBER("Dialed Number Length", u.icrq.dialed_number_length),
	NUMBER("Dialing Number Length", u.icrq.dialing_number_length),
	TEXT("Dialed Number", u.icrq.dialed_number),
	TEXT("Dialing Number", u.icrq.dialing_number),
	TEXT("Subaddress", u.icrq.subaddress),
};

static const struct field_row icrp_fields[] = { /* 2.10 */
	NUMBER("Call ID", u.icrp.call_id),
	NUMBER("Peer's Call ID", u.icrp.peers_call_id),
	CODE("Result Code", u.icrp.result_code, pptp_icrp_result_name),
	CODE("Error Code", u.icrp.error_code, pptp_general_error_name),
	NUMBER("Packet Recv. Window Size", u.icrp.packet_recv_window_size),
	NUMBER("Packet Transmit Delay", u.icrp.packet_transmit_delay),
	RESERVED("Reserved1", u.icrp.reserved1),
};

static const struct field_row iccn_fields[] = { /* 2.11 */
	NUMBER("Peer's Call ID", u.iccn.peers_call_id),
	RESERVED("Reserved1", u.iccn.reserved1),
	NUMBER("Connect Speed", u.iccn.connect_speed),
	NUMBER("Packet Recv. Window Size", u.iccn.packet_recv_window_size),
	NUMBER("Packet Transmit Delay", u.iccn.packet_transmit_delay),
	CODE("Framing Type", u.iccn.framing_type, framing_word),
};

static const struct field_row ccr_fields[] = { /* 2.12 */
	NUMBER("Call ID", u.ccr.call_id),
	RESERVED("Reserved1", u.ccr.reserved1),
};

static const struct field_row cdn_fields[] = { /* 2.13 */
	NUMBER("Call ID", u.cdn.call_id),
	CODE("Result Code", u.cdn.result_code, pptp_cdn_result_name),
	CODE("Error Code", u.cdn.error_code, pptp_general_error_name),
	NUMBER("Cause Code", u.cdn.cause_code),
	RESERVED("Reserved1", u.cdn.reserved1),
	TEXT("Call Statistics", u.cdn.call_statistics),
};

static const struct field_row wen_fields[] = { /* 2.14 */
	NUMBER("Peer's Call ID", u.wen.peers_call_id),
	RESERVED("Reserved1", u.wen.reserved1),
	NUMBER("CRC Errors", u.wen.crc_errors),
	NUMBER("Framing Errors", u.wen.framing_errors),
	NUMBER("Hardware Overruns", u.wen.hardware_overruns),
	NUMBER("Buffer Overruns", u.wen.buffer_overruns),
	NUMBER("Time-out Errors", u.wen.time_out_errors),
	NUMBER("Alignment Errors", u.wen.alignment_errors),
};

static const struct field_row sli_fields[] = { /* 2.15 */
	NUMBER("Peer's Call ID", u.sli.peers_call_id),
	RESERVED("Reserved1", u.sli.reserved1),
	HEX("Send ACCM", u.sli.send_accm, NULL),
	HEX("Receive ACCM", u.sli.receive_accm, NULL),
};

#define MSG(name, summary, size, fields) {name, summary, size, fields, COUNT(fields)}
static const struct msg_row messages[PPTP_MSG_TYPES + 1] = {
	[PPTP_SCCRQ] = MSG("Start-Control-Connection-Request", "Start Session Request", 156, sccrq_fields),
	[PPTP_SCCRP] = MSG("Start-Control-Connection-Reply", "Start Session Reply", 156, sccrp_fields),
	[PPTP_STOP_REQUEST] = MSG("Stop-Control-Connection-Request", "Stop Session Request", 16, stop_request_fields),
	[PPTP_STOP_REPLY] = MSG("Stop-Control-Connection-Reply", "Stop Session Reply", 16, stop_reply_fields),
	[PPTP_ECHO_REQUEST] = MSG("Echo-Request", "Echo Request", 16, echo_request_fields),
	[PPTP_ECHO_REPLY] = MSG("Echo-Reply", "Echo Reply", 20, echo_reply_fields),
	[PPTP_OCRQ] = MSG("Outgoing-Call-Request", "Outgoing Call Request", 168, ocrq_fields),
	[PPTP_OCRP] = MSG("Outgoing-Call-Reply", "Outgoing Call Reply", 32, ocrp_fields),
	[PPTP_ICRQ] = MSG("Incoming-Call-Request", "Incoming Call Request", 220, icrq_fields),
	[PPTP_ICRP] = MSG("Incoming-Call-Reply", "Incoming Call Reply", 24, icrp_fields),
	[PPTP_ICCN] = MSG("Incoming-Call-Connected", "Incoming Call Connected", 28, iccn_fields),
	[PPTP_CCR] = MSG("Call-Clear-Request", "Clear Call Request", 16, ccr_fields),
	[PPTP_CDN] = MSG("Call-Disconnect-Notify", "Call Disconnected Notify", 148, cdn_fields),
	[PPTP_WEN] = MSG("WAN-Error-Notify", "WAN Error Notify", 40, wen_fields),
	[PPTP_SLI] = MSG("Set-Link-Info", "Set Link Info", 24, sli_fields),
};
/* clang-format on */

static const struct msg_row *
msg_row(unsigned type)
{
	if (type > PPTP_MSG_TYPES || messages[type].name == NULL)
		return NULL;
	return &messages[type];
}

size_t
pptp_msg_size(unsigned type)
{
	const struct msg_row *row = msg_row(type);

	return row == NULL ? 0 : row->size;
}

const char *
pptp_msg_name(unsigned type)
{
	const struct msg_row *row = msg_row(type);

	return row == NULL ? "unknown" : row->name;
}

const char *
pptp_msg_summary_name(unsigned type)
{
	const struct msg_row *row = msg_row(type);

	return row == NULL ? "unknown" : row->summary;
}

/* ------------------------------------------------------------------------------- members
 */

static uint32_t
member_number(const struct pptp_msg *msg, const struct field_row *row)
{
	const char *at = (const char *)msg + row->member;
	uint32_t u32 = 0;
	uint16_t u16 = 0;

	switch (row->size) {
	case sizeof(u32):
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case sizeof(u16):
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		return *(const uint8_t *)at;
	}
}

static const char *
member_text(const struct pptp_msg *msg, const struct field_row *row)
{
	return (const char *)msg + row->member;
}

static void
field_decode(struct pptp_msg *msg, const struct field_row *row, struct wire_reader *reader)
{
	char *at = (char *)msg + row->member;
	const uint8_t *text;
	uint32_t u32;
	uint16_t u16;

	if (row->kind == FIELD_TEXT) {
		/* Neither a NUL nor zeros behind it can be counted on (A12). */
		text = wire_get_bytes(reader, row->size);
		if (text != NULL)
			memcpy(at, text, strnlen((const char *)text, row->size));
		return;
	}
	switch (row->size) {
	case sizeof(u32):
		u32 = wire_get_u32(reader);
		memcpy(at, &u32, sizeof(u32));
		break;
	case sizeof(u16):
		u16 = wire_get_u16(reader);
		memcpy(at, &u16, sizeof(u16));
		break;
	default:
		*(uint8_t *)at = wire_get_u8(reader);
		break;
	}
}

static void
field_encode(const struct pptp_msg *msg, const struct field_row *row, struct wire_writer *writer)
{
	const char *text;

	if (row->kind == FIELD_TEXT) {
		text = member_text(msg, row);
		wire_put_padded(writer, text, strnlen(text, row->size), row->size);
		return;
	}
	switch (row->size) {
	case sizeof(uint32_t):
		wire_put_u32(writer, member_number(msg, row));
		break;
	case sizeof(uint16_t):
		wire_put_u16(writer, (uint16_t)member_number(msg, row));
		break;
	default:
		wire_put_u8(writer, (uint8_t)member_number(msg, row));
		break;
	}
}

/* ------------------------------------------------------------------------ octets and
 * back */

#define FIXED_HEADER_LEN 8 /* RFC 2637 1.4: Length, PPTP Message Type, Magic Cookie */

int
pptp_msg_frame(const uint8_t *data, size_t len)
{
	struct wire_reader reader;
	unsigned length, message_type, type;
	size_t size;

	/*
	 * The cookie is judged first, and nothing before it is there: the verdict must
	 * not depend on how TCP cut the octets.
	 */
	if (len < FIXED_HEADER_LEN)
		return 0;
	wire_reader_init(&reader, data, len);
	length = wire_get_u16(&reader);
	message_type = wire_get_u16(&reader);
	if (wire_get_u32(&reader) != PPTP_MAGIC_COOKIE)
		return PPTP_ERR_COOKIE;
	if (length < PPTP_HEADER_LEN)
		return PPTP_ERR_LENGTH;
	if (message_type != PPTP_MESSAGE_CONTROL && message_type != PPTP_MESSAGE_MANAGEMENT)
		return PPTP_ERR_FORMAT;
	if (len < PPTP_HEADER_LEN)
		return 0;
	type = wire_get_u16(&reader);
	size = message_type == PPTP_MESSAGE_CONTROL ? pptp_msg_size(type) : 0;
	if (size != 0 && size != length)
		return PPTP_ERR_LENGTH;
	return (int)length;
}

unsigned
pptp_msg_type(const uint8_t *data, size_t len)
{
	struct wire_reader reader;
	unsigned message_type, type;

	wire_reader_init(&reader, data, len);
	wire_get_u16(&reader);
	message_type = wire_get_u16(&reader);
	wire_get_u32(&reader);
	type = wire_get_u16(&reader);
	return message_type == PPTP_MESSAGE_MANAGEMENT ? type | PPTP_MANAGEMENT_BIT : type;
}

int
pptp_msg_decode(struct pptp_msg *msg, const uint8_t *data, size_t len)
{
	const struct msg_row *row;
	struct wire_reader reader;
	unsigned type;
	int length;

	memset(msg, 0, sizeof(*msg));
	length = pptp_msg_frame(data, len);
	if (length < 0)
		return length;
	if (length == 0 || (size_t)length != len)
		return PPTP_ERR_LENGTH;
	type = pptp_msg_type(data, len);
	row = msg_row(type);
	if (row == NULL)
		return PPTP_ERR_FORMAT;
	wire_reader_init(&reader, data, len);
	wire_get_bytes(&reader, PPTP_HEADER_LEN - sizeof(msg->reserved0));
	msg->type = (enum pptp_msg_type)type;
	msg->reserved0 = wire_get_u16(&reader);
	for (size_t i = 0; i < row->n_fields; i++)
		field_decode(msg, &row->fields[i], &reader);
	return reader.failed || wire_left(&reader) != 0 ? PPTP_ERR_LENGTH : PPTP_OK;
}

int
pptp_msg_encode(const struct pptp_msg *msg, uint8_t *out, size_t size, size_t *len)
{
	const struct msg_row *row = msg_row(msg->type);
	struct wire_writer writer;

	if (row == NULL)
		return PPTP_ERR_FORMAT;
	if (size < row->size)
		return PPTP_ERR_SPACE;
	wire_writer_init(&writer, out, row->size);
	wire_put_u16(&writer, (uint16_t)row->size);
	wire_put_u16(&writer, PPTP_MESSAGE_CONTROL);
	wire_put_u32(&writer, PPTP_MAGIC_COOKIE);
	wire_put_u16(&writer, (uint16_t)msg->type);
	wire_put_u16(&writer, msg->reserved0);
	for (size_t i = 0; i < row->n_fields; i++)
		field_encode(msg, &row->fields[i], &writer);
	*len = wire_written(&writer);
	return writer.failed || *len != row->size ? PPTP_ERR_FORMAT : PPTP_OK;
}

/* ------------------------------------------------------------------------- fields, for
 * people */

int
pptp_msg_field(const struct pptp_msg *msg, unsigned index, struct pptp_field *field)
{
	const struct msg_row *row = msg_row(msg->type);
	const struct field_row *at;

	memset(field, 0, sizeof(*field));
	if (row == NULL || index > row->n_fields)
		return PPTP_ERR_AGAIN;
	if (index == 0) { /* the one field of the prefix that a peer may fill as it likes (A9) */
		field->name = "Reserved0";
		field->offset = PPTP_HEADER_LEN - sizeof(msg->reserved0);
		field->size = sizeof(msg->reserved0);
		field->number = msg->reserved0;
		field->is_reserved = true;
		return PPTP_OK;
	}
	at = &row->fields[index - 1];
	field->offset = PPTP_HEADER_LEN;
	for (const struct field_row *before = row->fields; before < at; before++)
		field->offset += before->size;
	field->name = at->name;
	field->size = at->size;
	field->is_text = at->kind == FIELD_TEXT;
	field->is_hex = at->kind == FIELD_HEX;
	field->is_reserved = at->kind == FIELD_RESERVED;
	if (field->is_text)
		field->text = member_text(msg, at);
	else
		field->number = member_number(msg, at);
	if (at->word != NULL)
		field->word = at->word(field->number);
	return PPTP_OK;
}

static void
add_number(struct words *line, const struct pptp_field *field)
{
	if (field->is_hex)
		words_addf(line, "0x%0*x", (int)(2 * field->size), field->number);
	else
		words_addf(line, "%u", field->number);
}

int
pptp_msg_print(const struct pptp_msg *msg, char *out, size_t size)
{
	const char *separator = "";
	struct pptp_field field;
	struct words line;

	words_init(&line, out, size);
	for (unsigned i = 0; pptp_msg_field(msg, i, &field) == PPTP_OK; i++) {
		if (field.is_reserved && field.number == 0)
			continue;
		words_add(&line, separator);
		words_add(&line, field.name);
		words_add(&line, " ");
		separator = ", ";
		if (field.is_text)
			words_add_quoted(&line, field.text, strlen(field.text));
		else
			add_number(&line, &field);
		if (field.word != NULL) {
			words_add(&line, " (");
			words_add(&line, field.word);
			words_add(&line, ")");
		}
	}
	return (int)line.len;
}

void
pptp_escape(const char *text, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = 0;

	if (size == 0)
		return;
	for (; *text != '\0'; text++) {
		size_t need = words_printable(*text) ? 1 : 4;

		if (len + need >= size) /* never half an escape */
			break;
		if (need == 1) {
			out[len++] = *text;
		} else {
			out[len++] = '\\';
			out[len++] = 'x';
			out[len++] = digits[(unsigned char)*text >> 4];
			out[len++] = digits[(unsigned char)*text & 15];
		}
	}
	out[len] = '\0';
}
