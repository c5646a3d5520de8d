/* control.c: see control.h. */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "listener.h"
#include "peer.h"
#include "reason.h"
#include "text_json.h"
#include "trace_event.h"

#define MAX_CLIENTS 16
#define MAX_ROOTS   2    /* more, for those who may end it, when readers hold all the others */
#define MAX_REQUEST 4096 /* octets of a line */
#define MAX_PENDING (1024 * 1024) /* octets a client may leave unread */
#define RECORDS     200

/* The flight recorder's entry: a control message, or the front of a PPP packet. */
struct record {
	bool is_ppp;
	uint64_t time; /* us since the start */
	struct engine_way way;
	uint16_t call_id; /* of PPP */
	size_t len;
	uint8_t octets[TRACE_PPP_MAX];
};

struct recorder {
	uint64_t recorded; /* ever; the ring holds the last RECORDS */
	struct record records[RECORDS];
};

struct client {
	struct control *control; /* borrows for life */
	struct bufferevent *bev; /* owns, and the descriptor in it */
	bool follows;
	bool reloads;    /* waits for what comes of its "reload" */
	bool may_change; /* SO_PEERCRED: root, or the tunnel's own user */
};

struct control {
	struct engine *engine;                          /* borrows for life */
	int listen_fd;                                  /* owns */
	struct event *listen_event;                     /* owns */
	struct client clients[MAX_CLIENTS + MAX_ROOTS]; /* bev NULL: free */
	struct recorder messages, ppp;                  /* apart: neither pushes out the other */
};

static void
client_drop(struct client *client)
{
	if (client->bev != NULL)
		bufferevent_free(client->bev);
	client->bev = NULL;
	client->follows = client->reloads = false;
}

/* Takes the reference.  A client that does not read is dropped. */
static void
client_send(struct client *client, json_t *json)
{
	char *line = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (line == NULL) {
		client_drop(client);
		return;
	}
	bufferevent_write(client->bev, line, strlen(line));
	bufferevent_write(client->bev, "\n", 1);
	free(line);
	if (evbuffer_get_length(bufferevent_get_output(client->bev)) > MAX_PENDING)
		client_drop(client);
}

/* ------------------------------------------------------------------------ flight recorder */

static json_t *
record_json(const struct record *record)
{
	const struct engine_way *way = &record->way;
	const struct trace_way ends = {
	    .time = (double)record->time / (double)PPTP_SEC,
	    .out = way->out,
	    .src = way->out ? way->local : way->remote,
	    .dst = way->out ? way->remote : way->local,
	};

	if (record->is_ppp)
		return trace_ppp(&ends, record->call_id, record->octets, record->len);
	return trace_control(&ends, record->octets, record->len);
}

static void
record_fill(const struct control *control, struct record *record, const struct engine_way *way,
    const uint8_t *octets, size_t len)
{
	record->time = clock_now() - control->engine->started;
	record->way = *way;
	record->len = len < sizeof(record->octets) ? len : sizeof(record->octets);
	memcpy(record->octets, octets, record->len);
}

static void
tell_followers(struct control *control, const struct record *record)
{
	for (size_t i = 0; i < MAX_CLIENTS + MAX_ROOTS; i++) {
		if (control->clients[i].follows)
			client_send(&control->clients[i],
			    json_pack("{s:o*}", "event", record_json(record)));
	}
}

static struct record *
next_place(struct recorder *recorder)
{
	return &recorder->records[recorder->recorded++ % RECORDS];
}

void
control_record(
    struct control *control, const struct engine_way *way, const uint8_t *octets, size_t len)
{
	struct record *record = next_place(&control->messages);

	record_fill(control, record, way, octets, len);
	record->is_ppp = false;
	tell_followers(control, record);
}

/* RFC 1661 5.8 and 5.9, RFC 1989: every few seconds, for as long as the tunnel lives. */
static bool
is_sign_of_life(const uint8_t *frame, size_t len)
{
	struct pptp_ppp ppp;

	return pptp_ppp_decode(&ppp, frame, len) == PPTP_OK && ppp.has_code &&
	       ((ppp.protocol == 0xc021 && ppp.code >= 9 && ppp.code <= 11) ||
		   ppp.protocol == 0xc025);
}

void
control_record_ppp(struct control *control, const struct engine_way *way, uint16_t call_id,
    const uint8_t *frame, size_t len)
{
	struct record passing, *record = &passing;

	if (!is_sign_of_life(frame, len))
		record = next_place(&control->ppp);
	record_fill(control, record, way, frame, len);
	pptp_ppp_hide(record->octets, record->len);
	record->is_ppp = true;
	record->call_id = call_id;
	tell_followers(control, record);
}

/* Both rings, by time. */
static json_t *
records_json(const struct control *control)
{
	const struct recorder *const both[] = {&control->messages, &control->ppp};
	uint64_t at[2];
	json_t *events = json_array();

	for (size_t i = 0; i < 2; i++)
		at[i] = both[i]->recorded > RECORDS ? both[i]->recorded - RECORDS : 0;
	while (events != NULL) {
		const struct record *next = NULL;
		size_t of = 0;

		for (size_t i = 0; i < 2; i++) {
			const struct record *record = &both[i]->records[at[i] % RECORDS];

			if (at[i] == both[i]->recorded ||
			    (next != NULL && record->time >= next->time))
				continue;
			next = record;
			of = i;
		}
		if (next == NULL)
			break;
		json_array_append_new(events, record_json(next));
		at[of]++;
	}
	return events;
}

/* -------------------------------------------------------------------------------- requests */

static void
refuse(struct client *client, int exit_code, const char *why)
{
	client_send(client,
	    json_pack("{s:b, s:o, s:i}", "ok", 0, "error", text_json(why), "exit", exit_code));
}

