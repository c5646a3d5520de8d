/*
 * test_status.c: the tool's end of the control socket: bounds, errors, and what status,
 * trace and down print.  A child with canned answers listens on a real socket in a folder
 * of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "tool/client.h"
#include "tool/status.h"

#define NOW 1700000000

/* The object of interface.md 4's example. */
static const char office[] =
    "{\"name\":\"office\",\"role\":\"dial\",\"state\":\"up\",\"since\":1699988480,"
    "\"uptime_s\":11520,"
    "\"server\":{\"name\":\"vpn.example.com\",\"address\":\"198.51.100.7\",\"port\":1723,"
    "\"peer_hostname\":\"ras1\",\"peer_vendor\":\"linux\",\"firmware\":1},"
    "\"call\":{\"local_id\":41077,\"peer_id\":312,\"direction\":\"outgoing\",\"speed_"
    "bps\":0,"
    "\"window\":64},\"data_path\":\"tap\",\"data_path_why\":\"the fastest that can be "
    "had\",\"channel\":{\"to_ppp\":1,\"from_ppp\":1,\"dropped\":0,\"bad\":0,\"foreign\":0},"
    "\"gre\":{\"rx\":401233,\"tx\":5,\"lost\":17,\"reordered\":212,\"duplicate\":0,"
    "\"bad\":0,"
    "\"acks_rx\":1,\"acks_tx\":1,\"rtt_us\":20000,\"last_rx_ms\":345},"
    "\"ppp\":{\"interface\":\"ppp-office\",\"pppd_pid\":77,\"auth\":\"MS-CHAP-V2\","
    "\"user\":\"CORP\\\\bob\",\"mppe\":{\"bits\":128,\"stateful\":false},\"local\":\"10."
    "20.0.57\","
    "\"peer\":\"10.20.0.1\",\"ipv6\":[\"fe80::57\",\"2001:db8::57\"],\"mtu\":1456,\"dns\":[\"10.20."
    "0.1\"],\"dns_use\":\"resolved\",\"dns_"
    "why\":\"/etc/resolv.conf leads to it\",\"dns_error\":null,\"rx_bytes\":432747315,"
    "\"tx_bytes\":39950745},\"routes\":[\"10.20.0.0/16\"],"
    "\"server_route\":{\"via\":\"192.0.2.254\",\"dev\":\"eth0\",\"added\":true},"
    "\"control\":{\"echo_rtt_us\":21000,\"last_rx_ms\":14200},\"last_end\":null,"
    "\"redials\":0,\"tries\":0,"
    "\"next_try_s\":null,\"dial_refused\":null,\"calls\":[]}";

struct fixture {
	char run_dir[64];
	struct capture capture;
};

static int
setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	snprintf(fixture->run_dir, sizeof(fixture->run_dir), "/tmp/pptpeer-test-XXXXXX");
	*state = fixture; /* freed by teardown(), whatever comes of the rest */
	if (mkdtemp(fixture->run_dir) == NULL)
		return -1;
	return setenv("PPTPEER_RUN_DIR", fixture->run_dir, 1);
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	rmdir(fixture->run_dir);
	free(fixture);
	return 0;
}

static void
assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, text);
}

/* ---------------------------------------------------------------- a tunnel of the test's
 */

struct tunnel {
	char dir[96], socket[128];
	int listener;
	pid_t child;
};

static void
tunnel_listen(struct tunnel *tunnel, const struct fixture *fixture, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(tunnel->dir, sizeof(tunnel->dir), "%s/%s", fixture->run_dir, name);
	snprintf(tunnel->socket, sizeof(tunnel->socket), "%s/control.sock", tunnel->dir);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s", tunnel->socket);
	assert_int_equal(mkdir(tunnel->dir, 0755), 0);
	tunnel->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(tunnel->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(tunnel->listener, 1), 0);
	tunnel->child = 0;
}

/* A child takes one connection, wants exactly `request`, answers with `answer`, and
 * closes. */
static void
tunnel_start(struct tunnel *tunnel, const struct fixture *fixture, const char *name,
    const char *request, const char *answer)
{
	char line[256];
	ssize_t got;
	int fd;

	tunnel_listen(tunnel, fixture, name);
	tunnel->child = fork();
	assert_true(tunnel->child >= 0);
	if (tunnel->child != 0)
		return;
	fd = accept(tunnel->listener, NULL, NULL);
	got = read(fd, line, sizeof(line) - 1);
	line[got > 0 ? got : 0] = '\0';
	if (strcmp(line, request) != 0)
		_exit(1);
	for (size_t sent = 0; sent < strlen(answer);) {
		ssize_t n = send(fd, answer + sent, strlen(answer) - sent, MSG_NOSIGNAL);

		if (n < 0)
			_exit(2);
		sent += (size_t)n;
	}
	_exit(0);
}

