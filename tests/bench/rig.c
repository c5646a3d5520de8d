/*
 * rig.c: measures one program that carries PPP in GRE, on this host, in two network namespaces.
 *
 *   rig -n NETNS -a ADDRESS -c CLIENT -i INTERFACE [-l LOG] [-f FOLDER] [-p] -- COMMAND...
 *
 * Runs COMMAND in NETNS (a path), answers its call at ADDRESS, and says in JSON when each message
 * had come.  COMMAND has a pty's master as its standard input and output, as under pppd's option
 * `pty`; with -f it is a daemon that starts this program as its pppd, by the name FOLDER/pppd.
 * -p: see rig.h, `polling`.  Then it takes orders, a line each, and answers with a line of JSON:
 *
 *   up|down|both SIZE MS RATE CALLS   packets for so long; RATE: see struct flow; CALLS: 0 or 1
 *   memory                            of the processes of COMMAND
 *
 * At the end of its orders it ends COMMAND by SIGTERM.  Exit status 125: it could not be measured.
 */
#include "rig.h"

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "proto.h"

#define CALL_ID     0x1234
#define START_MS    10000
#define END_SECONDS 5
#define BUFFER      (8 << 20) /* of the server's own socket: the rig is not to lose */

struct options {
	const char *netns, *log, *folder;
	char **command;
};

uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
put16(uint8_t *to, unsigned value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

void
put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value & 0xffff);
}

uint16_t
get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

uint32_t
get32(const uint8_t *from)
{
	return (uint32_t)get16(from) << 16 | get16(from + 2);
}

void
gre_header(struct rig *rig, uint8_t *to, size_t len)
{
	put16(to, GRE_KEY | GRE_SEQ);
	put16(to + 2, PPTP_GRE_PROTOCOL);
	put16(to + 4, (unsigned)len);
	put16(to + 6, rig->control.peer_call_id);
	put32(to + 8, rig->next_seq++);
}

void
random_frame(uint8_t *frame, size_t len)
{
	static const uint8_t mppe[] = {0xff, 0x03, 0x00, 0xfd};

	memcpy(frame, mppe, sizeof(mppe));
	for (size_t i = sizeof(mppe); i < len; i++)
		frame[i] = (uint8_t)(rand() >> 8);
}

/* ----------------------------------------------------------------------------- the start */

static void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		err(125, "sched_setaffinity");
}

static int
open_gre(const struct rig *rig)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = rig->address};
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, PPTP_GRE_IP_PROTOCOL), size = BUFFER;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0 ||
	    bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(125, "raw GRE socket");
	name.sin_addr = rig->client;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(125, "connect");
	return fd;
}

static int
listen_for_pppd(const char *folder)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/%s", folder, FAR_SOCKET);
	unlink(name.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || listen(fd, 1) < 0)
		err(125, "%s", name.sun_path);
	return fd;
}

