/* client.c: see client.h. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/reason.h"

#define CALL_TRIES    5
#define CALL_PAUSE_MS 200 /* between two of them */

int
client_attach(struct client *client, int fd)
{
	*client = (struct client){.fd = fd};
	client->buf = malloc(CLIENT_LINE_MAX);
	if (client->buf != NULL)
		return 0;
	close(fd);
	client->fd = -1;
	snprintf(client->error, sizeof(client->error), "out of memory.");
	return EXIT_INTERNAL;
}

void
client_close(struct client *client)
{
	free(client->buf);
	client->buf = NULL;
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static int
connect_error(struct client *client, const char *name, int error)
{
	client->fd = -1;
	client->buf = NULL;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		snprintf(client->error, sizeof(client->error), "no tunnel \"%s\" runs here.", name);
		return EXIT_NO_DAEMON;
	case ECONNREFUSED: /* the socket is there, nobody listens: left behind by a crash
			    */
		snprintf(client->error, sizeof(client->error),
		    "no tunnel \"%s\" runs here; it left its socket behind.", name);
		return EXIT_NO_DAEMON;
	case EACCES:
	case EPERM:
		snprintf(client->error, sizeof(client->error),
		    "the control socket of \"%s\" may not be opened: be root or in its "
		    "group.",
		    name);
		return EXIT_PRIVILEGE;
	case EAGAIN:
		snprintf(client->error, sizeof(client->error),
		    "the tunnel \"%s\" takes no connection.", name);
		return EXIT_INTERNAL;
	default:
		snprintf(client->error, sizeof(client->error), "the control socket of \"%s\": %s.",
		    name, strerror(error));
		return EXIT_INTERNAL;
	}
}

int
client_open(struct client *client, const char *run_dir, const char *name)
{
	const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_MS / 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, len;

	memset(client, 0, sizeof(*client));
	len = snprintf(
	    address.sun_path, sizeof(address.sun_path), "%s/%s/control.sock", run_dir, name);
	/* No tunnel has such a name (config_check), and none is looked for outside
	 * run_dir. */
	if (len < 0 || (size_t)len >= sizeof(address.sun_path) || name[0] == '.' ||
	    name[0] == '\0' || strchr(name, '/') != NULL)
		return connect_error(client, name, ENOENT);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return connect_error(client, name, errno);
	/* A full backlog is waited for by connect(), and a full buffer by send(). */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		return connect_error(client, name, error);
	}
	return client_attach(client, fd);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
fail(struct client *client, int code, const char *words)
{
	snprintf(client->error, sizeof(client->error), "%s", words);
	return code;
}

/* More octets into the buffer: 1, at its end 0, or -1 with errno (ETIMEDOUT). */
static int
fill(struct client *client, int64_t deadline)
{
	struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
	ssize_t got;

	for (;;) {
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		int ready;

		if (deadline >= 0 && left < 0)
			left = 0;
		ready = poll(&poll_fd, 1, (int)left);
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (ready > 0)
			got = read(
			    client->fd, client->buf + client->len, CLIENT_LINE_MAX - client->len);
		else
			got = -1;
		if (got >= 0) {
			client->len += (size_t)got;
			return got > 0;
		}
		if (errno == ECONNRESET) /* closed with something of ours unread */
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return -1;
	}
}

static int
parse_line(struct client *client, size_t len, json_t **answer)
{
	json_error_t error;

	*answer = json_loadb(client->buf, len, JSON_REJECT_DUPLICATES, &error);
	client->used = len + 1;
	if (json_is_object(*answer))
		return 0;
	json_decref(*answer);
	*answer = NULL;
	return fail(client, EXIT_INTERNAL, "the tunnel's answer is no JSON object.");
}

