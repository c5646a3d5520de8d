/*
 * plugin-harness.c: plays the keeper for one real pppd with our plugin and our argument
 * list, and prints what the plugin reports.
 *
 *   plugin-harness [-s SECRET] [-t SECONDS] [-a METHOD]... [-m require|off] [-u USER]
 *                  -p PLUGIN TRANSPORT... [-- PPPD-WORD...]
 *
 * TRANSPORT (pptp-linux) gets the master of a raw pty as its input and output.  METHOD is
 * one of pap chap mschap mschap-v2 (the default) eap.  The words go to the end of pppd's
 * arguments.  With -l it answers a call instead:
 *
 *   -l LOCAL:REMOTE  the addresses, ours and the caller's
 *   -U FILE          who may call, and with which secret; the harness plays the keeper
 *   -k WAY           how it does: well (the default), silent, dead
 *   -S SECRETS       chap-secrets or radius in its place, and -R FILE: RADIUS' configuration
 *   -b BITS          40 or 128 (the default) of MPPE
 *
 * Prints a line for each report and log line, at the end "status N" or
 * "signal N".  SECONDS (default 1) after IP_UP it ends pppd by SIGTERM.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "pppd_args.h"
#include "report.h"
#include "users.h"

static void
print_ip(const struct report *r)
{
	char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN], c[INET_ADDRSTRLEN];

	printf("IP_UP local %s peer %s dns %s mtu %u if %s\n",
	    inet_ntop(AF_INET, &r->u.ip.local, a, sizeof(a)),
	    inet_ntop(AF_INET, &r->u.ip.peer, b, sizeof(b)),
	    inet_ntop(AF_INET, &r->u.ip.dns1, c, sizeof(c)), r->u.ip.mtu, r->u.ip.ifname);
}

static void
print_report(const struct report *r)
{
	static const char *const names[] = {[REPORT_HEARD] = "HEARD",
	    [REPORT_IP_DOWN] = "IP_DOWN",
	    [REPORT_LINK_DOWN] = "LINK_DOWN",
	    [REPORT_PEER_PROOF] = "PEER_PROOF"};

	switch ((enum report_kind)r->kind) {
	case REPORT_HELLO:
		printf("HELLO %s\n", r->text);
		break;
	case REPORT_PHASE:
		printf("PHASE %u\n", r->u.phase);
		break;
	case REPORT_LCP_UP:
		printf("LCP_UP send %08x receive %08x mru %u peer %u auth %u\n", r->u.lcp.send_accm,
		    r->u.lcp.receive_accm, r->u.lcp.mru, r->u.lcp.peer_mru, r->u.lcp.auth);
		break;
	case REPORT_AUTH_OK:
	case REPORT_AUTH_ASKED:
	case REPORT_AUTH_FAIL:
		printf("AUTH_%s method %u code %u text %s\n",
		    r->kind == REPORT_AUTH_OK      ? "OK"
		    : r->kind == REPORT_AUTH_ASKED ? "ASKED"
						   : "FAIL",
		    r->u.auth.method, r->u.auth.error_code, r->text);
		break;
	case REPORT_CCP_UP:
		printf("CCP_UP bits %u stateful %u\n", r->u.mppe.bits, r->u.mppe.stateful);
		break;
	case REPORT_CCP_FAIL:
		printf("CCP_FAIL why %u bits %u stateful %u\n", r->u.ccp.why, r->u.ccp.peer_bits,
		    r->u.ccp.peer_stateful);
		break;
	case REPORT_CALLER_OK:
	case REPORT_CALLER_REFUSED:
		printf("CALLER_%s method %u why %u name %s\n",
		    r->kind == REPORT_CALLER_OK ? "OK" : "REFUSED", r->u.auth.method,
		    r->u.auth.error_code, r->text);
		break;
	case REPORT_IP_UP:
		print_ip(r);
		break;
	case REPORT_LCP_ENDED:
		printf("LCP_ENDED text %s\n", r->text);
		break;
	case REPORT_ECHO_SPARED:
		printf("ECHO_SPARED %u\n", r->u.spared);
		break;
	case REPORT_EXIT:
		printf("EXIT %u\n", r->u.status);
		break;
	case REPORT_HEARD:
	case REPORT_IP_DOWN:
	case REPORT_LINK_DOWN:
	case REPORT_PEER_PROOF:
		printf("%s\n", names[r->kind]);
		break;
	}
}

static pid_t
start(char **argv, char *const *environment, int in, int out)
{
	pid_t pid = fork();

	if (pid == -1)
		err(125, "fork");
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	dup2(in, 0);
	dup2(out, 1);
	execvpe(argv[0], argv, environment);
	err(125, "%s", argv[0]);
}

static unsigned
method(const char *name)
{
	static const struct {
		const char *name;
		enum auth_method method;
	} methods[] = {{"pap", ACCEPT_PAP}, {"chap", ACCEPT_CHAP}, {"mschap", ACCEPT_MSCHAP},
	    {"mschap-v2", ACCEPT_MSCHAPV2}, {"eap", ACCEPT_EAP}};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(name, methods[i].name) == 0)
			return methods[i].method;
	}
	errx(2, "no method %s", name);
}

enum keeper_way { KEEPER_WELL, KEEPER_SILENT, KEEPER_DEAD };

struct settings {
	struct config config;
	const char *secret;
	int seconds;
	bool answer;
	struct pppd_answer addresses;
	struct users users;
	enum keeper_way keeper;
};

/* The keeper's part, where we answer. */
static bool
serve(const struct settings *settings, int fd)
{
	struct verify_ask ask;
	int asked = users_asked(fd, &ask);

	if (asked > 0 && settings->keeper == KEEPER_WELL) {
		const struct user *user = users_find(&settings->users, ask.name);
		struct in_addr address = {INADDR_ANY};

		if (user != NULL)
			address = user->address;
		users_answer(fd, user, address);
	}
	return asked >= 0;
}