static void
child(const struct rig *rig, const struct options *options, int master)
{
	int netns = open(options->netns, O_RDONLY | O_CLOEXEC);
	int log = open(options->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a rig that gives up takes it along */
	if (rig->pinned)
		pin(TESTED_CPU);
	if (log < 0 || netns < 0 || setns(netns, CLONE_NEWNET) < 0 || setpgid(0, 0) < 0)
		err(125, "%s", options->netns);
	dup2(log, 2);
	dup2(master >= 0 ? master : log, 1);
	if (master >= 0)
		dup2(master, 0);
	else if (freopen("/dev/null", "r", stdin) == NULL)
		err(125, "/dev/null");
	execvp(options->command[0], options->command);
	err(125, "%s", options->command[0]);
}

static void
close_on_exec(int fd)
{
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		err(125, "fcntl");
}

/* Starts the program, with a pty of ours unless it will have one of its own. */
static pid_t
start(struct rig *rig, const struct options *options)
{
	struct termios raw;
	int master = -1;
	pid_t pid;

	rig->pty = rig->pppd = -1;
	if (options->folder == NULL) {
		if (openpty(&master, &rig->pty, NULL, NULL, NULL) < 0 ||
		    tcgetattr(rig->pty, &raw) < 0)
			err(125, "openpty");
		cfmakeraw(&raw);
		tcsetattr(rig->pty, TCSANOW, &raw);
		close_on_exec(master);
		close_on_exec(rig->pty);
	}
	pid = fork();
	if (pid < 0)
		err(125, "fork");
	if (pid == 0)
		child(rig, options, master);
	if (master >= 0)
		close(master);
	return pid;
}

static void
await(int fd, const char *what)
{
	struct pollfd fds = {fd, POLLIN, 0};

	if (poll(&fds, 1, START_MS) != 1)
		errx(125, "not within %d s: %s", START_MS / 1000, what);
}

/* Up to the Outgoing-Call-Reply; prints when what had come. */
static void
answer_call(struct rig *rig, int listener, uint64_t start_time)
{
	uint64_t connected;

	await(listener, "a connection");
	rig->control.fd = accept(listener, NULL, NULL);
	if (rig->control.fd < 0)
		err(125, "accept");
	close_on_exec(rig->control.fd);
	connected = clock_ns();
	for (;;) {
		await(rig->control.fd, "Outgoing-Call-Request");
		enum control_event event = control_read(&rig->control);

		if (event == CONTROL_GONE)
			errx(125, "the connection was closed before the call");
		if (event == CONTROL_CALL)
			break;
	}
	control_accept(&rig->control);
	printf("{\"connected_ms\": %.2f, \"reply_ms\": %.2f}\n",
	    (double)(connected - start_time) * 1e-6, (double)(clock_ns() - start_time) * 1e-6);
}

static void *
keep_answering(void *arg)
{
	struct rig *rig = arg;

	while (control_read(&rig->control) != CONTROL_GONE)
		;
	return NULL;
}

/* ---------------------------------------------------------------------------- the orders */

static void
order(struct rig *rig, struct tested *tested, const char *line)
{
	char way[16] = "";
	unsigned size = 0, ms = 0, rate = 0, calls = 0;
	struct flow flow = {0};

	if (sscanf(line, "%15s %u %u %u %u", way, &size, &ms, &rate, &calls) == 1 &&
	    strcmp(way, "memory") == 0) {
		tested_print_memory(tested);
		return;
	}
	if (strcmp(way, "up") == 0 || strcmp(way, "both") == 0)
		flow.ways |= FLOW_UP;
	if (strcmp(way, "down") == 0 || strcmp(way, "both") == 0)
		flow.ways |= FLOW_DOWN;
	if (flow.ways == 0 || size < 16 || size > PAYLOAD_MAX || ms == 0)
		errx(125, "not an order: %s", line);
	flow.size = size;
	flow.time = ms * 1000000ULL;
	flow.rate = rate;
	flow.count_calls = calls != 0;
	flow_run(rig, tested, &flow);
}

/* As a supervisor ends it; what it leaves running is ended as well. */
static void
end(pid_t pid, const char *netns)
{
	struct tested left;
	uint64_t give_up = clock_ns() + END_SECONDS * 1000000000ULL;

	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0 && clock_ns() < give_up)
		usleep(10000);
	tested_find(netns, &left);
	for (size_t i = 0; i < left.count; i++)
		kill(left.pids[i], SIGKILL);
}

static void
parse(struct rig *rig, struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.log = "/dev/null"};
	while ((option = getopt(argc, argv, "+n:a:c:i:l:f:p")) != -1) {
		if (option == 'n')
			options->netns = optarg;
		else if (option == 'a' && inet_aton(optarg, &rig->address) == 0)
			errx(2, "not an address: %s", optarg);
		else if (option == 'c' && inet_aton(optarg, &rig->client) == 0)
			errx(2, "not an address: %s", optarg);
		else if (option == 'i')
			rig->interface = optarg;
		else if (option == 'l')
			options->log = optarg;
		else if (option == 'f')
			options->folder = optarg;
		else if (option == 'p')
			rig->polling = true;
		else if (option == '?')
			exit(2);
	}
	options->command = argv + optind;
	if (options->netns == NULL || rig->interface == NULL || *options->command == NULL)
		errx(2, "see the head of rig.c");
}

int
main(int argc, char **argv)
{
	static struct rig rig = {.control.call_id = CALL_ID};
	struct options options;
	struct tested tested = {0};
	const char *name = strrchr(argv[0], '/'), *fault;
	char line[128];
	int listener, far_listener = -1;
	pthread_t answering;
	uint64_t start_time;
	pid_t pid;

	if (name != NULL && strcmp(name, "/pppd") == 0)
		return far_pppd_main(argv);
	parse(&rig, &options, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1UL);
	rig.pinned = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	if (rig.pinned)
		pin(RIG_CPU);
	listener = control_listen(rig.address);
	rig.gre = open_gre(&rig);
	if (options.folder != NULL)
		far_listener = listen_for_pppd(options.folder);
	start_time = clock_ns();
	pid = start(&rig, &options);
	answer_call(&rig, listener, start_time);
	if (pthread_create(&answering, NULL, keep_answering, &rig) != 0)
		errx(125, "no thread to be had");
	if (far_listener >= 0) {
		await(far_listener, "the program in pppd's place");
		far_pppd_accept(&rig, far_listener);
	}
	fault = link_open(&rig);
	if (fault == NULL) {
		tested_find(options.netns, &tested);
		flow_open(&rig);
	}
	while (fault == NULL && fgets(line, sizeof(line), stdin) != NULL)
		order(&rig, &tested, line);
	end(pid, options.netns);
	if (fault != NULL)
		errx(125, "%s", fault);
	return 0;
}
