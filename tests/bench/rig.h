/*
 * rig.h: the host rig's parts.  One program under test in the client's network namespace; this
 * program is the server on the GRE side and pppd on the pty's side, and counts.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"

#define RIG_CPU     0 /* all of this program */
#define TESTED_CPU  1 /* the program under test */
#define FAR_SOCKET  "rig"
#define GRE_KEY     0x2001 /* the first sixteen bits (RFC 2637 4.1): K, version 1 */
#define GRE_SEQ     0x1000 /* S */
#define GRE_ACK     0x0080 /* A */
#define GRE_DATA    12     /* octets before the payload: with S, without A */
#define IP_HEADER   20
#define PAYLOAD_MAX 1500

struct rig {
	struct in_addr address, client;
	const char *interface; /* borrows: ours, towards the client */
	struct control control;
	int gre;     /* owns: raw, connected to the client */
	int pty;     /* owns: the slave, raw */
	int pppd;    /* owns: to the program that plays pppd; -1: none */
	bool pinned; /* there are two CPUs */
	/*
	 * The server's receiver looks from time to time and does not wait to be woken: that costs
	 * whoever sends, more so in a virtual machine, and most him who sends packets one by one.
	 */
	bool polling;
	uint32_t next_seq;
	/* They only grow. */
	atomic_ullong gre_packets;    /* with data, from the client */
	atomic_ullong gre_acks, gaps; /* without data; numbers that are missing, so far */
	atomic_ullong frames;         /* that came out of the pty */
	atomic_ullong sent;           /* GRE packets to the client */
	atomic_ullong stalls;         /* nothing came for a while, though something was sent */
	atomic_bool stopping;         /* the senders of one flow end */
};

uint64_t clock_ns(void);
void put16(uint8_t *to, unsigned value);
void put32(uint8_t *to, uint32_t value);
uint16_t get16(const uint8_t *from);
uint32_t get32(const uint8_t *from);
/* A header with the next sequence number, for so many octets. */
void gre_header(struct rig *rig, uint8_t *to, size_t len);
/* A frame as MPPE would make it: Address, Control, protocol 0x00fd, then noise. */
void random_frame(uint8_t *frame, size_t len);

/* link.c: LCP between the two ends, each through the program; then frames both ways, bit for bit.
 * NULL, or what is wrong. */
const char *link_open(struct rig *rig);

/* flow.c */
struct tested;
enum { FLOW_UP = 1, FLOW_DOWN = 2 };
struct flow {
	unsigned ways; /* FLOW_UP: pty to GRE; FLOW_DOWN: GRE to pty */
	size_t size;   /* of the GRE payload, octets */
	unsigned rate; /* down, packets a second; 0: as fast as they come out */
	uint64_t time; /* ns */
	bool count_calls;
};
void flow_open(struct rig *rig);
/* Prints what came through, and what it took. */
void flow_run(struct rig *rig, struct tested *tested, const struct flow *flow);

/* tested.c: the processes of the program under test. */
struct tested {
	size_t count;
	int pids[16];
	int calls[16]; /* perf descriptors; -1: not counted */
};
struct usage {
	uint64_t cpu, user, system; /* ns; the latter two by ticks */
	uint64_t others;            /* ns, by ticks: of the whole machine less the rig and these */
	uint64_t calls;
	bool calls_known;
};
/* Fills in the processes in this network namespace, this program's own apart. */
void tested_find(const char *netns, struct tested *tested);
void tested_count_calls(struct tested *tested, bool on);
void tested_usage(const struct tested *tested, struct usage *usage);
void tested_print_memory(const struct tested *tested);

/* far_pppd.c: this program in pppd's place, started by the daemon's keeper. */
int far_pppd_main(char **argv);
/* The pty's slave from that program, which has connected to `listener`. */
void far_pppd_accept(struct rig *rig, int listener);
/* It reports that PPP is up. */
void far_pppd_up(struct rig *rig);

#endif
