/* connect.c: `pptpeer connect`: runs the keeper and prints what it says. */
#include "connect.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/keeper_log.h"
#include "daemon/log.h"
#include "daemon/secret.h"

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int
connect_read_secret(void *ctx, const struct secret_listener *listener, const char *server,
    struct secret *secret, struct reason *reason)
{
	struct connect *run = ctx;
	const struct config *config = &run->settings.config;
	char login[256], err[512];
	uint64_t asked = now_us();
	int code;

	if (!run->password_flag && config->password_from != SECRET_UNSET)
		return secret_read(config, listener, server, secret, reason);
	if (config_login(config, login, sizeof(login)) < 0)
		return EXIT_CONFIG; /* never: config_check() has looked */
	snprintf(
	    run->prompt, sizeof(run->prompt), "Password for %s at %s: ", login, config->servers[0]);
	run->password.prompt = run->prompt;
	fflush(stdout);
	code = password_read(&run->password, secret, err, sizeof(err));
	if (code == PASSWORD_INTERRUPTED)
		puts("Ended as asked.");
	else if (code != 0) {
		reason_set(reason, 109, "%s", err);
		reason->exit_code = code;
	}
	run->start += now_us() - asked; /* the time that people take is not the tunnel's */
	return code;
}

/*
 * Whether a line can be written without waiting: behind a full pipe, or a terminal that was
 * stopped with Ctrl-S, the keeper must not stand still.  A line that cannot is left out.
 */
static bool
is_read(int fd)
{
	struct pollfd out = {.fd = fd, .events = POLLOUT};

	return poll(&out, 1, 0) > 0;
}

static void
print_stage(struct connect *run, const char *name, const char *text, enum color color)
{
	bool on = run->tool->color_out;
	uint64_t ms = (now_us() - run->start) / 1000;

	printf("%s%4u.%03u s%s  %s%-8s%s ", text_color(on, COLOR_DIM), (unsigned)(ms / 1000),
	    (unsigned)(ms % 1000), text_color(on, COLOR_NONE), text_color(on, color), name,
	    text_color(on, COLOR_NONE));
	text_lines(stdout, text, 21);
	putchar('\n');
}

static void
print_up(const struct connect *run)
{
	const char *name = run->settings.config.name;

	if (run->background)
		printf("\nThe tunnel %s is up, in the background. Hang up: pptpeer down %s\n", name,
		    name);
	else
		printf("\nThe tunnel %s is up. Ctrl-C hangs up.  Details: pptpeer status %s\n\n",
		    name, name);
}

static void
go_on_without_a_terminal(struct connect *run, const char *text)
{
	if (!log_open(&run->settings.config) && is_read(STDERR_FILENO))
		tool_error(run->tool, EXIT_SYSTEM, "%s: %s; nothing is logged.",
		    run->settings.config.log_path, strerror(errno));
	run->logs = true;
	keeper_log_stage(STAGE_UP, text);
	background_done(&run->first, EXIT_OK);
}

static void
on_stage(void *ctx, enum stage stage, const char *text)
{
	struct connect *run = ctx;

	if (run->logs) {
		keeper_log_stage(stage, text);
		return;
	}
	if (run->tool->verbose >= 0 && is_read(STDOUT_FILENO)) {
		print_stage(
		    run, stage_name(stage), text, stage == STAGE_UP ? COLOR_GOOD : COLOR_BOLD);
		if (stage == STAGE_UP && run->settings.config.stay_up)
			print_up(run);
		fflush(stdout);
	}
	if (stage != STAGE_UP)
		return;
	run->up = now_us();
	if (run->background)
		go_on_without_a_terminal(run, text);
}

static void
on_note(void *ctx, int level, const char *text)
{
	struct connect *run = ctx;

	if (run->logs) {
		keeper_log_note(level, text);
		return;
	}
	if (level > run->tool->verbose || run->tool->verbose < 0 || !is_read(STDOUT_FILENO))
		return;
	print_stage(run, "", text, COLOR_NONE);
	fflush(stdout);
}

