/*
 * compat_run.c: the drop-in at work: the engine, and in the same process a keeper's part for it
 * (daemon/ipc.h), as whoever calls it.  pppd is our parent until it detaches (compat_pppd.h), and has
 * no plugin.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "compat.h"
#include "compat_pppd.h"
#include "daemon/again.h"
#include "daemon/clock.h"
#include "daemon/engine.h"
#include "daemon/ipc.h"
#include "daemon/lookup.h"
#include "daemon/peer.h"
#include "daemon/pin.h"
#include "daemon/sockets.h"

#define SIGNALS 6

struct run {
	const struct compat *compat;
	struct engine engine;
	int fd; /* our end of the pair; the engine has the other */
	struct event *from_engine, *signals[SIGNALS];
	struct pin pin;
	struct lookup lookup;
	struct compat_pppd pppd;
	struct event *pppd_gone; /* NULL: its end is not waited for */
	int pppd_fd;             /* its pidfd; -1 none */
	bool stopping;
	uint64_t stop_since;  /* us: the first time */
	struct reason reason; /* the end, as the engine tells it */
};

/* --------------------------------------------------------------------------------- words */

static void
say(const struct run *run, int priority, const char *text)
{
	if (priority < LOG_NOTICE || run->compat->log_level > (priority == LOG_DEBUG))
		syslog(priority, "%s: %s", run->compat->log_name, text);
}

static void
answer(const struct run *run, const struct ipc_msg *msg, const int *fds, size_t nfds)
{
	/* The engine reads in the same loop: only a lack of memory can lose one. */
	if (ipc_send(run->fd, msg, fds, nfds) < 0)
		event_base_loopbreak(run->engine.base);
}

/* ---------------------------------------------------------------------------------- pppd */

static void
pppd_ended(const struct run *run)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_PPPD_EXITED); /* with what status is told to whoever started it */
	answer(run, &msg, NULL, 0);
}

static void
on_pppd_gone(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd, (void)what;
	pppd_ended(ctx);
}

