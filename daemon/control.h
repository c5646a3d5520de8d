/*
 * control.h: the control socket, run_dir/NAME/control.sock (interface.md 1).
 *
 * One JSON object a line in, one out.  Requests:
 *
 *   {"verb": "status"}
 *     {"ok": true, "tunnel": {...}}            one element of `tunnels` of interface.md 4
 *   {"verb": "trace", "follow": false}
 *     {"ok": true, "events": [EVENT, ...]}     the last 200 control messages; with follow
 *     {"event": EVENT}                         one line for each one more, until the end
 *     EVENT: {"time": s since the start, "dir": "in"|"out", "src": "1.2.3.4", "dst": "5.6.7.8",
 *             "type": 7, "name": "Outgoing-Call-Request", "summary": "Outgoing Call Request",
 *             "text": "Call ID 5, ...", "hex": "00a8..."}
 *   {"verb": "down"}                           root or the tunnel's own user only
 *     {"ok": true}                             then, when it is down, the socket is closed
 *   anything else
 *     {"ok": false, "error": "...", "exit": 2}
 */
#ifndef CONTROL_H
#define CONTROL_H

struct control;
struct engine;
struct ipc_msg;
struct pptp_msg;

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Serves the listening socket (taken over).  NULL when out of memory. */
struct control *control_new(struct engine *engine, int listen_fd);
void control_free(struct control *control);
/* One control message passed: into the flight recorder and to those who follow. */
void control_record(struct control *control, bool out, const uint8_t *octets, size_t len);

/* What came of the "reload" that somebody asked for. */
void control_reloaded(struct control *control, const struct ipc_msg *msg);

#endif
