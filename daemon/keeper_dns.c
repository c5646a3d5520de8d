/* keeper_dns.c: sets the tunnel's DNS servers by the programs of dns.h, and takes them back. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "keeper_int.h"
#include "pptp.h"

/* A program may wait for a lock for 10 s (Debian's resolvconf), or as long for a service to start. */
#define DNS_SECONDS 15
/* In the run folder: the entry that resolvconf has of us.  resolved forgets by itself. */
#define RECORD "dns"

static void run_next(struct keeper *keeper);

static void
note(const struct keeper *keeper, int level, const char *before, const char *text)
{
	char line[1024]; /* what a program has said, escaped, and what is before it */

	snprintf(line, sizeof(line), "%s%s", before, text);
	keeper->ui->note(keeper->ui->ctx, level, line);
}

/* A reload's counts at once. */
static const struct config *
newest(const struct keeper *keeper)
{
	return keeper->next_config != NULL ? keeper->next_config : keeper->config;
}

/* The tunnel is of use without it: no end, but in the log and in `status`. */
static void
warn(struct keeper *keeper, const char *why)
{
	struct keeper_dns *dns = &keeper->dns;
	struct reason reason;
	char line[sizeof(reason.what) + sizeof(reason.next) + 32];

	reason_set(
	    &reason, 702, "DNS could not be %s: %s.", dns->undoing ? "put back" : "set", why);
	snprintf(line, sizeof(line), "warning: E%03u %s Next: %s", reason.ecode, reason.what,
	    reason.next);
	keeper->ui->note(keeper->ui->ctx, 0, line);
	if (dns->told.ecode != 0)
		return; /* nor could what was set be taken back: the first is the reason */
	dns->told.ecode = reason.ecode;
	snprintf(dns->told.why, sizeof(dns->told.why), "%.*s", (int)sizeof(dns->told.why) - 1,
	    reason.what);
}

/* ---------------------------------------------------------------------------- the record */

