/*
 * far_pppd.c: in pppd's place.  The keeper starts this program as pppd (pppd.path); it takes the
 * pty's slave to the rig, and reports by the plugin's contract (plugin/report.h).
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "report.h"
#include "rig.h"

static void
report(int fd, struct report *what)
{
	what->version = REPORT_VERSION;
	if (send(fd, what, sizeof(*what), MSG_NOSIGNAL) < 0)
		err(1, "report");
}

/* The value of an argument; the tty, which has no name, is the one that is a device. */
static const char *
argument(char **argv, const char *name)
{
	for (char **arg = argv + 1; *arg != NULL; arg++) {
		if (name == NULL ? strncmp(*arg, "/dev/", 5) == 0 : strcmp(*arg, name) == 0)
			return name == NULL ? *arg : arg[1];
	}
	errx(1, "no %s in the arguments", name == NULL ? "device" : name);
}

static void
give(int to, int fd)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
			 .cmsg_level = SOL_SOCKET,
			 .cmsg_type = SCM_RIGHTS}};
	char octet = 0;
	struct iovec iov = {&octet, 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control.octets)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) < 0)
		err(1, "sendmsg");
}

int
far_pppd_main(char **argv)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct report hello = {.kind = REPORT_HELLO, .text = "bench"};
	struct report lcp_up = {.kind = REPORT_LCP_UP, .u.lcp = {.mru = 1500, .peer_mru = 1500}};
	struct report ip_up = {.kind = REPORT_IP_UP,
	    .u.ip = {.local = htonl(0xc0a86302),
		.peer = htonl(0xc0a86301),
		.mtu = 1400,
		.ifname = "ppp0"}};
	int reports = atoi(argument(argv, "pptpeer-report"));
	int rig = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int tty = open(argument(argv, NULL), O_RDWR | O_NOCTTY | O_CLOEXEC);
	char octet;

	/* The rig's socket is where the keeper has found us. */
	snprintf(name.sun_path, sizeof(name.sun_path), "%.*s%s",
	    (int)(strrchr(argv[0], '/') - argv[0] + 1), argv[0], FAR_SOCKET);
	if (tty < 0 || rig < 0 || connect(rig, (struct sockaddr *)&name, sizeof(name)) < 0)
		err(1, "%s", name.sun_path);
	report(reports, &hello);
	give(rig, tty);
	/* The rig has spoken LCP through the pty; after its word we say so.  It ends when that does. */
	if (read(rig, &octet, 1) == 1) {
		report(reports, &lcp_up);
		report(reports, &ip_up);
		(void)!read(rig, &octet, 1);
	}
	return 0;
}

void
far_pppd_accept(struct rig *rig, int listener)
{
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control;
	char octet;
	struct iovec iov = {&octet, 1};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};

	rig->pppd = accept(listener, NULL, NULL);
	if (rig->pppd < 0 || recvmsg(rig->pppd, &msg, 0) != 1 ||
	    msg.msg_controllen < sizeof(struct cmsghdr))
		err(125, "the pty from the program in pppd's place");
	memcpy(&rig->pty, CMSG_DATA(&control.header), sizeof(rig->pty));
}

void
far_pppd_up(struct rig *rig)
{
	if (rig->pppd >= 0)
		(void)!write(rig->pppd, "", 1);
}
