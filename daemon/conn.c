/* conn.c: see conn.h. */
#include "conn.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"

#define FINISH_TIME (2 * PPTP_SEC) /* for the peer to close its side after ours */
#define READ_SIZE   4096
#define WORDS_MAX   24 /* octets kept as evidence */

enum conn_state { CONN_IDLE, CONN_CONNECTING, CONN_OPEN, CONN_FINISHING, CONN_CLOSED };

struct conn {
	struct engine *engine; /* borrows for life */
	struct conn_owner owner;
	struct pptp_ctrl *ctrl;                 /* owns */
	struct event *read_event, *write_event; /* owns */
	int fd;                                 /* owns, -1 none */
	enum conn_state state;
	bool shut; /* our side has been shut */
	int error;
	size_t sent;       /* octets of the message at the front that TCP has taken */
	uint64_t deadline; /* of connecting, of finishing */
	uint64_t last_rx;
	struct in_addr local, remote;
	size_t words_count;
	char words[4 * WORDS_MAX + 1];
};

static void
close_tcp(struct conn *conn, int error)
{
	if (conn->read_event != NULL)
		event_free(conn->read_event);
	if (conn->write_event != NULL)
		event_free(conn->write_event);
	conn->read_event = conn->write_event = NULL;
	if (conn->fd >= 0)
		close(conn->fd);
	conn->fd = -1;
	conn->error = error;
	conn->state = CONN_CLOSED;
	conn->deadline = PPTP_NEVER;
}

static void
take_answer(struct pptp_ctrl_params *params, const struct conn_answer *answer)
{
	params->maximum_channels = (uint16_t)answer->max_calls;
	params->start_timeout = answer->start_timeout * PPTP_SEC;
	params->max_calls = answer->max_calls;
	params->takes_outgoing = answer->takes_outgoing;
	params->takes_incoming = answer->takes_incoming;
	params->ask_start = answer->ask_start;
	params->is_taken = answer->is_taken;
	params->taken_ctx = answer->taken_ctx;
}

struct conn *
conn_new(struct engine *engine, const struct conn_owner *owner, const struct conn_answer *answer)
{
	const struct config *config = engine->config;
	struct pptp_ctrl_params params = {
	    .firmware_revision = 1,
	    .maximum_channels = config->call_incoming ? 1 : 0, /* 2.1: the PAC's; of a PNS 0 */
	    .reply_timeout = config->reply_timeout * PPTP_SEC,
	    .stop_timeout = 3 * PPTP_SEC,
	    .clear_timeout = 3 * PPTP_SEC,
	    .echo_interval =
		config->control_echo == 0 ? PPTP_NEVER : config->control_echo * PPTP_SEC,
	    .echo_timeout = config->control_echo_wait * PPTP_SEC,
	};
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	snprintf(params.host_name, sizeof(params.host_name), "%s", config->host_name);
	snprintf(params.vendor_name, sizeof(params.vendor_name), "%s", config->vendor);
	if (config->quirk_orckit) {
		params.framing_capabilities = PPTP_FRAMING_ASYNC;
		params.bearer_capabilities = PPTP_BEARER_ANALOG;
		params.firmware_revision = 0x6021;
	}
	if (answer != NULL)
		take_answer(&params, answer);
	conn->engine = engine;
	conn->owner = *owner;
	conn->fd = -1;
	conn->deadline = PPTP_NEVER;
	conn->ctrl = pptp_ctrl_new(&engine->env, &params);
	if (conn->ctrl == NULL) {
		free(conn);
		return NULL;
	}
	return conn;
}

void
conn_free(struct conn *conn)
{
	if (conn == NULL)
		return;
	close_tcp(conn, 0);
	pptp_ctrl_free(conn->ctrl);
	free(conn);
}

struct pptp_ctrl *
conn_ctrl(struct conn *conn)
{
	return conn->ctrl;
}

/* -------------------------------------------------------------------------------- reading */

/* Keeps the first octets that ever came, as text: here a NUL is an octet like any other. */
static void
remember_words(struct conn *conn, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len && conn->words_count < WORDS_MAX; i++, conn->words_count++) {
		size_t used = strlen(conn->words);

		snprintf(conn->words + used, sizeof(conn->words) - used,
		    data[i] >= 0x20 && data[i] < 0x7f ? "%c" : "\\x%02x", data[i]);
	}
}

