/*
 * trace_synth.c: a capture made of a tunnel's messages.  A recorder keeps messages and not packets, so
 * that the headers around them are made up: raw IPv4, TCP and GRE whose numbers begin anew, without the
 * handshake, the acknowledgements and the data that there were.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "client.h"
#include "pptp.h"
#include "trace.h"

#define PAIRS       64 /* of peers, at a time */
#define CLIENT_PORT 49152
#define IP_LEN      20
#define TCP_LEN     20

/* What one side of a pair has said. */
struct side {
	bool used, is_server;
	struct in_addr src, dst;
	uint32_t octets;  /* of TCP */
	uint32_t packets; /* of GRE */
};

struct synth {
	pcap_t *pcap;          /* owns */
	pcap_dumper_t *dumper; /* owns */
	double began;          /* s since 1970: time 0 of the events */
	struct side sides[2 * PAIRS];
};

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

static uint32_t
sum16(uint32_t sum, const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)at[i] << (i % 2 == 0 ? 8 : 0);
	return sum;
}

/* RFC 1071 */
static unsigned
checksum(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* RFC 791 3.1 */
static void
put_ip(uint8_t *at, const struct side *side, unsigned protocol, size_t len)
{
	memset(at, 0, IP_LEN);
	at[0] = 0x45;
	put16(at + 2, (unsigned)(IP_LEN + len));
	at[8] = 64;
	at[9] = (uint8_t)protocol;
	memcpy(at + 12, &side->src, 4);
	memcpy(at + 16, &side->dst, 4);
	put16(at + 10, checksum(sum16(0, at, IP_LEN)));
}

/* RFC 9293 3.1; the number of the other side's that it acknowledges is what that has said. */
static size_t
put_tcp(uint8_t *at, struct side *side, const struct side *other, const uint8_t *octets, size_t len)
{
	uint8_t *tcp = at + IP_LEN;
	uint32_t sum;

	memset(tcp, 0, TCP_LEN);
	put16(tcp, side->is_server ? PPTP_PORT : CLIENT_PORT);
	put16(tcp + 2, side->is_server ? CLIENT_PORT : PPTP_PORT);
	put32(tcp + 4, 1 + side->octets);
	put32(tcp + 8, 1 + other->octets);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = 0x18;              /* ACK, PSH */
	put16(tcp + 14, UINT16_MAX); /* window */
	memcpy(tcp + TCP_LEN, octets, len);
	put_ip(at, side, 6, TCP_LEN + len);
	sum = sum16(6 + TCP_LEN + (uint32_t)len, at + 12, 8);
	put16(tcp + 16, checksum(sum16(sum, tcp, TCP_LEN + len)));
	side->octets += (uint32_t)len;
	return IP_LEN + TCP_LEN + len;
}

static size_t
put_gre(uint8_t *at, struct side *side, uint16_t call_id, const uint8_t *octets, size_t len)
{
	const struct pptp_gre gre = {
	    .call_id = call_id,
	    .payload_len = (uint16_t)len,
	    .has_seq = true,
	    .seq = side->packets++,
	};
	size_t header = 0;

	if (pptp_gre_encode(&gre, at + IP_LEN, PPTP_GRE_MAX_HEADER, &header) != PPTP_OK)
		return 0;
	memcpy(at + IP_LEN + header, octets, len);
	put_ip(at, side, PPTP_GRE_IP_PROTOCOL, header + len);
	return IP_LEN + header + len;
}

/*
 * The sides of a pair stand together: the one that `event` is from.  Who listens on port 1723 the first
 * Start-Control-Connection-Request tells; if it is not there any more, we have dialled.  NULL: there is
 * no room.
 */
static struct side *
side_of(struct synth *synth, const json_t *event)
{
	bool out = strcmp(client_text(event, "dir"), "out") == 0;
	bool starts = trace_is(event, "control") && client_number(event, "type") == PPTP_SCCRQ;
	struct in_addr src, dst;

	if (inet_pton(AF_INET, client_text(event, "src"), &src) != 1 ||
	    inet_pton(AF_INET, client_text(event, "dst"), &dst) != 1)
		return NULL;
	for (size_t i = 0; i < 2 * PAIRS; i++) {
		struct side *at = &synth->sides[i];

		if (!at->used) {
			at[0] = (struct side){
			    .used = true, .is_server = !out && !starts, .src = src, .dst = dst};
			at[1] = (struct side){
			    .used = true, .is_server = !at[0].is_server, .src = dst, .dst = src};
			return at;
		}
		if (at->src.s_addr == src.s_addr && at->dst.s_addr == dst.s_addr)
			return at;
	}
	return NULL;
}

struct synth *
synth_new(const char *path, char *error, size_t size)
{
	struct synth *synth = calloc(1, sizeof(*synth));

	if (synth != NULL)
		synth->pcap = pcap_open_dead(DLT_RAW, UINT16_MAX);
	if (synth == NULL || synth->pcap == NULL) {
		snprintf(error, size, "out of memory");
		synth_free(synth);
		return NULL;
	}
	synth->dumper = pcap_dump_open(synth->pcap, path);
	if (synth->dumper == NULL) {
		snprintf(error, size, "%s", pcap_geterr(synth->pcap));
		synth_free(synth);
		return NULL;
	}
	return synth;
}

void
synth_free(struct synth *synth)
{
	if (synth == NULL)
		return;
	if (synth->dumper != NULL)
		pcap_dump_close(synth->dumper);
	if (synth->pcap != NULL)
		pcap_close(synth->pcap);
	free(synth);
}

void
synth_now(struct synth *synth, double now)
{
	struct timeval time;

	gettimeofday(&time, NULL);
	synth->began = (double)time.tv_sec + (double)time.tv_usec / 1e6 - now;
}

void
synth_write(struct synth *synth, const json_t *event)
{
	uint8_t packet[IP_LEN + TCP_LEN + 512], octets[512];
	double time = synth->began + json_number_value(json_object_get(event, "time"));
	struct side *side = side_of(synth, event), *other;
	struct pcap_pkthdr header = {0};
	size_t len;

	trace_octets(event, octets, sizeof(octets), &len);
	if (side == NULL || len == 0)
		return;
	other = (side - synth->sides) % 2 == 0 ? side + 1 : side - 1;
	if (trace_is(event, "control"))
		len = put_tcp(packet, side, other, octets, len);
	else
		len = put_gre(packet, side, (uint16_t)client_number(event, "call_id"), octets, len);
	header.caplen = header.len = (bpf_u_int32)len;
	header.ts.tv_sec = (time_t)time;
	header.ts.tv_usec = (suseconds_t)((time - (double)header.ts.tv_sec) * 1e6);
	pcap_dump((u_char *)synth->dumper, &header, packet);
}

bool
synth_finish(struct synth *synth)
{
	return pcap_dump_flush(synth->dumper) == 0 && ferror(pcap_dump_file(synth->dumper)) == 0;
}
