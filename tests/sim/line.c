/*
 * line.c: calls as their owner knows them, and the frames on them.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* A frame: whose it is, and which. */
struct frame {
	uint32_t tag, number;
};

struct line *
line_find(struct sim *sim, unsigned node, uint16_t id)
{
	struct line *line = sim->nodes[node].lines;

	while (line != NULL && line->id != id)
		line = line->next;
	return line;
}

struct line *
line_new(struct end *end, uint16_t id, bool is_pac)
{
	struct sim *sim = end->sim;
	struct node *node = &sim->nodes[end->node];
	struct line *line = calloc(1, sizeof(*line));

	CHECK(sim, line != NULL);
	CHECK(sim, id != 0 && id != UINT16_MAX);           /* protocol D4, D5 */
	CHECK(sim, line_find(sim, end->node, id) == NULL); /* 3.2.2 */
	line->end = end;
	line->id = id;
	line->is_pac = is_pac;
	line->since = sim->now;
	line->tag = sim_random(sim);
	line->next = node->lines;
	node->lines = line;
	node->n_lines++;
	return line;
}

void
line_up(struct line *line, const struct pptp_event *event)
{
	struct sim *sim = line->end->sim;
	const struct pptp_session_params params = {.local_call_id = line->id,
	    .peer_call_id = event->peer_call_id,
	    .peer_window = event->peer_window,
	    .peer_delay = event->peer_delay,
	    .reorder_depth = 16,
	    .max_payload = sizeof(struct frame),
	    .send_queue = 4};

	CHECK(sim, !line->is_up);
	line->is_up = true;
	line->is_offered = false;
	line->since = sim->now;
	line->peer_id = event->peer_call_id;
	line->session = pptp_session_new(&sim->env, &params);
	CHECK(sim, line->session != NULL);
}

void
line_free(struct line *line)
{
	struct node *node = &line->end->sim->nodes[line->end->node];
	struct line **at = &node->lines;

	while (*at != line)
		at = &(*at)->next;
	*at = line->next;
	node->n_lines--;
	pptp_session_free(line->session);
	free(line);
}

/* 4.3: in order, none twice, and of no other call. */
static void
hear(struct line *line, const uint8_t *octets, size_t len)
{
	struct sim *sim = line->end->sim;
	struct frame frame;

	CHECK(sim, len == sizeof(frame));
	memcpy(&frame, octets, sizeof(frame));
	if (line->heard == 0)
		line->their_tag = frame.tag;
	CHECK(sim, frame.tag == line->their_tag);
	CHECK(sim, frame.number > line->heard);
	line->heard = frame.number;
	sim->tally->frames++;
}

/* Everything that has come, and the acknowledgement that is due. */
void
line_drain(struct line *line)
{
	struct sim *sim = line->end->sim;
	const uint8_t *frame;
	uint8_t ack[PPTP_GRE_MAX_HEADER];
	size_t len;

	while (pptp_session_next(line->session, &frame, &len) == PPTP_OK)
		hear(line, frame, len);
	if (pptp_session_ack(line->session, ack, sizeof(ack), &len, sim->now) == PPTP_OK)
		wire_gre(sim, 1 - line->end->node, ack, len);
}

void
node_frames(struct line *line, unsigned count)
{
	struct sim *sim = line->end->sim;

	for (; line->is_up && count > 0; count--) {
		uint8_t room[PPTP_GRE_MAX_HEADER + sizeof(struct frame)];
		struct frame frame = {line->tag, ++line->sent};
		uint8_t *packet;
		size_t len;

		memcpy(room + PPTP_GRE_MAX_HEADER, &frame, sizeof(frame));
		CHECK(sim, pptp_session_send(line->session, room + PPTP_GRE_MAX_HEADER,
			       sizeof(frame), &packet, &len, sim->now) == PPTP_OK);
		wire_gre(sim, 1 - line->end->node, packet, len);
	}
	node_pump(line->end);
}

void
node_gre(struct sim *sim, unsigned node, const uint8_t *octets, size_t len)
{
	struct pptp_gre gre;
	struct line *line;

	CHECK(sim, pptp_gre_decode(&gre, octets, len) == PPTP_OK);
	line = line_find(sim, node, gre.call_id);
	if (line == NULL || line->session == NULL)
		return; /* of a call that is over, or before ICCN (D11) */
	pptp_session_recv(line->session, octets, len, sim->now);
	line_drain(line);
	if (line->end->ctrl != NULL)
		pptp_ctrl_alive(line->end->ctrl, sim->now);
	node_pump(line->end);
}

uint64_t
line_deadline(const struct end *end)
{
	uint64_t due = PPTP_NEVER;

	for (const struct line *line = end->sim->nodes[end->node].lines; line != NULL;
	     line = line->next) {
		uint64_t at = line->end == end && line->session != NULL
				  ? pptp_session_deadline(line->session)
				  : PPTP_NEVER;

		due = at < due ? at : due;
	}
	return due;
}

void
line_expire(struct end *end)
{
	for (struct line *line = end->sim->nodes[end->node].lines; line != NULL;
	     line = line->next) {
		if (line->end != end || line->session == NULL)
			continue;
		pptp_session_expire(line->session, end->sim->now);
		line_drain(line);
	}
}
