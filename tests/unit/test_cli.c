/*
 * test_cli.c: command lines, and what `connect` prints.  keeper_run() is the test's: it
 * notes the config and plays what a keeper says; the real one is tested in tests/system.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture.h"
#include "daemon/keeper.h"

static struct {
	struct config config;
	unsigned runs, dry_runs;
	struct reason reason; /* what the run is to end with */
	struct secret secret;
} keeper;

int
keeper_dry_run(const struct config *config)
{
	keeper.config = *config;
	keeper.dry_runs++;
	return EXIT_OK;
}

int
keeper_run(const struct config *config, const struct keeper_ui *ui)
{
	const struct secret_listener nobody = {0};

	keeper.config = *config;
	keeper.runs++;
	if (config->until > STAGE_GRE) {
		int code = ui->read_secret(
		    ui->ctx, &nobody, config->servers[0], &keeper.secret, &keeper.reason);

		if (code > 0)
			ui->ended(ui->ctx, &keeper.reason);
		if (code != 0)
			return code;
	}
	ui->stage(ui->ctx, STAGE_TCP, "connected to 192.0.2.1");
	ui->note(ui->ctx, 0, "a warning");
	ui->note(ui->ctx, 1, "a detail");
	if (config->until == STAGE_UP)
		ui->stage(ui->ctx, STAGE_UP, "ppp0\nsecond\033[2J line");
	ui->ended(ui->ctx, &keeper.reason);
	return keeper.reason.exit_code;
}

/* Of a dial of doctor's, which no test here comes to. */
void
keeper_hold_signals(void)
{
}

static int
setup(void **state)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	memset(&keeper, 0, sizeof(keeper));
	*state = capture;
	return capture != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

static void
assert_has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, text);
}

/* The command line is refused with that exit code and these words on stderr alone. */
static void
assert_refused(struct capture *capture, const char *line, int code, const char *words)
{
	capture_tool(capture, line);
	assert_has(capture->err, words);
	assert_int_equal(capture->code, code);
	assert_string_equal(capture->out, "");
	assert_int_equal(keeper.runs, 0);
}

static void
connect_flags_become_the_config(void **state)
{
	struct capture *capture = *state;
	struct in_addr address;

	capture_tool(capture, "connect vpn.example.com -u bob -d CORP --mppe prefer "
			      "--accept mschap-v2,mschap,pap "
			      "--ifname ppp-x --mtu 1400 --bind 192.0.2.9 --mark 0x10 "
			      "--phone 555 --port 1724 "
			      "--data-path pty --call incoming --timeout 9 "
			      "--connect-timeout 8 --reply-timeout 7 "
			      "--gre-timeout 6 --until lcp --name office --run-dir "
			      "/tmp/r --host-name h --vendor v "
			      "--route 10.1.0.0/16 --route=10.2.0.1 --default-route "
			      "--except 192.168.0.0/24 --script /bin/true "
			      "-vv --persist --dry-run");
	assert_true(keeper.config.persist);
	assert_string_equal(capture->err, "");
	assert_int_equal(capture->code, EXIT_OK);
	assert_int_equal(keeper.dry_runs, 1);
	assert_int_equal(keeper.runs, 0);
	assert_string_equal(keeper.config.servers[0], "vpn.example.com");
	assert_string_equal(keeper.config.name, "office");
	assert_string_equal(keeper.config.run_dir, "/tmp/r");
	assert_string_equal(keeper.config.user, "bob");
	assert_string_equal(keeper.config.domain, "CORP");
	assert_string_equal(keeper.config.interface, "ppp-x");
	assert_string_equal(keeper.config.phone, "555");
	assert_string_equal(keeper.config.host_name, "h");
	assert_string_equal(keeper.config.vendor, "v");
	assert_int_equal(keeper.config.mppe, MPPE_PREFER);
	assert_int_equal(keeper.config.accept, ACCEPT_MSCHAPV2 | ACCEPT_MSCHAP | ACCEPT_PAP);
	assert_int_equal(keeper.config.mtu, 1400);
	assert_int_equal(inet_pton(AF_INET, "192.0.2.9", &address), 1);
	assert_int_equal(keeper.config.bind_address.s_addr, address.s_addr);
	assert_int_equal(keeper.config.mark, 16);
	assert_int_equal(keeper.config.port, 1724);
	assert_true(keeper.config.route_default);
	assert_int_equal(keeper.config.routes_through.count, 2);
	assert_int_equal(keeper.config.routes_through.net[0].bits, 16);
	assert_int_equal(keeper.config.routes_through.net[1].bits, 32);
	assert_int_equal(keeper.config.routes_except.count, 1);
	assert_string_equal(keeper.config.hook_script, "/bin/true");
	assert_true(keeper.config.call_incoming);
	assert_int_equal(keeper.config.timeout, 9);
	assert_int_equal(keeper.config.connect_timeout, 8);
	assert_int_equal(keeper.config.reply_timeout, 7);
	assert_int_equal(keeper.config.gre_timeout, 6);
	assert_int_equal(keeper.config.until, STAGE_LCP);
	assert_false(keeper.config.stay_up);
	assert_int_equal(keeper.config.verbose, 2);
}

