/*
 * test_small_mnl.c: what the drop-in asks of netlink.  Two programs are made of this: over
 * small/mnl.c, and over libmnl itself, which says what is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define PORT 77
#define SEQ  5

/* Where messages are made, one after the other. */
struct answers {
	_Alignas(struct nlmsghdr) char octets[2048];
	size_t len;
};

static struct nlmsghdr *
put(struct answers *answers, uint16_t type, size_t payload)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(answers->octets + answers->len);

	message->nlmsg_type = type;
	message->nlmsg_seq = SEQ;
	message->nlmsg_pid = PORT;
	mnl_nlmsg_put_extra_header(message, payload);
	answers->len += message->nlmsg_len;
	return message;
}

static struct nlmsghdr *
put_error(struct answers *answers, int error)
{
	struct nlmsghdr *message = put(answers, NLMSG_ERROR, sizeof(struct nlmsgerr));

	memcpy(mnl_nlmsg_get_payload(message), &error, sizeof(error));
	return message;
}

static int
count(const struct nlmsghdr *message, void *ctx)
{
	unsigned *n = ctx;

	assert_true(message->nlmsg_type >= NLMSG_MIN_TYPE);
	++*n;
	return MNL_CB_OK;
}

static int
stop(const struct nlmsghdr *message, void *ctx)
{
	count(message, ctx);
	return MNL_CB_STOP;
}

static int
refuse(const struct nlmsghdr *message, void *ctx)
{
	count(message, ctx);
	errno = ENOANO;
	return MNL_CB_ERROR;
}

static void
assert_fails(const struct answers *answers, int error)
{
	unsigned n = 0;

	errno = 0;
	assert_int_equal(
	    mnl_cb_run(answers->octets, answers->len, SEQ, PORT, count, &n), MNL_CB_ERROR);
	assert_int_equal(errno, error);
	assert_int_equal(n, 0);
}

/* --------------------------------------------------------------------------------- messages */

static void
each_message_is_told_until_it_is_done(void **state)
{
	struct answers answers = {.len = 0};
	unsigned n = 0;

	(void)state;
	put(&answers, RTM_NEWROUTE, sizeof(struct rtmsg));
	put(&answers, NLMSG_NOOP, 0);
	put(&answers, NLMSG_OVERRUN, 0);
	put(&answers, NLMSG_MIN_TYPE - 1, 8); /* a control message that there is not */
	put(&answers, RTM_NEWROUTE, 0);
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, SEQ, PORT, count, &n), MNL_CB_OK);
	assert_int_equal(n, 2);
	put(&answers, NLMSG_DONE, sizeof(int));
	put(&answers, RTM_NEWROUTE, 0);
	assert_int_equal(
	    mnl_cb_run(answers.octets, answers.len, SEQ, PORT, count, &n), MNL_CB_STOP);
	assert_int_equal(n, 4);
	assert_int_equal(
	    mnl_cb_run(answers.octets, answers.len, SEQ, PORT, NULL, NULL), MNL_CB_STOP);
}

static void
whoever_is_told_may_end_it(void **state)
{
	struct answers answers = {.len = 0};
	unsigned n = 0;

	(void)state;
	put(&answers, RTM_NEWROUTE, 0);
	put(&answers, RTM_NEWROUTE, 0);
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, SEQ, PORT, stop, &n), MNL_CB_STOP);
	assert_int_equal(n, 1);
	assert_int_equal(
	    mnl_cb_run(answers.octets, answers.len, SEQ, PORT, refuse, &n), MNL_CB_ERROR);
	assert_int_equal(errno, ENOANO);
	assert_int_equal(n, 2);
}

static void
an_error_is_errno_and_0_an_acknowledgement(void **state)
{
	struct answers answers = {.len = 0}, other = {.len = 0}, good = {.len = 0};

	(void)state;
	put_error(&answers, -ENETUNREACH);
	assert_fails(&answers, ENETUNREACH);
	put_error(&other, ENETUNREACH); /* some have it so */
	assert_fails(&other, ENETUNREACH);
	put_error(&good, 0);
	assert_int_equal(mnl_cb_run(good.octets, good.len, SEQ, PORT, NULL, NULL), MNL_CB_STOP);
}

static void
an_error_that_is_cut_off_is_a_bad_message(void **state)
{
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = put_error(&answers, 0);

	(void)state;
	message->nlmsg_len -= MNL_ALIGNTO;
	answers.len -= MNL_ALIGNTO;
	assert_fails(&answers, EBADMSG);
}

