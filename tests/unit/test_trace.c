/*
 * test_trace.c: `trace -r` from packets to events: link layers, TCP in any order, GRE, and what is hidden.
 * Packets are made here octet by octet; tests/system has scapy's, and tshark's reading of ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "pptp.h"
#include "tool/client.h"
#include "tool/flows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CLIENT       0x0a0a0a01 /* 10.10.10.1 */
#define SERVER       0x0a0a0a0a
#define PORT         40000
#define FIN          0x01
#define SYN          0x02
#define RST          0x04
#define ACK          0x10

/* ---------------------------------------------------------------------------- packets */

struct world {
	struct flows *flows;
	char said[65536]; /* a line an event */
	size_t len;
	int link_type;
	int64_t time;
	uint32_t seq[2];   /* next, of the client and of the server */
	uint16_t port;     /* the client's */
	bool acknowledges; /* each segment all that the other side has sent */
	pcap_dumper_t *dumper;
};

static void
on_event(void *ctx, json_t *event, unsigned connection)
{
	struct world *world = ctx;
	const char *kind = client_text(event, "kind"), *name = client_text(event, "name");
	bool out = strcmp(client_text(event, "dir"), "out") == 0;

	assert_int_equal(client_number(event, "connection"), connection);
	if (strcmp(kind, "control") == 0)
		name = client_text(event, "summary");
	else if (strcmp(kind, "ppp") != 0)
		name = client_text(event, "text");
	if (world->len < sizeof(world->said))
		world->len += (size_t)snprintf(world->said + world->len,
		    sizeof(world->said) - world->len, "%u %s %s%s%s\n", connection, out ? ">" : "<",
		    client_text(event, "protocol"), strcmp(kind, "ppp") == 0 ? " " : "", name);
	json_decref(event);
}

static void
put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* The link layer's header of each kind; what it has in front of IPv4. */
static size_t
put_link(int link_type, uint8_t *at)
{
	static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
	static const uint8_t sll[] = {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0};
	static const uint8_t sll2[] = {8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0};

	switch (link_type) {
	case DLT_EN10MB:
		memcpy(at, ethernet, sizeof(ethernet));
		return sizeof(ethernet);
	case DLT_LINUX_SLL:
		memcpy(at, sll, sizeof(sll));
		return sizeof(sll);
	case DLT_LINUX_SLL2:
		memcpy(at, sll2, sizeof(sll2));
		return sizeof(sll2);
	case DLT_NULL: /* of a machine with the other order of octets */
		put32(at, 2);
		return 4;
	case DLT_LOOP:
		put32(at, 2);
		return 4;
	case DLT_PPP:
		put32(at, 0xff030021);
		return 4;
	default:
		return 0;
	}
}

static void
take(struct world *world, const uint8_t *frame, size_t len)
{
	/* In memory of its own, so that a sanitizer sees each octet too far. */
	uint8_t *copy = malloc(len);

	assert_non_null(copy);
	memcpy(copy, frame, len);
	if (world->dumper != NULL) {
		struct pcap_pkthdr header = {.caplen = (unsigned)len, .len = (unsigned)len};

		header.ts.tv_sec = 1000000000 + (time_t)(world->time / 1000000);
		header.ts.tv_usec = (suseconds_t)(world->time % 1000000);
		pcap_dump((u_char *)world->dumper, &header, copy);
	}
	flows_take(world->flows, world->link_type, copy, len, world->time);
	free(copy);
	world->time += 1000;
}

static size_t
put_ip(uint8_t *at, uint32_t src, uint32_t dst, unsigned protocol, size_t len)
{
	memset(at, 0, 20);
	at[0] = 0x45;
	put16(at + 2, (unsigned)(20 + len));
	at[8] = 64;
	at[9] = (uint8_t)protocol;
	put32(at + 12, src);
	put32(at + 16, dst);
	return 20;
}

static void
ip(struct world *world, bool out, unsigned protocol, const uint8_t *payload, size_t len)
{
	uint8_t frame[2048];
	size_t at = put_link(world->link_type, frame);

	at += put_ip(frame + at, out ? CLIENT : SERVER, out ? SERVER : CLIENT, protocol, len);
	memcpy(frame + at, payload, len);
	take(world, frame, at + len);
}

static void
segment(
    struct world *world, bool out, unsigned flags, uint32_t seq, const uint8_t *octets, size_t len)
{
	uint8_t packet[1024] = {0};

	assert_true(20 + len <= sizeof(packet));
	put16(packet, out ? world->port : PPTP_PORT);
	put16(packet + 2, out ? PPTP_PORT : world->port);
	put32(packet + 4, seq);
	if (world->acknowledges)
		flags |= ACK;
	put32(packet + 8, world->seq[out]);
	packet[12] = 5 << 4;
	packet[13] = (uint8_t)flags;
	if (len > 0)
		memcpy(packet + 20, octets, len);
	ip(world, out, 6, packet, 20 + len);
}

