/*
 * control.h: the server's half of a control connection, as far as a measurement needs it: every
 * request is granted.  Shared by the two rigs.
 */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include <netinet/in.h>
#include <stdint.h>

enum control_event {
	CONTROL_OTHER, /* answered, if it wants an answer */
	CONTROL_CALL,  /* both Call IDs are known; control_accept() opens the call */
	CONTROL_CLEAR, /* the client clears the call */
	CONTROL_GONE,  /* the connection is over, or not in PPTP */
};

struct control {
	int fd; /* owns */
	uint16_t call_id, peer_call_id;
};

/* A listening socket; ends the program when there is none to be had. */
int control_listen(struct in_addr address);
/* Waits for one whole message and answers it. */
enum control_event control_read(struct control *control);
/* Sends the Outgoing-Call-Reply. */
void control_accept(struct control *control);

#endif
