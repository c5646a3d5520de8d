/*
 * keeper.c: the privileged process of one tunnel (design D3).  It does a closed list of acts
 * for the engine, each checked against the configuration, and owns the secret and the pppd.
 */
#include "keeper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine.h"
#include "ipc.h"
#include "lookup.h"
#include "pppd.h"
#include "pppd_args.h"
#include "rundir.h"
#include "sockets.h"

#define LOOKUP_SECONDS 20 /* longer than a resolver's two tries of 5 s with two servers */
#define STOP_SECONDS   30 /* after that an engine that does not end is killed */

struct keeper {
	const struct config *config;
	const struct keeper_ui *ui;
	struct event_base *base;
	struct secret secret;
	struct rundir rundir;
	struct reason reason;
	struct ipc_msg addresses; /* what the look-up gave; the only ones that may be dialled */
	char conflict[256];       /* a word in pppd's own files that we cannot take back; "" none */
	enum stage stage;         /* reached */
	int engine_fd;
	pid_t engine_pid, pppd_pid, lookup_pid; /* 0: none; never used after it was reaped */
	int lookup_fd;
	struct event *engine_event, *lookup_event, *stop_timer, *lookup_timer;
	struct event *signals[4];
	bool stopping;
};

static void
secret_wipe(void *ctx)
{
	explicit_bzero(ctx, sizeof(struct secret));
}

static void
to_engine(struct keeper *keeper, const struct ipc_msg *msg, const int *fds, size_t nfds)
{
	/* An engine that is gone is noticed by its end of the pair and by SIGCHLD. */
	ipc_send(keeper->engine_fd, msg, fds, nfds);
}

static void
close_fds(int fds[IPC_MAX_FDS])
{
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* ---------------------------------------------------------------------- act: look-up */

static void
lookup_finish(struct keeper *keeper, int gai_error)
{
	if (keeper->lookup_event != NULL)
		event_free(keeper->lookup_event);
	keeper->lookup_event = NULL;
	if (keeper->lookup_fd >= 0)
		close(keeper->lookup_fd);
	keeper->lookup_fd = -1;
	evtimer_del(keeper->lookup_timer);
	if (gai_error != 0) {
		memset(&keeper->addresses, 0, sizeof(keeper->addresses));
		keeper->addresses.type = IPC_ADDRESSES;
		keeper->addresses.u.addresses.gai_error = gai_error;
	}
	to_engine(keeper, &keeper->addresses, NULL, 0);
}

static void
on_lookup(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)what;
	lookup_finish(keeper, lookup_answer(fd, &keeper->addresses) ? 0 : EAI_FAIL);
}

static void
on_lookup_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	if (keeper->lookup_fd < 0)
		return;
	if (keeper->lookup_pid > 0)
		kill(keeper->lookup_pid, SIGKILL);
	lookup_finish(keeper, EAI_AGAIN);
}

static void
act_lookup(struct keeper *keeper)
{
	struct timeval limit = {.tv_sec = LOOKUP_SECONDS};

	if (keeper->lookup_fd >= 0)
		return; /* one at a time; the answer is on its way */
	memset(&keeper->addresses, 0, sizeof(keeper->addresses));
	keeper->addresses.type = IPC_ADDRESSES;
	if (inet_pton(AF_INET, keeper->config->server, &keeper->addresses.u.addresses.address[0]) ==
	    1) {
		keeper->addresses.u.addresses.count = 1;
		to_engine(keeper, &keeper->addresses, NULL, 0);
		return;
	}
	pid_t pid =
	    lookup_start(keeper->config->server, secret_wipe, &keeper->secret, &keeper->lookup_fd);
	if (pid < 0) {
		lookup_finish(keeper, EAI_SYSTEM);
		return;
	}
	keeper->lookup_pid = pid;
	keeper->lookup_event =
	    event_new(keeper->base, keeper->lookup_fd, EV_READ, on_lookup, keeper);
	if (keeper->lookup_event == NULL) {
		lookup_finish(keeper, EAI_MEMORY);
		return;
	}
	event_add(keeper->lookup_event, NULL);
	evtimer_add(keeper->lookup_timer, &limit);
}