static void
tunnel_end(struct tunnel *tunnel)
{
	int status = 0;

	if (tunnel->child != 0)
		assert_int_equal(waitpid(tunnel->child, &status, 0), tunnel->child);
	close(tunnel->listener);
	unlink(tunnel->socket);
	rmdir(tunnel->dir);
	assert_int_equal(status, 0);
}

/* ------------------------------------------------------------------------------- status
 */

/* The text of an object, in *text. */
static void
print(const char *json, char *text, size_t size)
{
	json_t *tunnel = json_loads(json, 0, NULL);
	FILE *out = fmemopen(text, size, "w");

	assert_non_null(tunnel);
	assert_non_null(out);
	status_print(out, tunnel, NOW, false);
	fclose(out);
	json_decref(tunnel);
}

static void
status_text_is_the_interfaces(void **state)
{
	char text[4096];

	(void)state;
	print(office, text, sizeof(text));
	assert_string_equal(text,
	    "office   UP 3 h 12 min   ppp-office 10.20.0.57 -> 10.20.0.1   "
	    "vpn.example.com (198.51.100.7)\n"
	    "         peer        ras1, linux, firmware 1\n"
	    "         encryption  MPPE 128-bit stateless   authenticated as CORP\\bob "
	    "(MS-CHAP-V2)\n"
	    "         traffic     down 412.7 MiB  up 38.1 MiB   data path tap   MTU "
	    "1456\n"
	    "         gre         received 401 233, lost 17, reordered 212, duplicate 0  "
	    " "
	    "last 0.3 s ago\n"
	    "         control     echo 21 ms, last message 14 s ago   call id 41077 "
	    "here, 312 there\n"
	    "         ipv6        fe80::57  2001:db8::57\n"
	    "         dns         10.20.0.1   by resolved: /etc/resolv.conf leads to it\n"
	    "         routes      10.20.0.0/16     server 198.51.100.7 via 192.0.2.254 dev eth0\n");
}

static void
status_text_before_it_is_up(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"a-name-that-is-long\",\"state\":\"calling\",\"since\":"
	      "1699999998,"
	      "\"server\":{\"name\":\"192.0.2.1\",\"address\":\"192.0.2.1\"}}",
	    text, sizeof(text));
	assert_string_equal(text, "a-name-that-is-long CALLING 2 s   192.0.2.1\n");
}

/* Why, and what to do next, once; nothing that there is not. */
static void
status_text_while_it_waits(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"branch\",\"state\":\"waiting\",\"next_try_s\":12,\"tries\":4,"
	      "\"redials\":7,\"server\":{\"name\":\"hq.example.net\"},\"last_end\":{\"when\":"
	      "1699999997,\"code\":\"E201\",\"text\":\"No answer.\",\"next\":\"check it\","
	      "\"exit\":7,\"duration_s\":0}}",
	    text, sizeof(text));
	assert_string_equal(text, "branch   WAITING 12 s   hq.example.net\n"
				  "         waiting     try 4: E201 No answer.   3 s ago\n"
				  "         next        check it\n"
				  "         redials     7\n");
	/* Role "auto": told once, and not in the words of a dial that is to come. */
	print("{\"name\":\"branch\",\"state\":\"waiting\",\"next_try_s\":null,\"tries\":0,"
	      "\"redials\":0,\"last_end\":{\"when\":1699999997,\"code\":\"E401\",\"text\":"
	      "\"Refused.\",\"next\":\"mend it\"},\"dial_refused\":{\"when\":1699999997,"
	      "\"code\":\"E401\",\"text\":\"Refused.\",\"next\":\"mend it\"}}",
	    text, sizeof(text));
	assert_string_equal(text, "branch   WAITING\n"
				  "         dialling    not any more, its calls are answered: E401 "
				  "Refused.   3 s ago\n"
				  "         next        mend it\n");
	print("{\"name\":\"branch\",\"state\":\"up\",\"redials\":7,\"last_end\":{\"when\":"
	      "1699999997,\"code\":\"E601\",\"text\":\"Dead.\",\"next\":\"\",\"duration_s\":61}}",
	    text, sizeof(text));
	assert_has(text, "redials     7; last: E601 Dead. It was up for 1 min 1 s.   3 s ago\n");
}