static void
an_interrupted_dump_is_an_error(void **state)
{
	struct answers answers = {.len = 0};

	(void)state;
	put(&answers, RTM_NEWROUTE, 0)->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_fails(&answers, EINTR);
	answers.len = 0;
	put(&answers, NLMSG_DONE, sizeof(int))->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_fails(&answers, EINTR);
}

static void
an_answer_to_somebody_else_is_an_error(void **state)
{
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = put(&answers, RTM_NEWROUTE, 0);
	unsigned n = 0;

	(void)state;
	message->nlmsg_pid = PORT + 1;
	assert_fails(&answers, ESRCH);
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, SEQ, 0, count, &n), MNL_CB_OK);
	message->nlmsg_pid = 0; /* the kernel's own */
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, SEQ, PORT, count, &n), MNL_CB_OK);
	assert_int_equal(n, 2);
}

static void
an_answer_to_another_question_is_an_error(void **state)
{
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = put(&answers, RTM_NEWROUTE, 0);
	unsigned n = 0;

	(void)state;
	message->nlmsg_seq = SEQ + 1;
	assert_fails(&answers, EPROTO);
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, 0, PORT, count, &n), MNL_CB_OK);
	message->nlmsg_seq = 0;
	assert_int_equal(mnl_cb_run(answers.octets, answers.len, SEQ, PORT, count, &n), MNL_CB_OK);
	assert_int_equal(n, 2);
}

/* In room of exactly its size, so that a sanitizer sees each octet that is read behind it. */
static int
run_prefix(const struct answers *answers, size_t len, unsigned *n)
{
	void *octets = malloc(len != 0 ? len : 1);
	int rc;

	assert_non_null(octets);
	memcpy(octets, answers->octets, len);
	rc = mnl_cb_run(octets, len, SEQ, PORT, count, n);
	free(octets);
	return rc;
}

static void
a_message_that_is_not_whole_is_not_told(void **state)
{
	struct answers answers = {.len = 0};
	size_t first;

	(void)state;
	put(&answers, RTM_NEWROUTE, sizeof(struct rtmsg));
	first = answers.len;
	put(&answers, RTM_NEWROUTE, sizeof(struct rtmsg));
	for (size_t len = 0; len <= answers.len; len++) {
		unsigned n = 0;

		assert_int_equal(run_prefix(&answers, len, &n), MNL_CB_OK);
		assert_int_equal(n, (len >= first) + (len == answers.len));
	}
}

static void
a_length_that_cannot_be_ends_it(void **state)
{
	static const uint32_t lengths[] = {0, 1, MNL_NLMSG_HDRLEN - 1, 0x7fffffff};
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = put(&answers, RTM_NEWROUTE, 0);
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		message->nlmsg_len = lengths[i];
		assert_int_equal(
		    mnl_cb_run(answers.octets, answers.len, SEQ, PORT, count, &n), MNL_CB_OK);
	}
	assert_int_equal(n, 0);
}

/* ------------------------------------------------------------------------------- attributes */

struct seen {
	unsigned n;
	uint16_t type, len;
	char octets[16];
	uint32_t number;
	int answer; /* what is returned */
};

static int
see(const struct nlattr *attr, void *ctx)
{
	struct seen *seen = ctx;

	seen->n++;
	seen->type = mnl_attr_get_type(attr);
	seen->len = mnl_attr_get_payload_len(attr);
	memcpy(seen->octets, mnl_attr_get_payload(attr), seen->len);
	if (seen->len == sizeof(seen->number))
		seen->number = mnl_attr_get_u32(attr);
	return seen->answer;
}

static void
a_message_is_made_as_the_kernel_wants_it(void **state)
{
	static const unsigned char wanted[] = {
	    0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* the header, with its length */
	    0, 0, 0, 0,                                        /* three octets more, in four */
	    9, 0, 1, 0, 'f', 'i', 'v', 'e', '!', 0, 0, 0,      /* five octets, in eight */
	};
	static const unsigned char number[] = {8, 0, 2, 0};
	struct answers answers = {.len = 0};
	struct nlmsghdr *message;
	uint32_t value = 0x01020304;

	(void)state;
	memset(answers.octets, 0xaa, 20); /* headers are cleared; what is behind was zeroes */
	message = mnl_nlmsg_put_header(answers.octets);
	assert_ptr_equal(message, answers.octets);
	assert_ptr_equal(mnl_nlmsg_put_extra_header(message, 3), mnl_nlmsg_get_payload(message));
	mnl_attr_put(message, 1, 5, "five!");
	assert_memory_equal(answers.octets, wanted, sizeof(wanted));
	mnl_attr_put_u32(message, 2, value);
	assert_int_equal(message->nlmsg_len, sizeof(wanted) + 8);
	assert_memory_equal(answers.octets + sizeof(wanted), number, sizeof(number));
	assert_memory_equal(answers.octets + sizeof(wanted) + 4, &value, sizeof(value));
}