/* The next one of a side. */
static void
say(struct world *world, bool out, const uint8_t *octets, size_t len)
{
	segment(world, out, 0, world->seq[!out], octets, len);
	world->seq[!out] += (uint32_t)len;
}

static void
flag(struct world *world, bool out, unsigned flags)
{
	segment(world, out, flags, world->seq[!out], NULL, 0);
	world->seq[!out] += (flags & (FIN | SYN)) != 0;
}

static void
world_init(struct world *world, int link_type)
{
	memset(world, 0, sizeof(*world));
	world->flows = flows_new(on_event, world);
	assert_non_null(world->flows);
	world->link_type = link_type;
	world->port = PORT;
	world->seq[0] = 0xfffffff0; /* the numbers wrap around */
	world->seq[1] = 5000;
}

static void
open_tcp(struct world *world)
{
	flag(world, true, SYN);
	flag(world, false, SYN | ACK);
}

static void
expect(struct world *world, const char *wanted)
{
	flows_finish(world->flows);
	flows_free(world->flows);
	assert_string_equal(world->said, wanted);
}

/* ------------------------------------------------------- interface.md 7, the 21 messages */

static const struct {
	bool out;
	enum pptp_msg_type type;
} article[] = {
    {true, PPTP_SCCRQ},
    {false, PPTP_SCCRP},
    {true, PPTP_OCRQ},
    {false, PPTP_OCRP},
    {true, PPTP_SLI},
    {true, PPTP_SLI},
    {false, PPTP_SLI},
    {true, PPTP_SLI},
    {false, PPTP_SLI},
    {false, PPTP_ECHO_REQUEST},
    {true, PPTP_ECHO_REPLY},
    {false, PPTP_ECHO_REQUEST},
    {true, PPTP_ECHO_REPLY},
    {false, PPTP_ECHO_REQUEST},
    {true, PPTP_ECHO_REPLY},
    {true, PPTP_SLI},
    {false, PPTP_SLI},
    {true, PPTP_CCR},
    {false, PPTP_CDN},
    {true, PPTP_STOP_REQUEST},
    {false, PPTP_STOP_REPLY},
};

static const char opened[] = "1 > connection 1, from port 40000 to port 1723\n";

static size_t
message(enum pptp_msg_type type, uint8_t octets[PPTP_MAX_MSG_LEN])
{
	struct pptp_msg msg = {.type = type};
	size_t len;

	assert_int_equal(pptp_msg_encode(&msg, octets, PPTP_MAX_MSG_LEN, &len), PPTP_OK);
	return len;
}

static void
say_message(struct world *world, bool out, enum pptp_msg_type type)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len = message(type, octets);

	say(world, out, octets, len);
}

/* What comes of all of them, in `wanted`. */
static void
article_lines(char *wanted, size_t size)
{
	size_t len = (size_t)snprintf(wanted, size, "%s", opened);

	for (size_t i = 0; i < COUNT(article); i++)
		len += (size_t)snprintf(wanted + len, size - len, "1 %s %s\n",
		    article[i].out ? ">" : "<", pptp_msg_summary_name(article[i].type));
}

static void
each_link_layer_gives_the_same(void **state)
{
	static const int link_types[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
	    DLT_IPV4, DLT_NULL, DLT_LOOP, DLT_PPP};
	char wanted[4096];

	(void)state;
	article_lines(wanted, sizeof(wanted));
	for (size_t i = 0; i < COUNT(link_types); i++) {
		struct world world;

		assert_true(packet_link_is_known(link_types[i]));
		world_init(&world, link_types[i]);
		open_tcp(&world);
		for (size_t m = 0; m < COUNT(article); m++)
			say_message(&world, article[m].out, article[m].type);
		expect(&world, wanted);
	}
	assert_false(packet_link_is_known(DLT_IEEE802_11));
}

/* 802.1Q, 802.1ad with 802.1Q in it, and PPPoE, each with a whole message. */
static void
tags_and_pppoe_are_stepped_over(void **state)
{
	static const struct {
		uint8_t octets[32];
		size_t len;
	} behind[] = {
	    {{0x81, 0, 0, 5, 8, 0}, 6},
	    {{0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}, 10},
	    {{0x91, 0, 0, 5, 0x91, 0, 0, 6, 0x81, 0, 0, 7, 8, 0}, 14},
	    {{0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x21}, 10},
	    {{0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x21}, 14},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(behind); i++) {
		uint8_t frame[512] = {0}, octets[PPTP_MAX_MSG_LEN];
		size_t at = 12 + behind[i].len, len = message(PPTP_CCR, octets);
		struct world world;

		world_init(&world, DLT_EN10MB);
		memcpy(frame + 12, behind[i].octets, behind[i].len);
		at += put_ip(frame + at, CLIENT, SERVER, 6, 20 + len);
		put16(frame + at, PORT);
		put16(frame + at + 2, PPTP_PORT);
		frame[at + 12] = 5 << 4;
		memcpy(frame + at + 20, octets, len);
		take(&world, frame, at + 20 + len + 3); /* padded */
		expect(&world,
		    "1 > connection 1, from port 40000 to port 1723; its beginning is not in "
		    "the capture\n1 > Clear Call Request\n");
	}
}