/*
 * Reads a bounded amount, so that a peer that never stops does not keep the timers waiting; the
 * event fires again.
 */
static void
read_some(struct conn *conn, uint64_t now)
{
	uint8_t buf[READ_SIZE];
	ssize_t n = recv(conn->fd, buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_tcp(conn, n < 0 ? errno : 0);
		pptp_ctrl_closed(conn->ctrl, now);
		return;
	}
	if (conn->state == CONN_FINISHING)
		return; /* only its end matters now */
	remember_words(conn, buf, (size_t)n);
	conn->last_rx = now;
	pptp_ctrl_recv(conn->ctrl, buf, (size_t)n, now); /* a fatal error comes as CTRL_DOWN */
}

static void
stirred(const struct conn *conn)
{
	if (conn->owner.stirred != NULL)
		conn->owner.stirred(conn->owner.ctx);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *conn = ctx;
	struct engine *engine = conn->engine;

	(void)fd, (void)what;
	read_some(conn, clock_now());
	stirred(conn);
	engine_pump(engine);
}

/* ----------------------------------------------------------------------------- connecting */

static void
finish_connect(struct conn *conn)
{
	struct sockaddr_in local = {0};
	socklen_t len = sizeof(local);
	int error = 0;
	socklen_t error_len = sizeof(error);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) < 0)
		error = errno;
	if (error == 0 && getsockname(conn->fd, (struct sockaddr *)&local, &len) < 0)
		error = errno;
	if (error == 0 && event_add(conn->read_event, NULL) < 0)
		error = ENOMEM;
	if (error != 0) {
		close_tcp(conn, error);
		conn->owner.connect_failed(conn->owner.ctx, error);
		return;
	}
	conn->local = local.sin_addr;
	conn->state = CONN_OPEN;
	conn->deadline = PPTP_NEVER;
	conn->owner.connected(conn->owner.ctx);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct conn *conn = ctx;
	struct engine *engine = conn->engine;

	(void)fd, (void)what;
	if (conn->state == CONN_CONNECTING)
		finish_connect(conn); /* may free conn */
	else
		stirred(conn);
	engine_pump(engine);
}

/* False: out of memory. */
static bool
take_socket(struct conn *conn, int fd, struct in_addr address)
{
	int one = 1;

	conn->fd = fd;
	conn->remote = address;
	/* Each message in a segment of its own: NAT helpers read the first only (design D15). */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	conn->read_event =
	    event_new(conn->engine->base, fd, EV_READ | EV_PERSIST, on_readable, conn);
	conn->write_event = event_new(conn->engine->base, fd, EV_WRITE, on_writable, conn);
	return conn->read_event != NULL && conn->write_event != NULL;
}

bool
conn_adopt(struct conn *conn, int fd, struct in_addr address, uint64_t now)
{
	struct sockaddr_in local = {0};
	socklen_t len = sizeof(local);

	if (!take_socket(conn, fd, address) ||
	    getsockname(fd, (struct sockaddr *)&local, &len) < 0 ||
	    event_add(conn->read_event, NULL) < 0) {
		close_tcp(conn, errno);
		return false;
	}
	conn->local = local.sin_addr;
	conn->state = CONN_OPEN;
	return pptp_ctrl_accept(conn->ctrl, now) == PPTP_OK;
}

void
conn_connect(struct conn *conn, int fd, struct in_addr address, uint16_t port, uint64_t deadline)
{
	struct sockaddr_in remote = {
	    .sin_family = AF_INET, .sin_addr = address, .sin_port = htons(port)};
	int error = take_socket(conn, fd, address) ? 0 : ENOMEM, off = 0;

	conn->state = CONN_CONNECTING;
	conn->deadline = deadline;
	/*
	 * The ACK that ends the handshake waits for our first message, and goes with it (at most 200 ms).  pptpd 1.4 drops a
	 * connection whose first message is yet to come at the moment when another call ends ("dropped slow initial
	 * connection": it takes the signal for the time-out), ours before a redial, say.
	 */
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
	if (error == 0 && connect(fd, (struct sockaddr *)&remote, sizeof(remote)) < 0 &&
	    errno != EINPROGRESS)
		error = errno;
	if (error == 0 && event_add(conn->write_event, NULL) < 0)
		error = ENOMEM;
	if (error != 0) {
		close_tcp(conn, error);
		conn->owner.connect_failed(conn->owner.ctx, error);
	}
}