static struct nlmsghdr *
two_attributes(struct answers *answers)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(answers->octets);

	mnl_nlmsg_put_extra_header(message, sizeof(struct rtmsg));
	mnl_attr_put(message, NLA_F_NESTED | 1, 5, "five!"); /* the flag is no part of the type */
	mnl_attr_put_u32(message, 2, 0x01020304);
	return message;
}

static void
attributes_are_told_in_their_order(void **state)
{
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = two_attributes(&answers);
	struct seen seen = {.answer = MNL_CB_STOP};

	(void)state;
	assert_int_equal(mnl_attr_parse(message, sizeof(struct rtmsg), see, &seen), MNL_CB_STOP);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.type, 1);
	assert_int_equal(seen.len, 5);
	assert_memory_equal(seen.octets, "five!", 5);
	seen.answer = MNL_CB_ERROR;
	assert_int_equal(mnl_attr_parse(message, sizeof(struct rtmsg), see, &seen), MNL_CB_ERROR);
	assert_int_equal(seen.n, 2);
	seen.answer = MNL_CB_OK;
	assert_int_equal(mnl_attr_parse(message, sizeof(struct rtmsg), see, &seen), MNL_CB_OK);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.type, 2);
	assert_int_equal(seen.number, 0x01020304);
}

static void
an_attribute_that_is_not_whole_is_not_told(void **state)
{
	struct answers answers = {.len = 0};
	uint32_t whole = two_attributes(&answers)->nlmsg_len;

	(void)state;
	for (uint32_t len = MNL_NLMSG_HDRLEN; len <= whole; len += MNL_ALIGNTO) {
		struct nlmsghdr *message = malloc(len);
		struct seen seen = {.answer = MNL_CB_OK};

		assert_non_null(message);
		memcpy(message, answers.octets, len);
		message->nlmsg_len = len;
		assert_int_equal(
		    mnl_attr_parse(message, sizeof(struct rtmsg), see, &seen), MNL_CB_OK);
		assert_int_equal(seen.n, (len >= whole - 8) + (len == whole));
		free(message);
	}
}

static void
an_attribute_shorter_than_its_header_ends_it(void **state)
{
	struct answers answers = {.len = 0};
	struct nlmsghdr *message = two_attributes(&answers);
	struct nlattr *attr =
	    (void *)((char *)mnl_nlmsg_get_payload(message) + sizeof(struct rtmsg));
	struct seen seen = {.answer = MNL_CB_OK};

	(void)state;
	for (size_t len = 0; len < sizeof(*attr); len++) {
		attr->nla_len = (uint16_t)len;
		assert_int_equal(
		    mnl_attr_parse(message, sizeof(struct rtmsg), see, &seen), MNL_CB_OK);
	}
	assert_int_equal(seen.n, 0);
}

/* ------------------------------------------------------------------------------- the kernel */

static struct mnl_socket *
ask(struct answers *request, uint16_t type, uint16_t flags, int index)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct nlmsghdr *message = mnl_nlmsg_put_header(request->octets);
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));

	assert_non_null(netlink);
	assert_int_equal(mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID), 0);
	assert_int_not_equal(mnl_socket_get_portid(netlink), 0);
	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = SEQ;
	link->ifi_index = index;
	assert_int_equal(
	    mnl_socket_sendto(netlink, message, message->nlmsg_len), message->nlmsg_len);
	return netlink;
}

static int
see_name(const struct nlattr *attr, void *ctx)
{
	unsigned *loops = ctx;

	if (mnl_attr_get_type(attr) == IFLA_IFNAME && strcmp(mnl_attr_get_payload(attr), "lo") == 0)
		++*loops;
	return MNL_CB_OK;
}

static int
see_link(const struct nlmsghdr *message, void *ctx)
{
	assert_int_equal(message->nlmsg_type, RTM_NEWLINK);
	return mnl_attr_parse(message, sizeof(struct ifinfomsg), see_name, ctx);
}

