/* test_notify.c: what the supervisor hears, on a socket of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

/* Text of the engine's is in it, and the engine hears strangers: it stays one assignment. */
static void
a_status_is_one_line(void **state)
{
#ifdef HAVE_LIBSYSTEMD
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char heard[2048], dir[] = "/tmp/pptpeer-test-XXXXXX";
	int supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t len;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", dir);
	assert_int_equal(bind(supervisor, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
	notify_status("control: \nMAINPID=1\r\tx");
	len = recv(supervisor, heard, sizeof(heard) - 1, MSG_DONTWAIT);
	unlink(address.sun_path);
	rmdir(dir);
	close(supervisor);
	assert_true(len > 0);
	heard[len] = '\0';
	assert_string_equal(heard, "STATUS=control:  MAINPID=1  x");
#else
	(void)state;
	skip();
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_status_is_one_line),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
