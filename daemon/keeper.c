/*
 * keeper.c: the privileged process of one tunnel (design D3): forks the engine, owns the secret
 * and the pppd, and sees how each process ends.  What it does for the engine is in acts.c.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "engine.h"
#include "keeper_int.h"
#include "pppd.h"
#include "pppd_args.h"

#define MESSAGES         64   /* taken a wakeup */
#define PPPD_AUTH_FAILED 19   /* pppd(8), EXIT STATUS: we were not taken */
#define LAST_MESSAGES    4096 /* more than its end of the pair can hold */

/*
 * A bounded number each time, so that signals have their turn.  An engine passes no descriptors;
 * one that sends anything else than messages is broken, or not ours any more.
 */
static void
take_messages(struct keeper *keeper, unsigned atmost)
{
	struct ipc_msg msg;
	int rc = 1;

	for (unsigned i = 0; i < atmost && rc > 0; i++) {
		rc = ipc_recv(keeper->engine_fd, &msg, NULL);
		if (rc > 0)
			keeper_act(keeper, &msg);
	}
	if (rc == 0)
		event_del(keeper->engine_event); /* its exit status comes with SIGCHLD */
	if (rc < 0 && errno == EPROTO && keeper->engine_pid > 0)
		kill(keeper->engine_pid, SIGKILL);
}

static void
on_engine(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	take_messages(ctx, MESSAGES);
}

/* -------------------------------------------------------------- the ends of processes */

static void
on_stop_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	keeper->overdue = true;
	keeper_signal_pppd(keeper, SIGKILL);
	keeper_calls_signal(keeper, SIGKILL);
	if (keeper->engine_pid > 0)
		kill(keeper->engine_pid, SIGKILL);
	if (keeper->secret_pid > 0)
		kill(keeper->secret_pid, SIGKILL);
	if (keeper->forced && keeper->hook.child.pid > 0)
		kill(-keeper->hook.child.pid, SIGKILL);
}

void
keeper_check_done(struct keeper *keeper)
{
	bool ends = keeper->phase == KEEPER_DONE || keeper->stopping;

	/* Whoever asks for the password puts the terminal back, then it is ours no more. */
	if (keeper->engine_pid > 0 || (ends && keeper->secret_pid > 0))
		return;
	if (keeper->pppd_pid > 0 || keeper_calls_run(keeper)) {
		/* Its pty is closed with the engine, so it is ending; see that it does. */
		struct timeval limit = {.tv_sec = 5};

		if (keeper->pppd_pid > 0)
			kill(keeper->pppd_pid, SIGTERM);
		keeper_calls_signal(keeper, SIGTERM);
		evtimer_add(keeper->stop_timer, &limit);
		return;
	}
	keeper_calls_forget(keeper);
	if (keeper->phase == KEEPER_DONE && !keeper->forced && keeper_call_hooks_run(keeper))
		return; /* each has its time limit, and its end comes here */
	if (keeper->phase == KEEPER_DONE)
		event_base_loopbreak(keeper->base);
	else
		keeper_engine_lost(keeper);
}

static void
engine_close(struct keeper *keeper)
{
	if (keeper->engine_event != NULL)
		event_free(keeper->engine_event);
	keeper->engine_event = NULL;
	if (keeper->engine_fd >= 0)
		close(keeper->engine_fd);
	keeper->engine_fd = -1;
}

static void
engine_gone(struct keeper *keeper, int status)
{
	take_messages(keeper, LAST_MESSAGES);
	engine_close(keeper);
	keeper->engine_pid = 0;
	if (keeper->phase == KEEPER_DONE || keeper->phase == KEEPER_WAITING ||
	    keeper->phase == KEEPER_HOOK || keeper->renew)
		return;
	if (keeper->forced)
		reason_set(
		    &keeper->reason, 0, "Ended at once, as asked twice; the server was not told.");
	else if (keeper->hung)
		reason_set(&keeper->reason, 1, "The engine did not answer, and was killed.");
	else if (keeper->stopping && keeper->overdue)
		reason_set(&keeper->reason, 1,
		    "The engine did not end within %d s of being asked, and was killed.",
		    STOP_SECONDS);
	else if (WIFSIGNALED(status))
		reason_set(&keeper->reason, 1, "The engine was killed by signal %d (%s).",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		reason_set(&keeper->reason, 1, "The engine ended without a word (status %d).",
		    WEXITSTATUS(status));
}

static void
on_child(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	int status;
	pid_t pid;

	(void)fd, (void)what;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->pppd_pid) {
			struct ipc_msg msg;

			keeper->pppd_pid = 0;
			keeper_close_kernel(keeper);
			keeper_verify_close(keeper);
			if (WIFEXITED(status) && WEXITSTATUS(status) == PPPD_AUTH_FAILED)
				keeper->auth_refused = true;
			keeper_net_drain(keeper); /* its interface may have gone first */
			ipc_init(&msg, IPC_PPPD_EXITED);
			msg.u.wait_status = status;
			keeper_send(keeper, &msg, NULL, 0);
		} else if (keeper_calls_ended(keeper, pid, status) ||
			   keeper_call_hook_ended(keeper, pid, status)) {
			continue;
		} else if (pid == keeper->secret_pid) {
			keeper->secret_pid = 0; /* its answer, or its EOF, is in the socket */
		} else if (keeper_hook_ended(keeper, pid, status) ||
			   keeper_dns_ended(keeper, pid, status)) {
			continue;
		} else if (pid == keeper->engine_pid) {
			engine_gone(keeper, status);
		} else if (pid == keeper->look.pid) {
			keeper->look.pid = 0; /* its answer, or its EOF, is in the socket */
		} else {
			lookup_reaped(&keeper->lookup, pid);
		}
	}
	keeper_check_done(keeper);
}