/* -------------------------------------------------------------------------------- writing */

static void
record(const struct conn *conn, bool out, const uint8_t *octets, size_t len)
{
	const struct engine_way way = {out, conn->local, conn->remote};

	engine_message(conn->engine, &way, octets, len);
}

/* One message, one send() (design D15).  False: no more can go now. */
static bool
send_one(struct conn *conn, uint64_t now)
{
	size_t len;
	const uint8_t *msg = pptp_ctrl_output(conn->ctrl, &len);

	if (msg == NULL)
		return false;
	ssize_t n = send(conn->fd, msg + conn->sent, len - conn->sent, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		event_add(conn->write_event, NULL);
		return false;
	}
	if (n < 0) {
		close_tcp(conn, errno);
		pptp_ctrl_closed(conn->ctrl, now);
		return false;
	}
	conn->sent += (size_t)n;
	if (conn->sent < len) {
		event_add(conn->write_event, NULL);
		return false;
	}
	record(conn, true, msg, len);
	conn->sent = 0;
	pptp_ctrl_output_done(conn->ctrl);
	return true;
}

uint64_t
conn_pump(struct conn *conn, uint64_t now)
{
	size_t len;

	if (now >= conn->deadline && conn->state == CONN_CONNECTING) {
		close_tcp(conn, ETIMEDOUT);
		conn->owner.connect_failed(conn->owner.ctx, ETIMEDOUT); /* may free conn */
		return now;                                             /* the caller looks again */
	}
	if (now >= conn->deadline && conn->state == CONN_FINISHING)
		close_tcp(conn, 0);
	pptp_ctrl_expire(conn->ctrl, now);
	if (conn->state == CONN_OPEN || conn->state == CONN_FINISHING) {
		while (send_one(conn, now))
			;
	}
	if (conn->state == CONN_FINISHING && !conn->shut &&
	    pptp_ctrl_output(conn->ctrl, &len) == NULL) {
		shutdown(conn->fd, SHUT_WR);
		conn->shut = true;
	}
	uint64_t ctrl_deadline = pptp_ctrl_deadline(conn->ctrl);
	return ctrl_deadline < conn->deadline ? ctrl_deadline : conn->deadline;
}

int
conn_event(struct conn *conn, struct pptp_event *event)
{
	int rc = pptp_ctrl_event(conn->ctrl, event);

	if (rc == PPTP_OK && event->type == PPTP_EV_RECV) {
		uint8_t octets[PPTP_MAX_MSG_LEN];
		size_t len;

		if (pptp_msg_encode(&event->msg, octets, sizeof(octets), &len) == PPTP_OK)
			record(conn, false, octets, len);
	}
	return rc;
}

void
conn_finish(struct conn *conn, uint64_t now)
{
	if (conn->state == CONN_OPEN) {
		conn->state = CONN_FINISHING;
		conn->deadline = now + FINISH_TIME;
	} else if (conn->state != CONN_FINISHING) {
		close_tcp(conn, conn->error);
	}
}

void
conn_abort(struct conn *conn, uint64_t now)
{
	const struct linger at_once = {.l_onoff = 1};

	if (conn->fd >= 0)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_tcp(conn, 0);
	pptp_ctrl_closed(conn->ctrl, now);
}

bool
conn_is_closed(const struct conn *conn)
{
	return conn->state == CONN_CLOSED;
}

void
conn_endpoints(const struct conn *conn, struct in_addr *local, struct in_addr *remote)
{
	*local = conn->local;
	*remote = conn->remote;
}

const char *
conn_first_words(const struct conn *conn)
{
	return conn->words;
}

int
conn_error(const struct conn *conn)
{
	return conn->error;
}

uint64_t
conn_last_rx(const struct conn *conn)
{
	return conn->last_rx;
}