/* What the keeper is to do, for those who may ask for it; false: no such verb. */
static bool
do_change(struct client *client, const char *verb)
{
	static const struct {
		const char *verb;
		enum ipc_type type;
	} changes[] = {{"down", IPC_DOWN}, {"redial", IPC_REDIAL}, {"reload", IPC_RELOAD}};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct ipc_msg msg;

		if (strcmp(verb, changes[i].verb) != 0)
			continue;
		if (!client->may_change) {
			refuse(client, EXIT_PRIVILEGE,
			    "only root, or whoever runs the tunnel, may do that");
			return true;
		}
		if (changes[i].type == IPC_REDIAL &&
		    client->control->engine->config->role == ROLE_LISTEN) {
			refuse(client, EXIT_USAGE, "a listener dials nobody: it is called");
			return true;
		}
		ipc_init(&msg, changes[i].type);
		engine_send(client->control->engine, &msg);
		if (changes[i].type == IPC_RELOAD)
			client->reloads = true; /* it is answered by control_reloaded() */
		else
			client_send(client, json_pack("{s:b}", "ok", 1));
		return true;
	}
	return false;
}

void
control_reloaded(struct control *control, const struct ipc_msg *msg)
{
	for (size_t i = 0; i < MAX_CLIENTS + MAX_ROOTS; i++) {
		struct client *client = &control->clients[i];

		if (!client->reloads)
			continue;
		client->reloads = false;
		if (msg->u.reloaded.ok != 0)
			client_send(client, json_pack("{s:b, s:o}", "ok", 1, "text",
						text_json(msg->u.reloaded.text)));
		else
			refuse(client, EXIT_CONFIG, msg->u.reloaded.text);
	}
}

static json_t *
status_json(const struct engine *engine)
{
	return engine->listener != NULL ? listener_status(engine->listener, clock_now())
					: peer_status(engine->peer, clock_now());
}

static void
do_request(struct client *client, const json_t *request)
{
	struct engine *engine = client->control->engine;
	const char *verb = json_string_value(json_object_get(request, "verb"));

	if (verb == NULL) {
		refuse(client, EXIT_USAGE, "a request is {\"verb\": ...}");
	} else if (strcmp(verb, "status") == 0) {
		client_send(
		    client, json_pack("{s:b, s:o}", "ok", 1, "tunnel", status_json(engine)));
	} else if (strcmp(verb, "trace") == 0) {
		client->follows = json_is_true(json_object_get(request, "follow"));
		client_send(client,
		    json_pack("{s:b, s:o, s:f}", "ok", 1, "events", records_json(client->control),
			"now", (double)(clock_now() - engine->started) / (double)PPTP_SEC));
	} else if (!do_change(client, verb)) {
		refuse(client, EXIT_USAGE, "no such verb");
	}
}

static void
on_client_readable(struct bufferevent *bev, void *ctx)
{
	struct client *client = ctx;
	char *line;

	while (client->bev != NULL && (line = evbuffer_readln(bufferevent_get_input(bev), NULL,
					   EVBUFFER_EOL_LF)) != NULL) {
		json_error_t error;
		json_t *request = json_loads(line, 0, &error);

		free(line);
		if (request == NULL)
			refuse(client, EXIT_USAGE, "that is not JSON");
		else
			do_request(client, request);
		json_decref(request);
	}
	if (client->bev != NULL && evbuffer_get_length(bufferevent_get_input(bev)) > MAX_REQUEST)
		client_drop(client);
}

static void
on_client_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)bev, (void)what; /* end or error */
	client_drop(ctx);
}

static bool
may_change(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == 0 || cred.uid == getuid());
}

static void
on_accept(evutil_socket_t fd, short what, void *ctx)
{
	struct control *control = ctx;
	struct client *client = NULL;
	int client_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (client_fd < 0)
		return;
	bool may = may_change(client_fd);
	size_t slots = may ? MAX_CLIENTS + MAX_ROOTS : MAX_CLIENTS;
	for (size_t i = 0; i < slots && client == NULL; i++) {
		if (control->clients[i].bev == NULL)
			client = &control->clients[i];
	}
	if (client == NULL) {
		close(client_fd);
		return;
	}
	client->control = control;
	client->may_change = may;
	client->bev =
	    bufferevent_socket_new(control->engine->base, client_fd, BEV_OPT_CLOSE_ON_FREE);
	if (client->bev == NULL) {
		close(client_fd);
		return;
	}
	bufferevent_setcb(client->bev, on_client_readable, NULL, on_client_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, MAX_REQUEST + 1);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

/* ------------------------------------------------------------------------------ life cycle */

struct control *
control_new(struct engine *engine, int listen_fd)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		close(listen_fd);
		return NULL;
	}
	control->engine = engine;
	control->listen_fd = listen_fd;
	control->listen_event =
	    event_new(engine->base, listen_fd, EV_READ | EV_PERSIST, on_accept, control);
	if (control->listen_event == NULL || event_add(control->listen_event, NULL) < 0) {
		control_free(control);
		return NULL;
	}
	return control;
}

/* What is still unsent goes out as far as the sockets take it: the last lines of a trace. */
static void
client_finish(struct client *client)
{
	if (client->bev == NULL)
		return;
	/* libevent keeps its output frozen but while it writes itself. */
	evbuffer_unfreeze(bufferevent_get_output(client->bev), 1);
	evbuffer_write(bufferevent_get_output(client->bev), bufferevent_getfd(client->bev));
	client_drop(client);
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	for (size_t i = 0; i < MAX_CLIENTS + MAX_ROOTS; i++)
		client_finish(&control->clients[i]);
	if (control->listen_event != NULL)
		event_free(control->listen_event);
	close(control->listen_fd);
	free(control);
}
