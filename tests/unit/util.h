/*
 * util.h: what the unit tests of the control side share: surroundings for the library
 * whose memory can fail, and a control connection with a scripted peer, in virtual time.
 */
#ifndef UTIL_H
#define UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pptp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A generator of our own (xorshift), so that a seed gives the same everywhere. */
static inline uint32_t
prng(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/*
 * How often a test by chance tries: CHANCE in the environment is the percentage of what is
 * usual, less under valgrind, more for a long run.
 */
static inline uint32_t
by_chance(uint32_t usual)
{
	const char *percent = getenv("CHANCE");

	if (percent == NULL)
		return usual;
	return (uint32_t)((uint64_t)usual * strtoul(percent, NULL, 10) / 100 + 1);
}

struct surroundings {
	struct pptp_env env;
	size_t live;       /* pieces of memory not given back */
	size_t taken;      /* pieces ever taken */
	size_t fail_at;    /* this one (from 1) fails, 0: none */
	uint32_t random;   /* the next random number */
	uint32_t increase; /* and how it goes on */
};

static void *
env_alloc(void *ctx, size_t size)
{
	struct surroundings *s = ctx;
	void *ptr;

	if (++s->taken == s->fail_at)
		return NULL;
	ptr = calloc(1, size);
	assert_non_null(ptr);
	s->live++;
	return ptr;
}

static void
env_free(void *ctx, void *ptr)
{
	struct surroundings *s = ctx;

	if (ptr != NULL)
		s->live--;
	free(ptr);
}

static uint32_t
env_random(void *ctx)
{
	struct surroundings *s = ctx;
	uint32_t value = s->random;

	s->random += s->increase;
	return value;
}

static inline void
surroundings_init(struct surroundings *s)
{
	*s = (struct surroundings){.random = 1000, .increase = 7};
	s->env = (struct pptp_env){env_alloc, env_free, env_random, s};
}

/* --------------------------------------------------- a control connection and its peer
 */

struct world {
	struct surroundings s;
	struct pptp_ctrl *ctrl;
	uint64_t now;
};

static inline void
world_init(struct world *w)
{
	struct pptp_ctrl_params params = {.host_name = "here", .vendor_name = "us"};

	surroundings_init(&w->s);
	w->now = 1000 * PPTP_SEC;
	w->ctrl = pptp_ctrl_new(&w->s.env, &params);
	assert_non_null(w->ctrl);
}

static inline void
world_fini(struct world *w)
{
	pptp_ctrl_free(w->ctrl);
	assert_int_equal(w->s.live, 0);
}

/* The peer sends it. */
static inline int
peer_sends(struct world *w, const struct pptp_msg *msg)
{
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len;

	assert_int_equal(pptp_msg_encode(msg, octets, sizeof(octets), &len), PPTP_OK);
	return pptp_ctrl_recv(w->ctrl, octets, len, w->now);
}

/* The next message of ours must be of this type. */
static inline struct pptp_msg
we_send(struct world *w, enum pptp_msg_type type)
{
	struct pptp_msg msg;
	const uint8_t *octets;
	size_t len = 0;

	octets = pptp_ctrl_output(w->ctrl, &len);
	assert_non_null(octets);
	assert_int_equal(pptp_msg_decode(&msg, octets, len), PPTP_OK);
	assert_string_equal(pptp_msg_name(msg.type), pptp_msg_name(type));
	pptp_ctrl_output_done(w->ctrl);
	return msg;
}

static inline void
we_send_nothing(struct world *w)
{
	size_t len;

	assert_null(pptp_ctrl_output(w->ctrl, &len));
}

/* The next event must be of this type. */
static inline struct pptp_event
event_is(struct world *w, enum pptp_event_type type)
{
	struct pptp_event event;

	assert_int_equal(pptp_ctrl_event(w->ctrl, &event), PPTP_OK);
	assert_int_equal(event.type, type);
	return event;
}

static inline void
no_event(struct world *w)
{
	struct pptp_event event;

	assert_int_equal(pptp_ctrl_event(w->ctrl, &event), PPTP_ERR_AGAIN);
}

/* The connection has ended, for this cause; nothing comes after that. */
static inline struct pptp_event
down_is(struct world *w, enum pptp_cause cause)
{
	struct pptp_event event = event_is(w, PPTP_EV_CTRL_DOWN);

	assert_string_equal(pptp_cause_name(event.cause), pptp_cause_name(cause));
	no_event(w);
	assert_int_equal(pptp_ctrl_state(w->ctrl), PPTP_CTRL_IDLE);
	assert_true(pptp_ctrl_deadline(w->ctrl) == PPTP_NEVER);
	return event;
}

static inline struct pptp_event
call_down_is(struct world *w, enum pptp_cause cause, uint16_t local_call_id)
{
	struct pptp_event event = event_is(w, PPTP_EV_CALL_DOWN);

	assert_string_equal(pptp_cause_name(event.cause), pptp_cause_name(cause));
	assert_int_equal(event.local_call_id, local_call_id);
	return event;
}

static inline struct pptp_msg
sccrp(uint8_t result, uint16_t version)
{
	struct pptp_msg msg = {.type = PPTP_SCCRP};

	msg.u.sccrp.protocol_version = version;
	msg.u.sccrp.result_code = result;
	return msg;
}

static inline void
world_start(struct world *w)
{
	world_init(w);
	assert_int_equal(pptp_ctrl_start(w->ctrl, w->now), PPTP_OK);
}

/* Up to the established state, with the queues empty. */
static inline void
world_establish(struct world *w)
{
	struct pptp_msg reply = sccrp(PPTP_SCCRP_OK, PPTP_PROTOCOL_VERSION);

	world_start(w);
	we_send(w, PPTP_SCCRQ);
	assert_int_equal(peer_sends(w, &reply), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
	event_is(w, PPTP_EV_CTRL_UP);
	no_event(w);
}

/* The other way round: the peer dials, up to the established state, with the queues empty. */
static inline void
world_answer(struct world *w, const struct pptp_ctrl_params *params)
{
	struct pptp_msg request = {.type = PPTP_SCCRQ};

	surroundings_init(&w->s);
	w->now = 1000 * PPTP_SEC;
	w->ctrl = pptp_ctrl_new(&w->s.env, params);
	assert_non_null(w->ctrl);
	assert_int_equal(pptp_ctrl_accept(w->ctrl, w->now), PPTP_OK);
	request.u.sccrq.protocol_version = PPTP_PROTOCOL_VERSION;
	assert_int_equal(peer_sends(w, &request), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
	event_is(w, PPTP_EV_CTRL_UP);
	we_send(w, PPTP_SCCRP);
	no_event(w);
}

/* Time passes until just before the deadline, when nothing happens, and then to it. */
static inline void
wait_until_due(struct world *w, uint64_t expected)
{
	assert_true(pptp_ctrl_deadline(w->ctrl) == expected);
	assert_int_equal(pptp_ctrl_expire(w->ctrl, expected - 1), PPTP_OK);
	we_send_nothing(w);
	no_event(w);
	w->now = expected;
	assert_int_equal(pptp_ctrl_expire(w->ctrl, w->now), PPTP_OK);
}

/* Opens a call and takes its request. */
static inline uint16_t
call_request(struct world *w)
{
	struct pptp_call_params params = {.recv_window = 32};
	struct pptp_msg request;
	uint16_t id = 0;

	assert_int_equal(pptp_call_open(w->ctrl, &params, &id, w->now), PPTP_OK);
	request = we_send(w, PPTP_OCRQ);
	assert_int_equal(request.u.ocrq.call_id, id);
	return id;
}

static inline struct pptp_msg
ocrp(uint16_t peer_id, uint16_t our_id, uint8_t result)
{
	struct pptp_msg msg = {.type = PPTP_OCRP};

	msg.u.ocrp.call_id = peer_id;
	msg.u.ocrp.peers_call_id = our_id;
	msg.u.ocrp.result_code = result;
	return msg;
}

static inline struct pptp_msg
cdn(uint16_t call_id, uint8_t result)
{
	struct pptp_msg msg = {.type = PPTP_CDN};

	msg.u.cdn.call_id = call_id;
	msg.u.cdn.result_code = result;
	return msg;
}

/* A call up to its established state. */
static inline uint16_t
call_establish(struct world *w, uint16_t peer_id)
{
	uint16_t id = call_request(w);
	struct pptp_msg reply = ocrp(peer_id, id, PPTP_OCRP_CONNECTED);
	struct pptp_event event;

	assert_int_equal(peer_sends(w, &reply), PPTP_OK);
	event_is(w, PPTP_EV_RECV);
	event = event_is(w, PPTP_EV_CALL_UP);
	assert_int_equal(event.local_call_id, id);
	assert_int_equal(event.peer_call_id, peer_id);
	return id;
}

#endif