/* ------------------------------------------------------------------------------- TCP */

/* Each message in pieces: one line all the same. */
static void
a_message_split_over_segments_is_one_line(void **state)
{
	static const size_t pieces[] = {1, 5, 11, 12, 100};
	char wanted[4096];

	(void)state;
	article_lines(wanted, sizeof(wanted));
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct world world;

		world_init(&world, DLT_RAW);
		world.acknowledges = true;
		open_tcp(&world);
		for (size_t m = 0; m < COUNT(article); m++) {
			uint8_t octets[PPTP_MAX_MSG_LEN];
			size_t len = message(article[m].type, octets);

			for (size_t at = 0; at < len; at += pieces[i])
				say(&world, article[m].out, octets + at,
				    len - at < pieces[i] ? len - at : pieces[i]);
		}
		expect(&world, wanted);
	}
}

/* By a seed: pieces that overlap, come twice, and in any order within a message. */
static void
segments_in_any_order_give_the_same(void **state)
{
	char wanted[4096];

	(void)state;
	article_lines(wanted, sizeof(wanted));
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct world world;

		srandom(seed);
		world_init(&world, DLT_RAW);
		open_tcp(&world);
		for (size_t m = 0; m < COUNT(article); m++) {
			bool out = article[m].out;
			uint8_t octets[PPTP_MAX_MSG_LEN];
			size_t len = message(article[m].type, octets), order[24], count;

			for (count = 0; count * 10 < len; count++)
				order[count] = count * 10;
			for (size_t i = 1; i < count; i++) {
				size_t j = (size_t)random() % (i + 1), swap = order[i];

				order[i] = order[j];
				order[j] = swap;
			}
			for (size_t i = 0; i < count; i++) {
				size_t end = order[i] + 10 + (size_t)random() % 20;
				int times = 1 + (int)(random() % 2);

				while (times-- > 0)
					segment(&world, out, 0,
					    world.seq[!out] + (uint32_t)order[i], octets + order[i],
					    (end < len ? end : len) - order[i]);
			}
			world.seq[!out] += (uint32_t)len;
		}
		expect(&world, wanted);
	}
}

/* Several messages in one segment, and a message that goes on in the next. */
static void
a_segment_may_have_many_messages(void **state)
{
	uint8_t octets[2 * PPTP_MAX_MSG_LEN];
	struct world world;
	size_t len;

	(void)state;
	world_init(&world, DLT_RAW);
	open_tcp(&world);
	len = message(PPTP_CCR, octets);
	len += message(PPTP_STOP_REQUEST, octets + len);
	len += message(PPTP_SCCRQ, octets + len);
	say(&world, true, octets, len - 100);
	say(&world, true, octets + len - 100, 100);
	expect(&world, "1 > connection 1, from port 40000 to port 1723\n1 > Clear Call Request\n"
		       "1 > Stop Session Request\n1 > Start Session Request\n");
}

/* Three Set-Link-Infos, of which the capture lacks a piece of the second. */
static void
a_gap(bool acknowledges, bool waits, bool ends)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len = message(PPTP_SLI, octets);
	struct world world;

	world_init(&world, DLT_RAW);
	open_tcp(&world);
	say(&world, true, octets, len);
	say(&world, true, octets, 10);
	world.seq[0] += (uint32_t)len - 10;
	say(&world, true, octets, len);
	assert_null(strstr(world.said, "missing"));
	world.acknowledges = acknowledges;
	if (waits)
		world.time += 11000000;
	if (!ends)
		flag(&world, false, 0); /* with all that it has, or without */
	if (waits)                      /* it is seen with the next segment of this side */
		say(&world, true, octets, 1);
	if (!ends)
		assert_non_null(strstr(world.said, "missing"));
	expect(&world, waits ? "1 > connection 1, from port 40000 to port 1723\n1 > Set Link Info\n"
			       "1 > 14 octets are missing in the capture, and a message with them\n"
			       "1 > Set Link Info\n1 > it ends within a message\n"
			     : "1 > connection 1, from port 40000 to port 1723\n1 > Set Link Info\n"
			       "1 > 14 octets are missing in the capture, and a message with them\n"
			       "1 > Set Link Info\n");
}

static void
a_lost_segment_is_said_and_reading_goes_on(void **state)
{
	(void)state;
	a_gap(true, false, false); /* the other side has it: it never comes */
	a_gap(false, true, false); /* TCP would have sent it again */
	a_gap(false, false, true); /* no more comes */
}

