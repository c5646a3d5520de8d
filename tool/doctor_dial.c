/*
 * doctor_dial.c: one dial of the doctor's own.  The keeper, with its engine, runs in a process
 * below ours and tells what its user interface is told; meanwhile we can look at the tunnel.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"
#include "tunnel.h"

#define LOOK_MS 500 /* between two looks at a tunnel that is on its way */

enum said_kind { SAID_STAGE, SAID_NOTE, SAID_ENDED };

/* What the keeper says. */
struct said {
	enum said_kind kind;
	enum stage stage;
	int level;
	char text[IPC_TEXT];
	struct reason reason;
};

struct dial {
	struct doctor *doctor;
	int fd;
	pid_t keeper;
	enum stage stage; /* reached */
	uint64_t since;   /* us: that */
	json_t *tunnel;   /* owns; as it was when last looked at, NULL none */
	char tried[512];  /* the addresses before the one that answered */
	bool gre_comes;   /* the stage is reached, and what there is of it is still to be told */
	uint64_t gre_us;  /* how long that took */
	bool stopped;     /* by us: we have seen enough */
	struct reason reason; /* of its end */
};

/* ------------------------------------------------------------------- in the keeper's process */

struct teller {
	struct connect *run;
	int fd;
};

static int
on_read_secret(void *ctx, const struct secret_listener *listener, const char *server,
    struct secret *secret, struct reason *reason)
{
	const struct teller *teller = ctx;

	return connect_read_secret(teller->run, listener, server, secret, reason);
}

/* Notes are lost when they are not read; what else there is is little, and waits. */
static void
tell(const struct teller *teller, const struct said *said)
{
	(void)!send(teller->fd, said, sizeof(*said),
	    MSG_NOSIGNAL | (said->kind == SAID_NOTE ? MSG_DONTWAIT : 0));
}

static void
on_stage(void *ctx, enum stage stage, const char *text)
{
	struct said said = {.kind = SAID_STAGE, .stage = stage};

	snprintf(said.text, sizeof(said.text), "%s", text);
	tell(ctx, &said);
}

static void
on_note(void *ctx, int level, const char *text)
{
	struct said said = {.kind = SAID_NOTE, .level = level};

	snprintf(said.text, sizeof(said.text), "%s", text);
	tell(ctx, &said);
}

static void
on_ended(void *ctx, const struct reason *reason)
{
	const struct said said = {.kind = SAID_ENDED, .reason = *reason};

	tell(ctx, &said);
}

static void
keep(struct connect *run, int fd, pid_t parent)
{
	struct teller teller = {run, fd};
	const struct keeper_ui ui = {
	    .read_secret = on_read_secret,
	    .stage = on_stage,
	    .note = on_note,
	    .secret_in_child =
		!run->password_flag && run->settings.config.password_from == SECRET_COMMAND,
	    .ended = on_ended,
	    .ctx = &teller,
	};

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_INTERNAL);
	exit(keeper_run(&run->settings.config, &ui));
}

/* --------------------------------------------------------------------- the end of the way */

static struct {
	volatile sig_atomic_t number; /* 0: none came */
	volatile sig_atomic_t of_terminal;
} asked;

/* Ctrl-C goes to all processes of a terminal: the keeper has had it, and twice is at once. */
static void
on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	asked.number = number;
	asked.of_terminal = info->si_code == SI_KERNEL;
}

static void
catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO}, old;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
}