static int
take_all(struct mnl_socket *netlink, unsigned *loops)
{
	_Alignas(struct nlmsghdr) char octets[32768];
	int rc;

	do {
		ssize_t n = mnl_socket_recvfrom(netlink, octets, sizeof(octets));

		assert_true(n > 0);
		rc = mnl_cb_run(
		    octets, (size_t)n, SEQ, mnl_socket_get_portid(netlink), see_link, loops);
	} while (rc > MNL_CB_STOP);
	return rc;
}

static void
the_kernel_tells_all_links(void **state)
{
	struct answers request;
	struct mnl_socket *netlink = ask(&request, RTM_GETLINK, NLM_F_DUMP, 0);
	int yes = 1;
	unsigned loops = 0;

	(void)state;
	assert_int_equal(
	    mnl_socket_setsockopt(netlink, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes)), 0);
	assert_int_equal(take_all(netlink, &loops), MNL_CB_STOP);
	assert_int_equal(loops, 1);
	assert_int_equal(mnl_socket_close(netlink), 0);
}

static void
the_kernel_says_that_there_is_none(void **state)
{
	struct answers request;
	struct mnl_socket *netlink = ask(&request, RTM_GETLINK, 0, 0x7ffffffe);
	unsigned loops = 0;

	(void)state;
	assert_int_equal(take_all(netlink, &loops), MNL_CB_ERROR);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(loops, 0);
	assert_int_equal(mnl_socket_close(netlink), 0);
}

static void
an_answer_that_has_no_room_is_an_error(void **state)
{
	struct answers request, answer;
	struct mnl_socket *netlink = ask(&request, RTM_GETLINK, 0, 1);

	(void)state;
	assert_int_equal(mnl_socket_recvfrom(netlink, answer.octets, 32), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(mnl_socket_close(netlink), 0);
}

static void
what_the_kernel_refuses_is_an_error(void **state)
{
	struct answers request;
	struct mnl_socket *netlink = ask(&request, RTM_GETLINK, 0, 1);
	int yes = 1;

	(void)state;
	assert_int_equal(mnl_socket_setsockopt(netlink, 12345, &yes, sizeof(yes)), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	assert_int_equal(mnl_socket_bind(netlink, 0, 1), -1); /* it has a port */
	assert_int_equal(errno, EINVAL);
	assert_int_equal(mnl_socket_close(netlink), 0);
	assert_null(mnl_socket_open2(12345, SOCK_CLOEXEC));
	assert_int_equal(errno, EPROTONOSUPPORT);
}

/* SOCK_CLOEXEC does what it says, and nothing stays open. */
static void
a_socket_is_closed(void **state)
{
	int next = dup(0);
	struct mnl_socket *netlink;

	(void)state;
	close(next);
	netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	assert_non_null(netlink);
	assert_int_equal(fcntl(next, F_GETFD), FD_CLOEXEC);
	assert_int_equal(mnl_socket_close(netlink), 0);
	assert_int_equal(fcntl(next, F_GETFD), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_message_is_told_until_it_is_done),
	    cmocka_unit_test(whoever_is_told_may_end_it),
	    cmocka_unit_test(an_error_is_errno_and_0_an_acknowledgement),
	    cmocka_unit_test(an_error_that_is_cut_off_is_a_bad_message),
	    cmocka_unit_test(an_interrupted_dump_is_an_error),
	    cmocka_unit_test(an_answer_to_somebody_else_is_an_error),
	    cmocka_unit_test(an_answer_to_another_question_is_an_error),
	    cmocka_unit_test(a_message_that_is_not_whole_is_not_told),
	    cmocka_unit_test(a_length_that_cannot_be_ends_it),
	    cmocka_unit_test(a_message_is_made_as_the_kernel_wants_it),
	    cmocka_unit_test(attributes_are_told_in_their_order),
	    cmocka_unit_test(an_attribute_that_is_not_whole_is_not_told),
	    cmocka_unit_test(an_attribute_shorter_than_its_header_ends_it),
	    cmocka_unit_test(the_kernel_tells_all_links),
	    cmocka_unit_test(the_kernel_says_that_there_is_none),
	    cmocka_unit_test(an_answer_that_has_no_room_is_an_error),
	    cmocka_unit_test(what_the_kernel_refuses_is_an_error),
	    cmocka_unit_test(a_socket_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