static void
act_start_pppd(struct run *run)
{
	int channel = compat_pppd_start(&run->pppd);
	struct ipc_msg msg;

	ipc_init(&msg, IPC_PPPD_STARTED);
	if (channel < 0 || fcntl(channel, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
		msg.u.pppd.error = errno;
		snprintf(msg.u.pppd.what, sizeof(msg.u.pppd.what), "pppd's pty");
	}
	msg.u.pppd.pid = 0; /* not our child: its end is that of its pty */
	answer(run, &msg, &channel, channel >= 0 ? 1 : 0);
	if (channel >= 0)
		close(channel);
}

/*
 * One that we started says goodbye to the server, if it has not gone to the background since.  Any
 * other ends by the end of its pty, when we have ended.
 */
static void
act_signal_pppd(struct run *run, int signal_number)
{
	pid_t pid = compat_pppd_pid(&run->pppd);

	if (pid != 0 && run->pppd_fd < 0) {
		run->pppd_fd =
		    (int)syscall(SYS_pidfd_open, pid, 0); /* no function in older libraries */
		pid = compat_pppd_pid(&run->pppd);        /* still, so it was that one */
		if (run->pppd_fd >= 0)
			run->pppd_gone =
			    event_new(run->engine.base, run->pppd_fd, EV_READ, on_pppd_gone, run);
	}
	if (pid == 0 || run->pppd_gone == NULL || event_add(run->pppd_gone, NULL) < 0)
		pppd_ended(run);
	else
		syscall(SYS_pidfd_send_signal, run->pppd_fd, signal_number, NULL, 0);
}

/* ---------------------------------------------------------------------------------- acts */

static void
looked_up(void *ctx, const struct ipc_msg *addresses)
{
	answer(ctx, addresses, NULL, 0);
}

static void
no_secret(void *ctx)
{
	(void)ctx; /* pppd's is no matter of ours */
}

static void
pin_route(struct run *run, struct in_addr address)
{
	char ip[INET_ADDRSTRLEN], text[128];
	int error;

	if (!run->compat->host_route)
		return;
	pin_remove(&run->pin);
	error = pin_add(&run->pin, &(struct net){address, 32}, 0);
	if (run->pin.added) {
		snprintf(text, sizeof(text), "the way to %s is a host route with metric %u",
		    inet_ntop(AF_INET, &address, ip, sizeof(ip)), (unsigned)run->pin.metric);
		say(run, LOG_DEBUG, text);
	}
	if (error == 0)
		return;
	snprintf(text, sizeof(text), "warning: no host route to the server: %s", strerror(error));
	say(run, LOG_WARNING, text);
}

static void
act_open_sockets(struct run *run, const struct ipc_msg *request)
{
	int fds[IPC_MAX_FDS] = {-1, -1, -1};
	struct ipc_msg msg;

	ipc_init(&msg, IPC_SOCKETS);
	pin_route(run, request->u.open.address);
	msg.u.failure.local_call_id = request->u.open.local_call_id;
	msg.u.failure.error = sockets_open(&run->compat->config, request->u.open.address,
	    request->u.open.local_call_id, fds, NULL, msg.u.failure.what,
	    sizeof(msg.u.failure.what));
	if (msg.u.failure.error == 0 && run->pin.added)
		sockets_leave_by(fds[IPC_FD_GRE], run->pin.way.interface);
	answer(run, &msg, fds, msg.u.failure.error == 0 ? IPC_MAX_FDS : 0);
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* Whoever calls us need not be root, and it is one line that we end with: pptpeer looks. */
static void
not_looked(const struct run *run)
{
	struct ipc_msg msg;

	ipc_init(&msg, IPC_FIREWALL_IS);
	answer(run, &msg, NULL, 0);
}

static void
take_note(const struct run *run, const struct ipc_msg *msg)
{
	bool warning = strncmp(msg->u.note.text, "warning", 7) == 0 || msg->u.note.text[0] == 'E';

	say(run,
	    warning                 ? LOG_WARNING
	    : msg->u.note.level > 0 ? LOG_DEBUG
				    : LOG_NOTICE,
	    msg->u.note.text);
}

static void
on_message(struct run *run, const struct ipc_msg *msg)
{
	char text[IPC_TEXT + 32];

	switch ((enum ipc_type)msg->type) {
	case IPC_LOOKUP:
		lookup_name(&run->lookup, run->compat->config.servers[0], no_secret, NULL);
		break;
	case IPC_OPEN_SOCKETS:
		act_open_sockets(run, msg);
		break;
	case IPC_START_PPPD:
		act_start_pppd(run);
		break;
	case IPC_SIGNAL_PPPD:
		act_signal_pppd(run, msg->u.signal);
		break;
	case IPC_FIREWALL:
		not_looked(run);
		break;
	case IPC_STAGE:
		snprintf(text, sizeof(text), "%s: %s", stage_name((enum stage)msg->u.stage.stage),
		    msg->u.stage.text);
		say(run, LOG_NOTICE, text);
		break;
	case IPC_NOTE:
		take_note(run, msg);
		break;
	case IPC_ENDED:
		run->reason = msg->u.ended.reason;
		event_base_loopbreak(run->engine.base);
		break;
	case IPC_DOWN:
	case IPC_REDIAL:
	case IPC_RELOAD:
	case IPC_PONG:
	case IPC_CALLED:
	case IPC_BEGIN:
	case IPC_WAIT:
	case IPC_EXIT:
	case IPC_RELOADED:
	case IPC_VERBOSE:
	case IPC_STATISTICS:
	case IPC_PING:
	case IPC_STOP:
	case IPC_ADDRESSES:
	case IPC_SOCKETS:
	case IPC_PPPD_STARTED:
	case IPC_PPPD_EXITED:
	case IPC_NETWORK:
	case IPC_NETWORK_UP:
	case IPC_FIREWALL_IS:
	case IPC_LOST:
	case IPC_AWAKE:
	case IPC_NO_INTERFACE:
	case IPC_ROUTES:
	case IPC_DNS:
	case IPC_LISTEN:

	case IPC_END_CALL:
		break; /* what a control socket would bring, or ours to send */
	}
}

static void
on_engine(evutil_socket_t fd, short what, void *ctx)
{
	struct ipc_msg msg;

	(void)what;
	while (ipc_recv(fd, &msg, NULL) > 0)
		on_message(ctx, &msg);
}

/* ------------------------------------------------------------------------------- signals */

static void
on_stop(evutil_socket_t signal_number, short what, void *ctx)
{
	struct run *run = ctx;
	struct ipc_msg msg;

	(void)what;
	if (run->stopping) {
		if (again_is_at_once(signal_number, run->stop_since, clock_now())) {
			reason_set(&run->reason, 0, "Ended at once, as asked twice.");
			event_base_loopbreak(run->engine.base);
		}
		return;
	}
	run->stopping = true;
	run->stop_since = clock_now();
	ipc_init(&msg, IPC_STOP);
	answer(run, &msg, NULL, 0);
}

static void
on_child(evutil_socket_t signal_number, short what, void *ctx)
{
	struct run *run = ctx;

	(void)signal_number, (void)what;
	if (run->lookup.pid > 0 && waitpid(run->lookup.pid, NULL, WNOHANG) == run->lookup.pid)
		lookup_reaped(&run->lookup, run->lookup.pid);
}

/* The lines that pptp-linux logs on USR1, by its names. */
static void
on_statistics(evutil_socket_t signal_number, short what, void *ctx)
{
	const struct run *run = ctx;
	struct pptp_session_stats stats;
	struct gre_errors errors;
	char text[64];

	(void)signal_number, (void)what;
	peer_gre_counters(run->engine.peer, &stats, &errors);
	const struct {
		const char *name;
		uint64_t value;
	} lines[] = {
	    {"rx accepted ", stats.rx_packets},
	    {"rx lost     ", stats.rx_lost},
	    {"rx under win", stats.rx_duplicate + stats.rx_late},
	    {"rx over  win", stats.rx_far},
	    {"rx buffered ", stats.rx_reordered},
	    {"rx OS errors", errors.recv_errors},
	    {"rx truncated", stats.rx_too_long + errors.too_long},
	    {"rx invalid  ", stats.rx_bad + stats.rx_other_call},
	    {"rx acks     ", stats.rx_acks},
	    {"tx sent     ", stats.tx_packets},
	    {"tx failed   ", errors.send_errors},
	    {"tx acks     ", stats.tx_acks},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		snprintf(text, sizeof(text), "%s = %llu", lines[i].name,
		    (unsigned long long)lines[i].value);
		syslog(LOG_NOTICE, "%s: %s", run->compat->log_name, text);
	}
	snprintf(text, sizeof(text), "round trip   = %llu usecs", (unsigned long long)stats.rtt);
	syslog(LOG_NOTICE, "%s: %s", run->compat->log_name, text);
}

/* ---------------------------------------------------------------------------- life cycle */

static bool
setup(struct run *run)
{
	static const struct {
		int number;
		void (*handler)(evutil_socket_t, short, void *);
	} handlers[SIGNALS] = {
	    {SIGTERM, on_stop},
	    {SIGINT, on_stop},
	    {SIGHUP, on_stop},
	    {SIGQUIT, on_stop},
	    {SIGCHLD, on_child},
	    {SIGUSR1, on_statistics},
	};
	int pair[2];

	signal(SIGPIPE, SIG_IGN);
	if (ipc_pair(pair) < 0)
		return false;
	run->fd = pair[0];
	if (!engine_init(&run->engine, &run->compat->config, pair[1], NULL))
		return false;
	if (!lookup_init(&run->lookup, run->engine.base, looked_up, run))
		return false;
	run->from_engine =
	    event_new(run->engine.base, run->fd, EV_READ | EV_PERSIST, on_engine, run);
	if (run->from_engine == NULL || event_add(run->from_engine, NULL) < 0)
		return false;
	for (size_t i = 0; i < SIGNALS; i++) {
		run->signals[i] =
		    evsignal_new(run->engine.base, handlers[i].number, handlers[i].handler, run);
		if (run->signals[i] == NULL || event_add(run->signals[i], NULL) < 0)
			return false;
	}
	return true;
}

static void
tear_down(struct run *run)
{
	sigset_t all;

	/* What we leave must be nothing: no second signal cuts this short.  A terminal that closes sends two. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	pin_remove(&run->pin);
	lookup_free(&run->lookup);
	for (size_t i = 0; i < SIGNALS; i++) {
		if (run->signals[i] != NULL)
			event_free(run->signals[i]);
	}
	if (run->from_engine != NULL)
		event_free(run->from_engine);
	if (run->pppd_gone != NULL)
		event_free(run->pppd_gone);
	if (run->pppd_fd >= 0)
		close(run->pppd_fd);
	if (run->fd >= 0) {
		engine_fini(&run->engine);
		close(run->fd);
	}
}

/* An end that somebody asked for, and one that the server brought about, are ordinary. */
static int
tell_end(const struct run *run)
{
	const struct reason *reason = &run->reason;
	bool ordinary = reason->exit_code == EXIT_OK || reason->exit_code == EXIT_PEER_HANGUP;
	char code[16] = "";

	if (reason->ecode != 0)
		snprintf(code, sizeof(code), "E%03u ", reason->ecode);
	syslog(ordinary ? LOG_NOTICE : LOG_ERR, "%s: %s%s%s%s", run->compat->log_name, code,
	    reason->what, reason->next[0] != '\0' ? " Next: " : "", reason->next);
	return ordinary ? COMPAT_ENDED : COMPAT_FATAL;
}

int
compat_run(const struct compat *compat)
{
	struct run run = {.compat = compat, .fd = -1, .pppd_fd = -1, .lookup = LOOKUP_NONE};
	struct ipc_msg begin;
	int code;

	openlog("pptp", LOG_PID | LOG_PERROR, LOG_DAEMON);
	if (compat_pppd_begin(&run.pppd, compat, &run.reason)) {
		if (setup(&run)) {
			ipc_init(&begin, IPC_BEGIN);
			answer(&run, &begin, NULL, 0);
			event_base_dispatch(run.engine.base);
		} else {
			reason_set(
			    &run.reason, 107, "The engine cannot be started: %s.", strerror(errno));
		}
	}
	tear_down(&run);
	code = tell_end(&run);
	compat_pppd_end(&run.pppd, code);
	closelog();
	return code;
}
