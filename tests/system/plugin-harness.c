/*
 * plugin-harness.c: plays the keeper for one pppd with our plugin, and prints its
 * reports.
 *
 *   plugin-harness [-s SECRET] [-t SECONDS] TRANSPORT... -- PPPD ARG...
 *
 * TRANSPORT (pptp-linux) gets the master of a raw pty as its input and output; in ARG the
 * words @TTY, @REPORT, @SECRET and @LOG become the pty's slave and the descriptors.
 * Prints a line for each report and log line, at the end "status N" or "signal N".  After
 * IP_UP it waits for SECONDS (default 1), then ends pppd.
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

#include "report.h"

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
	static const char *const names[] = {[REPORT_IP_DOWN] = "IP_DOWN",
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
		printf("LCP_UP send %08x receive %08x mru %u peer %u auth %u\n",
		    r->u.lcp.send_accm, r->u.lcp.receive_accm, r->u.lcp.mru,
		    r->u.lcp.peer_mru, r->u.lcp.auth);
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
		printf(
		    "CCP_UP bits %u stateful %u\n", r->u.mppe.bits, r->u.mppe.stateful);
		break;
	case REPORT_CCP_FAIL:
		printf("CCP_FAIL why %u bits %u stateful %u\n", r->u.ccp.why,
		    r->u.ccp.peer_bits, r->u.ccp.peer_stateful);
		break;
	case REPORT_IP_UP:
		print_ip(r);
		break;
	case REPORT_LCP_ENDED:
		printf("LCP_ENDED text %s\n", r->text);
		break;
	case REPORT_EXIT:
		printf("EXIT %u\n", r->u.status);
		break;
	case REPORT_IP_DOWN:
	case REPORT_LINK_DOWN:
	case REPORT_PEER_PROOF:
		printf("%s\n", names[r->kind]);
		break;
	}
}

static pid_t
start(char **argv, int in_out)
{
	static char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	pid_t pid = fork();

	if (pid == -1)
		err(125, "fork");
	if (pid != 0)
		return pid;
	setpgid(0, 0);
	if (in_out >= 0) {
		dup2(in_out, 0);
		dup2(in_out, 1);
	} else {
		dup2(open("/dev/null", O_RDWR), 0);
	}
	execvpe(argv[0], argv, environment);
	err(125, "%s", argv[0]);
}

/* Replaces the word if it is `name`. */
static void
put(char **word, const char *name, const char *value)
{
	if (strcmp(*word, name) == 0 && (*word = strdup(value)) == NULL)
		err(125, "strdup");
}

static void
put_fd(char **word, const char *name, int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	put(word, name, number);
}

static void
follow(int report_fd, int log_fd, pid_t pppd, int seconds)
{
	struct pollfd fds[2] = {{report_fd, POLLIN, 0}, {log_fd, POLLIN, 0}};
	struct report report;
	char text[4096];
	int timeout = -1, open_fds = 2;

	while (open_fds > 0) {
		if (poll(fds, 2, timeout) == 0) {
			kill(pppd, SIGTERM);
			timeout = -1;
		}
		if (fds[0].revents != 0) {
			if (recv(report_fd, &report, sizeof(report), 0) !=
			    sizeof(report)) {
				fds[0].fd = -1;
				open_fds--;
			} else {
				print_report(&report);
				if (report.kind == REPORT_IP_UP)
					timeout = seconds * 1000;
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
		fflush(stdout);
	}
}

int
main(int argc, char **argv)
{
	const char *secret = "secret";
	char tty[64], **pppd_argv;
	int option, seconds = 1, split, master, slave, reports[2], secrets[2], logs[2],
		    status;
	pid_t transport, pppd;
	struct termios raw;

	while ((option = getopt(argc, argv, "+s:t:")) != -1) {
		if (option == 's')
			secret = optarg;
		else if (option == 't')
			seconds = atoi(optarg);
		else
			return 2;
	}
	for (split = optind; split < argc && strcmp(argv[split], "--") != 0; split++)
		continue;
	if (split == optind || split + 1 >= argc)
		errx(2, "plugin-harness TRANSPORT... -- PPPD ARG...");
	argv[split] = NULL;
	pppd_argv = argv + split + 1;

	if (openpty(&master, &slave, tty, NULL, NULL) == -1 ||
	    tcgetattr(slave, &raw) == -1)
		err(125, "openpty");
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, secrets) == -1 ||
	    pipe2(logs, O_CLOEXEC) == -1)
		err(125, "socketpair");
	if (send(secrets[0], secret, strlen(secret), 0) == -1)
		err(125, "send");
	for (char **word = pppd_argv; *word != NULL; word++) {
		put(word, "@TTY", tty);
		put_fd(word, "@REPORT", reports[1]);
		put_fd(word, "@SECRET", secrets[1]);
		put_fd(word, "@LOG", logs[1]);
	}
	transport = start(argv + optind, master);
	fcntl(reports[1], F_SETFD, 0);
	fcntl(secrets[1], F_SETFD, 0);
	fcntl(logs[1], F_SETFD, 0);
	pppd = start(pppd_argv, -1);
	close(reports[1]);
	close(secrets[1]);
	close(logs[1]);
	close(slave);
	close(master);
	follow(reports[0], logs[0], pppd, seconds);
	waitpid(pppd, &status, 0);
	if (WIFSIGNALED(status))
		printf("signal %d\n", WTERMSIG(status));
	else
		printf("status %d\n", WEXITSTATUS(status));
	kill(transport, SIGTERM);
	waitpid(transport, NULL, 0);
	return 0;
}