int
client_receive(struct client *client, int timeout_ms, json_t **answer)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	size_t searched = 0;

	*answer = NULL;
	client->len -= client->used;
	memmove(client->buf, client->buf + client->used, client->len);
	client->used = 0;
	for (;;) {
		const char *end = memchr(client->buf + searched, '\n', client->len - searched);

		if (end != NULL)
			return parse_line(client, (size_t)(end - client->buf), answer);
		searched = client->len;
		if (client->len == CLIENT_LINE_MAX)
			return fail(client, EXIT_INTERNAL, "the tunnel's answer is over 1 MiB.");
		switch (fill(client, deadline)) {
		case 1:
			continue;
		case 0:
			if (client->len != 0)
				return fail(client, EXIT_INTERNAL,
				    "the tunnel ended in the middle of an answer.");
			return 0;
		default:
			if (errno == ETIMEDOUT)
				snprintf(client->error, sizeof(client->error),
				    "the tunnel has not answered for %d s; it may hang.",
				    timeout_ms / 1000);
			else
				snprintf(client->error, sizeof(client->error),
				    "the control socket: %s.", strerror(errno));
			return EXIT_INTERNAL;
		}
	}
}

/* An answer with "ok": false, in words. */
static int
refused(struct client *client, json_t *answer)
{
	json_int_t code = client_number(answer, "exit");
	const char *words = client_text(answer, "error");

	fail(client, 0, words[0] != '\0' ? words : "the tunnel refuses that and does not say why.");
	json_decref(answer);
	return code > EXIT_OK && code <= EXIT_NO_DAEMON ? (int)code : EXIT_INTERNAL;
}

int
client_ask(struct client *client, json_t *request, int timeout_ms, json_t **answer)
{
	char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len, sent = 0;
	int code;

	*answer = NULL;
	json_decref(request);
	if (text == NULL)
		return fail(client, EXIT_INTERNAL, "out of memory.");
	len = strlen(text);
	text[len++] = '\n'; /* in the place of its NUL */
	while (sent < len) {
		ssize_t n = send(client->fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break; /* closed: perhaps with an answer that says why */
		sent += (size_t)n;
	}
	free(text);
	code = client_receive(client, timeout_ms, answer);
	if (code != 0)
		return code;
	client->closed = *answer == NULL;
	if (client->closed)
		return fail(
		    client, EXIT_INTERNAL, "the tunnel closed the connection without an answer.");
	if (json_is_true(json_object_get(*answer, "ok")))
		return 0;
	code = refused(client, *answer);
	*answer = NULL;
	return code;
}

int
client_call(
    struct client *client, const char *run_dir, const char *name, const char *verb, json_t **answer)
{
	const struct timespec pause = {.tv_nsec = CALL_PAUSE_MS * 1000000L};

	for (int try = 1;; try++) {
		int code = client_open(client, run_dir, name);

		*answer = NULL;
		if (code == 0)
			code = client_ask(
			    client, json_pack("{s:s}", "verb", verb), CLIENT_TIMEOUT_MS, answer);
		if (!client->closed || try == CALL_TRIES)
			return code;
		client_close(client);
		nanosleep(&pause, NULL);
	}
}

bool
client_wait_end(const struct client *client, int timeout_ms)
{
	struct ucred keeper; /* who listens; 0 if it cannot be seen from here */
	socklen_t len = sizeof(keeper);
	int64_t deadline = now_ms() + timeout_ms, left;
	struct pollfd ended = {.events = POLLIN};
	int rc = 0;

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &keeper, &len) != 0 || keeper.pid <= 0)
		return true;
	ended.fd = (int)syscall(SYS_pidfd_open, keeper.pid, 0); /* no function in older libraries */
	if (ended.fd < 0)                                       /* gone */
		return true;
	while (rc <= 0 && (left = deadline - now_ms()) > 0)
		rc = poll(&ended, 1, (int)left);
	close(ended.fd);
	return rc > 0;
}

const char *
client_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

json_int_t
client_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : 0;
}

bool
client_has_number(const json_t *object, const char *key)
{
	return json_is_integer(json_object_get(object, key));
}

bool
client_is_up(const json_t *tunnel)
{
	const char *state = client_text(tunnel, "state");

	return strcmp(state, "up") == 0 || strcmp(state, "listening") == 0;
}