/* Of a listener: whose call was the last to end, and why. */
static void
status_text_of_the_last_call(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"gw\",\"state\":\"listening\",\"listen\":{\"address\":\"192.0.2.1\","
	      "\"port\":1723,\"max_calls\":9,\"last_call\":{\"number\":3,\"caller\":"
	      "\"198.51.100.7\",\"user\":\"alice\",\"end\":{\"when\":1699999997,\"code\":"
	      "\"E301\",\"text\":\"No GRE.\",\"next\":\"let it in\",\"duration_s\":0}}}}",
	    text, sizeof(text));
	assert_string_equal(text,
	    "gw       LISTENING   192.0.2.1:1723   0 calls of 9\n"
	    "         last call   3 from 198.51.100.7 alice: E301 No GRE.   3 s ago\n"
	    "         next        let it in\n");
	print("{\"name\":\"gw\",\"state\":\"listening\",\"listen\":{\"address\":\"192.0.2.1\","
	      "\"port\":1723,\"max_calls\":9,\"last_call\":null}}",
	    text, sizeof(text));
	assert_string_equal(text, "gw       LISTENING   192.0.2.1:1723   0 calls of 9\n");
}

#define END                                                                                   \
	"\"last_end\":{\"when\":1699999935,\"by\":\"here\",\"code\":\"E601\",\"text\":"       \
	"\"The tunnel went dead.\",\"next\":\"look at the line\",\"exit\":15,\"duration_s\":" \
	"7440}}"
#define AS_ASKED                                                                                 \
	"\"last_end\":{\"when\":1699999935,\"by\":\"user\",\"code\":null,\"text\":\"Hung up in " \
	"order.\"}}"

static void
status_text_of_the_last_end(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
	    /* The head says how long ago, and how often it was dialled before counts no more. */
	    {"{\"name\":\"a\",\"state\":\"failed\",\"since\":1699999935,\"redials\":3," END,
		"a        FAILED 1 min 5 s\n"
		"         last end    E601 The tunnel went dead. It was up for 2 h 4 min.\n"
		"         next        look at the line\n"},
	    {"{\"name\":\"a\",\"state\":\"stopped\",\"since\":1699999935,\"redials\":3," AS_ASKED,
		"a        STOPPED 1 min 5 s\n"
		"         last end    Hung up in order.\n"},
	    /* It has come back: nothing is to be done about that. */
	    {"{\"name\":\"a\",\"state\":\"up\",\"uptime_s\":60,\"redials\":1,\"ppp\":{\"mppe\":{"
	     "\"bits\":128}}," END,
		"a        UP 1 min 0 s\n"
		"         encryption  MPPE 128-bit stateless\n"
		"         redials     1; last: E601 The tunnel went dead. It was up for 2 h 4 min. "
		"  1 min 5 s ago\n"},
	    {"{\"name\":\"a\",\"state\":\"connecting\",\"since\":1699999995,\"redials\":1," END,
		"a        CONNECTING 5 s\n"
		"         redials     1; last: E601 The tunnel went dead. It was up for 2 h 4 min. "
		"  1 min 5 s ago\n"
		"         next        look at the line\n"},
	    /* Of an earlier run, which somebody stopped. */
	    {"{\"name\":\"a\",\"state\":\"connecting\",\"since\":1699999995,\"redials\":"
	     "0," AS_ASKED,
		"a        CONNECTING 5 s\n"},
	};
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print(rows[i].json, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
	}
}

/* Its socket is open from the start, so that nothing is missed: that is no news. */
static void
status_text_has_no_gre_before_the_call(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"a\",\"state\":\"control\",\"call\":null,\"gre\":{\"rx\":0}}", text,
	    sizeof(text));
	assert_string_equal(text, "a        CONTROL\n");
	print("{\"name\":\"a\",\"state\":\"gre\",\"call\":{},\"gre\":{\"rx\":0}}", text,
	    sizeof(text));
	assert_string_equal(text, "a        GRE\n         gre         received 0\n");
}

/* Every member alone taken away, null, or of another kind: no crash, and the rest stays.
 */
static void
status_text_survives_what_is_missing(void **state)
{
	json_t *whole = json_loads(office, 0, NULL), *value;
	char text[4096], buf[4096];
	const char *key;

	(void)state;
	json_object_foreach(whole, key, value)
	{
		json_t *const others[] = {NULL, json_null(), json_integer(-5), json_string("x"),
		    json_array(), json_object(), json_true()};

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			json_t *copy = json_deep_copy(whole);
			char *json;

			if (i == 0)
				json_object_del(copy, key);
			else
				json_object_set_new(copy, key, others[i]);
			json = json_dumps(copy, 0);
			snprintf(buf, sizeof(buf), "%s", json);
			free(json);
			json_decref(copy);
			print(buf, text, sizeof(text));
			if (strcmp(key, "name") != 0)
				assert_int_equal(strncmp(text, "office ", 7), 0);
			assert_null(strstr(text, "(null)"));
		}
	}
	json_decref(whole);
	print("{}", text, sizeof(text));
	assert_string_equal(text, "         UNKNOWN\n");
}