/* Whoever started us sees that a signal ended us. */
static void
die_of_signal(void)
{
	sigset_t set;

	fflush(NULL);
	sigemptyset(&set);
	sigaddset(&set, asked.number);
	signal(asked.number, SIG_DFL);
	raise(asked.number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void
stop(struct dial *dial)
{
	if (!dial->stopped && asked.number == 0) /* else it has been told so */
		kill(dial->keeper, SIGTERM);
	dial->stopped = true;
}

/* ------------------------------------------------------------------------- how far it came */

/* The tunnel as it is now; where it does not answer, as it was. */
static void
look(struct dial *dial)
{
	const struct config *config = &dial->doctor->run.settings.config;
	struct client client;
	json_t *tunnel = NULL;

	if (tunnel_status(&client, config->run_dir, config->name, &tunnel) != 0 ||
	    json_is_null(json_object_get(tunnel, "server"))) {
		json_decref(tunnel);
		return;
	}
	json_decref(dial->tunnel);
	dial->tunnel = tunnel;
}

static void
tcp_answered(struct dial *dial, const char *text, uint64_t us)
{
	const struct doctor_address *which = NULL;

	/* "connected to 198.51.100.7, TCP port 1723" */
	for (unsigned i = 0; i < dial->doctor->address_count; i++) {
		const struct doctor_address *address = &dial->doctor->addresses[i];
		const char *at = strstr(text, address->text);

		if (at != NULL && at[strlen(address->text)] == ',')
			which = address;
	}
	if (which == NULL) /* the name has given another one meanwhile */
		doctor_ok(dial->doctor, HOP_TCP, us, "%s", text);
	else
		doctor_ok(dial->doctor, HOP_TCP, us, "%s answered in %u ms (%s)%s", which->text,
		    (unsigned)((us + 500) / 1000), which->from, dial->tried);
}

/*
 * The server may have been first to speak: pppd's own packets, and what the server makes of them,
 * are waited for until LCP is agreed, or the end has come.
 */
static void
gre_passes(struct dial *dial)
{
	struct doctor *doctor = dial->doctor;
	const json_t *gre = json_object_get(dial->tunnel, "gre");
	char text[128];

	if (!dial->gre_comes || (dial->stage == STAGE_GRE && client_has_number(gre, "tx") &&
				    client_number(gre, "tx") == 0))
		return;
	dial->gre_comes = false;
	doctor_ok(
	    doctor, HOP_GRE_OUT, NO_TIME, "%s", doctor_gre_out(dial->tunnel, text, sizeof(text)));
	doctor_ok(doctor, HOP_GRE_IN, dial->gre_us, "%s",
	    doctor_gre_in(dial->tunnel, text, sizeof(text)));
}

static void
tunnel_is_up(struct dial *dial)
{
	look(dial);
	doctor_encryption(dial->doctor, dial->tunnel);
	doctor_addresses(dial->doctor, dial->tunnel);
	doctor_through(dial->doctor, dial->tunnel);
	stop(dial);
}

static void
take_stage(struct dial *dial, const struct said *said)
{
	struct doctor *doctor = dial->doctor;
	uint64_t now = doctor_now(), us = now - dial->since;

	dial->stage = said->stage;
	dial->since = now;
	switch (said->stage) {
	case STAGE_NONE:
	case STAGE_LOOKUP: /* which we have seen ourselves */
		break;
	case STAGE_TCP:
		tcp_answered(dial, said->text, us);
		break;
	case STAGE_CONTROL:
		doctor_ok(doctor, HOP_CONTROL, us, "%s", said->text);
		break;
	case STAGE_CALL:
		doctor_ok(doctor, HOP_CALL, us, "%s", said->text);
		break;
	case STAGE_GRE:
		dial->gre_comes = true;
		dial->gre_us = us;
		look(dial);
		gre_passes(dial);
		break;
	case STAGE_LCP:
		look(dial);
		gre_passes(dial);
		doctor_ok(doctor, HOP_LCP, us, "%s", said->text);
		break;
	case STAGE_AUTH:
		doctor_ok(doctor, HOP_AUTH, us, "%s", said->text);
		break;
	case STAGE_UP:
		tunnel_is_up(dial);
		break;
	}
	if (said->stage == doctor->run.settings.config.until)
		stop(dial);
}

static void
take_note(struct dial *dial, const struct said *said)
{
	size_t used = strlen(dial->tried);

	doctor_note(dial->doctor, said->level, said->text);
	if (dial->stage < STAGE_TCP && said->level == 0)
		snprintf(
		    dial->tried + used, sizeof(dial->tried) - used, "; before it %s", said->text);
}

/* ----------------------------------------------------------------------- which hop has failed */

/* What would have come after this stage. */
static enum hop
hop_after(enum stage stage)
{
	switch (stage) {
	case STAGE_NONE:
	case STAGE_LOOKUP:
		return HOP_TCP;
	case STAGE_TCP:
		return HOP_CONTROL;
	case STAGE_CONTROL:
		return HOP_CALL;
	case STAGE_CALL:
		return HOP_GRE_IN;
	case STAGE_GRE:
		return HOP_LCP;
	case STAGE_LCP:
		return HOP_AUTH;
	case STAGE_AUTH:
		return HOP_ADDRESSES;
	case STAGE_UP:
		break;
	}
	return HOP_PING;
}

/* By the code where that is of one hop only, else by how far it has come. */
static enum hop
hop_of(const struct dial *dial, const struct reason *reason)
{
	if (reason->ecode >= 101 && reason->ecode < 200)
		return HOP_HOST;
	switch (reason->ecode) {
	case 207:
		return HOP_NAME;
	case 301:
	case 303:
	case 304:
		return HOP_GRE_IN;
	case 302: /* this host's firewall: which way, only its words tell */
		return strstr(reason->what, " GRE to ") != NULL ? HOP_GRE_OUT : HOP_GRE_IN;
	case 401:
	case 402:
	case 403:
		return HOP_AUTH;
	case 501:
	case 502:
	case 503:
	case 504:
		return HOP_ENCRYPTION;
	default:
		return hop_after(dial->stage);
	}
}

/* One between the last that was walked and the one that failed. */
static void
tell_between(const struct dial *dial, enum hop hop)
{
	struct doctor *doctor = dial->doctor;
	const json_t *gre = json_object_get(dial->tunnel, "gre");
	const json_t *ppp = json_object_get(dial->tunnel, "ppp");
	char text[128];

	if (hop == HOP_GRE_OUT && client_number(gre, "tx") > 0)
		doctor_ok(
		    doctor, hop, NO_TIME, "%s", doctor_gre_out(dial->tunnel, text, sizeof(text)));
	else if (hop == HOP_GRE_IN && dial->gre_comes)
		doctor_ok(doctor, hop, dial->gre_us, "%s",
		    doctor_gre_in(dial->tunnel, text, sizeof(text)));
	else if (hop == HOP_ENCRYPTION && json_is_object(json_object_get(ppp, "mppe")))
		doctor_encryption(doctor, dial->tunnel);
	else
		doctor_none(doctor, hop, "nothing is known of it: see below");
}

static void
has_ended(struct dial *dial)
{
	struct doctor *doctor = dial->doctor;
	struct reason *reason = &dial->reason;
	enum hop hop;

	if (doctor->failed && reason->exit_code != EXIT_OK)
		doctor_note(
		    doctor, 0, reason->what); /* it ended while we looked at what passes it */
	if (doctor->failed || (dial->stopped && reason->exit_code == EXIT_OK))
		return;
	if (reason->exit_code == EXIT_OK) { /* `pptpeer down`, say */
		if (reason_is_none(reason))
			reason_set(reason, 0, "The keeper ended without a word.");
		reason->exit_code = EXIT_INTERNAL;
		reason_next(reason, "let it run, or see who ends it");
	}
	hop = hop_of(dial, reason);
	while (doctor->next < hop)
		tell_between(dial, doctor->next);
	doctor_fail(doctor, hop, reason);
}

/* ------------------------------------------------------------------------------- the loop */

/* False: the keeper is gone. */
static bool
take_one(struct dial *dial)
{
	struct said said;
	ssize_t n = recv(dial->fd, &said, sizeof(said), 0);

	if (n != (ssize_t)sizeof(said))
		return n < 0 && errno == EINTR;
	if (asked.number != 0 || dial->stopped) {
		if (said.kind == SAID_ENDED)
			dial->reason = said.reason;
		return true;
	}
	switch (said.kind) {
	case SAID_STAGE:
		take_stage(dial, &said);
		break;
	case SAID_NOTE:
		take_note(dial, &said);
		break;
	case SAID_ENDED:
		dial->reason = said.reason;
		break;
	}
	return true;
}

static void
follow(struct dial *dial)
{
	struct pollfd heard = {.fd = dial->fd, .events = POLLIN};
	bool passed_on = false;

	for (;;) {
		int ready = poll(&heard, 1, LOOK_MS);

		if (asked.number != 0 && !passed_on) {
			passed_on = true;
			if (!asked.of_terminal)
				kill(dial->keeper, asked.number);
		}
		if (ready > 0 && !take_one(dial))
			return;
		if (ready == 0 && dial->stage >= STAGE_CALL && !dial->stopped) {
			look(dial); /* what is known of it when it ends */
			gre_passes(dial);
		}
	}
}

static bool
start(struct dial *dial)
{
	int pair[2];
	pid_t parent = getpid();
	sigset_t old;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	fflush(NULL);
	sigprocmask(SIG_SETMASK, NULL, &old);
	keeper_hold_signals(); /* the keeper takes them, or we do */
	dial->keeper = fork();
	if (dial->keeper == 0) {
		close(pair[0]);
		keep(&dial->doctor->run, pair[1], parent);
	}
	catch_signals();
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	dial->fd = pair[0];
	dial->since = doctor_now();
	return dial->keeper > 0;
}

void
doctor_dial(struct doctor *doctor)
{
	struct dial dial = {.doctor = doctor, .fd = -1};
	struct reason reason;

	if (!start(&dial)) {
		reason_set(
		    &reason, 107, "No process for the dial can be had: %s.", strerror(errno));
		doctor_fail(doctor, HOP_HOST, &reason);
	} else {
		follow(&dial);
		waitpid(dial.keeper, NULL, 0);
		if (asked.number != 0)
			die_of_signal();
		has_ended(&dial);
	}
	if (dial.fd >= 0)
		close(dial.fd);
	json_decref(dial.tunnel);
}
