/*
 * ctrl.c: the control connection, RFC 2637 sections 2 and 3.1.
 */
#include "ctrl.h"

#include "call.h"

#include <string.h>

/* ------------------------------------------------------------------------- queues */

static int
queue_message(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, bool is_answer)
{
	struct out_msg *out = ctrl->env->alloc(ctrl->env->ctx, sizeof(*out));
	int err;

	if (out == NULL)
		return PPTP_ERR_NOMEM;
	err = pptp_msg_encode(msg, out->octets, sizeof(out->octets), &out->len);
	if (err != PPTP_OK) {
		ctrl->env->free(ctrl->env->ctx, out);
		return err;
	}
	out->is_answer = is_answer;
	ctrl->n_answers += is_answer;
	*ctrl->out_end = out;
	ctrl->out_end = &out->next;
	return PPTP_OK;
}

int
ctrl_send(struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	return queue_message(ctrl, msg, false);
}

int
ctrl_answer(struct pptp_ctrl *ctrl, const struct pptp_msg *msg)
{
	if (ctrl->n_answers >= MAX_ANSWERS + ctrl->most_calls)
		return PPTP_ERR_FLOOD;
	return queue_message(ctrl, msg, true);
}

const uint8_t *
pptp_ctrl_output(const struct pptp_ctrl *ctrl, size_t *len)
{
	if (ctrl->out == NULL)
		return NULL;
	*len = ctrl->out->len;
	return ctrl->out->octets;
}

void
pptp_ctrl_output_done(struct pptp_ctrl *ctrl)
{
	struct out_msg *out = ctrl->out;

	if (out == NULL)
		return;
	ctrl->out = out->next;
	if (ctrl->out == NULL)
		ctrl->out_end = &ctrl->out;
	ctrl->n_answers -= out->is_answer;
	ctrl->env->free(ctrl->env->ctx, out);
}

void
ctrl_drop_output(struct pptp_ctrl *ctrl)
{
	while (ctrl->out != NULL)
		pptp_ctrl_output_done(ctrl);
}

struct queued_event *
ctrl_event_reserve(struct pptp_ctrl *ctrl)
{
	return ctrl->env->alloc(ctrl->env->ctx, sizeof(struct queued_event));
}

void
ctrl_event_queue(struct pptp_ctrl *ctrl, struct queued_event *queued)
{
	*ctrl->events_end = queued;
	ctrl->events_end = &queued->next;
	ctrl->n_events++;
}

int
ctrl_event_new(struct pptp_ctrl *ctrl, enum pptp_event_type type, struct pptp_event **event)
{
	struct queued_event *queued;

	if (ctrl->n_events >= MAX_EVENTS)
		return PPTP_ERR_FLOOD;
	queued = ctrl_event_reserve(ctrl);
	if (queued == NULL)
		return PPTP_ERR_NOMEM;
	queued->event.type = type;
	ctrl_event_queue(ctrl, queued);
	*event = &queued->event;
	return PPTP_OK;
}

int
pptp_ctrl_event(struct pptp_ctrl *ctrl, struct pptp_event *event)
{
	struct queued_event *queued = ctrl->events;

	if (queued == NULL)
		return PPTP_ERR_AGAIN;
	*event = queued->event;
	ctrl->events = queued->next;
	if (ctrl->events == NULL)
		ctrl->events_end = &ctrl->events;
	ctrl->n_events--;
	ctrl->env->free(ctrl->env->ctx, queued);
	return PPTP_OK;
}

/* --------------------------------------------------------------------- making, freeing
 */

static uint64_t
time_or_rfc(uint64_t us)
{
	return us == 0 ? RFC_TIME : us;
}

static void
copy_params(struct pptp_ctrl_params *to, const struct pptp_ctrl_params *from)
{
	*to = *from;
	to->host_name[sizeof(to->host_name) - 1] = '\0';
	to->vendor_name[sizeof(to->vendor_name) - 1] = '\0';
	if (to->framing_capabilities == 0)
		to->framing_capabilities = PPTP_FRAMING_EITHER;
	if (to->bearer_capabilities == 0)
		to->bearer_capabilities = PPTP_BEARER_ANY;
	to->reply_timeout = time_or_rfc(from->reply_timeout);
	to->start_timeout = time_or_rfc(from->start_timeout);
	if (to->answer_timeout == 0)
		to->answer_timeout = ANSWER_TIME;
	if (to->max_calls == 0 || to->max_calls > MAX_CALLS)
		to->max_calls = MAX_CALLS;
	to->stop_timeout = time_or_rfc(from->stop_timeout);
	to->clear_timeout = time_or_rfc(from->clear_timeout);
	to->echo_interval = time_or_rfc(from->echo_interval);
	to->echo_timeout = time_or_rfc(from->echo_timeout);
}