static void
status_text_cannot_steer_the_terminal(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"a\\u001b[2J\",\"state\":\"u\\u0007\",\"server\":{\"peer_"
	      "hostname\":\"h\\r\\n\"},"
	      "\"routes\":[\"\\u009b1m\"]}",
	    text, sizeof(text));
	assert_string_equal(text, "a\\x1b[2J    U?\n"
				  "         peer        h\\x0d\\x0a\n"
				  "         routes      \\xc2\\x9b1m\n");
}

static void
status_says_when_nothing_is_encrypted_or_counted(void **state)
{
	char text[4096];

	(void)state;
	print("{\"name\":\"a\",\"state\":\"up\",\"ppp\":{\"mppe\":{\"bits\":0,"
	      "\"stateful\":false}},"
	      "\"call\":{},\"gre\":{\"rx\":null}}",
	    text, sizeof(text));
	assert_has(text, "encryption  none: all of it can be read on the way\n");
	assert_has(text, "gre         not counted by the kernel\n");
}

/* An array of tunnels as Prometheus reads it. */
static void
print_metrics(const char *json, char *text, size_t size)
{
	json_t *tunnels = json_loads(json, 0, NULL);
	FILE *out = fmemopen(text, size, "w");

	assert_non_null(tunnels);
	assert_non_null(out);
	status_metrics(out, tunnels);
	fclose(out);
	json_decref(tunnels);
}

static void
assert_has_not(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		fail_msg("\"%s\" is in: %s", words, text);
}

static void
metrics_have_the_units_of_prometheus(void **state)
{
	char json[4096], text[32768];

	(void)state;
	snprintf(json, sizeof(json), "[%s]", office);
	print_metrics(json, text, sizeof(text));
	assert_has(text, "# HELP pptpeer_up Whether the tunnel is up.\n# TYPE pptpeer_up gauge\n"
			 "pptpeer_up{name=\"office\"} 1\n");
	assert_has(text, "\npptpeer_uptime_seconds{name=\"office\"} 11520\n");
	assert_has(text, "# TYPE pptpeer_gre_lost_packets_total counter\n"
			 "pptpeer_gre_lost_packets_total{name=\"office\"} 17\n");
	assert_has(text, "\npptpeer_gre_rtt_seconds{name=\"office\"} 0.020000\n");
	assert_has(text, "\npptpeer_gre_last_receive_seconds{name=\"office\"} 0.345\n");
	assert_has(text, "\npptpeer_control_last_receive_seconds{name=\"office\"} 14.200\n");
	assert_has(text, "\npptpeer_receive_bytes_total{name=\"office\"} 432747315\n");
	assert_has(text, "\npptpeer_state{name=\"office\",state=\"up\"} 1\n");
	assert_has(text, "\npptpeer_state{name=\"office\",state=\"waiting\"} 0\n");
	assert_has(text, ",user=\"CORP\\\\bob\",auth=\"MS-CHAP-V2\"} 1\n");
}

/* What is null has no sample, and a metric without one has no head. */
static void
metrics_leave_out_what_is_not_known(void **state)
{
	char text[32768];

	(void)state;
	print_metrics(
	    "[{\"name\":\"a\",\"state\":\"up\",\"gre\":{\"rx\":null,\"last_rx_ms\":7},"
	    "\"ppp\":null,\"redials\":1},"
	    "{\"name\":\"b\",\"state\":\"failed\",\"gre\":null,\"redials\":2,"
	    "\"last_end\":{\"code\":\"E301\",\"by\":\"here\",\"exit\":10,\"when\":null}}]",
	    text, sizeof(text));
	assert_has(
	    text, "pptpeer_redials_total{name=\"a\"} 1\npptpeer_redials_total{name=\"b\"} 2\n");
	assert_has(text, "\npptpeer_last_end_info{name=\"b\",by=\"here\",code=\"E301\"} 1\n");
	assert_has(text, "\npptpeer_last_end_exit_code{name=\"b\"} 10\n");
	assert_has(text, "\npptpeer_gre_last_receive_seconds{name=\"a\"} 0.007\n");
	assert_has_not(text, "pptpeer_gre_receive_packets_total");
	assert_has_not(text, "pptpeer_receive_bytes_total");
	assert_has_not(text, "pptpeer_last_end_timestamp_seconds");
	assert_has_not(text, "pptpeer_last_end_info{name=\"a\"");
	print_metrics("[]", text, sizeof(text));
	assert_string_equal(text, "# HELP pptpeer_build_info The version of the command.\n"
				  "# TYPE pptpeer_build_info gauge\n"
				  "pptpeer_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
}

static void
a_label_of_metrics_cannot_end_early(void **state)
{
	char text[32768];

	(void)state;
	print_metrics(
	    "[{\"name\":\"a\",\"server\":{\"peer_hostname\":\"x\\\"} 1\\n\\\\\\u001b[1m\"}}]", text,
	    sizeof(text));
	assert_has(text, ",peer_hostname=\"x\\\"} 1\\n\\\\\\\\x1b[1m\",");
}

static void
status_of_one_that_is_up_is_exit_0(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};
	char answer[2048];

	snprintf(answer, sizeof(answer), "{\"ok\":true,\"tunnel\":%s}\n", office);
	tunnel_start(&tunnel, fixture, "office", "{\"verb\":\"status\"}\n", answer);
	capture_tool(&fixture->capture, "status office");
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, 0);
	assert_has(fixture->capture.out, "office   UP 3 h 12 min");
}

