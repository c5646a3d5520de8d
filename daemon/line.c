/* line.c: GRE to PPP and back.  See line.h. */
#include "line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "ipc.h"

/*
 * Octets that wait for a pty, at the most: some 70 full packets.  It is slower than a TAP, and what
 * waits longer is only late.
 */
#define PTY_QUEUE (80 * 1024)

static void
carried(const struct line *line)
{
	if (line->owner.carried != NULL)
		line->owner.carried(line->owner.ctx);
}

void
line_record(const struct line *line, bool out, const uint8_t *frame, size_t len)
{
	struct engine_way way;

	if (!pptp_ppp_is_control(frame, len))
		return;
	way = (struct engine_way){out, line->local, line->remote};
	engine_ppp(line->engine, &way, out ? line->peer_call_id : line->local_call_id, frame, len);
}

/* It is dropped where there is no room: PPP sends its requests again. */
static void
keep_early(struct line *line, const uint8_t *frame, size_t len)
{
	struct line_early *early =
	    line->early_count < LINE_EARLY ? malloc(sizeof(*early) + len) : NULL;

	if (early == NULL)
		return;
	early->len = len;
	memcpy(early->octets, frame, len);
	line->early[line->early_count++] = early;
}

static void
drop_early(struct line *line)
{
	for (unsigned i = 0; i < line->early_count; i++)
		free(line->early[i]);
	line->early_count = 0;
}

void
line_pppd_listens(struct line *line)
{
	if (!line->awaits_pppd)
		return;
	line->awaits_pppd = false;
	for (unsigned i = 0; line->channel != NULL && i < line->early_count; i++)
		line->channel->ops->send(
		    line->channel, line->early[i]->octets, line->early[i]->len);
	drop_early(line);
	if (line->channel != NULL)
		line->channel->ops->flush(line->channel);
}

/* GRE to PPP; without a channel (--until gre) the frame was all that was wanted. */
static void
on_gre_frame(void *ctx, const uint8_t *frame, size_t len)
{
	struct line *line = ctx;

	line_record(line, false, frame, len);
	if (line->awaits_pppd)
		keep_early(line, frame, len);
	else if (line->channel != NULL)
		line->channel->ops->send(line->channel, frame, len);
}

static void
on_gre_batch_end(void *ctx)
{
	struct line *line = ctx;

	if (line->channel != NULL)
		line->channel->ops->flush(line->channel);
	carried(line);
}

struct gre_owner
line_gre_owner(struct line *line)
{
	return (struct gre_owner){on_gre_frame, on_gre_batch_end, line};
}

static void
on_ppp_frame(void *ctx, uint8_t *frame, size_t len)
{
	struct line *line = ctx;

	line_pppd_listens(line);
	line_record(line, true, frame, len);
	if (line->gre != NULL)
		gre_sock_send(line->gre, frame, len);
}

static void
on_ppp_batch_end(void *ctx)
{
	struct line *line = ctx;

	if (line->gre != NULL)
		gre_sock_flush(line->gre);
	carried(line);
}

static void
on_channel_closed(void *ctx)
{
	struct line *line = ctx;

	line->owner.channel_closed(line->owner.ctx);
}

/* What pppd does not take yet waits in the kernel, which drops what is too much at no cost of ours. */
static void
on_channel_full(void *ctx, bool full)
{
	struct line *line = ctx;

	if (line->gre != NULL)
		gre_sock_hold(line->gre, full);
}

void
line_session_params(const struct line *line, struct pptp_session_params *params)
{
	const struct config *config = line->engine->config;

	*params = (struct pptp_session_params){
	    .local_call_id = line->local_call_id,
	    .peer_call_id = line->peer_call_id,
	    .recv_window = (uint16_t)config->window,
	    .reorder_depth = (uint16_t)(config->reorder_wait_ms == 0 ? 1 : config->reorder_depth),
	    .reorder_wait = config->reorder_wait_ms * PPTP_MSEC,
	    .forward_window = config->forward_window,
	    .max_payload = config_frame_max(config),
	    .window_mode = config->window_mode,
	    .peer_window = line->peer_window,
	    .peer_delay = line->peer_delay,
	};
}

bool
line_hear(struct line *line)
{
	struct pptp_session_params params;

	if (line->gre == NULL)
		return true; /* the kernel reads it */
	line_session_params(line, &params);
	return gre_sock_start(line->gre, &params);
}

bool
line_open_channel(struct line *line, const struct ipc_pppd *pppd, int fd)
{
	const struct channel_owner owner = {
	    on_ppp_frame, on_ppp_batch_end, on_channel_closed, on_channel_full, line};
	struct engine *engine = line->engine;

	if (engine->paths != NULL && pppd->path == PATH_TAP) {
		line->channel = engine->paths->tap(engine, fd, &pppd->session, &owner);
	} else if (engine->paths != NULL && pppd->path == PATH_KERNEL) {
		line->channel = engine->paths->kernel(fd);
	} else {
		line->channel = channel_pty_new(engine, fd, engine->config->ppp_sync, &owner);
		if (line->gre != NULL)
			gre_sock_bound(line->gre, PTY_QUEUE);
	}
	if (line->channel == NULL)
		return false;
	line->awaits_pppd = line->ppp.report_fd >= 0;
	snprintf(line->no_tap, sizeof(line->no_tap), "%s", pppd->why);
	snprintf(line->tap_name, sizeof(line->tap_name), "%s", pppd->session.name);
	if (pppd->why[0] != '\0')
		engine_note(engine, line->owner.note_level,
		    "the data path is %s, the slower one, as there is no TAP: %s",
		    line->channel->ops->name, pppd->why);
	if (pppd->path == PATH_TAP && pppd->session.exposed)
		engine_note(engine, line->owner.note_level,
		    "all users have been able to read /proc/net/pppoe: one who has it open can "
		    "send on this tunnel, and take it over (see data.path in pptpeer.conf(5))");
	return true;
}

void
line_close_channel(struct line *line)
{
	if (line->channel != NULL)
		line->channel->ops->free(line->channel);
	line->channel = NULL;
}

void
line_counters(const struct line *line, struct pptp_session_stats *stats, struct gre_errors *errors)
{
	memset(stats, 0, sizeof(*stats));
	memset(errors, 0, sizeof(*errors));
	if (line->gre == NULL)
		return;
	gre_sock_stats(line->gre, stats);
	*errors = *gre_sock_errors(line->gre);
}

void
line_init(struct line *line, struct engine *engine, const struct line_owner *owner)
{
	*line = (struct line){.engine = engine, .owner = *owner};
	line->ppp.report_fd = line->ppp.log_fd = -1;
}

void
line_fini(struct line *line)
{
	const struct line_owner owner = line->owner;

	line_ppp_close(line);
	line_close_channel(line);
	drop_early(line);
	gre_sock_free(line->gre);
	line_init(line, line->engine, &owner);
}