static void
a_capture_may_begin_within_a_message(void **state)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len = message(PPTP_SCCRQ, octets);
	struct world world;

	(void)state;
	world_init(&world, DLT_RAW);
	say(&world, true, octets + 70, len - 70);
	say_message(&world, false, PPTP_SCCRP);
	say_message(&world, true, PPTP_OCRQ);
	expect(&world,
	    "1 > connection 1, from port 40000 to port 1723; its beginning is not in the capture\n"
	    "1 < Start Session Reply\n1 > 86 octets are skipped, up to the next Magic Cookie\n"
	    "1 > Outgoing Call Request\n");
}

/* RFC 2637 1.4: the cookie is there to find the way back. */
static void
rfc1_4_lost_synchronisation_is_found_again(void **state)
{
	static const uint8_t odd[] = "GET / HTTP/1.1\r\n\r\n\x1a\x2b\x3c\x4d";
	uint8_t octets[PPTP_MAX_MSG_LEN];
	struct world world;
	size_t len;

	(void)state;
	world_init(&world, DLT_RAW);
	open_tcp(&world);
	say(&world, true, odd, sizeof(odd));
	say_message(&world, true, PPTP_CCR);
	len = message(PPTP_SLI, octets); /* a Length that does not fit the type */
	octets[1]++;
	say(&world, true, octets, len);
	say_message(&world, true, PPTP_CCR);
	len = message(PPTP_SLI, octets); /* protocol A7 and A8: such are passed over */
	octets[9] = 77;
	say(&world, true, octets, len);
	octets[3] = 2;
	say(&world, true, octets, len);
	say_message(&world, true, PPTP_CCR);
	expect(&world,
	    "1 > connection 1, from port 40000 to port 1723\n"
	    "1 > synchronisation is lost: wrong Magic Cookie\n"
	    "1 > 23 octets are skipped, up to the next Magic Cookie\n1 > Clear Call Request\n"
	    "1 > synchronisation is lost: the Length does not fit the message\n"
	    "1 > 24 octets are skipped, up to the next Magic Cookie\n1 > Clear Call Request\n"
	    "1 > a control message of unknown type 77, 24 octets, is passed over\n"
	    "1 > a management message of 24 octets is passed over\n1 > Clear Call Request\n");
}

static void
several_connections_at_once_stay_apart(void **state)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len = message(PPTP_SCCRQ, octets);
	struct world worlds[3], *first = &worlds[0];

	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++) {
		world_init(&worlds[i], DLT_RAW);
		worlds[i].port = (uint16_t)(PORT + i);
		if (i > 0) {
			flows_free(worlds[i].flows);
			worlds[i].flows = first->flows;
		}
		open_tcp(&worlds[i]);
	}
	for (size_t at = 0; at < len; at += 52) {
		for (size_t i = 0; i < COUNT(worlds); i++)
			say(&worlds[i], true, octets + at, 52);
	}
	flag(&worlds[1], true, FIN);
	flag(&worlds[1], false, FIN);
	flag(&worlds[2], false, RST);
	say_message(&worlds[2], true, PPTP_CCR); /* nobody hears it */
	open_tcp(&worlds[1]);                    /* the same port again */
	expect(first,
	    "1 > connection 1, from port 40000 to port 1723\n"
	    "2 > connection 2, from port 40001 to port 1723\n"
	    "3 > connection 3, from port 40002 to port 1723\n1 > Start Session Request\n"
	    "2 > Start Session Request\n3 > Start Session Request\n2 > this side closes TCP\n"
	    "2 < this side closes TCP\n3 < this side resets TCP\n"
	    "4 > connection 4, from port 40001 to port 1723\n");
}

static void
more_connections_than_there_is_room_for(void **state)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len = message(PPTP_SCCRQ, octets);
	struct world world;

	(void)state;
	world_init(&world, DLT_RAW);
	for (unsigned i = 0; i < FLOWS_CONNECTIONS + 2; i++) {
		world.port = (uint16_t)(PORT + i);
		flag(&world, true, SYN);
		segment(&world, true, 0, world.seq[0] + 50, octets + 50, len - 50);
	}
	assert_non_null(
	    strstr(world.said, "1 > there are too many connections: this one is given up\n"
			       "1 > 50 octets are missing in the capture\n"));
	assert_non_null(strstr(world.said, "258 > connection 258"));
	flows_finish(world.flows);
	flows_free(world.flows);
}

/* ------------------------------------------------------------------------------- GRE */

static void
gre(struct world *world, bool out, uint16_t call_id, const char *payload, size_t len)
{
	uint8_t packet[512] = {0x30, 0x01, 0x88, 0x0b};

	put16(packet + 4, (unsigned)len);
	put16(packet + 6, call_id);
	if (len == 0) { /* an acknowledgement */
		packet[0] = 0x20;
		packet[1] = 0x81;
	}
	memcpy(packet + 12, payload, len);
	ip(world, out, PPTP_GRE_IP_PROTOCOL, packet, 12 + len);
}