struct pptp_ctrl *
pptp_ctrl_new(const struct pptp_env *env, const struct pptp_ctrl_params *params)
{
	struct pptp_ctrl *ctrl = env->alloc(env->ctx, sizeof(*ctrl));

	if (ctrl == NULL)
		return NULL;
	ctrl->env = env;
	ctrl->down = ctrl_event_reserve(ctrl);
	if (ctrl->down == NULL) {
		env->free(env->ctx, ctrl);
		return NULL;
	}
	copy_params(&ctrl->params, params);
	ctrl->fsm = &ctrl_originator_fsm;
	ctrl->state = PPTP_CTRL_IDLE;
	ctrl->start_result = PPTP_SCCRP_OK;
	ctrl->is_pac = params->takes_outgoing;
	ctrl->out_end = &ctrl->out;
	ctrl->events_end = &ctrl->events;
	ctrl->reply_due = PPTP_NEVER;
	ctrl->idle_due = PPTP_NEVER;
	ctrl->echo_due = PPTP_NEVER;
	ctrl->echo_identifier = env->random(env->ctx);
	ctrl->next_serial = (uint16_t)env->random(env->ctx);
	return ctrl;
}

void
pptp_ctrl_free(struct pptp_ctrl *ctrl)
{
	struct pptp_event event;

	if (ctrl == NULL)
		return;
	if (!ctrl->is_down)
		ctrl_down(ctrl, 0); /* frees the calls */
	while (pptp_ctrl_event(ctrl, &event) == PPTP_OK)
		;
	ctrl_drop_output(ctrl);
	ctrl->env->free(ctrl->env->ctx, ctrl);
}

/* ---------------------------------------------------------------------------- the end */

void
ctrl_down(struct pptp_ctrl *ctrl, uint64_t now)
{
	struct pptp_event *event = &ctrl->down->event;

	ctrl->is_down = true;
	ctrl->reply_due = PPTP_NEVER;
	ctrl->idle_due = PPTP_NEVER;
	ctrl->echo_due = PPTP_NEVER;
	while (ctrl->calls != NULL) /* each state of a call has this row, and it leads to idle */
		call_step(ctrl->calls, CALL_CTRL_DOWN, NULL, now);
	event->type = PPTP_EV_CTRL_DOWN;
	event->cause = ctrl->ending.cause;
	event->code = ctrl->ending.code;
	event->error_code = ctrl->ending.error_code;
	ctrl_event_queue(ctrl, ctrl->down);
	ctrl->down = NULL;
}

void
ctrl_begin_stop(struct pptp_ctrl *ctrl, enum pptp_cause cause, enum pptp_stop_reason reason)
{
	if (ctrl->is_stopping)
		return;
	ctrl->is_stopping = true;
	ctrl->stop_reason = reason;
	ctrl->ending.cause = cause;
}

static int
step(struct pptp_ctrl *ctrl, enum ctrl_event event, const void *input, uint64_t now)
{
	return fsm_step(ctrl->fsm, &ctrl->state, event, ctrl, input, now);
}

/* B7: each live call is cleared first, so that NAT helpers and poor peers forget it. */
static int
wind_down(struct pptp_ctrl *ctrl, uint64_t now)
{
	struct call *next;
	int err;

	if (!ctrl->is_stopping || ctrl->state == PPTP_CTRL_WAIT_STOP_REPLY)
		return PPTP_OK;
	for (struct call *call = ctrl->calls; call != NULL; call = next) {
		next = call->next;
		err = call_step(call, CALL_LOCAL_CLEAR, NULL, now);
		if (err != PPTP_OK)
			return err;
	}
	return ctrl->calls != NULL ? PPTP_OK : step(ctrl, CTRL_LOCAL_STOP, NULL, now);
}

int
ctrl_settle(struct pptp_ctrl *ctrl, int err, uint64_t now)
{
	if (ctrl->is_down)
		return err;
	if (err == PPTP_OK)
		err = wind_down(ctrl, now);
	if (err < PPTP_ERR_FATAL)
		step(ctrl, CTRL_FAILURE, &err, now);
	return err;
}

/* ------------------------------------------------------------------ what an owner can do
 */

enum pptp_ctrl_state
pptp_ctrl_state(const struct pptp_ctrl *ctrl)
{
	return (enum pptp_ctrl_state)ctrl->state;
}

const char *
pptp_ctrl_state_name(enum pptp_ctrl_state state)
{
	return fsm_state_name(&ctrl_originator_fsm, state);
}

int
pptp_ctrl_start(struct pptp_ctrl *ctrl, uint64_t now)
{
	if (ctrl->is_down)
		return PPTP_ERR_STATE;
	return ctrl_settle(ctrl, step(ctrl, CTRL_OPEN, NULL, now), now);
}

