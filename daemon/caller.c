/* caller.c: one control connection that was opened to us, and what comes on it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "listener_int.h"

/* One that has been without a call for less is still about to ask for one. */
#define CALL_TIME (10 * PPTP_SEC)

void
caller_free(struct caller *caller)
{
	struct listener *listener = caller->listener;
	struct answer *answer;

	while ((answer = TAILQ_FIRST(&caller->answers)) != NULL)
		answer_free(answer);
	if (!caller->established && !caller->down)
		listener->half_open--;
	if (!caller->refused)
		listener->caller_count--;
	TAILQ_REMOVE(&listener->callers, caller, link);
	conn_free(caller->conn);
	turn_fini(&caller->turn);
	free(caller);
	turn_want(&listener->turn);
}

void
caller_stop(struct caller *caller)
{
	caller->stopping = true;
	if (!caller->down)
		pptp_ctrl_stop(conn_ctrl(caller->conn), PPTP_STOP_LOCAL_SHUTDOWN, clock_now());
	turn_want(&caller->turn);
}

bool
caller_make_room(struct listener *listener)
{
	uint64_t now = clock_now();
	struct caller *caller, *longest = NULL;

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		if (caller->established && !caller->stopping && caller->answer_count == 0 &&
		    now - caller->since >= CALL_TIME &&
		    (longest == NULL || caller->since < longest->since))
			longest = caller;
	}
	if (longest == NULL)
		return false;
	caller_stop(longest);
	return true;
}

/* -------------------------------------------------------------------------------- events */

static struct answer *
find_answer(const struct caller *caller, uint16_t local_call_id)
{
	struct answer *answer;

	TAILQ_FOREACH(answer, &caller->answers, link)
	{
		if (answer->call_alive && answer->line.local_call_id == local_call_id)
			return answer;
	}
	return NULL;
}

static void
control_up(struct caller *caller, const struct pptp_event *event)
{
	char vendor[4 * PPTP_NAME_LEN + 1], ip[INET_ADDRSTRLEN];

	caller->established = true;
	caller->listener->half_open--;
	caller->since = clock_now();
	caller->peer = event->msg.u.sccrq;
	pptp_escape(caller->peer.vendor_name, vendor, sizeof(vendor));
	engine_note(caller->listener->engine, 1, "%s: control connection established%s%s",
	    inet_ntop(AF_INET, &caller->address, ip, sizeof(ip)),
	    vendor[0] != '\0' ? "; it says it is " : "", vendor);
}

static void
control_down(struct caller *caller, const struct pptp_event *event, uint64_t now)
{
	char ip[INET_ADDRSTRLEN];
	struct answer *answer;

	if (!caller->established)
		caller->listener->half_open--;
	caller->down = true;
	conn_finish(caller->conn, now);
	TAILQ_FOREACH(answer, &caller->answers, link)
	answer_hung_up(answer, event);
	engine_note(caller->listener->engine, 1, "%s: control connection ended: %s",
	    inet_ntop(AF_INET, &caller->address, ip, sizeof(ip)), pptp_cause_name(event->cause));
}

static void
on_event(struct caller *caller, const struct pptp_event *event, uint64_t now)
{
	struct answer *answer;

	switch (event->type) {
	case PPTP_EV_CTRL_UP:
		control_up(caller, event);
		break;
	case PPTP_EV_CTRL_DOWN:
		control_down(caller, event, now);
		break;
	case PPTP_EV_CALL_OFFERED:
		answer_offer(caller, event, now);
		break;
	case PPTP_EV_CALL_UP:
		answer = find_answer(caller, event->local_call_id);
		if (answer != NULL)
			answer_call_up(answer, event);
		break;
	case PPTP_EV_CALL_DOWN:
		answer = find_answer(caller, event->local_call_id);
		if (answer != NULL)
			answer_call_down(answer, event);
		break;
	case PPTP_EV_ECHO:
		caller->echo_rtt = event->rtt;
		break;
	case PPTP_EV_RECV:
	case PPTP_EV_SKIPPED:
	case PPTP_EV_IGNORED:
	case PPTP_EV_START_OFFERED:
	case PPTP_EV_LINK_INFO: /* inside GRE nothing is escaped (protocol H3) */
	case PPTP_EV_WAN_ERROR: /* of a line of its own, which pppd's counters know nothing of */
		break;
	}
}

static bool
drain_events(struct caller *caller, uint64_t now)
{
	struct pptp_event event;
	bool any = false;

	while (conn_event(caller->conn, &event) == PPTP_OK) {
		on_event(caller, &event, now);
		any = true;
	}
	return any;
}

static void
take_turn(void *ctx, uint64_t now)
{
	struct caller *caller = ctx;
	uint64_t deadline;
	bool any;

	do {
		any = drain_events(caller, now);
		deadline = conn_pump(caller->conn, now);
	} while (any || drain_events(caller, now));
	if (caller->down && conn_is_closed(caller->conn) && caller->answer_count == 0)
		caller_free(caller);
	else
		turn_at(&caller->turn, deadline, now);
}

static void
on_stirred(void *ctx)
{
	struct caller *caller = ctx;

	turn_want(&caller->turn);
}

/* -------------------------------------------------------------------------------- life cycle */

static bool
is_taken(void *ctx, uint16_t call_id)
{
	const struct caller *caller = ctx;

	return gre_shared_has(caller->listener->gre, caller->address, call_id);
}

static struct conn *
new_conn(struct caller *caller)
{
	const struct config *config = caller->listener->config;
	const struct conn_owner owner = {.stirred = on_stirred, .ctx = caller};
	const struct conn_answer answer = {
	    .start_timeout = config->setup_timeout,
	    .max_calls =
		config->max_calls_per_peer + 1, /* that one is busy, and not lib/'s to refuse */
	    .takes_outgoing = true,
	    .takes_incoming = true,
	    .is_taken = is_taken,
	    .taken_ctx = caller,
	};

	return conn_new(caller->listener->engine, &owner, &answer);
}

void
caller_new(struct listener *listener, int fd, struct in_addr address, enum pptp_sccrp_result refuse)
{
	struct caller *caller = calloc(1, sizeof(*caller));
	uint64_t now = clock_now();
	struct in_addr remote;

	if (caller == NULL || !turn_init(&caller->turn, &listener->turns, take_turn, caller)) {
		free(caller);
		close(fd);
		return;
	}
	caller->listener = listener;
	caller->address = address;
	caller->since = now;
	TAILQ_INIT(&caller->answers);
	TAILQ_INSERT_TAIL(&listener->callers, caller, link);
	caller->refused = refuse != PPTP_SCCRP_OK;
	listener->half_open++;
	if (!caller->refused)
		listener->caller_count++;
	caller->conn = new_conn(caller);
	if (caller->conn == NULL)
		close(fd);
	if (caller->conn == NULL || !conn_adopt(caller->conn, fd, address, now)) {
		caller_free(caller);
		return;
	}
	conn_endpoints(caller->conn, &caller->local, &remote);
	if (caller->refused)
		pptp_ctrl_refuse(conn_ctrl(caller->conn), refuse,
		    refuse == PPTP_SCCRP_GENERAL_ERROR ? PPTP_ERROR_NO_RESOURCE : PPTP_ERROR_NONE,
		    now);
	turn_want(&caller->turn);
}