static void
ppp_is_listed_and_data_is_counted(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, DLT_RAW);
	open_tcp(&world);
	gre(&world, false, 7, "\xff\x03\xc0\x21\x01\x01\x00\x04", 8);
	gre(&world, true, 9,
	    "\xff\x03\xc0\x23\x01\x01\x00\x10\x03"
	    "bob\x06SECRET",
	    19);
	gre(&world, true, 9, "\x80\xfd\x01\x01\x00\x04", 6);
	gre(&world, true, 9, "\x00\x21\x45\x00", 4);
	gre(&world, true, 9, "\x00\xfd\x90\x00\x12", 5);
	gre(&world, true, 9, "", 0);
	expect(&world, "1 > connection 1, from port 40000 to port 1723\n1 < LCP Configure-Request\n"
		       "1 > PAP Authenticate-Request\n1 > CCP Configure-Request\n"
		       "1 > Packets 2, Octets 9, Encrypted or compressed 1, Acknowledgements 1\n");
}

/* Without a control connection whoever came first is on the left. */
static void
gre_alone_has_two_directions(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, DLT_RAW);
	gre(&world, false, 7, "\xff\x03\xc0\x21\x01\x01\x00\x04", 8);
	gre(&world, true, 9, "\xff\x03\xc0\x21\x02\x01\x00\x04", 8);
	expect(&world, "0 > LCP Configure-Request\n0 < LCP Configure-Ack\n");
}

static void
fragments_are_told_not_put_together(void **state)
{
	static const uint8_t lcp[20] = {
	    0x30, 0x01, 0x88, 0x0b, 0, 8, 0, 7, 0, 0, 0, 0, 0xff, 0x03, 0xc0, 0x21, 1, 1, 0, 4};
	uint8_t frame[64];
	struct world world;
	size_t at;

	(void)state;
	world_init(&world, DLT_RAW);
	at = put_ip(frame, CLIENT, SERVER, PPTP_GRE_IP_PROTOCOL, 20);
	memcpy(frame + at, lcp, sizeof(lcp));
	put16(frame + 6, 0x2000); /* the first of some */
	take(&world, frame, 40);
	put16(frame + 6, 0x0003);
	take(&world, frame, 40);
	expect(&world, "0 > LCP Configure-Request\n"
		       "0 > 1 fragments of packets are left out: they are not put together\n");
}

/* What is written to a file, of all that there is. */
static void
what_is_written_has_no_secret_and_no_data(void **state)
{
	static const struct {
		const char *payload;
		size_t len, kept;
		const char *left; /* of it */
	} cases[] = {
	    {"\xff\x03\xc0\x23\x01\x01\x00\x10\x03"
	     "bob\x06SECRET",
		19, 19,
		"\xff\x03\xc0\x23\x01\x01\x00\x10\x03"
		"bob\x06******"},
	    {"\xff\x03\xc0\x21\x01\x01\x00\x04", 8, 8, "\xff\x03\xc0\x21\x01\x01\x00\x04"},
	    {"\xff\x03\x00\x21"
	     "EEEEEEEEEEE",
		15, 4, "\xff\x03\x00\x21"},
	    {"\x00\xfd\x90\x01"
	     "CIPHERTEXT",
		14, 4, "\x00\xfd\x90\x01"},
	    {"", 0, 0, ""},
	};
	static const uint8_t header[12] = {0x30, 0x01, 0x88, 0x0b, 0, 0, 0, 7};
	uint8_t frame[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t at = put_ip(frame, CLIENT, SERVER, PPTP_GRE_IP_PROTOCOL, 12 + cases[i].len);

		memcpy(frame + at, header, sizeof(header));
		put16(frame + at + 4, (unsigned)cases[i].len);
		memcpy(frame + at + 12, cases[i].payload, cases[i].len);
		assert_int_equal(
		    flows_cleaned(DLT_RAW, frame, at + 12 + cases[i].len), at + 12 + cases[i].kept);
		assert_memory_equal(frame + at + 12, cases[i].left, cases[i].kept);
	}
	/* Another protocol, another port: none of ours. */
	put_ip(frame, CLIENT, SERVER, 17, 40);
	assert_int_equal(flows_cleaned(DLT_RAW, frame, 60), 0);
	put_ip(frame, CLIENT, SERVER, 6, 40);
	memset(frame + 20, 0, 40);
	frame[32] = 5 << 4;
	assert_int_equal(flows_cleaned(DLT_RAW, frame, 60), 0);
	put16(frame + 20, PPTP_PORT);
	assert_int_equal(flows_cleaned(DLT_RAW, frame, 60), 60);
}

