/*
 * fuzz_trace.c: any octets as a capture: packets to events, each event in each view, and each packet
 * made fit to be written.  What is written gives the same events again, and no secret is in them.
 *
 *   mkdir -p build/fuzz/corpus-trace && cd build/fuzz
 *   ../../configure CC=clang CFLAGS='-g -O1 -fsanitize=fuzzer-no-link' --enable-sanitizers
 *   make tests/fuzz/fuzz_trace
 *   tests/fuzz/fuzz_trace -max_len=65536 -rss_limit_mb=512 corpus-trace ../../tests/vectors
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/flows.h"
#include "tool/trace.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct tool tool;
	struct trace views[5];
	uint64_t sum; /* of the events' words */
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return freopen("/dev/null", "w", stdout) == NULL ? -1 : 0;
}

/* Without the time: that of what comes at the end is the last packet's, written or not. */
static void
add(uint64_t *sum, json_t *event)
{
	json_t *copy = json_copy(event);
	char *words;

	json_object_del(copy, "time");
	words = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	if (words == NULL)
		abort();
	for (const char *at = words; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			abort(); /* it could steer a terminal */
		*sum = *sum * 31 + (unsigned char)*at;
	}
	free(words);
}

static void
on_event(void *ctx, json_t *event, unsigned connection)
{
	struct run *run = ctx;

	(void)connection;
	add(&run->sum, event);
	for (size_t i = 0; i < sizeof(run->views) / sizeof(run->views[0]); i++)
		trace_show(&run->views[i], event);
	json_decref(event);
}

static void
on_event_again(void *ctx, json_t *event, unsigned connection)
{
	(void)connection;
	add(ctx, event);
	json_decref(event);
}

static void
take_all(struct run *run, pcap_t *pcap)
{
	uint64_t again = 0;
	struct flows *flows = flows_new(on_event, run);
	struct flows *written = flows_new(on_event_again, &again);
	struct pcap_pkthdr *header;
	const uint8_t *frame;
	int link_type = pcap_datalink(pcap);
	int64_t time = 0;
	bool fragments = false;

	if (flows == NULL || written == NULL)
		abort();
	while (pcap_next_ex(pcap, &header, &frame) == 1 && header->caplen > 0) {
		struct packet packet;
		uint8_t *copy = malloc(header->caplen);
		size_t len;

		if (copy == NULL)
			abort();
		memcpy(copy, frame, header->caplen);
		fragments |=
		    packet_decode(&packet, link_type, copy, header->caplen) == PACKET_FRAGMENT;
		time += header->ts.tv_usec % 5000000;
		flows_take(flows, link_type, copy, header->caplen, time);
		len = flows_cleaned(link_type, copy, header->caplen);
		if (len > header->caplen)
			abort();
		if (len > 0) {
			uint8_t *cleaned = malloc(len);

			if (cleaned == NULL)
				abort();
			memcpy(cleaned, copy, len);
			flows_take(written, link_type, cleaned, len, time);
			free(cleaned);
		}
		free(copy);
	}
	flows_finish(flows);
	flows_finish(written);
	if (run->sum != again && !fragments) /* those are counted, and not written */
		abort();
	flows_free(flows);
	flows_free(written);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum trace_view views[] = {
	    VIEW_TEXT, VIEW_SUMMARY, VIEW_LADDER, VIEW_JSON, VIEW_HEX};
	char error[PCAP_ERRBUF_SIZE];
	struct run run = {0};
	FILE *file;
	pcap_t *pcap;

	if (size == 0 || (file = fmemopen((void *)(uintptr_t)data, size, "r")) == NULL)
		return 0;
	pcap = pcap_fopen_offline(file, error);
	if (pcap == NULL) {
		fclose(file);
		return 0;
	}
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		run.views[i] = (struct trace){
		    .tool = &run.tool, .view = views[i], .file = "", .ladder = ladder_new()};
	if (packet_link_is_known(pcap_datalink(pcap)))
		take_all(&run, pcap);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		trace_show_end(&run.views[i], 1);
		ladder_free(run.views[i].ladder);
	}
	pcap_close(pcap);
	return 0;
}