/* ---------------------------------------------------------------- acts: sockets, pppd */

static bool
address_is_ours(const struct keeper *keeper, struct in_addr address)
{
	for (uint32_t i = 0; i < keeper->addresses.u.addresses.count; i++) {
		if (keeper->addresses.u.addresses.address[i].s_addr == address.s_addr)
			return true;
	}
	return false;
}

static void
act_open_sockets(struct keeper *keeper, const struct ipc_msg *request)
{
	struct ipc_msg answer = {.type = IPC_SOCKETS};
	int fds[IPC_MAX_FDS] = {-1, -1, -1};

	if (!address_is_ours(keeper, request->u.open.address)) {
		answer.u.failure.error = EPERM; /* the name did not give this address */
		snprintf(answer.u.failure.what, sizeof(answer.u.failure.what), "keeper's check");
	} else {
		answer.u.failure.error = sockets_open(keeper->config, request->u.open.address,
		    request->u.open.local_call_id, fds, answer.u.failure.what,
		    sizeof(answer.u.failure.what));
	}
	to_engine(keeper, &answer, fds, answer.u.failure.error == 0 ? IPC_MAX_FDS : 0);
	close_fds(fds);
}

/* Unencrypted only where the configuration allows it. */
static bool
start_is_allowed(const struct keeper *keeper, const struct ipc_msg *request)
{
	return keeper->pppd_pid == 0 && keeper->config->until > STAGE_GRE &&
	       (!request->u.start.without_mppe || keeper->config->mppe == MPPE_PREFER);
}

static void
act_start_pppd(struct keeper *keeper, const struct ipc_msg *request)
{
	struct ipc_msg answer = {.type = IPC_PPPD_STARTED};
	struct config config = *keeper->config;
	int fds[IPC_MAX_FDS] = {-1, -1, -1};

	if (!start_is_allowed(keeper, request)) {
		answer.u.pppd.error = EPERM;
		snprintf(answer.u.pppd.what, sizeof(answer.u.pppd.what), "keeper's check");
	} else {
		if (request->u.start.without_mppe)
			config.mppe = MPPE_OFF;
		answer.u.pppd.error = pppd_start(&config, &keeper->secret, fds, &keeper->pppd_pid,
		    answer.u.pppd.what, sizeof(answer.u.pppd.what));
		answer.u.pppd.pid = keeper->pppd_pid;
		/* Only a second try, without MPPE, could need it again. */
		if (config.mppe != MPPE_PREFER)
			secret_wipe(&keeper->secret);
	}
	to_engine(keeper, &answer, fds, answer.u.pppd.error == 0 ? IPC_MAX_FDS : 0);
	close_fds(fds);
}

static void
act_signal_pppd(const struct keeper *keeper, int signal)
{
	if (keeper->pppd_pid > 0 && (signal == SIGTERM || signal == SIGKILL))
		kill(keeper->pppd_pid, signal);
}

/* ------------------------------------------------------------------ the engine's messages */

/* An end before the tunnel was up may be the fault of what stands in pppd's own files. */
static void
take_reason(struct keeper *keeper, const struct reason *reason)
{
	size_t used;

	keeper->reason = *reason;
	keeper->reason.what[sizeof(keeper->reason.what) - 1] = '\0';
	keeper->reason.next[sizeof(keeper->reason.next) - 1] = '\0';
	used = strlen(keeper->reason.what);
	if (keeper->conflict[0] != '\0' && keeper->reason.ecode != 0 &&
	    keeper->stage >= STAGE_CALL && keeper->stage < STAGE_UP)
		snprintf(keeper->reason.what + used, sizeof(keeper->reason.what) - used,
		    " It may come from %s, which pptpeer cannot take back.", keeper->conflict);
}