/* By a seed: a good conversation of which each packet is damaged, cut, or said twice. */
static void
damage_is_an_ordinary_case(void **state)
{
	static const uint8_t chap[18] = {
	    0x30, 0x01, 0x88, 0x0b, 0, 0xff, 0, 7, 0, 0, 0, 0, 0xff, 0x03, 0xc2, 0x23, 2, 1};

	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct world world;

		srandom(seed);
		world_init(&world, (int[]){DLT_EN10MB, DLT_RAW, DLT_LINUX_SLL2}[seed % 3]);
		for (unsigned i = 0; i < 120; i++) {
			uint8_t frame[512], octets[PPTP_MAX_MSG_LEN];
			bool out = random() % 2 == 0, tcp = random() % 3 > 0;
			size_t at = put_link(world.link_type, frame);
			size_t len = message((enum pptp_msg_type)(1 + random() % 15), octets);

			at += put_ip(frame + at, out ? CLIENT : SERVER, out ? SERVER : CLIENT,
			    tcp ? 6 : PPTP_GRE_IP_PROTOCOL, 20 + len);
			memset(frame + at, 0, 20);
			put16(frame + at, out ? PORT : PPTP_PORT);
			put16(frame + at + 2, out ? PPTP_PORT : PORT);
			put32(frame + at + 4, world.seq[!out]);
			frame[at + 12] = 5 << 4;
			frame[at + 13] = (uint8_t)(random() % 8 == 0 ? random() : ACK);
			if (!tcp)
				memcpy(frame + at, chap, sizeof(chap));
			memcpy(frame + at + 20, octets, len);
			len += at + 20;
			for (long n = random() % 4; n > 0; n--)
				frame[random() % (long)len] = (uint8_t)random();
			if (random() % 4 == 0)
				len = 1 + (size_t)random() % len;
			world.seq[!out] += (uint32_t)(random() % 300);
			world.time += random() % 3000000;
			take(&world, frame, len);
			assert_true(flows_cleaned(world.link_type, frame, len) <= len);
		}
		flows_finish(world.flows);
		flows_free(world.flows);
	}
}

/* --------------------------------------------------------------------------- the command */

struct fixture {
	char file[64];
	struct capture capture;
	struct world world;
	pcap_t *pcap;
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	int fd;

	assert_non_null(fixture);
	snprintf(fixture->file, sizeof(fixture->file), "/tmp/pptpeer-trace.XXXXXX");
	fd = mkstemp(fixture->file);
	assert_true(fd >= 0);
	close(fd);
	fixture->pcap = pcap_open_dead(DLT_EN10MB, 65535);
	assert_non_null(fixture->pcap);
	world_init(&fixture->world, DLT_EN10MB);
	fixture->world.dumper = pcap_dump_open(fixture->pcap, fixture->file);
	assert_non_null(fixture->world.dumper);
	*state = fixture;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	pcap_dump_close(fixture->world.dumper);
	unlink(fixture->file);
	pcap_close(fixture->pcap);
	flows_free(fixture->world.flows);
	free(fixture);
	return 0;
}

/* Runs `trace -r FILE WORDS` on what has been said. */
static const char *
traced(struct fixture *fixture, const char *words)
{
	char line[512];

	pcap_dump_flush(fixture->world.dumper);
	snprintf(line, sizeof(line), "trace -r %s %s", fixture->file, words);
	capture_tool(&fixture->capture, line);
	return fixture->capture.out;
}

static void
assert_lines(const char *said, const char *const *lines)
{
	for (; *lines != NULL; lines++) {
		const char *at = strstr(said, *lines);

		if (at == NULL)
			fail_msg("\"%s\" does not come, or too early, in:\n%s", *lines, said);
		said = at + strlen(*lines);
	}
}

static void
the_text_has_phases_ppp_and_counts(void **state)
{
	static const char *const lines[] = {
	    "     0.000  .. 10.10.10.1: connection 1, from port 40000 to port 1723\n",
	    "creation\n     0.002  -> Start-Control-Connection-Request (1)  10.10.10.10\n"
	    "               Protocol Version 0x0000 (unknown), ",
	    "     0.003  <- LCP Configure-Request (1)  10.10.10.10\n"
	    "               Identifier 1, MRU 1400\n",
	    "deletion\n     0.004  -> Call-Clear-Request (12)  10.10.10.10\n",
	    "     0.005  -> data, Call ID 9  10.10.10.10\n               Packets 1, Octets 4, "
	    "Encrypted or compressed 0, Acknowledgements 0\n",
	    NULL};
	struct fixture *fixture = *state;
	struct world *world = &fixture->world;

	open_tcp(world);
	say_message(world, true, PPTP_SCCRQ);
	gre(world, false, 7, "\xff\x03\xc0\x21\x01\x01\x00\x08\x01\x04\x05\x78", 12);
	say_message(world, true, PPTP_CCR);
	gre(world, true, 9, "\x00\x21\x45\x00", 4);
	assert_lines(traced(fixture, ""), lines);
	assert_int_equal(fixture->capture.code, 0);
	assert_string_equal(fixture->capture.err, "");
}