static void
print_error(const struct connect *run, const struct reason *reason)
{
	bool on = run->tool->color_err;

	if (reason->ecode != 0)
		fprintf(stderr, "%sE%03u%s ", text_color(on, COLOR_BAD), reason->ecode,
		    text_color(on, COLOR_NONE));
	text_lines(stderr, reason->what, 5);
	fputc('\n', stderr);
	if (reason->next[0] != '\0') {
		fputs("     Next: ", stderr);
		text_lines(stderr, reason->next, 11);
		fputc('\n', stderr);
	}
}

static void
on_ended(void *ctx, const struct reason *reason)
{
	struct connect *run = ctx;
	char duration[32];

	if (run->logs) {
		keeper_log_ended(reason);
		return;
	}
	if (reason->exit_code != EXIT_OK) {
		if (is_read(STDERR_FILENO))
			print_error(run, reason);
		return;
	}
	if (run->tool->verbose < 0 || !is_read(STDOUT_FILENO))
		return;
	text_lines(stdout, reason->what[0] != '\0' ? reason->what : "Ended as asked.", 0);
	if (run->up != 0)
		printf(" The tunnel was up for %s.",
		    text_duration((now_us() - run->up) / 1000000, duration, sizeof(duration)));
	putchar('\n');
	fflush(stdout);
}

static void
on_waiting(void *ctx, const struct reason *reason, uint64_t delay_ms, unsigned tries)
{
	struct connect *run = ctx;
	char text[64];

	if (run->logs) {
		keeper_log_waiting(reason, delay_ms, tries, ROLE_DIAL);
		return;
	}
	run->up = 0;
	if (is_read(STDERR_FILENO))
		print_error(run, reason);
	if (run->tool->verbose < 0 || !is_read(STDOUT_FILENO))
		return;
	if (delay_ms == PPTP_NEVER)
		snprintf(text, sizeof(text), "to be called; it is not dialled any more");
	else
		snprintf(text, sizeof(text), "%u s, then try %u", (unsigned)(delay_ms / 1000),
		    tries + 1);
	print_stage(run, "waiting", text, COLOR_NONE);
	fflush(stdout);
}

/* In the process that stays. */
static int
dial(struct connect *run)
{
	const struct keeper_ui ui = {
	    .read_secret = connect_read_secret,
	    .stage = on_stage,
	    .note = on_note,
	    /* It may take its time; whoever is asked has all of it. */
	    .secret_in_child =
		!run->password_flag && run->settings.config.password_from == SECRET_COMMAND,
	    .keep_secret = true, /* standard input gives it once, and people are asked once */
	    .waiting = on_waiting,
	    .ended = on_ended,
	    .leaves_terminal = run->background,
	    .ctx = run,
	};
	struct config *config = &run->settings.config;
	int code;

	/* Where our words go, for whoever asks `pptpeer log` later. */
	config->log_target =
	    run->background ? log_real_target(config->log_target, false) : LOG_TO_STDERR;
	if (run->background && background_begin(&run->first) < 0)
		return tool_error(run->tool, EXIT_INTERNAL, "%s.", strerror(errno));
	run->start = now_us();
	code = keeper_run(config, &ui);
	/* What has ended before it was up is not in the background. */
	background_done(&run->first, code == EXIT_OK ? EXIT_NO_DAEMON : code);
	log_close();
	return code;
}

int
connect_run(struct tool *tool, int argc, char **argv)
{
	struct connect run = {.tool = tool, .first = BACKGROUND_NONE};
	int code;

	config_defaults(&run.settings.config);
	password_source_init(&run.password);
	code = connect_parse(&run, argc, argv);
	if (code == TOOL_GO && run.save != NULL)
		code = connect_save(&run);
	if (code != TOOL_GO)
		return code;
	return run.dry_run ? keeper_dry_run(&run.settings.config) : dial(&run);
}