static void
follow(const struct settings *settings, int report_fd, int log_fd, int verify_fd, pid_t pppd)
{
	struct pollfd fds[3] = {
	    {report_fd, POLLIN, 0}, {log_fd, POLLIN, 0}, {verify_fd, POLLIN, 0}};
	struct report report;
	char text[4096];
	int timeout = -1, open_fds = 2;

	while (open_fds > 0) {
		if (poll(fds, 3, timeout) == 0) {
			kill(pppd, SIGTERM);
			timeout = -1;
		}
		if (fds[0].revents != 0) {
			if (recv(report_fd, &report, sizeof(report), 0) != sizeof(report)) {
				fds[0].fd = -1;
				open_fds--;
			} else {
				print_report(&report);
				if (report.kind == REPORT_IP_UP)
					timeout = settings->seconds * 1000;
			}
		}
		if (fds[1].revents != 0) {
			ssize_t n = read(log_fd, text, sizeof(text));

			if (n <= 0) {
				fds[1].fd = -1;
				open_fds--;
			} else {
				printf("%.*s", (int)n, text);
			}
		}
		if (fds[2].revents != 0 && !serve(settings, verify_fd))
			fds[2].fd = -1;
		fflush(stdout);
	}
}

static void
load_users(struct settings *settings, const char *path)
{
	static struct config_diags diags;
	char text[1024];

	if (!users_load(path, &settings->users, &diags))
		errx(2, "%s", config_diag_text(&diags.diag[0], text, sizeof(text)));
}

static enum keeper_way
keeper_way(const char *name)
{
	if (strcmp(name, "silent") == 0)
		return KEEPER_SILENT;
	return strcmp(name, "dead") == 0 ? KEEPER_DEAD : KEEPER_WELL;
}

static void
parse_addresses(struct settings *settings, char *both)
{
	char *remote = strchr(both, ':');

	if (remote == NULL)
		errx(2, "-l LOCAL:REMOTE");
	*remote++ = '\0';
	settings->answer = true;
	settings->config.role = ROLE_LISTEN;
	if (inet_pton(AF_INET, both, &settings->addresses.local) != 1 ||
	    (remote[0] != '\0' && inet_pton(AF_INET, remote, &settings->addresses.remote) != 1))
		errx(2, "-l LOCAL:REMOTE");
}