static void
from_engine(struct keeper *keeper, struct ipc_msg *msg)
{
	switch ((enum ipc_type)msg->type) {
	case IPC_LOOKUP:
		act_lookup(keeper);
		break;
	case IPC_OPEN_SOCKETS:
		act_open_sockets(keeper, msg);
		break;
	case IPC_START_PPPD:
		act_start_pppd(keeper, msg);
		break;
	case IPC_SIGNAL_PPPD:
		act_signal_pppd(keeper, msg->u.signal);
		break;
	case IPC_STAGE:
		msg->u.stage.text[IPC_TEXT - 1] = '\0';
		if (msg->u.stage.stage > STAGE_UP)
			break;
		keeper->stage = (enum stage)msg->u.stage.stage;
		keeper->ui->stage(keeper->ui->ctx, keeper->stage, msg->u.stage.text);
		break;
	case IPC_NOTE:
		msg->u.note.text[IPC_TEXT - 1] = '\0';
		keeper->ui->note(keeper->ui->ctx, msg->u.note.level, msg->u.note.text);
		break;
	case IPC_ENDED:
		take_reason(keeper, &msg->u.reason);
		break;
	case IPC_BEGIN:
	case IPC_STOP:
	case IPC_ADDRESSES:
	case IPC_SOCKETS:
	case IPC_PPPD_STARTED:
	case IPC_PPPD_EXITED:
		break; /* ours to send: ignored */
	}
}

static void
on_engine(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;
	struct ipc_msg msg;
	int fds[IPC_MAX_FDS];
	int rc;

	(void)what;
	while ((rc = ipc_recv(fd, &msg, fds)) > 0) {
		close_fds(fds); /* an engine passes none */
		from_engine(keeper, &msg);
	}
	if (rc == 0)
		event_del(keeper->engine_event); /* its exit status comes with SIGCHLD */
}

/* ------------------------------------------------------------------------------- signals */

static void
begin_stop(struct keeper *keeper)
{
	struct ipc_msg msg = {.type = IPC_STOP};
	struct timeval limit = {.tv_sec = STOP_SECONDS};

	if (keeper->stopping) { /* asked twice: at once */
		event_active(keeper->stop_timer, EV_TIMEOUT, 0);
		return;
	}
	keeper->stopping = true;
	to_engine(keeper, &msg, NULL, 0);
	evtimer_add(keeper->stop_timer, &limit);
}

static void
on_stop_timeout(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	act_signal_pppd(keeper, SIGKILL);
	if (keeper->engine_pid > 0)
		kill(keeper->engine_pid, SIGKILL);
}

/* The loop runs until both are gone. */
static void
check_done(struct keeper *keeper)
{
	if (keeper->engine_pid > 0)
		return;
	if (keeper->pppd_pid > 0) {
		/* Its pty is closed with the engine, so it is ending; see that it does. */
		struct timeval limit = {.tv_sec = 5};

		kill(keeper->pppd_pid, SIGTERM);
		evtimer_add(keeper->stop_timer, &limit);
		return;
	}
	event_base_loopbreak(keeper->base);
}

static void
engine_gone(struct keeper *keeper, int status)
{
	on_engine(keeper->engine_fd, EV_READ, keeper); /* its last messages */
	keeper->engine_pid = 0;
	if (!reason_is_none(&keeper->reason))
		return;
	if (WIFSIGNALED(status) && keeper->stopping && WTERMSIG(status) == SIGKILL)
		reason_set(&keeper->reason, 0, "Ended at once, as asked twice.");
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
			struct ipc_msg msg = {.type = IPC_PPPD_EXITED, .u.wait_status = status};

			keeper->pppd_pid = 0;
			to_engine(keeper, &msg, NULL, 0);
		} else if (pid == keeper->lookup_pid) {
			keeper->lookup_pid = 0; /* its answer, or its EOF, is in the socket */
		} else if (pid == keeper->engine_pid) {
			engine_gone(keeper, status);
		}
	}
	check_done(keeper);
}