static void
the_data_path_is_one_of_four(void **state)
{
	static const struct {
		const char *line;
		enum data_path path;
	} rows[] = {{"connect vpn -u x --dry-run", PATH_AUTO},
	    {"connect vpn -u x --data-path auto --dry-run", PATH_AUTO},
	    {"connect vpn -u x --data-path tap --dry-run", PATH_TAP},
	    {"connect vpn -u x --data-path pty --dry-run", PATH_PTY},
	    {"connect vpn -u x --data-path kernel --dry-run", PATH_KERNEL}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		capture_tool(*state, rows[i].line);
		assert_int_equal(keeper.config.data_path, rows[i].path);
		assert_int_equal(keeper.dry_runs, i + 1);
	}
}

static void
host_is_the_name_and_the_tunnel_stays_up(void **state)
{
	struct capture *capture = *state;

	capture_tool(capture, "connect -u bob 192.0.2.1 --bind %eth0 --dry-run");
	assert_int_equal(capture->code, EXIT_OK);
	assert_string_equal(keeper.config.name, "192.0.2.1");
	assert_string_equal(keeper.config.bind_device, "eth0");
	assert_int_equal(keeper.config.until, STAGE_UP);
	assert_true(keeper.config.stay_up);
}

/* Standard input is a pipe with that in it while the tool runs. */
static void
capture_with_stdin(struct capture *capture, const char *input, const char *line)
{
	int fds[2], saved = dup(STDIN_FILENO);

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], input, strlen(input)), (ssize_t)strlen(input));
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	close(fds[0]);
	capture_tool(capture, line);
	dup2(saved, STDIN_FILENO);
	close(saved);
}

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0 && fchmod(fileno(file), 0600) == 0);
	/* cppcheck-suppress deallocuse; its reading of assert_int_equal(), since 2.17 */
	assert_int_equal(fclose(file), 0);
}

