/*
 * The messages between keeper and engine: what one end sends, however wrong, must not hurt the
 * other (design D3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/ipc.h"

static int
setup(void **state)
{
	static int pair[2];

	assert_int_equal(ipc_pair(pair), 0);
	*state = pair;
	return 0;
}

static int
teardown(void **state)
{
	const int *pair = *state;

	close(pair[0]);
	close(pair[1]);
	return 0;
}

static size_t
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* As a hostile end would: any octets, any number of descriptors. */
static void
send_raw(int fd, const void *data, size_t len, size_t nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * 16)];
	} control = {.buf = {0}};
	struct iovec iov = {.iov_len = len};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

	iov.iov_base = (void *)(uintptr_t)data;
	if (nfds > 0) {
		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_LEN(sizeof(int) * nfds);
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		for (size_t i = 0; i < nfds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(fd, &hdr, MSG_NOSIGNAL), len);
}

static void
a_message_arrives_with_its_descriptors(void **state)
{
	const int *pair = *state;
	struct ipc_msg sent, got;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[IPC_MAX_FDS];

	ipc_init(&sent, IPC_STAGE);
	sent.u.stage.stage = STAGE_TCP;
	strcpy(sent.u.stage.text, "connected");
	assert_int_equal(ipc_send(pair[0], &sent, &null, 1), 0);
	assert_int_equal(ipc_recv(pair[1], &got, fds), 1);
	assert_memory_equal(&sent, &got, sizeof(sent));
	assert_true(fds[0] >= 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fds[1], -1);
	assert_int_equal(fds[2], -1);
	close(fds[0]);
	close(null);
}

static void
more_descriptors_than_allowed_are_refused_and_closed(void **state)
{
	const int *pair = *state;
	struct ipc_msg sent, got;
	int fds[IPC_MAX_FDS];
	size_t before = open_descriptors();

	ipc_init(&sent, IPC_STAGE);
	for (size_t n = IPC_MAX_FDS + 1; n <= 16; n++) {
		send_raw(pair[0], &sent, sizeof(sent), n);
		assert_int_equal(ipc_recv(pair[1], &got, fds), -1);
		assert_int_equal(errno, EPROTO);
		assert_int_equal(open_descriptors(), before);
	}
}

static void
who_takes_no_descriptors_gets_none(void **state)
{
	const int *pair = *state;
	struct ipc_msg sent, got;
	size_t before = open_descriptors();

	ipc_init(&sent, IPC_LOOKUP);
	send_raw(pair[0], &sent, sizeof(sent), 1);
	assert_int_equal(ipc_recv(pair[1], &got, NULL), -1);
	assert_int_equal(errno, EPROTO);
	assert_int_equal(open_descriptors(), before);
	send_raw(pair[0], &sent, sizeof(sent), 0);
	assert_int_equal(ipc_recv(pair[1], &got, NULL), 1);
}

static void
a_message_of_another_size_is_refused(void **state)
{
	const int *pair = *state;
	struct ipc_msg got;
	char octets[sizeof(struct ipc_msg) + 1] = {0};
	int fds[IPC_MAX_FDS];
	const size_t sizes[] = {1, 4, sizeof(struct ipc_msg) - 1, sizeof(struct ipc_msg) + 1};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		send_raw(pair[0], octets, sizes[i], i % 2);
		assert_int_equal(ipc_recv(pair[1], &got, fds), -1);
		assert_int_equal(errno, EPROTO);
	}
	assert_int_equal(ipc_recv(pair[1], &got, fds), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
an_end_that_does_not_read_blocks_nobody(void **state)
{
	const int *pair = *state;
	struct ipc_msg msg;
	size_t sent = 0;

	ipc_init(&msg, IPC_NOTE);
	assert_int_equal(ipc_unread(pair[0]), 0);
	while (ipc_send(pair[0], &msg, NULL, 0) == 0)
		assert_true(++sent < 100000);
	assert_int_equal(errno, EAGAIN);
	assert_true(sent > 8);
	assert_true(ipc_unread(pair[0]) >= sent * sizeof(msg));
}

static void
an_end_that_is_gone_is_told(void **state)
{
	const int *pair = *state;
	struct ipc_msg msg;
	int fds[IPC_MAX_FDS];

	ipc_init(&msg, IPC_STOP);
	assert_int_equal(ipc_send(pair[0], &msg, NULL, 0), 0);
	shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(ipc_recv(pair[1], &msg, fds), 1);
	assert_int_equal(ipc_recv(pair[1], &msg, fds), 0);
	assert_int_equal(ipc_send(pair[1], &msg, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_message_arrives_with_its_descriptors, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		more_descriptors_than_allowed_are_refused_and_closed, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_takes_no_descriptors_gets_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_message_of_another_size_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_end_that_does_not_read_blocks_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_end_that_is_gone_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
