/* tunnel.c: see tunnel.h. */
#include "tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/state.h"

#define STATE_MAX 65536 /* octets of a state.json; ours has a few hundred */
#define POLL_MS   200   /* between two looks while waiting */

bool
tunnel_name_ok(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

json_t *
tunnel_state(const char *run_dir, const char *name)
{
	char path[512], *text = NULL;
	int len = snprintf(path, sizeof(path), "%s/%s/state.json", run_dir, name), fd = -1;
	size_t got = 0;
	ssize_t n = 0;
	struct stat st;
	json_t *json = NULL;

	if (tunnel_name_ok(name) && len > 0 && (size_t)len < sizeof(path))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= STATE_MAX)
		text = malloc(STATE_MAX);
	while (text != NULL && got < STATE_MAX && (n = read(fd, text + got, STATE_MAX - got)) > 0)
		got += (size_t)n;
	if (text != NULL && n == 0)
		json = json_loadb(text, got, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	close(fd);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

int
tunnel_state_missing(const char *run_dir, const char *name, char *buf, size_t size)
{
	char path[512];
	int len = snprintf(path, sizeof(path), "%s/%s/state.json", run_dir, name);

	if (!tunnel_name_ok(name) || len < 0 || (size_t)len >= sizeof(path))
		return EXIT_NO_DAEMON;
	if (access(path, R_OK) == 0) {
		snprintf(buf, size,
		    "no tunnel \"%s\" runs here, and %s, which tells of its end, is broken.", name,
		    path);
	} else if (errno == EACCES) {
		snprintf(buf, size,
		    "%s, which tells of the end of \"%s\", may not be read: be root or in its "
		    "group.",
		    path, name);
		return EXIT_PRIVILEGE;
	}
	return EXIT_NO_DAEMON;
}

/* What a keeper that was killed could not write itself. */
static void
set_killed(json_t *tunnel, json_int_t pid)
{
	struct last_end end;

	last_end_killed(&end, pid);
	reason_next(&end.reason, "pptpeer up %s", client_text(tunnel, "name"));
	json_object_set_new(tunnel, "state", json_string("failed"));
	json_object_set_new(tunnel, "since", json_null());
	json_object_set_new(tunnel, "last_end", last_end_json(&end));
}

/* state.json as an element of `tunnels`: what only a live one has is null. */
static json_t *
from_state(const char *name, const json_t *state)
{
	static const char *const kept[] = {"since", "redials", "tries", "last_end"};
	static const char *const none[] = {"uptime_s", "server", "call", "data_path",
	    "data_path_why", "channel", "gre", "ppp", "control", "server_route", "next_try_s",
	    "dial_refused"};
	const char *word = client_text(state, "state");
	const char *role = client_text(state, "role");
	json_t *tunnel = json_pack("{s:s, s:s, s:s, s:[], s:[]}", "name", name, "role",
	    role[0] != '\0' ? role : "dial", "state",
	    strcmp(word, "stopped") == 0 ? word : "failed", "routes", "calls");

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		json_object_set_new(tunnel, none[i], json_null());
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		json_t *value = json_object_get(state, kept[i]);

		json_object_set(tunnel, kept[i], value != NULL ? value : json_null());
	}
	if (strcmp(word, "running") == 0)
		set_killed(tunnel, client_number(state, "pid"));
	return tunnel;
}

static int
ask_live(struct client *client, const char *run_dir, const char *name, json_t **tunnel)
{
	json_t *answer;
	int code = client_call(client, run_dir, name, "status", &answer);

	if (code == 0) {
		*tunnel = json_incref(json_object_get(answer, "tunnel"));
		json_decref(answer);
		if (!json_is_object(*tunnel)) {
			json_decref(*tunnel);
			*tunnel = NULL;
			snprintf(client->error, sizeof(client->error),
			    "the tunnel's answer has no \"tunnel\".");
			code = EXIT_INTERNAL;
		}
	}
	client_close(client);
	return code;
}

int
tunnel_status(struct client *client, const char *run_dir, const char *name, json_t **tunnel)
{
	int code = ask_live(client, run_dir, name, tunnel);
	json_t *state;

	if (code != EXIT_NO_DAEMON)
		return code;
	state = tunnel_state(run_dir, name);
	if (state == NULL)
		return tunnel_state_missing(run_dir, name, client->error, sizeof(client->error));
	/* "running": killed, or started since we asked. */
	if (strcmp(client_text(state, "state"), "running") == 0)
		code = ask_live(client, run_dir, name, tunnel);
	if (code == EXIT_NO_DAEMON) {
		*tunnel = from_state(name, state);
		code = 0;
	}
	json_decref(state);
	return code;
}

int
tunnel_ask(const struct tool *tool, const char *name, const char *verb, json_t **answer)
{
	struct client client;
	int code = client_call(&client, tool->run_dir, name, verb, answer);

	if (code != 0)
		tool_error(tool, code, "%s", client.error);
	client_close(&client);
	return code;
}

/* The end of one that we wait to be up: TOOL_GO if it is none of this wait's. */
static int
failure(const struct tool *tool, const json_t *tunnel, bool seen, int64_t since)
{
	const json_t *last = json_object_get(tunnel, "last_end");
	json_int_t code = client_number(last, "exit");

	if (strcmp(client_text(tunnel, "state"), "failed") != 0 ||
	    (!seen && client_number(last, "when") < since))
		return TOOL_GO;
	if (code <= EXIT_OK || code > EXIT_NO_DAEMON)
		code = EXIT_INTERNAL;
	return tool_error(tool, (int)code, "%s%s%s", client_text(last, "code"),
	    client_text(last, "code")[0] != '\0' ? " " : "", client_text(last, "text"));
}

int
tunnel_wait(const struct tool *tool, const char *name, bool up, uint32_t timeout_s, int64_t since)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
	struct timespec begin, now;
	bool seen = false; /* alive, in this wait */

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		struct client client;
		json_t *tunnel = NULL;
		const char *state;
		int code = tunnel_status(&client, tool->run_dir, name, &tunnel);
		bool dead;

		if (code != 0 && code != EXIT_NO_DAEMON)
			return tool_error(tool, code, "%s", client.error);
		state = client_text(tunnel, "state");
		dead = code == EXIT_NO_DAEMON || strcmp(state, "stopped") == 0 ||
		       strcmp(state, "failed") == 0;
		code = TOOL_GO;
		if (up ? (strcmp(state, "up") == 0 || strcmp(state, "listening") == 0) : dead)
			code = EXIT_OK;
		else if (up && dead)
			code = failure(tool, tunnel, seen, since);
		seen = seen || !dead;
		json_decref(tunnel);
		if (code != TOOL_GO)
			return code;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= (time_t)timeout_s)
			return tool_error(tool, EXIT_TIMEOUT, "%s is not %s after %u s.", name,
			    up ? "up" : "down", (unsigned)timeout_s);
		nanosleep(&pause, NULL);
	}
}