static bool
parse_answer(struct settings *settings, int option, char *word)
{
	struct config *config = &settings->config;

	if (option == 'l')
		parse_addresses(settings, word);
	else if (option == 'U')
		load_users(settings, word);
	else if (option == 'k')
		settings->keeper = keeper_way(word);
	else if (option == 'S')
		config->secrets = strcmp(word, "radius") == 0 ? SECRETS_RADIUS : SECRETS_CHAP;
	else if (option == 'R')
		snprintf(config->radius_config, sizeof(config->radius_config), "%s", word);
	else if (option == 'b')
		config->mppe_128 = !(config->mppe_40 = strcmp(word, "40") == 0);
	else
		return false;
	return true;
}

static void
parse(struct settings *settings, int argc, char **argv)
{
	struct config *config = &settings->config;
	int option;

	config_defaults(config);
	snprintf(config->user, sizeof(config->user), "user");
	snprintf(config->name, sizeof(config->name), "harness");
	config->accept = 0;
	while ((option = getopt(argc, argv, "+s:t:a:m:u:p:l:U:k:S:R:b:")) != -1) {
		if (option == 's')
			settings->secret = optarg;
		else if (option == 't')
			settings->seconds = (int)strtol(optarg, NULL, 10);
		else if (option == 'a')
			config->accept |= method(optarg);
		else if (option == 'm')
			config->mppe = strcmp(optarg, "off") == 0 ? MPPE_OFF : MPPE_REQUIRE;
		else if (option == 'u')
			snprintf(config->user, sizeof(config->user), "%s", optarg);
		else if (option == 'p')
			snprintf(config->plugin_path, sizeof(config->plugin_path), "%s", optarg);
		else if (!parse_answer(settings, option, optarg))
			exit(2);
	}
	if (config->accept == 0)
		config->accept = ACCEPT_MSCHAPV2;
	config->require_peer = config->accept;
}

int
main(int argc, char **argv)
{
	static struct settings settings = {.secret = "secret", .seconds = 1};
	static struct pppd_args args;
	struct pppd_fds fds;
	char tty[64];
	int split, master, slave, reports[2], secrets[2], verify[2], logs[2], status;
	pid_t transport, pppd;
	struct termios raw;

	parse(&settings, argc, argv);
	for (split = optind; split < argc && strcmp(argv[split], "--") != 0; split++)
		continue;
	if (split == optind)
		errx(2, "no transport");

	if (openpty(&master, &slave, tty, NULL, NULL) == -1 || tcgetattr(slave, &raw) == -1)
		err(125, "openpty");
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, secrets) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, verify) == -1 ||
	    pipe2(logs, O_CLOEXEC) == -1)
		err(125, "socketpair");
	if (send(secrets[0], settings.secret, strlen(settings.secret), 0) == -1)
		err(125, "send");
	settings.addresses.verify = verify[1];
	fds = (struct pppd_fds){.report = reports[1],
	    .secret = secrets[1],
	    .log = logs[1],
	    .tty = tty,
	    .answer = settings.answer ? &settings.addresses : NULL};
	if (pppd_args_build(&settings.config, &fds, &args) == -1)
		errx(125, "pppd_args_build");
	for (int i = split + 1; i < argc && args.count + 1 < PPPD_ARGS_MAX; i++)
		args.argv[args.count++] = argv[i];
	args.argv[args.count] = NULL;

	if (split < argc)
		argv[split] = NULL;
	transport = start(argv + optind, pppd_environment, master, master);
	fcntl(reports[1], F_SETFD, 0);
	fcntl(settings.answer ? verify[1] : secrets[1], F_SETFD, 0);
	fcntl(logs[1], F_SETFD, 0);
	/*
	 * As the keeper does: the slave stays open until pppd has opened it by name; and what
	 * pppd says before it knows logfd goes to the log, not to the peer.
	 */
	pppd = start(args.argv, pppd_environment, slave, logs[1]);
	close(reports[1]);
	close(secrets[1]);
	close(verify[1]);
	if (settings.keeper == KEEPER_DEAD) {
		close(verify[0]);
		verify[0] = -1;
	}
	close(logs[1]);
	close(slave);
	close(master);
	follow(&settings, reports[0], logs[0], verify[0], pppd);
	waitpid(pppd, &status, 0);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("status %d\n", WEXITSTATUS(status));
	fflush(stdout);
	kill(transport, SIGTERM);
	return 0;
}