static bool
write_record(const struct keeper *keeper)
{
	const char *entry = keeper->dns.task.entry;
	int fd = openat(keeper->rundir.dir_fd, RECORD,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, entry, strlen(entry)) == (ssize_t)strlen(entry);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool
read_record(const struct keeper *keeper, char entry[DNS_ENTRY])
{
	int fd =
	    openat(keeper->rundir.dir_fd, RECORD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, entry, DNS_ENTRY - 1) : -1;

	if (fd >= 0)
		close(fd);
	entry[n > 0 ? n : 0] = '\0';
	return dns_is_entry(entry);
}

/* -------------------------------------------------------------------------- one program */

static void
put_away(struct keeper *keeper)
{
	struct keeper_dns *dns = &keeper->dns;

	if (dns->limit != NULL)
		event_free(dns->limit);
	dns->limit = NULL;
	if (dns->said >= 0)
		close(dns->said);
	dns->said = -1;
	dns->pid = 0;
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct keeper *keeper = ctx;

	(void)fd, (void)what;
	keeper->dns.overdue = true;
	kill(-keeper->dns.pid, SIGKILL); /* SIGCHLD goes on */
}

/* The end of a plan, good or not. */
static void
finish(struct keeper *keeper, bool good)
{
	struct keeper_dns *dns = &keeper->dns;
	void (*done)(struct keeper * keeper) = dns->done;
	struct ipc_msg msg;

	if (dns->undoing)
		dns->task.use = DNS_OFF;
	if (good && dns->task.use != DNS_RESOLVCONF)
		unlinkat(keeper->rundir.dir_fd, RECORD, 0);
	if (dns->again) {
		dns->again = false;
		keeper_dns_set(keeper, done);
		return;
	}
	dns->done = NULL;
	if (keeper->phase == KEEPER_DIALLING && dns->told.use != DNS_AUTO) {
		ipc_init(&msg, IPC_DNS);
		msg.u.dns = dns->told;
		keeper_send(keeper, &msg, NULL, 0);
	}
	if (done != NULL)
		done(keeper);
}

static void
begin_undo(struct keeper *keeper, const struct dns_host *host)
{
	struct keeper_dns *dns = &keeper->dns;

	memset(&dns->plan, 0, sizeof(dns->plan));
	dns->step = 0;
	dns->undoing = true;
	dns_plan_unset(&dns->plan, &dns->task, host);
}

/* What was set before it failed is taken back: half of it is worse than none. */
static void
fail(struct keeper *keeper, const char *why)
{
	struct keeper_dns *dns = &keeper->dns;
	struct dns_host host;

	if (dns->undoing && dns->task.use == DNS_RESOLVED &&
	    if_nametoindex(dns->task.interface) == 0) {
		finish(keeper, true); /* it went with its interface */
		return;
	}
	warn(keeper, why);
	if (dns->undoing) {
		finish(keeper, false);
		return;
	}
	dns_look(&host, "");
	begin_undo(keeper, &host);
	run_next(keeper);
}

/* Its standard input is a file, so that nobody waits for it to read. */
static int
input_of(const char *text)
{
	int fd = memfd_create("dns", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -1;
	if (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* 0, or an errno. */
static int
start(struct keeper *keeper, const struct dns_command *command)
{
	static const char *const env[] = {CHILD_PATH, "LC_ALL=C.UTF-8", NULL};
	struct keeper_dns *dns = &keeper->dns;
	int ends[2], in = command->input != NULL ? input_of(command->input) : 0, error;

	if (in < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		error = errno;
		if (in > 0)
			close(in);
		return error;
	}
	error = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
	if (error == 0)
		error = child_run(&(struct child_program){.argv = command->argv,
				      .env = env,
				      .in = in,
				      .out = ends[1],
				      .err = ends[1]},
		    &dns->pid);
	close(ends[1]);
	if (in > 0)
		close(in);
	dns->said = ends[0];
	dns->limit = evtimer_new(keeper->base, on_limit, keeper);
	dns->overdue = false;
	if (error == 0 && dns->limit == NULL)
		error = ENOMEM;
	if (error == 0)
		keeper_arm(dns->limit, DNS_SECONDS * PPTP_SEC);
	else
		keeper_dns_cancel(keeper);
	return error;
}

/* "resolvectl domain ppp-office" */
static void
name_command(const struct keeper_dns *dns, char *buf, size_t size)
{
	const struct dns_command *command = &dns->plan.command[dns->step];
	const char *slash = strrchr(command->argv[0], '/');

	snprintf(buf, size, "%s %s %s", slash != NULL ? slash + 1 : command->argv[0],
	    command->argv[1], command->argv[2]);
}

static void
run_next(struct keeper *keeper)
{
	struct keeper_dns *dns = &keeper->dns;
	char name[64], why[256];
	int error;

	if (dns->step == dns->plan.count) {
		finish(keeper, true);
		return;
	}
	error = start(keeper, &dns->plan.command[dns->step]);
	if (error == 0)
		return;
	name_command(dns, name, sizeof(name));
	snprintf(why, sizeof(why), "%s cannot be started: %s", name, strerror(error));
	fail(keeper, why);
}

/* The first of what it said is the reason; the rest comes with it, in one line. */
static void
take_said(const struct keeper_dns *dns, char *out, size_t size)
{
	char buf[160];
	ssize_t n = read(dns->said, buf, sizeof(buf) - 1);

	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == '.'))
		n--;
	buf[n > 0 ? n : 0] = '\0';
	for (char *at = buf; *at != '\0'; at++) {
		if (*at == '\n')
			*at = ' ';
	}
	pptp_escape(buf, out, size);
}

bool
keeper_dns_ended(struct keeper *keeper, pid_t pid, int status)
{
	struct keeper_dns *dns = &keeper->dns;
	char name[64], said[4 * 160 + 1], how[64], why[320];

	if (pid != dns->pid || pid == 0)
		return false;
	take_said(dns, said, sizeof(said));
	name_command(dns, name, sizeof(name));
	put_away(keeper);
	if (!dns->overdue && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (said[0] != '\0')
			note(keeper, 0, "dns: ", said);
		dns->step++;
		run_next(keeper);
		return true;
	}
	if (dns->overdue)
		snprintf(how, sizeof(how), "did not end within %d s, and was killed", DNS_SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(status));
	snprintf(why, sizeof(why), "%s %s%s%.120s", name, how, said[0] != '\0' ? ": " : "", said);
	fail(keeper, why);
	return true;
}

void
keeper_dns_cancel(struct keeper *keeper)
{
	pid_t pid = keeper->dns.pid;

	if (pid > 0) {
		kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	put_away(keeper);
}

/* ------------------------------------------------------------------------- what is asked */

static void
on_route_said(void *ctx, const char *text)
{
	note(ctx, 0, "warning: ", text);
}

static void
take_servers(struct keeper *keeper, struct dns_task *task)
{
	const struct in_addr *told = keeper->network.dns;
	char ip[INET_ADDRSTRLEN];

	task->server_count = 0;
	for (size_t i = 0; i < DNS_SERVERS; i++) {
		if (i > 0 && told[i].s_addr == told[i - 1].s_addr)
			continue; /* pptpd tells its only one twice */
		if (dns_is_server(told[i]))
			task->server[task->server_count++] = told[i];
		else if (told[i].s_addr != htonl(INADDR_ANY))
			note(keeper, 0,
			    "warning: there can be no DNS server at what the peer tells: ",
			    inet_ntop(AF_INET, &told[i], ip, sizeof(ip)));
	}
}

/* They are behind the tunnel, whatever its routes are. */
static void
reach_servers(struct keeper *keeper)
{
	const struct dns_task *task = &keeper->dns.task;
	const struct routes_listener listener = {on_route_said, keeper};
	const struct routes_tunnel tunnel = {.config = newest(keeper),
	    .server = keeper->dialled,
	    .interface = if_nametoindex(task->interface)};

	for (unsigned i = 0; i < task->server_count && tunnel.interface != 0; i++) {
		if ((keeper->dns.reached & 1U << i) == 0 &&
		    task->server[i].s_addr != keeper->network.peer.s_addr &&
		    routes_reach(&tunnel, &listener, task->server[i]))
			keeper->dns.reached |= 1U << i;
	}
}

/* NULL, or why this cannot even be tried. */
static const char *
hindrance(const struct keeper *keeper, const struct dns_host *host)
{
	const struct dns_task *task = &keeper->dns.task;

	if (task->use == DNS_OFF)
		return NULL;
	if (task->interface[0] == '-')
		return "the interface's name begins with '-'";
	if (task->use == DNS_RESOLVED && host->resolvectl[0] == '\0')
		return "there is no resolvectl here";
	if (task->use == DNS_RESOLVCONF && host->resolvconf[0] == '\0')
		return "there is no resolvconf here, but perhaps systemd's, which only speaks to "
		       "systemd-resolved (dns.use = \"resolved\")";
	if (task->use == DNS_RESOLVCONF && !write_record(keeper))
		return "it cannot be recorded in the run folder";
	return NULL;
}

static void
choose(struct keeper *keeper, const struct dns_host *host)
{
	struct keeper_dns *dns = &keeper->dns;
	const struct config *config = newest(keeper);
	struct dns_choice choice;

	dns_choose(&choice, config, host);
	dns->told.use = choice.use;
	snprintf(dns->told.why, sizeof(dns->told.why), "%s", choice.why);
	if (choice.use == DNS_OFF && config->dns_use == DNS_AUTO)
		note(keeper, 0, "the peer's DNS servers are not used: ", choice.why);
	if (dns_caveat(config, choice.use) != NULL)
		note(keeper, 0, "", dns_caveat(config, choice.use));
	dns->task.use =
	    choice.use == DNS_RESOLVED || choice.use == DNS_RESOLVCONF ? choice.use : DNS_OFF;
}

void
keeper_dns_set(struct keeper *keeper, void (*done)(struct keeper *keeper))
{
	struct keeper_dns *dns = &keeper->dns;
	struct dns_host host;
	const char *why;

	dns->done = done;
	dns->undoing = false;
	memset(&dns->told, 0, sizeof(dns->told));
	memset(&dns->plan, 0, sizeof(dns->plan));
	dns->step = 0;
	take_servers(keeper, &dns->task);
	if (dns->task.server_count == 0 || keeper->network.interface[0] == '\0') {
		finish(keeper, false);
		return;
	}
	dns_look(&host, "");
	dns_plan_unset(&dns->plan, &dns->task, &host); /* of before a reload */
	snprintf(dns->task.interface, sizeof(dns->task.interface), "%s", keeper->network.interface);
	dns_name_entry(&dns->task, &host);
	choose(keeper, &host);
	why = hindrance(keeper, &host);
	if (why != NULL) {
		dns->task.use = DNS_OFF;
		warn(keeper, why);
	}
	if (dns->task.use != DNS_OFF)
		reach_servers(keeper);
	dns_plan_set(&dns->plan, &dns->task, newest(keeper), &host);
	run_next(keeper);
}

void
keeper_dns_reload(struct keeper *keeper, const struct config *old)
{
	const struct config *config = newest(keeper);
	char before[sizeof(config->domains.word)], after[sizeof(config->domains.word)];

	if (!keeper->network_up || keeper->phase != KEEPER_DIALLING)
		return;
	if (keeper->dns.task.use != DNS_OFF)
		reach_servers(keeper); /* the routes may be others as well */
	if ((config->dns_use == old->dns_use && config->route_default == old->route_default &&
		strcmp(dns_domains_text(config, after, sizeof(after)),
		    dns_domains_text(old, before, sizeof(before))) == 0))
		return;
	if (keeper->dns.pid != 0)
		keeper->dns.again = true;
	else
		keeper_dns_set(keeper, NULL);
}

void
keeper_dns_unset(struct keeper *keeper, void (*done)(struct keeper *keeper))
{
	struct keeper_dns *dns = &keeper->dns;
	struct dns_host host;

	keeper_dns_cancel(keeper);
	dns->again = false;
	dns->reached = 0;
	dns->done = done;
	dns_look(&host, "");
	begin_undo(keeper, &host);
	if (dns->task.use == DNS_RESOLVED && if_nametoindex(dns->task.interface) == 0)
		dns->plan.count = 0; /* it went with its interface */
	run_next(keeper);
}

void
keeper_dns_recover(struct keeper *keeper, void (*done)(struct keeper *keeper))
{
	struct keeper_dns *dns = &keeper->dns;

	dns->task.use = DNS_OFF;
	if (read_record(keeper, dns->task.entry)) {
		dns->task.use = DNS_RESOLVCONF;
		note(keeper, 0, "taken back from resolvconf, which an earlier run has left there: ",
		    dns->task.entry);
	}
	keeper_dns_unset(keeper, done);
}