static void
the_summary_is_q241252_letter_for_letter(void **state)
{
	static const char *const lines[] = {
	    "PPTP Control Packet (1): Start Session Request (1) 10.10.10.1 10.10.10.10\n"
	    "PPTP Control Packet (1): Start Session Reply (2) 10.10.10.10 10.10.10.1\n",
	    "PPTP Control Packet (1): Stop Session Reply (4) 10.10.10.10 10.10.10.1\n", NULL};
	struct fixture *fixture = *state;
	struct world *world = &fixture->world;
	const char *said;
	size_t count = 0;

	open_tcp(world);
	for (size_t i = 0; i < COUNT(article); i++) {
		say_message(world, article[i].out, article[i].type);
		gre(world, article[i].out, 7, "\xff\x03\xc0\x21\x01\x01\x00\x04", 8);
	}
	said = traced(fixture, "--summary");
	assert_lines(said, lines);
	for (; *said != '\0'; said++)
		count += *said == '\n';
	assert_int_equal(count, COUNT(article));
}

/* An Echo-Request that is answered and one that is not; LCP that asks twice. */
static void
the_ladder_breaks_where_an_answer_is_missing(void **state)
{
	struct fixture *fixture = *state;
	struct world *world = &fixture->world;

	say_message(world, true, PPTP_ECHO_REQUEST);
	say_message(world, false, PPTP_ECHO_REPLY);
	gre(world, true, 9, "\xff\x03\xc0\x21\x01\x01\x00\x04", 8);
	world->time = 3000000;
	gre(world, true, 9, "\xff\x03\xc0\x21\x01\x01\x00\x04", 8);
	gre(world, false, 7, "\xff\x03\xc0\x21\x04\x01\x00\x04", 8);
	world->time = 4000000;
	say_message(world, false, PPTP_ECHO_REQUEST);
	world->time = 70000000;
	say_message(world, true, PPTP_CCR);
	world->time = 71500000;
	gre(world, false, 7, "\xff\x03\xc0\x21\x0b\x01\x00\x04", 8);
	assert_string_equal(traced(fixture, "--ladder"),
	    "     0.000  | 10.10.10.1: connection 1, from port 40000 to port 1723; its beginning "
	    "is "
	    "not in the capture\n"
	    "            10.10.10.1                                         10.10.10.10\n"
	    "     0.000  |-- Echo-Request (5) --------------------------------------->|\n"
	    "     0.001  |<----------------------------------------- Echo-Reply (6) --|\n"
	    "     0.002  |-- LCP Configure-Request, Identifier 1 -------------------->|\n"
	    "     3.000  |x - - - - - - - - - - - -  Configure-Ack, -Nak or -Reject - |  none in "
	    "2.998 s\n"
	    "     3.000  |-- LCP Configure-Request, Identifier 1 -------------------->|\n"
	    "     3.001  |<--------------------- LCP Configure-Reject, Identifier 1 --|\n"
	    "     4.000  |<--------------------------------------- Echo-Request (5) --|\n"
	    "    64.000  |-  Echo-Reply - - - - - - - - - - - - - - - - - - - - - - -x|  none in "
	    "60.000 s\n"
	    "    70.000  |-- Call-Clear-Request (12) -------------------------------->|\n"
	    "    71.500  |<---------------------- LCP Discard-Request, Identifier 1 --|\n"
	    "    71.500  |x - - - - - - - - - - - - - - - -  Call-Disconnect-Notify - |  none in "
	    "1.500 s\n");
}

static void
the_octets_have_the_names_of_their_fields(void **state)
{
	static const char *const lines[] = {"             0  00 a8        Length 168\n"
					    "             2  00 01        PPTP Message Type 1\n"
					    "             4  1a 2b 3c 4d  Magic Cookie\n"
					    "             8  00 07        Control Message Type 7\n",
	    "            24  00 00 00 00  Bearer Type 0 (none)\n",
	    "            40  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................  "
	    "Phone Number\n             *\n",
	    "     0.001  -> CHAP Response (2)  10.10.10.10\n"
	    "             0  ff 03        Address, Control\n"
	    "             2  c2 23        Protocol (CHAP)\n"
	    "             4  02           Code 2\n",
	    "             6  00 0c        Length 12\n",
	    "             8  04 2a 2a 2a 2a 62 6f 62                          .****bob  Data\n",
	    NULL};
	struct fixture *fixture = *state;

	say_message(&fixture->world, true, PPTP_OCRQ);
	gre(&fixture->world, true, 9, "\xff\x03\xc2\x23\x02\x01\x00\x0c\x04HASHbob", 16);
	assert_lines(traced(fixture, "--hex"), lines);
}

