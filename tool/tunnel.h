/* tunnel.h: what the tool finds out of a tunnel by its name, alive or not. */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "tool.h"

/* A name that can be a folder's in the run directory; config_check() takes no other. */
bool tunnel_name_ok(const char *name);
/*
 * RUN_DIR/NAME/state.json (daemon/state.h), new (json_decref() it), or NULL when there is none or
 * it is none: not a whole JSON object, larger than ours can be, no regular file.
 */
json_t *tunnel_state(const char *run_dir, const char *name);
/*
 * Why tunnel_state() has given nothing: the exit code, and words in `buf`, which stays as it is when
 * there is no such file (EXIT_NO_DAEMON).
 */
int tunnel_state_missing(const char *run_dir, const char *name, char *buf, size_t size);
/*
 * The object of interface.md 4: a live one's by its socket, else what state.json says of the last
 * run.  A keeper that left "running" without a socket was killed: "failed", and its words say so.
 * 0 with *tunnel new, else an exit code with words in client->error.
 */
int tunnel_status(struct client *client, const char *run_dir, const char *name, json_t **tunnel);
/* Asks a live one to do `verb`; *answer is new.  0, or an exit code and it has said why. */
int tunnel_ask(const struct tool *tool, const char *name, const char *verb, json_t **answer);
/*
 * Waits until it is up, or down, for that long.  `since` (s since 1970): an older failure is none
 * of this wait's.  0, EXIT_TIMEOUT, or the exit code of its end; it has said why.
 */
int tunnel_wait(
    const struct tool *tool, const char *name, bool up, uint32_t timeout_s, int64_t since);

/* ------------------------------------------------------------------------------ systemd.c */

/* Whether systemd is the init system and knows pptpeer@NAME, and both folders are its own. */
bool systemd_has(const struct tool *tool, const char *name);
/* Whether it knows pptpeer@NAME, and it may or can not be started: words about that in `buf`. */
bool systemd_forbids(const struct tool *tool, const char *name, char *buf, size_t size);
/* Whether pptpeer@NAME is running, or about to. */
bool systemd_runs(const struct tool *tool, const char *name);
/* `systemctl VERB pptpeer@NAME`; its exit status, or -1. */
int systemd_do(const char *verb, const char *name);
/* Of a systemctl that was to change something, and failed: EXIT_PRIVILEGE for whoever is not root. */
int systemd_exit_code(void);
/* Runs a program, found as execvp() does; its exit status, 128 + the signal, or -1. */
int program_run(const char *const argv[]);

#endif