/* The default verb, all tunnels: the worst counts. */
static void
status_of_all_lists_each(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel up = {0}, dialling = {0};
	char answer[2048], folder[128];

	snprintf(answer, sizeof(answer), "{\"ok\":true,\"tunnel\":%s}\n", office);
	snprintf(folder, sizeof(folder), "%s/no-tunnel", fixture->run_dir);
	assert_int_equal(mkdir(folder, 0755), 0);
	tunnel_start(&up, fixture, "office", "{\"verb\":\"status\"}\n", answer);
	tunnel_start(&dialling, fixture, "branch", "{\"verb\":\"status\"}\n",
	    "{\"ok\":true,\"tunnel\":{\"name\":\"branch\",\"state\":\"control\"}}\n");
	capture_tool(&fixture->capture, "--json");
	tunnel_end(&up);
	tunnel_end(&dialling);
	rmdir(folder);
	assert_int_equal(fixture->capture.code, 1);
	assert_string_equal(fixture->capture.err, "");

	json_t *all = json_loads(fixture->capture.out, 0, NULL),
	       *expected = json_loads(office, 0, NULL);
	json_t *tunnels = json_object_get(all, "tunnels");

	assert_int_equal(json_integer_value(json_object_get(all, "schema")), 1);
	assert_true(json_is_string(json_object_get(all, "version")));
	assert_int_equal(json_array_size(tunnels), 2);
	assert_string_equal(client_text(json_array_get(tunnels, 0), "name"), "branch");
	assert_true(json_equal(json_array_get(tunnels, 1), expected));
	json_decref(all);
	json_decref(expected);
}

static void
status_of_none_is_exit_20(void **state)
{
	struct fixture *fixture = *state;

	capture_tool(&fixture->capture, "");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.out, "No tunnel runs.");
	capture_tool(&fixture->capture, "status office");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.err, "no tunnel \"office\" runs here");
	capture_tool(&fixture->capture, "status ../x");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	capture_tool(&fixture->capture, "status --run-dir /nonexistent");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
}

static void
a_socket_left_behind_is_no_tunnel(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};

	tunnel_listen(&tunnel, fixture, "office");
	close(tunnel.listener);
	capture_tool(&fixture->capture, "status office");
	tunnel.listener = -1;
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.err, "left its socket behind");
}

/* What a tunnel that ended left behind; anything that is no whole state.json is none. */
static void
status_of_one_that_ended_is_from_its_file(void **state)
{
	static const struct {
		const char *json, *out;
		int code;
	} files[] = {
	    {"{\"state\":\"failed\",\"last_end\":{\"code\":\"E201\",\"text\":\"No\\u001b.\"}}",
		"office   FAILED\n         last end    E201 No\\x1b.\n", 1},
	    {"{\"state\":\"stopped\",\"last_end\":null}", "office   STOPPED\n", 1},
	    {"{\"state\":\"running\",\"pid\":9}",
		"office   FAILED\n         last end    E001 pptpeerd (pid 9) was killed.\n"
		"         next        pptpeer up office\n",
		1},
	    {"{\"state\":\"stop", "", EXIT_NO_DAEMON},
	    {"[1]", "", EXIT_NO_DAEMON},
	    {"", "", EXIT_NO_DAEMON},
	};
	struct fixture *fixture = *state;
	char dir[96], path[128];

	snprintf(dir, sizeof(dir), "%s/office", fixture->run_dir);
	snprintf(path, sizeof(path), "%s/state.json", dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		fputs(files[i].json, file);
		fclose(file);
		capture_tool(&fixture->capture, "status office");
		assert_int_equal(fixture->capture.code, files[i].code);
		assert_string_equal(fixture->capture.out, files[i].out);
	}
	assert_int_equal(truncate(path, 100000), 0);
	capture_tool(&fixture->capture, "status office");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.err, "/office/state.json, which tells of its end, is broken.");
	capture_tool(&fixture->capture, "status");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.err, "/office/state.json, which tells of its end, is broken.");
	assert_string_equal(fixture->capture.out, "");
	capture_tool(&fixture->capture, "log office");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
	assert_has(fixture->capture.err, "is broken.");
	unlink(path);
	rmdir(dir);
}