static void
on_signal(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	begin_stop(ctx);
}

/* ---------------------------------------------------------------------------- life cycle */

/*
 * In the engine's process: its end of the pair as 3, the control socket as 4, the lock of the
 * name as 5, and nothing else.  Standard input is where the password may still be waiting.
 */
static bool
engine_fds(const struct keeper *keeper, int pair_fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pair = fcntl(pair_fd, F_DUPFD_CLOEXEC, 10);
	int control = fcntl(keeper->rundir.socket_fd, F_DUPFD_CLOEXEC, 10);
	int lock = fcntl(keeper->rundir.dir_fd, F_DUPFD_CLOEXEC, 10);

	return null >= 0 && pair >= 0 && control >= 0 && lock >= 0 &&
	       dup2(null, STDIN_FILENO) >= 0 && dup3(pair, 3, O_CLOEXEC) >= 0 &&
	       dup3(control, 4, O_CLOEXEC) >= 0 && dup3(lock, 5, O_CLOEXEC) >= 0 &&
	       close_range(6, ~0U, 0) == 0;
}

static bool
fork_engine(struct keeper *keeper)
{
	int pair[2];

	if (ipc_pair(pair) < 0)
		return false;
	fflush(NULL);
	keeper->engine_pid = fork();
	if (keeper->engine_pid == 0)
		exit(engine_fds(keeper, pair[1]) ? engine_run(keeper->config, 3, 4) : 1);
	close(pair[1]);
	if (keeper->engine_pid < 0) {
		close(pair[0]);
		keeper->engine_pid = 0;
		return false;
	}
	keeper->engine_fd = pair[0];
	return true;
}

static bool
loop_setup(struct keeper *keeper)
{
	static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

	keeper->base = event_base_new();
	if (keeper->base == NULL)
		return false;
	keeper->engine_event =
	    event_new(keeper->base, keeper->engine_fd, EV_READ | EV_PERSIST, on_engine, keeper);
	keeper->stop_timer = evtimer_new(keeper->base, on_stop_timeout, keeper);
	keeper->lookup_timer = evtimer_new(keeper->base, on_lookup_timeout, keeper);
	keeper->signals[0] = evsignal_new(keeper->base, SIGCHLD, on_child, keeper);
	for (size_t i = 0; i < 3; i++)
		keeper->signals[i + 1] =
		    evsignal_new(keeper->base, stop_signals[i], on_signal, keeper);
	if (keeper->engine_event == NULL || keeper->stop_timer == NULL ||
	    keeper->lookup_timer == NULL)
		return false;
	for (size_t i = 0; i < 4; i++) {
		if (keeper->signals[i] == NULL)
			return false;
	}
	for (size_t i = 0; i < 3; i++) {
		struct sigaction old;

		/* Under nohup a hang-up of the terminal stays ignored. */
		if (stop_signals[i] == SIGHUP && sigaction(SIGHUP, NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		if (event_add(keeper->signals[i + 1], NULL) < 0)
			return false;
	}
	if (event_add(keeper->signals[0], NULL) < 0)
		return false;
	return event_add(keeper->engine_event, NULL) == 0;
}

static void
loop_free(struct keeper *keeper)
{
	struct event *events[] = {keeper->engine_event, keeper->lookup_event, keeper->stop_timer,
	    keeper->lookup_timer, keeper->signals[0], keeper->signals[1], keeper->signals[2],
	    keeper->signals[3]};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i] != NULL)
			event_free(events[i]);
	}
	if (keeper->base != NULL)
		event_base_free(keeper->base);
}

/* Reads the secret after the fork: the engine never has it. */
static int
begin(struct keeper *keeper)
{
	struct ipc_msg msg = {.type = IPC_BEGIN};

	if (keeper->config->until > STAGE_GRE) {
		int rc = keeper->ui->read_secret(keeper->ui->ctx, &keeper->secret);
		if (rc != 0)
			return rc;
	}
	to_engine(keeper, &msg, NULL, 0);
	return 0;
}

