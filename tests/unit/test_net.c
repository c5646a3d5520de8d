/* test_net.c: IPv4 networks in text, and what they cover. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "daemon/net.h"

static void
a_network_is_read_and_written(void **state)
{
	static const struct {
		const char *text, *written;
	} rows[] = {
	    {"10.0.0.0/8", "10.0.0.0/8"},
	    {"0.0.0.0/0", "0.0.0.0/0"},
	    {"128.0.0.0/1", "128.0.0.0/1"},
	    {"192.0.2.1", "192.0.2.1/32"},
	    {"255.255.255.255/32", "255.255.255.255/32"},
	    {"10.1.2.4/31", "10.1.2.4/31"},
	};
	char buf[NET_TEXT];
	struct net net;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(net_parse(rows[i].text, &net));
		net_text(&net, buf, sizeof(buf));
		assert_string_equal(buf, rows[i].written);
	}
}

static void
what_is_none_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *wrong;
	} rows[] = {
	    {"", "is no IPv4 network"},
	    {"/8", "is no IPv4 network"},
	    {"10.0.0/8", "is no IPv4 network"},
	    {"2001:db8::/32", "is no IPv4 network"},
	    {"vpn.example.com", "is no IPv4 network"},
	    {"10.0.0.0/", "has no length from 0 to 32 after its /"},
	    {"10.0.0.0/33", "has no length from 0 to 32 after its /"},
	    {"10.0.0.0/-1", "has no length from 0 to 32 after its /"},
	    {"10.0.0.0/8x", "has no length from 0 to 32 after its /"},
	    {"10.0.0.0/008", "has no length from 0 to 32 after its /"},
	    {"10.0.0.0/99999999999999999999", "has no length from 0 to 32 after its /"},
	    {"10.0.0.1/8", "has bits set behind its length"},
	    {"0.0.0.1/0", "has bits set behind its length"},
	    {"10.1.2.5/31", "has bits set behind its length"},
	};
	struct net net;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *wrong = net_parse(rows[i].text, &net);

		if (wrong == NULL || strcmp(wrong, rows[i].wrong) != 0)
			fail_msg("%s: %s", rows[i].text, wrong != NULL ? wrong : "taken");
	}
}

static void
a_network_covers_what_is_in_it(void **state)
{
	static const struct {
		const char *net, *address;
		bool covers;
	} rows[] = {
	    {"10.0.0.0/8", "10.255.255.255", true},
	    {"10.0.0.0/8", "11.0.0.0", false},
	    {"0.0.0.0/0", "203.0.113.9", true},
	    {"128.0.0.0/1", "127.255.255.255", false},
	    {"128.0.0.0/1", "128.0.0.0", true},
	    {"192.0.2.1", "192.0.2.1", true},
	    {"192.0.2.1", "192.0.2.0", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct in_addr address;
		struct net net;

		assert_null(net_parse(rows[i].net, &net));
		assert_int_equal(inet_pton(AF_INET, rows[i].address, &address), 1);
		if (net_covers(&net, address) != rows[i].covers)
			fail_msg("%s and %s", rows[i].net, rows[i].address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_network_is_read_and_written),
	    cmocka_unit_test(what_is_none_is_refused_with_the_reason),
	    cmocka_unit_test(a_network_covers_what_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
