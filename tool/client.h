/*
 * client.h: the tool's end of the control socket (daemon/control.h): one JSON object a
 * line. What comes is bounded, in size and in time, and judged by us: the engine at the
 * other end talks to strangers.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CLIENT_LINE_MAX   (1 << 20) /* octets of one answer */
#define CLIENT_TIMEOUT_MS 5000      /* until an answer */
#define CLIENT_FOR_EVER   (-1)

struct client {
	int fd;
	char *buf;        /* owns; CLIENT_LINE_MAX */
	size_t len, used; /* octets in buf, and those of the line given out last */
	bool closed;      /* instead of an answer to client_ask() */
	char error[256];  /* what went wrong, in words */
};

/* All of these return 0 or an exit code, then with words in client->error. */

/* Connects.  EXIT_NO_DAEMON: no such tunnel; EXIT_PRIVILEGE: not allowed. */
int client_open(struct client *client, const char *run_dir, const char *name);
/* The same on a connected socket, which is taken over. */
int client_attach(struct client *client, int fd);
void client_close(struct client *client);
/*
 * The next line.  *answer is new (json_decref() it), or NULL when the other end has
 * closed.
 */
int client_receive(struct client *client, int timeout_ms, json_t **answer);
/*
 * Sends `request` (a reference is taken over), takes one answer and looks at its "ok".
 * When it is false, the exit code is the answer's and *answer is NULL.
 */
int client_ask(struct client *client, json_t *request, int timeout_ms, json_t **answer);
/*
 * client_open() and client_ask() for a verb that may be said twice.  An engine that dies closes
 * without an answer, and another one takes its place: that one is asked, or nobody is there.
 */
int client_call(struct client *client, const char *run_dir, const char *name, const char *verb,
    json_t **answer);
/*
 * Waits until the process that keeps the tunnel has ended, for it may still have the name when its
 * engine has closed.  False: it has not within that time.
 */
bool client_wait_end(const struct client *client, int timeout_ms);

/* The members of an object; 0, "" or NULL when missing, null or of another kind. */
const char *client_text(const json_t *object, const char *key);
/* It carries packets, or listens for callers. */
bool client_is_up(const json_t *tunnel);
json_int_t client_number(const json_t *object, const char *key);
bool client_has_number(const json_t *object, const char *key);

#endif
