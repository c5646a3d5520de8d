/*
 * answerer.c: a PPTP server that grants every call, and whose data path is the kernel's pptp.ko: the
 * least that any client can be measured against, and the same for all of them.
 *
 *   answerer -a ADDRESS -p PLUGIN PPPD-WORD...
 *
 * A process for each connection; its pppd runs on the kernel's socket by PLUGIN (attach.c).  Says
 * "listening" when it is.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_pppox.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control.h"

/* pptp.ko has one table of Call IDs for all namespaces: the client's are below. */
#define FIRST_CALL_ID 0xc000
#define CALL_IDS      0x3fff
#define WORDS         64

struct server {
	struct in_addr address;
	char *plugin, **words; /* borrows: main's */
};

static void
name_end(struct sockaddr_pppox *name, struct in_addr address, uint16_t call_id)
{
	memset(name, 0, sizeof(*name));
	name->sa_family = AF_PPPOX;
	name->sa_protocol = PX_PROTO_PPTP;
	name->sa_addr.pptp.sin_addr = address;
	name->sa_addr.pptp.call_id = call_id;
}

static int
kernel_socket(const struct server *server, const struct control *control, struct in_addr client)
{
	struct sockaddr_pppox ours, theirs;
	int fd = socket(AF_PPPOX, SOCK_STREAM, PX_PROTO_PPTP);

	name_end(&ours, server->address, control->call_id);
	name_end(&theirs, client, control->peer_call_id);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ours, sizeof(ours)) < 0 ||
	    connect(fd, (struct sockaddr *)&theirs, sizeof(theirs)) < 0)
		err(1, "the kernel's PPTP");
	return fd;
}

static pid_t
start_pppd(const struct server *server, int channel)
{
	char fd[16], attach[] = "attach", plugin[] = "plugin", pppd[] = "pppd";
	char *argv[WORDS] = {pppd, plugin, server->plugin, attach, fd};
	size_t count = 5;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;
	snprintf(fd, sizeof(fd), "%d", channel);
	for (char **word = server->words; *word != NULL && count < WORDS - 1; word++)
		argv[count++] = *word;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execvp(argv[0], argv);
	err(127, "%s", argv[0]);
}

/* The call, until either side ends it. */
static void
carry(struct control *control, pid_t pppd)
{
	struct pollfd fds[2] = {
	    {control->fd, POLLIN, 0}, {(int)syscall(SYS_pidfd_open, pppd, 0), POLLIN, 0}};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			err(1, "poll");
		if (fds[1].revents != 0)
			return; /* the connection goes with this process */
		if (fds[0].revents != 0) {
			enum control_event event = control_read(control);

			if (event == CONTROL_CLEAR || event == CONTROL_GONE) {
				kill(pppd, SIGTERM);
				waitpid(pppd, NULL, 0);
			}
			if (event == CONTROL_GONE)
				return;
		}
	}
}

static void
serve(const struct server *server, struct control *control, struct in_addr client)
{
	enum control_event event;

	while ((event = control_read(control)) != CONTROL_GONE) {
		if (event != CONTROL_CALL)
			continue;
		/* Before the reply: the client's first packet finds it there. */
		int channel = kernel_socket(server, control, client);
		pid_t pppd = start_pppd(server, channel);

		close(channel);
		control_accept(control);
		carry(control, pppd);
		return;
	}
}

static void
parse(struct server *server, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+a:p:")) != -1) {
		if (option == 'a' && inet_aton(optarg, &server->address) == 0)
			errx(2, "not an address: %s", optarg);
		if (option == 'p')
			server->plugin = optarg;
		if (option == '?')
			exit(2);
	}
	server->words = argv + optind;
	if (server->address.s_addr == 0 || server->plugin == NULL)
		errx(2, "see the head of answerer.c");
}

int
main(int argc, char **argv)
{
	struct server server = {0};
	unsigned calls = 0;
	int listener;

	parse(&server, argc, argv);
	signal(SIGCHLD, SIG_IGN);
	listener = control_listen(server.address);
	puts("listening");
	fflush(stdout);
	for (;; calls++) {
		struct sockaddr_in client;
		socklen_t len = sizeof(client);
		struct control control = {.call_id = (uint16_t)(FIRST_CALL_ID + calls % CALL_IDS)};

		control.fd = accept(listener, (struct sockaddr *)&client, &len);
		if (control.fd < 0)
			err(1, "accept");
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			close(listener);
			serve(&server, &control, client.sin_addr);
			_exit(0);
		}
		close(control.fd);
	}
}