static void
drop_file(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static void
a_word_with_a_file_is_a_name_and_flags_go_before_the_file(void **state)
{
	struct capture *capture = *state;
	char dir[] = "/tmp/pptpeer-cli-XXXXXX", text[512], line[256];

	assert_non_null(mkdtemp(dir));
	put_file(dir, "secret", "Sesam\n");
	snprintf(text, sizeof(text),
	    "dial: { server = \"192.0.2.1\"; phone = \"1\"; };\n"
	    "auth: { user = \"bob\"; password-file = \"%s/secret\"; };\nip: { mtu = 1300; };\n",
	    dir);
	put_file(dir, "office.conf", text);
	snprintf(line, sizeof(line), "connect office --mtu 1400 --config-dir %s", dir);
	capture_tool(capture, line);
	assert_string_equal(capture->err, "");
	assert_int_equal(capture->code, EXIT_OK);
	assert_string_equal(keeper.config.name, "office");
	assert_string_equal(keeper.config.servers[0], "192.0.2.1");
	assert_string_equal(keeper.config.phone, "1");
	assert_int_equal(keeper.config.mtu, 1400);
	assert_false(keeper.config.persist); /* one dial */
	assert_true(keeper.config.keep_state);
	assert_int_equal(keeper.config.verbose, 0); /* the tool's, not log.level */
	assert_int_equal(keeper.secret.len, 5);
	assert_memory_equal(keeper.secret.bytes, "Sesam", 5);

	snprintf(line, sizeof(line), "connect office --persist --name x --config-dir %s", dir);
	capture_tool(capture, line);
	assert_true(keeper.config.persist);
	assert_string_equal(keeper.config.name, "x");

	/* No file of that name: a host. */
	snprintf(line, sizeof(line), "connect offic -u bob --dry-run --config-dir %s", dir);
	capture_tool(capture, line);
	assert_string_equal(keeper.config.servers[0], "offic");

	memset(&keeper, 0, sizeof(keeper));
	put_file(dir, "office.conf", "dial: { sever = \"x\"; };\n");
	snprintf(line, sizeof(line), "connect office --config-dir %s", dir);
	assert_refused(capture, line, EXIT_CONFIG, "office.conf:1: There is no setting dial.sever");
	drop_file(dir, "office.conf");
	drop_file(dir, "secret");
	assert_int_equal(rmdir(dir), 0);
}

/* JSON takes UTF-8 only: a name in another character set must not go missing from it. */
static void
show_json_has_names_in_any_octets(void **state)
{
	struct capture *capture = *state;
	char dir[] = "/tmp/pptpeer-cli-XXXXXX", line[256];

	assert_non_null(mkdtemp(dir));
	put_file(dir, "office.conf",
	    "dial: { server = \"192.0.2.1\"; };\n"
	    "auth: { user = \"b\xf6"
	    "b\"; domain = \"K\xc3\xb6ln\"; password-file = \"/etc/secret\"; };\n");
	snprintf(line, sizeof(line), "show office --json --config-dir %s", dir);
	capture_tool(capture, line);
	assert_int_equal(capture->code, EXIT_OK);
	assert_has(capture->out, "\"value\": \"\\\"b\\\\xf6b\\\"\"");
	assert_has(capture->out, "\"value\": \"\\\"K\xc3\xb6ln\\\"\"");
	snprintf(line, sizeof(line), "show office --pppd --json --config-dir %s", dir);
	capture_tool(capture, line);
	assert_int_equal(capture->code, EXIT_OK);
	assert_has(capture->out, "\"user\",\n  \"K\\\\xc3\\\\xb6ln\\\\b\\\\xf6b\",");
	drop_file(dir, "office.conf");
	assert_int_equal(rmdir(dir), 0);
}

/* It is for a machine on which the password is not. */
static void
check_offline_looks_at_no_password_file(void **state)
{
	struct capture *capture = *state;
	char dir[] = "/tmp/pptpeer-cli-XXXXXX", line[256], text[512], secret[64];

	assert_non_null(mkdtemp(dir));
	put_file(dir, "secret", "Sesam\n");
	snprintf(secret, sizeof(secret), "%s/secret", dir);
	assert_int_equal(chmod(secret, 0644), 0);
	snprintf(text, sizeof(text),
	    "dial: { server = \"192.0.2.1\"; };\nauth: { user = \"bob\"; password-file = \"%s\"; "
	    "};\n",
	    secret);
	put_file(dir, "office.conf", text);
	snprintf(line, sizeof(line), "check office --config-dir %s", dir);
	capture_tool(capture, line);
	assert_int_equal(capture->code, EXIT_CONFIG);
	assert_has(capture->out, "office.conf:2: Others can read or change the password's file");
	snprintf(line, sizeof(line), "check office --offline --config-dir %s", dir);
	capture_tool(capture, line);
	assert_int_equal(capture->code, EXIT_OK);
	assert_has(capture->out, "office.conf: fine\n");
	drop_file(dir, "office.conf");
	drop_file(dir, "secret");
	assert_int_equal(rmdir(dir), 0);
}

/* It checks the file that connect and up would take. */
static void
check_takes_a_name_before_a_file(void **state)
{
	struct capture *capture = *state;
	char dir[] = "/tmp/pptpeer-cli-XXXXXX", line[256];
	int back = open(".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	assert_true(back >= 0);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	put_file(dir, "office", "dial: { };\n");
	put_file(dir, "branch", "dial: { };\n");
	put_file(dir, "office.conf",
	    "dial: { server = \"192.0.2.1\"; };\n"
	    "auth: { user = \"bob\"; password-ask = true; };\n");
	snprintf(line, sizeof(line), "check office --offline --config-dir %s", dir);
	capture_tool(capture, line);
	assert_has(capture->out, "/office.conf: fine\n");
	assert_int_equal(capture->code, EXIT_OK);
	snprintf(line, sizeof(line), "check ./office --offline --config-dir %s", dir);
	capture_tool(capture, line);
	assert_has(capture->out, "./office:1: No server is named.\n");
	snprintf(line, sizeof(line), "check branch --offline --config-dir %s", dir);
	capture_tool(capture, line);
	assert_has(capture->out, "branch:1: No server is named.\n");
	snprintf(line, sizeof(line), "check plant --offline --config-dir %s", dir);
	capture_tool(capture, line);
	assert_has(capture->out, "/plant.conf: No such file or directory.\n");
	assert_int_equal(capture->code, EXIT_CONFIG);
	drop_file(dir, "office");
	drop_file(dir, "branch");
	drop_file(dir, "office.conf");
	assert_int_equal(fchdir(back), 0);
	close(back);
	assert_int_equal(rmdir(dir), 0);
}

static void
saved_settings_are_those_of_the_run_and_have_no_password(void **state)
{
	struct capture *capture = *state;
	char dir[] = "/tmp/pptpeer-cli-XXXXXX", line[512], path[128], text[1024] = "";
	FILE *file;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/office.conf", dir);
	snprintf(line, sizeof(line),
	    "connect vpn.example.com -u bob -d CORP --mppe prefer --bind %%eth0 --mark 0xffffffff "
	    "--phone \\\"x --timeout 5 --password-stdin --save office --config-dir %s",
	    dir);
	capture_with_stdin(capture, "geheim\n", line);
	assert_string_equal(capture->err, "");
	assert_int_equal(capture->code, EXIT_OK);
	assert_has(capture->out, "Next time: pptpeer connect office, or pptpeer up office\n");
	assert_has(capture->out, "The password is not in it");
	assert_int_equal(keeper.runs, 1); /* and it is dialled */
	assert_string_equal(keeper.config.name, "office");
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_non_null(strchr(text, '\n'));
	assert_string_equal(strchr(text, '\n') + 1,
	    "dial: {\n  server = \"vpn.example.com\";\n  bind = \"%eth0\";\n"
	    "  mark = 0xffffffff;\n  phone = \"\\\\\\\"x\";\n};\n"
	    "auth: {\n  user = \"bob\";\n  domain = \"CORP\";\n  password-ask = true;\n};\n"
	    "encryption: {\n  mppe = \"prefer\";\n};\n");

	/* It is not written over. */
	memset(&keeper, 0, sizeof(keeper));
	snprintf(line, sizeof(line), "connect other -u bob --save office --config-dir %s", dir);
	assert_refused(capture, line, EXIT_CONFIG, "is there already");
	/* With a file of its own, the way to the password is kept. */
	put_file(dir, "secret", "x\n");
	snprintf(line, sizeof(line),
	    "connect office --save two --password-file %s/secret --config-dir %s --dry-run", dir,
	    dir);
	capture_tool(capture, line);
	assert_has(capture->out, "two.conf:\n");
	snprintf(line, sizeof(line), "  password-file = \"%s/secret\";\n", dir);
	assert_has(capture->out, line);
	assert_int_equal(keeper.dry_runs, 1);
	snprintf(path, sizeof(path), "%s/two.conf", dir);
	assert_int_not_equal(access(path, F_OK), 0);
	/* What cannot be said in a file is not half saved. */
	memset(&keeper, 0, sizeof(keeper));
	snprintf(
	    line, sizeof(line), "connect office --save three --host-name= --config-dir %s", dir);
	assert_refused(capture, line, EXIT_CONFIG, "identity.host-name cannot be saved");
	snprintf(path, sizeof(path), "%s/three.conf", dir);
	assert_int_not_equal(access(path, F_OK), 0);
	snprintf(line, sizeof(line), "connect vpn -u x --save a/b --config-dir %s", dir);
	assert_refused(capture, line, EXIT_CONFIG, "'/'");
	drop_file(dir, "office.conf");
	drop_file(dir, "secret");
	assert_int_equal(rmdir(dir), 0);
}

static void
stages_up_to_gre_need_no_user(void **state)
{
	struct capture *capture = *state;

	capture_tool(capture, "connect vpn --until gre");
	assert_int_equal(capture->code, EXIT_OK);
	assert_int_equal(keeper.runs, 1);
	assert_has(capture->out, "Ended as asked.\n");
}

static void
bad_command_lines_are_exit_2(void **state)
{
	static const struct {
		const char *line, *words;
	} bad[] = {
	    {"connect", "HOST or NAME is missing"},
	    {"connect vpn", "-u USER"},
	    {"connect vpn -u x more", "\"more\" is one word too many"},
	    {"connect vpn -u x --mppe yes", "--mppe takes"},
	    {"connect vpn -u x --accept mschap-v3", "\"mschap-v3\" is none"},
	    {"connect vpn -u x --mtu big", "--mtu takes a whole number"},
	    {"connect vpn -u x --mtu -1", "--mtu takes a whole number"},
	    {"connect vpn -u x --mtu 99999999999", "--mtu takes a whole number"},
	    {"connect vpn -u x --mark 4294967296", "--mark takes"},
	    {"connect vpn -u x --port 0", "--port takes"},
	    {"connect vpn -u x --port 65536", "--port takes"},
	    {"connect vpn -u x --bind eth0", "--bind takes an IPv4 address or %INTERFACE"},
	    {"connect vpn -u x --until tcp", "--until takes"},
	    {"connect vpn -u x --until nowhere", "--until takes"},
	    {"connect vpn -u x --password-fd x", "--password-fd takes"},
	    {"connect vpn -u x --data-path udp", "--data-path takes"},
	    {"connect vpn -u x --call me", "--call takes"},
	    {"connect vpn -u x --mtu", "--mtu needs a value"},
	    {"connect vpn -u x --until call --background", "exclude each other"},
	    {"connect vpn -u", "-u needs a value"},
	    {"connect vpn -u x -z", "no option -z"},
	    {"connect vpn -u x --mtuu 3", "did you mean --mtu?"},
	    {"connect vpn -u x --dry-run=yes", "--dry-run takes no value"},
	    {"stauts", "did you mean \"status\"?"},
	    {"conect vpn", "did you mean \"connect\"?"},
	    {"frobnicate", "there is no verb \"frobnicate\"."},
	    {"help frobnicate", "there is no verb"},
	    {"down", "which tunnel?"},
	    {"down a b", "which tunnel?"},
	    {"trace", "which tunnel?"},
	    {"trace a --summary --json", "exclude each other"},
	    {"trace a --hex --ladder", "exclude each other"},
	    {"trace a -r b", "a NAME is for a tunnel"},
	    {"trace -r b -i c", "exclude each other"},
	    {"trace -r b --follow", "for the NAME of a tunnel"},
	    {"status a b", "one NAME"},
	    {"connect vpn -u x --route 10.0.0.1/8",
		"\"10.0.0.1/8\" has bits set behind its length"},
	    {"connect vpn -u x --except home", "\"home\" is no IPv4 network"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(*state, bad[i].line, EXIT_USAGE, bad[i].words);
}

/* Hooks are started in the folder /. */
static void
a_script_is_found_from_where_it_was_named(void **state)
{
	struct capture *capture = *state;
	char here[256], expected[300], folder[] = "/tmp/pptpeer-script-XXXXXX";

	assert_non_null(getcwd(here, sizeof(here)));
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(symlink("/bin/true", "mine"), 0);
	capture_tool(capture, "connect vpn -u x --script mine --dry-run");
	assert_int_equal(capture->code, EXIT_OK);
	snprintf(expected, sizeof(expected), "%s/mine", folder);
	assert_string_equal(keeper.config.hook_script, expected);
	assert_int_equal(unlink("mine"), 0);
	assert_refused(capture, "connect vpn -u x --script mine", EXIT_CONFIG,
	    "--script: mine cannot be run: No such file or directory.");
	assert_int_equal(chdir(here), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void
bad_settings_are_exit_3(void **state)
{
	char line[400] = "connect vpn -u ";

	assert_refused(
	    *state, "connect vpn -u x --accept pap,chap", EXIT_CONFIG, "yields its keys");
	assert_refused(*state, "connect vpn -u x --accept ,", EXIT_CONFIG, "No authentication");
	assert_refused(*state, "connect vpn -u x --mtu 1457", EXIT_CONFIG, "over 1456");
	assert_refused(*state, "connect vpn -u x --mtu 20", EXIT_CONFIG, "under 128");
	assert_refused(*state, "connect vpn -u x\b", EXIT_CONFIG, "control character");
	assert_refused(*state, "connect a/b -u x", EXIT_CONFIG, "'/'");
	assert_refused(*state, "connect vpn -u x --name ..", EXIT_CONFIG, "begins with '.'");
	assert_refused(*state, "connect vpn -u x --ifname 1234567890123456", EXIT_CONFIG,
	    "--ifname has 16 octets; 15 is the most");
	memset(line + strlen(line), 'u', 256);
	assert_refused(*state, line, EXIT_CONFIG, "--user has 256 octets; 255 is the most");
	snprintf(line, sizeof(line), "connect vpn -u x --phone %065d", 0);
	assert_refused(*state, line, EXIT_CONFIG, "--phone has 65 octets; 64 is the most");
	snprintf(line, sizeof(line), "connect %064d -u x", 0);
	assert_refused(*state, line, EXIT_CONFIG, "--name");
}

/* The words of argv are seen by everybody: refused, overwritten, not repeated. */
static void
password_in_argv_is_refused_and_overwritten(void **state)
{
	static const char *const options[] = {
	    "--password=geheim", "--pass=geheim", "--password-stdin=geheim", "--password"};
	struct capture *capture = *state;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		char words[][32] = {"connect", "vpn", "", "geheim"};
		char *argv[] = {(char[]){"pptpeer"}, words[0], words[1], words[2], words[3], NULL};
		int argc = i == 3 ? 5 : 4, err = capture_begin(STDERR_FILENO);

		snprintf(words[2], sizeof(words[2]), "%s", options[i]);
		assert_int_equal(tool_run(argc, argv), EXIT_USAGE);
		capture_end(STDERR_FILENO, err, capture->err, sizeof(capture->err));
		assert_null(strstr(capture->err, "geheim"));
		assert_null(strstr(words[2], "geheim"));
		if (i == 3)
			assert_null(strstr(words[3], "geheim"));
		if (i == 0 || i == 3)
			assert_has(capture->err, "There is no --password VALUE");
	}
	assert_int_equal(keeper.runs, 0);
}

static void
connect_prints_stages_and_a_friendly_end(void **state)
{
	struct capture *capture = *state;

	snprintf(keeper.reason.what, sizeof(keeper.reason.what), "Interrupted.");
	capture_with_stdin(capture, "pw\n", "connect vpn -u bob --password-stdin");
	assert_int_equal(capture->code, EXIT_OK);
	assert_string_equal(capture->err, "");
	assert_int_equal(keeper.secret.len, 2);
	assert_memory_equal(keeper.secret.bytes, "pw", 2);
	assert_has(capture->out, " s  tcp      connected to 192.0.2.1\n");
	assert_has(capture->out, "a warning\n");
	assert_null(strstr(capture->out, "a detail"));
	assert_has(capture->out, " s  up       ppp0\n                     second\\x1b[2J line\n");
	assert_has(capture->out, "The tunnel vpn is up. Ctrl-C hangs up.");
	assert_has(capture->out, "Interrupted. The tunnel was up for 0 s.\n");
	assert_null(strchr(capture->out, '\033')); /* no terminal: no colour either */
}

static void
quiet_says_nothing_of_a_good_run(void **state)
{
	struct capture *capture = *state;

	capture_with_stdin(capture, "pw", "connect vpn -u bob --password-stdin -q");
	assert_int_equal(capture->code, EXIT_OK);
	assert_string_equal(capture->out, "");
	assert_string_equal(capture->err, "");
}

static void
verbose_says_the_details(void **state)
{
	struct capture *capture = *state;

	capture_with_stdin(capture, "pw", "connect vpn -u bob --password-stdin -v");
	assert_has(capture->out, "a detail");
}

static void
a_bad_end_is_one_reason_on_stderr(void **state)
{
	struct capture *capture = *state;

	keeper.reason = (struct reason){201, EXIT_TCP, "No answer.\nEvidence\033.", "look"};
	capture_tool(capture, "connect vpn --until call");
	assert_int_equal(capture->code, EXIT_TCP);
	assert_string_equal(
	    capture->err, "E201 No answer.\n     Evidence\\x1b.\n     Next: look\n");
	assert_null(strstr(capture->out, "Ended"));
}

static void
no_password_ends_with_its_own_code(void **state)
{
	struct capture *capture = *state;

	capture_with_stdin(capture, "", "connect vpn -u bob --password-stdin");
	assert_int_equal(capture->code, EXIT_CONFIG);
	assert_string_equal(capture->err, "E109 the password is empty.\n");
}

static void
help_lists_every_verb_and_its_options(void **state)
{
	struct capture *capture = *state;
	char line[64];

	capture_tool(capture, "help");
	assert_int_equal(capture->code, EXIT_OK);
	for (const struct verb *verb = verbs; verb->name != NULL; verb++)
		assert_has(capture->out, verb->name);
	for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
		snprintf(line, sizeof(line), "%s --help", verb->name);
		capture_tool(capture, line);
		assert_int_equal(capture->code, EXIT_OK);
		assert_has(capture->out, verb->summary);
		for (const struct option_row *row = verb->options; row->id != 0; row++)
			if (row->help != NULL)
				assert_has(capture->out, row->name);
	}
	capture_tool(capture, "help connect");
	assert_has(capture->out, "--until");
	assert_null(strstr(capture->out, "--password VALUE")); /* only what is there */
}

static void
version_has_its_number(void **state)
{
	struct capture *capture = *state;

	capture_tool(capture, "version");
	assert_int_equal(capture->code, EXIT_OK);
	assert_has(capture->out, "pptpeer ");
	capture_tool(capture, "--version");
	assert_has(capture->out, "pptpeer ");
}

static void
numbers_are_whole(void **state)
{
	uint32_t value = 7;

	(void)state;
	assert_true(tool_number("0", 0, 9, &value));
	assert_int_equal(value, 0);
	assert_true(tool_number("010", 0, 99, &value));
	assert_int_equal(value, 10);
	assert_true(tool_number("0xff", 0, 255, &value));
	assert_int_equal(value, 255);
	assert_true(tool_number("4294967295", 0, UINT32_MAX, &value));
	assert_false(tool_number("4294967296", 0, UINT32_MAX, &value));
	assert_false(tool_number("99999999999999999999999", 0, UINT32_MAX, &value));
	assert_false(tool_number("", 0, 9, &value));
	assert_false(tool_number(" 1", 0, 9, &value));
	assert_false(tool_number("-1", 0, 9, &value));
	assert_false(tool_number("1s", 0, 9, &value));
	assert_false(tool_number("0", 1, 9, &value));
}

static void
durations_and_sizes_are_for_people(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(text_duration(0, buf, sizeof(buf)), "0 s");
	assert_string_equal(text_duration(59, buf, sizeof(buf)), "59 s");
	assert_string_equal(text_duration(61, buf, sizeof(buf)), "1 min 1 s");
	assert_string_equal(text_duration(11520, buf, sizeof(buf)), "3 h 12 min");
	assert_string_equal(text_duration(90000, buf, sizeof(buf)), "1 d 1 h");
	assert_string_equal(text_bytes(1023, buf, sizeof(buf)), "1023 B");
	assert_string_equal(text_bytes(1024, buf, sizeof(buf)), "1.0 KiB");
	assert_string_equal(text_bytes(1048575, buf, sizeof(buf)), "1.0 MiB");
	assert_string_equal(text_bytes(432747315, buf, sizeof(buf)), "412.7 MiB");
	assert_string_equal(text_bytes(UINT64_MAX, buf, sizeof(buf)), "16.0 EiB");
	assert_string_equal(text_count(0, buf, sizeof(buf)), "0");
	assert_string_equal(text_count(401233, buf, sizeof(buf)), "401 233");
	assert_string_equal(text_count(1000, buf, sizeof(buf)), "1 000");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(connect_flags_become_the_config),
	    TEST(the_data_path_is_one_of_four),
	    TEST(host_is_the_name_and_the_tunnel_stays_up),
	    TEST(a_word_with_a_file_is_a_name_and_flags_go_before_the_file),
	    TEST(show_json_has_names_in_any_octets),
	    TEST(check_offline_looks_at_no_password_file),
	    TEST(check_takes_a_name_before_a_file),
	    TEST(saved_settings_are_those_of_the_run_and_have_no_password),
	    TEST(stages_up_to_gre_need_no_user),
	    TEST(bad_command_lines_are_exit_2),
	    TEST(a_script_is_found_from_where_it_was_named),
	    TEST(bad_settings_are_exit_3),
	    TEST(password_in_argv_is_refused_and_overwritten),
	    TEST(connect_prints_stages_and_a_friendly_end),
	    TEST(quiet_says_nothing_of_a_good_run),
	    TEST(verbose_says_the_details),
	    TEST(a_bad_end_is_one_reason_on_stderr),
	    TEST(no_password_ends_with_its_own_code),
	    TEST(help_lists_every_verb_and_its_options),
	    TEST(version_has_its_number),
	    TEST(numbers_are_whole),
	    TEST(durations_and_sizes_are_for_people),
	};

	unsetenv("PPTPEER_RUN_DIR");
	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