/* For scripts there is one shape, whatever the state: nobody has to ask first what is there. */
static void
an_ended_one_has_the_members_of_a_live_one(void **state)
{
	static const char *const states[] = {"stopped", "failed", "running"};
	struct fixture *fixture = *state;
	json_t *live = json_loads(office, 0, NULL);
	char dir[96], path[128];

	snprintf(dir, sizeof(dir), "%s/office", fixture->run_dir);
	snprintf(path, sizeof(path), "%s/state.json", dir);
	assert_int_equal(mkdir(dir, 0755), 0);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		FILE *file = fopen(path, "w");
		json_t *all, *tunnel, *value;
		const char *key;

		assert_non_null(file);
		fprintf(file,
		    "{\"state\":\"%s\",\"since\":9,\"pid\":7,\"redials\":2,"
		    "\"tries\":3,\"log\":{},\"last_end\":null}",
		    states[i]);
		fclose(file);
		capture_tool(&fixture->capture, "status office --json");
		assert_int_equal(fixture->capture.code, 1);
		all = json_loads(fixture->capture.out, 0, NULL);
		tunnel = json_array_get(json_object_get(all, "tunnels"), 0);
		json_object_foreach(live, key, value) if (json_object_get(tunnel, key) == NULL)
		    fail_msg("%s: \"%s\" is missing", states[i], key);
		json_object_foreach(tunnel, key, value) if (json_object_get(live, key) == NULL)
		    fail_msg("%s: \"%s\" is too many", states[i], key);
		assert_int_equal(client_number(tunnel, "redials"), 2);
		assert_int_equal(client_number(tunnel, "tries"), 3);
		/* When it was killed nobody knows. */
		assert_int_equal(client_has_number(tunnel, "since"), i < 2);
		json_decref(all);
	}
	unlink(path);
	rmdir(dir);
	json_decref(live);
}

/* ------------------------------------------------------------------------- trace, down
 */

#define EVENT(time, dir, src, dst, type, name, summary, text)                                     \
	"{\"time\":" time ",\"dir\":\"" dir "\",\"src\":\"" src "\",\"dst\":\"" dst               \
	"\",\"type\":" type ",\"name\":\"" name "\",\"summary\":\"" summary "\",\"text\":\"" text \
	"\",\"hex\":\"00\"}"

#define US   "10.10.10.1"
#define PEER "10.10.10.10"
#define EVENTS                                                                                 \
	"{\"ok\":true,\"events\":[" EVENT("0.01", "out", US, PEER, "1",                        \
	    "Start-Control-Connection-Request", "Start Session Request",                       \
	    "Protocol Version 1.0, Host Name a\\u001bb") "," EVENT("0.5", "in", PEER, US, "2", \
	    "Start-Control-Connection-Reply", "Start Session Reply", "Result Code 1") "]}\n"
#define MORE                 \
	"{\"event\":" EVENT( \
	    "61.25", "in", PEER, US, "5", "Echo-Request", "Echo Request", "Identifier 9") "}\n"

static void
trace_summary_is_q241252_letter_for_letter(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};

	tunnel_start(
	    &tunnel, fixture, "office", "{\"verb\":\"trace\",\"follow\":true}\n", EVENTS MORE);
	capture_tool(&fixture->capture, "trace office --summary --follow");
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, 0);
	assert_string_equal(fixture->capture.out,
	    "PPTP Control Packet (1): Start Session Request (1) 10.10.10.1 10.10.10.10\n"
	    "PPTP Control Packet (1): Start Session Reply (2) 10.10.10.10 10.10.10.1\n"
	    "PPTP Control Packet (1): Echo Request (5) 10.10.10.10 10.10.10.1\n");
}

static void
trace_names_phases_directions_and_fields(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};

	tunnel_start(
	    &tunnel, fixture, "office", "{\"verb\":\"trace\",\"follow\":true}\n", EVENTS MORE);
	capture_tool(&fixture->capture, "trace -f office");
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, 0);
	assert_string_equal(fixture->capture.out,
	    "creation\n"
	    "     0.010  -> Start-Control-Connection-Request (1)  10.10.10.10\n"
	    "               Protocol Version 1.0, Host Name a\\x1bb\n"
	    "     0.500  <- Start-Control-Connection-Reply (2)  10.10.10.10\n"
	    "               Result Code 1\n"
	    "maintenance\n"
	    "    61.250  <- Echo-Request (5)  10.10.10.10\n"
	    "               Identifier 9\n");
}