int
pptp_ctrl_accept(struct pptp_ctrl *ctrl, uint64_t now)
{
	if (ctrl->is_down || ctrl->state != PPTP_CTRL_IDLE || ctrl->fsm == &ctrl_receiver_fsm)
		return PPTP_ERR_STATE;
	ctrl->fsm = &ctrl_receiver_fsm;
	return ctrl_settle(ctrl, step(ctrl, CTRL_ACCEPT, NULL, now), now);
}

/* A receiver that has not answered yet. */
static bool
is_to_answer(const struct pptp_ctrl *ctrl)
{
	return !ctrl->is_down && ctrl->fsm == &ctrl_receiver_fsm && ctrl->state == PPTP_CTRL_IDLE;
}

/* What the owner says makes the held request one of the events of the figure. */
static int
judge(struct pptp_ctrl *ctrl, enum ctrl_event event, uint64_t now)
{
	struct pptp_msg request = ctrl->held;

	ctrl->is_held = false;
	return ctrl_settle(ctrl, step(ctrl, event, &request, now), now);
}

int
pptp_ctrl_admit(struct pptp_ctrl *ctrl, uint64_t now)
{
	if (!is_to_answer(ctrl) || !ctrl->is_held)
		return PPTP_ERR_STATE;
	return judge(ctrl, CTRL_RX_SCCRQ_OK, now);
}

int
pptp_ctrl_refuse(struct pptp_ctrl *ctrl, enum pptp_sccrp_result result,
    enum pptp_general_error error, uint64_t now)
{
	/* 2.2: "If the Result Code is not "General Error" the Error Code is 0" (A15). */
	if (result < PPTP_SCCRP_GENERAL_ERROR || result > PPTP_SCCRP_VERSION ||
	    (result == PPTP_SCCRP_GENERAL_ERROR) != (error != PPTP_ERROR_NONE))
		return PPTP_ERR_INVAL;
	if (!is_to_answer(ctrl))
		return PPTP_ERR_STATE;
	ctrl->start_result = (uint8_t)result;
	ctrl->start_error = (uint8_t)error;
	return ctrl->is_held ? judge(ctrl, CTRL_RX_SCCRQ_REFUSED, now) : PPTP_OK;
}

/* --------------------------------------------------------------------- collision, 3.1.3 */

enum pptp_collision
pptp_ctrl_collision(const struct pptp_ctrl *ours, uint32_t local_address, uint32_t peer_address)
{
	/* B11: before our request there is nothing to collide with, after the reply it is a
	 * second connection, and equal addresses have no winner. */
	if (ours->is_down || ours->state != PPTP_CTRL_WAIT_CTL_REPLY ||
	    local_address == peer_address)
		return PPTP_COLLISION_NONE;
	return local_address > peer_address ? PPTP_COLLISION_WON : PPTP_COLLISION_LOST;
}

int
pptp_ctrl_collide(struct pptp_ctrl *ours, struct pptp_ctrl *theirs, uint32_t local_address,
    uint32_t peer_address, uint64_t now)
{
	enum pptp_collision collision = pptp_ctrl_collision(ours, local_address, peer_address);

	if (collision == PPTP_COLLISION_NONE || !is_to_answer(theirs) || !theirs->is_held)
		return PPTP_ERR_STATE;
	if (collision == PPTP_COLLISION_WON)
		return judge(theirs, CTRL_COLLISION_WON, now);
	step(ours, CTRL_COLLISION_LOST, NULL, now); /* it cannot fail */
	return judge(theirs, CTRL_RX_SCCRQ_OK, now);
}

/* -------------------------------------------------------------------------- ending it */

int
pptp_ctrl_closed(struct pptp_ctrl *ctrl, uint64_t now)
{
	return ctrl->is_down ? PPTP_OK : step(ctrl, CTRL_TCP_CLOSED, NULL, now);
}

int
pptp_ctrl_stop(struct pptp_ctrl *ctrl, enum pptp_stop_reason reason, uint64_t now)
{
	if (ctrl->is_down)
		return PPTP_OK;
	ctrl_begin_stop(ctrl, PPTP_CAUSE_LOCAL, reason);
	return ctrl_settle(ctrl, PPTP_OK, now);
}

void
pptp_ctrl_alive(struct pptp_ctrl *ctrl, uint64_t now)
{
	ctrl->gre_seen = now;
}

/* ----------------------------------------------------------------------------- timers */

