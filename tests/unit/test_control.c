/*
 * test_control.c: the flight recorder behind the control socket: what it keeps, what it lets pass, what
 * it hides, and that several tunnels can be in it.  A client asks over a real socket.
 */
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/control.h"
#include "engine_util.h"
#include "tool/client.h"

#define KEPT 200 /* of each kind: interface.md 7 */

static const struct engine_way out = {true, {0x0100000a}, {0x0200000a}}; /* 10.0.0.1, 10.0.0.2 */
static const struct engine_way in = {false, {0x0100000a}, {0x0300000a}};

struct fixture {
	struct engine_room room;
	struct control *control;
	int fd;
	char line[CLIENT_LINE_MAX];
	size_t len;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(address.sun_family); /* the kernel gives it a name (unix(7)) */
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(f);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	len = sizeof(address);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	engine_room_init(&f->room);
	f->room.engine.started = clock_now();
	f->control = control_new(&f->room.engine, listener);
	assert_non_null(f->control);
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(f->fd, (struct sockaddr *)&address, len), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	control_free(f->control);
	engine_room_fini(&f->room);
	close(f->fd);
	free(f);
	return 0;
}

/* The next line; the loop turns until it is there. */
static json_t *
answer(struct fixture *f)
{
	char *end;

	while ((end = memchr(f->line, '\n', f->len)) == NULL) {
		ssize_t n;

		engine_room_turn(&f->room);
		n = recv(f->fd, f->line + f->len, sizeof(f->line) - f->len, 0);
		assert_true(n > 0 || (n < 0 && errno == EAGAIN));
		f->len += n > 0 ? (size_t)n : 0;
		assert_true(f->len < sizeof(f->line)); /* more than a client takes */
	}
	json_t *json = json_loadb(f->line, (size_t)(end - f->line), 0, NULL);

	assert_non_null(json);
	f->len -= (size_t)(end + 1 - f->line);
	memmove(f->line, end + 1, f->len);
	return json;
}

static json_t *
ask(struct fixture *f, bool follow)
{
	const char *line =
	    follow ? "{\"verb\":\"trace\",\"follow\":true}\n" : "{\"verb\":\"trace\"}\n";

	assert_int_equal(send(f->fd, line, strlen(line), 0), strlen(line));
	return answer(f);
}

static void
echo(struct fixture *f, const struct engine_way *way, uint32_t identifier)
{
	struct pptp_msg msg = {.type = PPTP_ECHO_REQUEST, .u.echo_request.identifier = identifier};
	uint8_t octets[PPTP_MAX_MSG_LEN];
	size_t len;

	assert_int_equal(pptp_msg_encode(&msg, octets, sizeof(octets), &len), PPTP_OK);
	control_record(f->control, way, octets, len);
}

static void
lcp(struct fixture *f, const struct engine_way *way, uint8_t code, uint8_t identifier)
{
	const uint8_t frame[] = {0xff, 0x03, 0xc0, 0x21, code, identifier, 0, 8, 1, 2, 3, 4};

	control_record_ppp(f->control, way, 7, frame, sizeof(frame));
}

static void
assert_text(const json_t *event, const char *key, const char *wanted)
{
	assert_string_equal(client_text(event, key), wanted);
}

/* PPP that renegotiates for ever does not push out how the tunnel began, nor the other way round. */
static void
the_last_of_each_kind_are_kept_in_order(void **state)
{
	struct fixture *f = *state;
	unsigned messages = 0, packets = 0;
	double time = 0;
	json_t *all;

	for (unsigned i = 0; i < 3 * KEPT; i++) {
		lcp(f, &out, 1, (uint8_t)i);
		if (i % 2 == 0)
			echo(f, &in, i);
	}
	all = ask(f, false);
	const json_t *events = json_object_get(all, "events");
	assert_int_equal(json_array_size(events), 2 * KEPT);
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);

		assert_true(json_number_value(json_object_get(event, "time")) >= time);
		time = json_number_value(json_object_get(event, "time"));
		if (strcmp(client_text(event, "kind"), "ppp") == 0) {
			assert_int_equal(
			    client_number(event, "identifier"), (2 * KEPT + packets++) & 0xff);
			assert_text(event, "dst", "10.0.0.2");
		} else {
			char text[32];

			snprintf(text, sizeof(text), "Identifier %u", KEPT + 2 * messages++);
			assert_text(event, "text", text);
			assert_text(event, "src", "10.0.0.3");
		}
	}
	assert_int_equal(messages, KEPT);
	assert_int_equal(packets, KEPT);
	assert_true(json_number_value(json_object_get(all, "now")) >= time);
	json_decref(all);
}

/* LCP's echo, twice a minute for years: whoever follows sees it, and nothing else is lost for it. */
static void
signs_of_life_pass_and_are_not_kept(void **state)
{
	struct fixture *f = *state;
	json_t *json;

	lcp(f, &out, 1, 1);
	lcp(f, &out, 9, 2);
	json = ask(f, true);
	assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
	json_decref(json);
	lcp(f, &in, 10, 3);
	json = answer(f);
	assert_text(json_object_get(json, "event"), "name", "Echo-Reply");
	assert_text(json_object_get(json, "event"), "dir", "in");
	json_decref(json);
	json = ask(f, false);
	assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
	json_decref(json);
}

static void
no_secret_is_kept_or_told(void **state)
{
	static const uint8_t pap[] = "\xff\x03\xc0\x23\x01\x01\x00\x0f\x03"
				     "bob\x06SECRET";
	struct fixture *f = *state;
	json_t *json = ask(f, true);

	json_decref(json);
	control_record_ppp(f->control, &out, 7, pap, sizeof(pap) - 1);
	json = answer(f);
	assert_text(json_object_get(json, "event"), "text",
	    "Identifier 1, Peer-ID \"bob\", Password hidden");
	assert_text(
	    json_object_get(json, "event"), "hex", "ff03c0230101000f03626f62062a2a2a2a2a2a");
	json_decref(json);
	json = ask(f, false);
	assert_text(json_array_get(json_object_get(json, "events"), 0), "hex",
	    "ff03c0230101000f03626f62062a2a2a2a2a2a");
	json_decref(json);
}

/* The worst that a peer can send is still an answer that a client takes. */
static void
the_longest_words_fit_an_answer(void **state)
{
	struct pptp_msg msg = {.type = PPTP_ICRQ};
	uint8_t octets[PPTP_MAX_MSG_LEN], frame[1500] = {0xff, 0x03, 0xc0, 0x21, 5, 1, 5, 0xd8};
	struct fixture *f = *state;
	json_t *json;
	size_t len;

	memset(msg.u.icrq.dialed_number, 0xff, PPTP_NAME_LEN);
	memset(msg.u.icrq.dialing_number, 0xff, PPTP_NAME_LEN);
	memset(msg.u.icrq.subaddress, 0xff, PPTP_NAME_LEN);
	assert_int_equal(pptp_msg_encode(&msg, octets, sizeof(octets), &len), PPTP_OK);
	memset(frame + 8, 0xff, sizeof(frame) - 8);
	for (unsigned i = 0; i < KEPT; i++) {
		control_record(f->control, &in, octets, len);
		control_record_ppp(f->control, &in, 7, frame, sizeof(frame));
	}
	json = ask(f, false);
	assert_int_equal(json_array_size(json_object_get(json, "events")), 2 * KEPT);
	json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_last_of_each_kind_are_kept_in_order),
	    TEST(signs_of_life_pass_and_are_not_kept),
	    TEST(no_secret_is_kept_or_told),
	    TEST(the_longest_words_fit_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