/* Before anything is forked: what cannot work is said at once. */
static bool
preflight(struct keeper *keeper)
{
	if (geteuid() != 0) {
		reason_set(&keeper->reason, 104,
		    "pptpeer must be root: it opens raw sockets and starts pppd.");
		return false;
	}
	if (keeper->config->until > STAGE_GRE && !pppd_usable(keeper->config, &keeper->reason))
		return false;
	return rundir_open(&keeper->rundir, keeper->config, &keeper->reason);
}

/* pppd reads its own files whatever we do (design D4): said before anything else goes wrong. */
static void
warn_of_conflicts(struct keeper *keeper)
{
	char text[320];
	size_t cursor = 0;

	if (keeper->config->until <= STAGE_GRE ||
	    pppd_options_conflict("", "", &cursor, keeper->conflict, sizeof(keeper->conflict)) == 0)
		return;
	snprintf(text, sizeof(text), "warning: pppd reads %s; pptpeer cannot take that back",
	    keeper->conflict);
	keeper->ui->note(keeper->ui->ctx, 0, text);
}

static int
run(struct keeper *keeper)
{
	int rc = 0;

	if (!fork_engine(keeper) || !loop_setup(keeper)) {
		reason_set(
		    &keeper->reason, 107, "The engine cannot be started: %s.", strerror(errno));
	} else {
		rc = begin(keeper);
		if (rc != 0)
			begin_stop(keeper); /* no secret: read_secret() has said why */
		event_base_dispatch(keeper->base);
	}
	loop_free(keeper);
	if (keeper->engine_pid > 0) { /* it was forked, the loop was not to be had */
		kill(keeper->engine_pid, SIGKILL);
		waitpid(keeper->engine_pid, NULL, 0);
	}
	if (keeper->lookup_pid > 0) {
		kill(keeper->lookup_pid, SIGKILL);
		waitpid(keeper->lookup_pid, NULL, 0);
	}
	if (keeper->lookup_fd >= 0)
		close(keeper->lookup_fd);
	if (keeper->engine_fd >= 0)
		close(keeper->engine_fd);
	return rc;
}

int
keeper_run(const struct config *config, const struct keeper_ui *ui)
{
	struct rlimit no_core = {0, 0};
	struct keeper keeper = {
	    .config = config,
	    .ui = ui,
	    .engine_fd = -1,
	    .lookup_fd = -1,
	    .rundir = {.dir_fd = -1, .socket_fd = -1},
	};
	int rc = 0;

	/* The secret passes through this process: no core, no ptrace, no swap while it is here. */
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	if (preflight(&keeper)) {
		warn_of_conflicts(&keeper);
		rc = run(&keeper);
	}
	secret_wipe(&keeper.secret);
	rundir_close(&keeper.rundir);
	if (rc != 0)
		return rc;
	ui->ended(ui->ctx, &keeper.reason);
	return keeper.reason.exit_code;
}

int
keeper_dry_run(const struct config *config)
{
	struct pppd_args args;

	printf("server    %s, TCP port %u\n", config->server, config->port);
	printf("routes    none but the peer's inner address, which pppd sets\n");
	printf("dns       none is changed\n");
	if (config->until <= STAGE_GRE) {
		printf("pppd      none: this run ends at \"%s\"\n", stage_name(config->until));
		return EXIT_OK;
	}
	if (pppd_args_build(config, 3, 4, 2, "TTY", &args) < 0) {
		fprintf(stderr, "pptpeer: pppd's arguments do not fit\n");
		return EXIT_CONFIG;
	}
	printf("pppd      %s", config->pppd_path);
	for (size_t i = 1; args.argv[i] != NULL; i++)
		printf(" %s", args.argv[i][0] == '\0' ? "''" : args.argv[i]);
	printf("\npassword  handed to pppd's plugin through a socket\n");
	return EXIT_OK;
}
