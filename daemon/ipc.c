/* ipc.c: see ipc.h. */
#include "ipc.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int
ipc_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

void
ipc_init(struct ipc_msg *msg, enum ipc_type type)
{
	memset(msg, 0, sizeof(*msg));
	msg->type = type;
}

size_t
ipc_unread(int fd)
{
	int octets = 0;

	return ioctl(fd, SIOCOUTQ, &octets) < 0 || octets < 0 ? 0 : (size_t)octets;
}

int
ipc_send(int fd, const struct ipc_msg *msg, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control;
	struct iovec iov = {.iov_len = sizeof(*msg)};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

	iov.iov_base = (void *)(uintptr_t)msg; /* iovec has no const */
	if (nfds > IPC_MAX_FDS) {
		errno = EINVAL;
		return -1;
	}
	if (nfds > 0) {
		memset(&control, 0, sizeof(control));
		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * nfds);
	}
	ssize_t n;
	do {
		n = sendmsg(fd, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

static void
close_all(int fds[IPC_MAX_FDS])
{
	for (size_t i = 0; i < IPC_MAX_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* Descriptors that came along: the kernel has cut them to what the buffer's length allows. */
static void
take_fds(struct msghdr *hdr, int fds[IPC_MAX_FDS])
{
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(hdr);

	if (cmsg == NULL || cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	size_t size = cmsg->cmsg_len - CMSG_LEN(0);
	if (size <= sizeof(int) * IPC_MAX_FDS)
		memcpy(fds, CMSG_DATA(cmsg), size);
}

int
ipc_recv(int fd, struct ipc_msg *msg, int fds[IPC_MAX_FDS])
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * IPC_MAX_FDS)];
	} control;
	struct iovec iov = {.iov_base = msg, .iov_len = sizeof(*msg)};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (fds != NULL) {
		for (size_t i = 0; i < IPC_MAX_FDS; i++)
			fds[i] = -1;
		hdr.msg_control = control.buf;
		/* Not CMSG_SPACE: its padding would hold one more. */
		hdr.msg_controllen = CMSG_LEN(sizeof(int) * IPC_MAX_FDS);
	}
	do {
		n = recvmsg(fd, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -1;
	if (fds != NULL)
		take_fds(&hdr, fds);
	if ((size_t)n != sizeof(*msg) || (hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (fds != NULL)
			close_all(fds);
		errno = EPROTO;
		return -1;
	}
	return 1;
}

/* -------------------------------------------------------------------------------- texts */

/* How many octets the character takes, which is UTF-8 (RFC 3629 4) and no control (C0, DEL, C1); else 0. */
static size_t
printable(const unsigned char *at)
{
	size_t len = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	unsigned lowest = at[0] == 0xc2 ? 0xa0 : at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
	unsigned highest = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;

	if (at[0] < 0x80)
		return at[0] >= ' ' && at[0] != 0x7f;
	if (at[0] < 0xc2 || at[0] > 0xf4 || at[1] < lowest || at[1] > highest)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

static void
clean(char *text, size_t size)
{
	unsigned char *at = (unsigned char *)text;
	size_t len;

	text[size - 1] = '\0'; /* no character reaches beyond it */
	for (; *at != '\0'; at += len) {
		len = printable(at);
		if (len == 0)
			*at = '?', len = 1;
	}
}

void
ipc_clean(struct ipc_msg *msg)
{
	struct reason *reason = &msg->u.ended.reason;
	struct ipc_network *network = &msg->u.network;

	if (msg->type == IPC_STAGE) {
		clean(msg->u.stage.text, sizeof(msg->u.stage.text));
	} else if (msg->type == IPC_NOTE) {
		clean(msg->u.note.text, sizeof(msg->u.note.text));
	} else if (msg->type == IPC_ENDED) {
		clean(reason->what, sizeof(reason->what));
		clean(reason->next, sizeof(reason->next));
	} else if (msg->type == IPC_NETWORK) {
		clean(network->interface, sizeof(network->interface));
		clean(network->peer_hostname, sizeof(network->peer_hostname));
		network->caller[sizeof(network->caller) - 1] = '\0'; /* raw */
	}
}
