/*
 * control.h: the control socket, run_dir/NAME/control.sock (interface.md 1).
 *
 * One JSON object a line in, one out.  Requests:
 *
 *   {"verb": "status"}
 *     {"ok": true, "tunnel": {...}}            one element of `tunnels` of interface.md 4
 *   {"verb": "trace", "follow": false}
 *     {"ok": true, "events": [EVENT, ...], "now": s}
 *                                              the last 200 control messages, and of PPP the last 200
 *                                              packets that agree on something, oldest first; with
 *                                              follow then
 *     {"event": EVENT}                         one line for each one more, until the end
 *     EVENT: see trace_event.h
 *   {"verb": "down"}                           root or the tunnel's own user only
 *     {"ok": true}                             then, when it is down, the socket is closed
 *   anything else
 *     {"ok": false, "error": "...", "exit": 2}
 */
#ifndef CONTROL_H
#define CONTROL_H

struct control;
struct engine;
struct engine_way;
struct ipc_msg;

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Serves the listening socket (taken over).  NULL when out of memory. */
struct control *control_new(struct engine *engine, int listen_fd);
void control_free(struct control *control);
/* One control message passed: into the flight recorder and to those who follow. */
void control_record(
    struct control *control, const struct engine_way *way, const uint8_t *octets, size_t len);
/*
 * The same of PPP; its secrets are hidden before it is kept.  What only asks whether the line is alive
 * (LCP's echo, link quality) goes to those who follow: in the recorder it would push out the rest.
 */
void control_record_ppp(struct control *control, const struct engine_way *way, uint16_t call_id,
    const uint8_t *frame, size_t len);

/* What came of the "reload" that somebody asked for. */
void control_reloaded(struct control *control, const struct ipc_msg *msg);

#endif