/* ---------------------------------------------------------------------------- life cycle */

/*
 * In the engine's process: its end of the pair as 3, the control socket as 4, the lock of the
 * name as 5, and nothing else.  Standard input is where the password may still be waiting.
 */
static bool
engine_fds(const struct keeper *keeper, int pair_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int pair = fcntl(pair_fd, F_DUPFD_CLOEXEC, 10);
	int control = fcntl(keeper->rundir.socket_fd, F_DUPFD_CLOEXEC, 10);
	int lock = fcntl(keeper->rundir.lock_fd, F_DUPFD_CLOEXEC, 10);

	if (null < 0 || pair < 0 || control < 0 || lock < 0)
		return false;
	if (keeper->ui->leaves_terminal &&
	    (dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0))
		return false;
	return dup2(null, STDIN_FILENO) >= 0 && dup3(pair, 3, O_CLOEXEC) >= 0 &&
	       dup3(control, 4, O_CLOEXEC) >= 0 && dup3(lock, 5, O_CLOEXEC) >= 0 &&
	       close_range(6, ~0U, 0) == 0;
}

/* The engine has neither the keeper's handlers nor its secret. */
static void
engine_main(struct keeper *keeper, int pair[2], const sigset_t *mask)
{
	static const int ignored[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

	keeper_wipe_secret(&keeper->secret);
	users_free(&keeper->calls.users);
	close(pair[0]); /* the keeper's end, wherever it is: else its death is not seen */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigprocmask(SIG_SETMASK, mask, NULL);
	exit(engine_fds(keeper, pair[1]) ? engine_run(keeper->config, &keeper->history, 3, 4) : 1);
}

bool
keeper_fork_engine(struct keeper *keeper)
{
	sigset_t all, old;
	int pair[2];

	if (ipc_pair(pair) < 0)
		return false;
	if (keeper->config->role == ROLE_LISTEN)
		keeper_listen_room(keeper, pair);
	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	keeper->engine_pid = fork();
	if (keeper->engine_pid == 0)
		engine_main(keeper, pair, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	keeper->engine_fd = pair[0];
	keeper->hung = keeper->overdue = false;
	keeper->unanswered = 0;
	evtimer_del(keeper->stop_timer);
	if (keeper->engine_pid > 0)
		keeper->engine_event =
		    event_new(keeper->base, pair[0], EV_READ | EV_PERSIST, on_engine, keeper);
	if (keeper->engine_event != NULL && event_add(keeper->engine_event, NULL) == 0) {
		keeper_show_door(keeper);
		return true;
	}
	if (keeper->engine_pid > 0) {
		kill(keeper->engine_pid, SIGKILL);
		waitpid(keeper->engine_pid, NULL, 0);
	}
	keeper->engine_pid = 0;
	engine_close(keeper);
	return false;
}

static bool
loop_setup(struct keeper *keeper)
{
	keeper->base = event_base_new();
	if (keeper->base == NULL || event_base_priority_init(keeper->base, PRIORITIES) < 0)
		return false;
	keeper->stop_timer = evtimer_new(keeper->base, on_stop_timeout, keeper);
	keeper->child_event = evsignal_new(keeper->base, SIGCHLD, on_child, keeper);
	return lookup_init(&keeper->lookup, keeper->base, keeper_looked_up, keeper) &&
	       keeper->stop_timer != NULL && keeper->child_event != NULL &&
	       event_add(keeper->child_event, NULL) == 0 && keeper_ask_setup(keeper) &&
	       keeper_net_setup(keeper);
}

static void
loop_free(struct keeper *keeper)
{
	struct event *events[] = {keeper->stop_timer, keeper->child_event};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	keeper_ask_free(keeper);
	keeper_net_free(keeper);
	if (keeper->base != NULL)
		event_base_free(keeper->base);
}

static void
write_end(struct keeper *keeper)
{
	keeper->since = time(NULL);
	keeper_write_state(keeper, keeper->reason.exit_code == EXIT_OK ? "stopped" : "failed");
}

static bool
preflight(struct keeper *keeper)
{
	if (geteuid() != 0) {
		reason_set(&keeper->reason, 104,
		    "pptpeer must be root: it opens raw sockets and starts pppd.");
		return false;
	}
	if (!rundir_open(&keeper->rundir, keeper->config, &keeper->reason))
		return false;
	if (keeper->config->until <= STAGE_GRE || pppd_usable(keeper->config, &keeper->reason))
		return true;
	keeper_remember(keeper, 0);
	write_end(keeper);
	return false;
}

/* A call takes four descriptors of the engine's, or five (pace.h), and login's soft limit is 1024. */
static void
raise_limit(const struct config *config)
{
	struct rlimit limit;

	if (config->role != ROLE_LISTEN || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
run(struct keeper *keeper)
{
	raise_limit(keeper->config);
	if (!loop_setup(keeper) || !keeper_dial_setup(keeper) || !keeper_fork_engine(keeper)) {
		reason_set(
		    &keeper->reason, 107, "The engine cannot be started: %s.", strerror(errno));
		keeper_remember(keeper, 0);
	} else {
		pin_sweep();
		keeper->phase = KEEPER_HOOK;
		/* The engine first: it never has the secret. */
		keeper_dns_recover(keeper, keeper_dial_first);
		event_base_dispatch(keeper->base);
	}
	engine_close(keeper);
	keeper_close_kernel(keeper);
	keeper_close_door(keeper);
	keeper_verify_close(keeper);
	keeper_hook_cancel(keeper);
	keeper_call_hooks_cancel(keeper);
	keeper_dns_cancel(keeper);
	routes_remove(&keeper->routes);
	keeper_forget_interfaces(keeper);
	lookup_free(&keeper->lookup);
	keeper_firewall_cancel(keeper);
	keeper_dial_free(keeper);
	loop_free(keeper);
	write_end(keeper);
}

int
keeper_run(const struct config *config, const struct keeper_ui *ui)
{
	struct rlimit no_core = {0, 0};
	struct keeper keeper = {
	    .config = config,
	    .ui = ui,
	    .kernel_fd = -1,
	    .door_fd = -1,
	    .verify = {.verifier = {.fd = -1}},
	    .engine_fd = -1,
	    .lookup = LOOKUP_NONE,
	    .look = {.fd = -1},
	    .secret_fd = -1,
	    .hook = {.child = {.said = -1}},
	    .net = {.wake_fd = -1},
	    .dns = {.said = -1, .task = {.use = DNS_OFF}},
	    .rundir = {.dir_fd = -1, .lock_fd = -1, .socket_fd = -1},
	};

	TAILQ_INIT(&keeper.calls.list);
	STAILQ_INIT(&keeper.calls.hooks);
	/* The secret passes through this process: no core, no ptrace but root's. */
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (preflight(&keeper))
		run(&keeper);
	keeper_wipe_secret(&keeper.secret);
	users_free(&keeper.calls.users);
	rundir_close(&keeper.rundir);
	if (!keeper.interrupted)
		ui->ended(ui->ctx, &keeper.reason);
	free(keeper.own_config);
	free(keeper.next_config);
	return keeper.interrupted ? EXIT_OK : keeper.reason.exit_code;
}

void
keeper_refused(const struct config *config, const struct reason *reason)
{
	struct history history = {.last_end = {true, time(NULL), 0, *reason}};
	struct reason unused;
	struct rundir rundir;

	if (geteuid() != 0 || !rundir_open(&rundir, config, &unused))
		return;
	state_write(
	    rundir.dir_fd, rundir.readers, config, "failed", history.last_end.when, &history);
	rundir_close(&rundir);
}

static void
print_dns(const struct config *config)
{
	struct dns_choice choice;
	struct dns_host host;
	char domains[sizeof(config->domains.word)];

	dns_look(&host, "");
	dns_choose(&choice, config, &host);
	printf("dns       the peer's, by %s: %s\n", dns_use_name(choice.use), choice.why);
	if (config->domains.count != 0)
		printf("domains   %s\n", dns_domains_text(config, domains, sizeof(domains)));
}

int
keeper_dry_run(const struct config *config)
{
	struct pppd_answer answer;
	const struct pppd_fds fds = pppd_fds_to_show(config, &answer);
	struct pppd_args args;

	for (unsigned i = 0; i < config->server_count; i++)
		printf("server    %s, TCP port %u\n", config->servers[i], config->port);
	routes_print(config);
	for (enum hook_event event = 0; event < HOOK_EVENTS; event++) {
		if (hook_path(config, event)[0] != '\0')
			printf("hook      %s %s %s\n", hook_path(config, event), hook_name(event),
			    config->name);
	}
	if (config->hook_script[0] != '\0')
		printf("script    %s, which sets the routes\n", config->hook_script);
	print_dns(config);
	if (config->until <= STAGE_GRE) {
		printf("pppd      none: this run ends at \"%s\"\n", stage_name(config->until));
		return EXIT_OK;
	}
	if (pppd_args_build(config, &fds, &args) < 0) {
		fprintf(stderr, "pptpeer: pppd's arguments do not fit\n");
		return EXIT_CONFIG;
	}
	printf("pppd      %s", config->pppd_path);
	for (size_t i = 1; args.argv[i] != NULL; i++)
		printf(" %s", args.argv[i][0] == '\0' ? "''" : args.argv[i]);
	printf("\npassword  handed to pppd's plugin through a socket\n");
	return EXIT_OK;
}