uint64_t
ctrl_after(uint64_t now, uint64_t us)
{
	return us > PPTP_NEVER - now ? PPTP_NEVER : now + us;
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
pptp_ctrl_deadline(const struct pptp_ctrl *ctrl)
{
	uint64_t due = earlier(ctrl->reply_due, earlier(ctrl->idle_due, ctrl->echo_due));

	for (const struct call *call = ctrl->calls; call != NULL; call = call->next)
		due = earlier(due, call_deadline(call));
	return due;
}

int
pptp_ctrl_expire(struct pptp_ctrl *ctrl, uint64_t now)
{
	struct call *call;
	int err = PPTP_OK;

	while (err == PPTP_OK && (call = call_due(ctrl, now)) != NULL)
		err = ctrl_settle(ctrl, call_expire(call, now), now);
	if (err == PPTP_OK && ctrl->reply_due <= now)
		err = ctrl_settle(ctrl, step(ctrl, CTRL_REPLY_TIMEOUT, NULL, now), now);
	if (err == PPTP_OK && ctrl->idle_due <= now)
		err = ctrl_settle(ctrl, step(ctrl, CTRL_IDLE_TIMEOUT, NULL, now), now);
	if (err == PPTP_OK && ctrl->echo_due <= now)
		err = ctrl_settle(ctrl, step(ctrl, ctrl_verify_echo(ctrl, now), NULL, now), now);
	return err;
}

int
pptp_ctrl_probe(struct pptp_ctrl *ctrl, uint64_t wait, uint64_t now)
{
	int err = PPTP_OK;

	if (ctrl->state != PPTP_CTRL_ESTABLISHED || ctrl->is_stopping)
		return PPTP_ERR_STATE;
	if (ctrl->echo_due == PPTP_NEVER)
		err = ctrl_settle(ctrl, step(ctrl, CTRL_IDLE_TIMEOUT, NULL, now), now);
	if (err == PPTP_OK)
		ctrl->echo_due = earlier(ctrl->echo_due, ctrl_after(now, wait));
	return err;
}

/* ------------------------------------------------------------------------------ input */

static int
report_type(struct pptp_ctrl *ctrl, enum pptp_event_type type, unsigned code)
{
	struct pptp_event *event;
	int err = ctrl_event_new(ctrl, type, &event);

	if (err == PPTP_OK)
		event->code = code;
	return err;
}

static int
take_message(struct pptp_ctrl *ctrl, const struct pptp_msg *msg, uint64_t now)
{
	struct pptp_event *event;
	int err = ctrl_event_new(ctrl, PPTP_EV_RECV, &event);

	if (err != PPTP_OK)
		return err;
	event->msg = *msg;
	if (ctrl->idle_due != PPTP_NEVER) /* C2: any control message */
		ctrl->idle_due = ctrl_after(now, ctrl->params.echo_interval);
	err = step(ctrl, ctrl_verify(ctrl, msg), msg, now);
	return err == PPTP_ERR_STATE ? report_type(ctrl, PPTP_EV_IGNORED, msg->type) : err;
}

/* Message Type 2, or a type that the RFC does not list: passed over by its Length (A7,
 * A8). */
static int
skip_message(struct pptp_ctrl *ctrl, size_t length)
{
	unsigned type = pptp_msg_type(ctrl->in, ctrl->in_len);

	ctrl->skip = length - ctrl->in_len;
	ctrl->in_len = 0;
	return report_type(ctrl, PPTP_EV_SKIPPED, type);
}

/* Takes octets up to the end of the message that ctrl->in begins; *len is reduced. */
static int
take_octets(struct pptp_ctrl *ctrl, const uint8_t **data, size_t *len, uint64_t now)
{
	int length = pptp_msg_frame(ctrl->in, ctrl->in_len);
	size_t want = length == 0 ? PPTP_HEADER_LEN : (size_t)length;
	size_t n = want - ctrl->in_len < *len ? want - ctrl->in_len : *len;
	struct pptp_msg msg;
	int err;

	memcpy(ctrl->in + ctrl->in_len, *data, n);
	ctrl->in_len += n;
	*data += n;
	*len -= n;
	length = pptp_msg_frame(ctrl->in, ctrl->in_len);
	if (length <= 0)
		return length;
	if (pptp_msg_size(pptp_msg_type(ctrl->in, ctrl->in_len)) == 0)
		return skip_message(ctrl, (size_t)length);
	if (ctrl->in_len < (size_t)length)
		return PPTP_OK;
	err = pptp_msg_decode(&msg, ctrl->in, ctrl->in_len);
	ctrl->in_len = 0;
	return err == PPTP_OK ? take_message(ctrl, &msg, now) : err;
}

int
pptp_ctrl_recv(struct pptp_ctrl *ctrl, const uint8_t *data, size_t len, uint64_t now)
{
	int err = PPTP_OK;

	while (len > 0 && err == PPTP_OK && !ctrl->is_down) {
		size_t n = ctrl->skip < len ? ctrl->skip : len;

		ctrl->skip -= n;
		data += n;
		len -= n;
		if (len > 0)
			err = ctrl_settle(ctrl, take_octets(ctrl, &data, &len, now), now);
	}
	return err;
}