static void
trace_json_is_one_object(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};
	json_t *all;

	tunnel_start(&tunnel, fixture, "office", "{\"verb\":\"trace\",\"follow\":false}\n", EVENTS);
	capture_tool(&fixture->capture, "trace office --json");
	tunnel_end(&tunnel);
	all = json_loads(fixture->capture.out, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(all, "schema")), 1);
	assert_string_equal(client_text(all, "name"), "office");
	assert_int_equal(json_array_size(json_object_get(all, "events")), 2);
	json_decref(all);
}

/* Whoever listens has the name until it has ended, and `up` would say that it runs already. */
static void
down_waits_for_the_end(void **state)
{
	const struct timespec pause = {.tv_nsec = 50000000};
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};
	int ready[2], status = -1;
	char line[64];

	assert_int_equal(pipe(ready), 0);
	tunnel_listen(&tunnel, fixture, "office");
	pid_t keeper = fork();
	if (keeper == 0) {
		if (listen(tunnel.listener, 1) != 0 || write(ready[1], "", 1) != 1)
			_exit(1); /* from here on it is this process that listens */
		int fd = accept(tunnel.listener, NULL, NULL);
		if (read(fd, line, sizeof(line)) <= 0 || send(fd, "{\"ok\":true}\n", 12, 0) != 12)
			_exit(2);
		close(fd);
		nanosleep(&pause, NULL);
		_exit(0);
	}
	assert_int_equal(read(ready[0], line, 1), 1);
	capture_tool(&fixture->capture, "down office");
	/* valgrind 3.19 has no pidfd_open(), without which nobody can wait for the end. */
	int watched = (int)syscall(SYS_pidfd_open, getpid(), 0);
	assert_true(watched >= 0 || errno == ENOSYS);
	if (watched >= 0)
		close(watched);
	assert_int_equal(waitpid(keeper, &status, watched >= 0 ? WNOHANG : 0), keeper);
	assert_int_equal(status, 0);
	assert_int_equal(fixture->capture.code, 0);
	assert_string_equal(fixture->capture.out, "office is down.\n");
	close(ready[0]);
	close(ready[1]);
	tunnel_end(&tunnel);
	capture_tool(&fixture->capture, "down office");
	assert_int_equal(fixture->capture.code, EXIT_NO_DAEMON);
}

/* An engine that dies closes; the next one is asked, and one after the other that dies as well. */
static void
a_close_without_an_answer_is_asked_again(void **state)
{
	static const struct {
		int closes;
		const char *words, *err;
		int code;
	} rows[] = {{1, "status office", "", 1}, {1, "redial office", "", 0},
	    {9, "wait office", "the tunnel closed the connection without an answer", 1}};
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};
	char line[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tunnel_listen(&tunnel, fixture, "office");
		pid_t engine = fork();
		if (engine == 0) {
			for (int asked = 0;; asked++) {
				int fd = accept(tunnel.listener, NULL, NULL);

				if (read(fd, line, sizeof(line)) > 0 && asked >= rows[i].closes)
					dprintf(fd,
					    "{\"ok\":true,\"tunnel\":{\"state\":\"waiting\"}}\n");
				close(fd);
			}
		}
		capture_tool(&fixture->capture, rows[i].words);
		kill(engine, SIGKILL);
		waitpid(engine, NULL, 0);
		tunnel_end(&tunnel);
		assert_int_equal(fixture->capture.code, rows[i].code);
		assert_has(fixture->capture.err, rows[i].err);
	}
}

static void
a_refusal_has_the_tunnels_words_and_code(void **state)
{
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};

	tunnel_start(&tunnel, fixture, "office", "{\"verb\":\"down\"}\n",
	    "{\"ok\":false,\"error\":\"only root\\u001b\",\"exit\":4}\n");
	capture_tool(&fixture->capture, "down office");
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, EXIT_PRIVILEGE);
	assert_string_equal(fixture->capture.err, "pptpeer down: only root\\x1b\n");
	tunnel_start(
	    &tunnel, fixture, "office", "{\"verb\":\"down\"}\n", "{\"ok\":false,\"exit\":777}\n");
	capture_tool(&fixture->capture, "down office");
	tunnel_end(&tunnel);
	assert_int_equal(fixture->capture.code, EXIT_INTERNAL);
}

static void
answers_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *answer, *words;
	} bad[] = {
	    {"{\"ok\":true", "in the middle of an answer"},
	    {"hello\n", "no JSON object"},
	    {"[1]\n", "no JSON object"},
	    {"{\"ok\":1}\n", "does not say why"},
	};
	struct fixture *fixture = *state;
	struct tunnel tunnel = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tunnel_start(&tunnel, fixture, "office", "{\"verb\":\"status\"}\n", bad[i].answer);
		capture_tool(&fixture->capture, "status office");
		tunnel_end(&tunnel);
		assert_int_equal(fixture->capture.code, EXIT_INTERNAL);
		assert_has(fixture->capture.err, bad[i].words);
	}
}