static void
the_json_is_one_object(void **state)
{
	struct fixture *fixture = *state;
	json_t *all, *events;

	say_message(&fixture->world, true, PPTP_OCRQ);
	gre(&fixture->world, true, 9, "\xff\x03\xc0\x21\x01\x05\x00\x04", 8);
	all = json_loads(traced(fixture, "--json"), 0, NULL);
	events = json_object_get(all, "events");
	assert_string_equal(client_text(all, "file"), fixture->file);
	assert_int_equal(json_array_size(events), 3);
	assert_string_equal(client_text(json_array_get(events, 0), "kind"), "note");
	assert_string_equal(
	    client_text(json_array_get(events, 1), "name"), "Outgoing-Call-Request");
	assert_int_equal(client_number(json_array_get(events, 2), "identifier"), 5);
	json_decref(all);
}

/* And what was written gives the same again. */
static void
what_is_written_is_read_again(void **state)
{
	struct fixture *fixture = *state;
	struct world *world = &fixture->world;
	char out[80], words[160], first[sizeof(fixture->capture.out)];

	open_tcp(world);
	say_message(world, true, PPTP_SCCRQ);
	gre(world, true, 9, "\xff\x03\xc2\x23\x02\x01\x00\x0c\x04HASHbob", 16);
	gre(world, true, 9,
	    "\xff\x03\x00\x21"
	    "the octets of a person",
	    26);
	snprintf(out, sizeof(out), "%s.out", fixture->file);
	snprintf(words, sizeof(words), "-w %s", out);
	memcpy(first, traced(fixture, words), sizeof(first));
	assert_int_equal(fixture->capture.code, 0);
	snprintf(words, sizeof(words), "trace -r %s", out);
	capture_tool(&fixture->capture, words);
	unlink(out);
	assert_string_equal(fixture->capture.out, first);
	assert_non_null(strstr(first, "Packets 1, Octets 26"));
}

static void
what_cannot_be_read_is_said(void **state)
{
	struct fixture *fixture = *state;
	char line[128];

	capture_tool(&fixture->capture, "trace -r /no/such/file");
	assert_int_equal(fixture->capture.code, EXIT_SYSTEM);
	assert_non_null(strstr(fixture->capture.err, "/no/such/file: No such file or directory"));
	capture_tool(&fixture->capture, "trace -r " TOP_SRCDIR "/NEWS");
	assert_int_equal(fixture->capture.code, EXIT_SYSTEM);
	assert_non_null(strstr(fixture->capture.err, "unknown file format"));
	/* What is on the air has headers that are not read here. */
	pcap_t *air = pcap_open_dead(DLT_IEEE802_11, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(air, fixture->file);
	pcap_dump_close(dumper);
	pcap_close(air);
	snprintf(line, sizeof(line), "trace -r %s", fixture->file);
	capture_tool(&fixture->capture, line);
	assert_int_equal(fixture->capture.code, EXIT_SYSTEM);
	assert_non_null(strstr(fixture->capture.err, "its link layer is IEEE802_11 (105)"));
	assert_string_equal(fixture->capture.out, "");
}

static void
of_a_capture_that_is_cut_all_is_shown(void **state)
{
	struct fixture *fixture = *state;

	say_message(&fixture->world, true, PPTP_CCR);
	say_message(&fixture->world, true, PPTP_OCRQ);
	traced(fixture, "");
	assert_int_equal(truncate(fixture->file, 24 + 16 + 70 + 16 + 100), 0);
	assert_non_null(strstr(traced(fixture, ""), "Call-Clear-Request (12)"));
	assert_int_equal(fixture->capture.code, EXIT_SYSTEM);
	assert_non_null(strstr(fixture->capture.err, "truncated"));
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_link_layer_gives_the_same),
	    cmocka_unit_test(tags_and_pppoe_are_stepped_over),
	    cmocka_unit_test(a_message_split_over_segments_is_one_line),
	    cmocka_unit_test(segments_in_any_order_give_the_same),
	    cmocka_unit_test(a_segment_may_have_many_messages),
	    cmocka_unit_test(a_lost_segment_is_said_and_reading_goes_on),
	    cmocka_unit_test(a_capture_may_begin_within_a_message),
	    cmocka_unit_test(rfc1_4_lost_synchronisation_is_found_again),
	    cmocka_unit_test(several_connections_at_once_stay_apart),
	    cmocka_unit_test(more_connections_than_there_is_room_for),
	    cmocka_unit_test(ppp_is_listed_and_data_is_counted),
	    cmocka_unit_test(gre_alone_has_two_directions),
	    cmocka_unit_test(fragments_are_told_not_put_together),
	    cmocka_unit_test(what_is_written_has_no_secret_and_no_data),
	    cmocka_unit_test(damage_is_an_ordinary_case),
	    FILE_TEST(the_text_has_phases_ppp_and_counts),
	    FILE_TEST(the_summary_is_q241252_letter_for_letter),
	    FILE_TEST(the_ladder_breaks_where_an_answer_is_missing),
	    FILE_TEST(the_octets_have_the_names_of_their_fields),
	    FILE_TEST(the_json_is_one_object),
	    FILE_TEST(what_is_written_is_read_again),
	    FILE_TEST(what_cannot_be_read_is_said),
	    FILE_TEST(of_a_capture_that_is_cut_all_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