/* ------------------------------------------------------------------------------- bounds
 */

/* A client on one end of a pair; the other one is the test's. */
static int
client_pair(struct client *client)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(client_attach(client, fds[0]), 0);
	return fds[1];
}

static void
lines_come_in_any_pieces(void **state)
{
	static const char text[] = "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n";
	struct client client;
	json_t *answer;
	int status;

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		int fd = client_pair(&client);
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			_exit(write(fd, text, cut) != (ssize_t)cut ||
			      write(fd, text + cut, strlen(text) - cut) !=
				  (ssize_t)(strlen(text) - cut));
		}
		close(fd);
		for (const char *key = "abc"; *key != '\0'; key++) {
			assert_int_equal(client_receive(&client, CLIENT_TIMEOUT_MS, &answer), 0);
			assert_int_equal(
			    client_number(answer, (char[]){*key, '\0'}), *key - 'a' + 1);
			json_decref(answer);
		}
		assert_int_equal(client_receive(&client, CLIENT_TIMEOUT_MS, &answer), 0);
		assert_null(answer);
		client_close(&client);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

/* Whole minus one octet, then one too long: an endless line takes no more memory than 1
 * MiB. */
static void
a_line_has_at_most_1_mib(void **state)
{
	static char line[CLIENT_LINE_MAX + 1];

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "{}", 2);
	for (size_t extra = 0; extra <= 1; extra++) {
		struct client client;
		json_t *answer;
		int status, code, fd = client_pair(&client);
		pid_t child = fork();

		assert_true(child >= 0);
		line[CLIENT_LINE_MAX - 1 + extra] = '\n';
		if (child == 0) {
			size_t sent = 0, len = CLIENT_LINE_MAX + extra;
			ssize_t n = 0;

			close(client.fd);
			while (
			    sent < len && (n = send(fd, line + sent, len - sent, MSG_NOSIGNAL)) > 0)
				sent += (size_t)n;
			_exit(0);
		}
		close(fd);
		code = client_receive(&client, CLIENT_TIMEOUT_MS, &answer);
		assert_int_equal(code, extra == 0 ? 0 : EXIT_INTERNAL);
		if (extra == 1)
			assert_has(client.error, "over 1 MiB");
		json_decref(answer);
		client_close(&client);
		assert_int_equal(waitpid(child, &status, 0), child);
		line[CLIENT_LINE_MAX - 1] = ' ';
	}
}

static void
a_silent_tunnel_is_not_waited_for(void **state)
{
	struct client client;
	json_t *answer;
	int fd = client_pair(&client);

	(void)state;
	assert_int_equal(
	    client_ask(&client, json_pack("{s:s}", "verb", "status"), 20, &answer), EXIT_INTERNAL);
	assert_has(client.error, "has not answered");
	assert_null(answer);
	client_close(&client);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(status_text_is_the_interfaces),
	    TEST(status_text_before_it_is_up),
	    TEST(status_text_while_it_waits),
	    TEST(status_text_of_the_last_call),
	    TEST(status_text_of_the_last_end),
	    TEST(status_text_has_no_gre_before_the_call),
	    TEST(status_text_survives_what_is_missing),
	    TEST(status_text_cannot_steer_the_terminal),
	    TEST(status_says_when_nothing_is_encrypted_or_counted),
	    TEST(metrics_have_the_units_of_prometheus),
	    TEST(metrics_leave_out_what_is_not_known),
	    TEST(a_label_of_metrics_cannot_end_early),
	    TEST(status_of_one_that_is_up_is_exit_0),
	    TEST(status_of_all_lists_each),
	    TEST(status_of_none_is_exit_20),
	    TEST(a_socket_left_behind_is_no_tunnel),
	    TEST(status_of_one_that_ended_is_from_its_file),
	    TEST(an_ended_one_has_the_members_of_a_live_one),
	    TEST(trace_summary_is_q241252_letter_for_letter),
	    TEST(trace_names_phases_directions_and_fields),
	    TEST(trace_json_is_one_object),
	    TEST(down_waits_for_the_end),
	    TEST(a_close_without_an_answer_is_asked_again),
	    TEST(a_refusal_has_the_tunnels_words_and_code),
	    TEST(answers_that_are_none_are_refused),
	    TEST(lines_come_in_any_pieces),
	    TEST(a_line_has_at_most_1_mib),
	    TEST(a_silent_tunnel_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
