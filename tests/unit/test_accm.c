/* test_accm.c: what is learnt of the escapes that pppd wants, RFC 1661 5.2, RFC 1662 7.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pptp.h"

#define ALL UINT32_C(0xffffffff)

static const uint8_t ip[] = {0xff, 0x03, 0x00, 0x21, 0x45};
static const uint8_t compressed_ip[] = {0x21, 0x45}; /* without address, control and a zero */
static const uint8_t mppe[] = {0x00, 0xfd, 0x90, 0x00};
static const uint8_t chap[] = {0xff, 0x03, 0xc2, 0x23, 1, 1, 0, 5, 0};

/* Configure-Request and -Ack: an MRU, and a map where one is asked for. */
struct lcp {
	size_t len;
	uint8_t octets[32];
};

static struct lcp
lcp(uint8_t code, uint8_t id, bool has_map, uint32_t map)
{
	struct lcp frame = {
	    .octets = {0xff, 0x03, 0xc0, 0x21, code, id, 0, 8, 1, 4, 5, 0xb4}, .len = 12};

	if (has_map) {
		const uint8_t option[] = {2, 6, (uint8_t)(map >> 24), (uint8_t)(map >> 16),
		    (uint8_t)(map >> 8), (uint8_t)map};

		memcpy(frame.octets + frame.len, option, sizeof(option));
		frame.len += sizeof(option);
		frame.octets[7] += sizeof(option);
	}
	return frame;
}

static void
from_ppp(struct pptp_accm *accm, struct lcp frame)
{
	pptp_accm_from_ppp(accm, frame.octets, frame.len);
}

static void
to_ppp(struct pptp_accm *accm, struct lcp frame)
{
	pptp_accm_to_ppp(accm, frame.octets, frame.len);
}

static void
open_lcp(struct pptp_accm *accm, bool has_map, uint32_t map)
{
	pptp_accm_init(accm);
	from_ppp(accm, lcp(1, 1, true, 0));
	to_ppp(accm, lcp(1, 9, false, 0));
	from_ppp(accm, lcp(2, 9, false, 0));
	if (!has_map) { /* rejected, and asked for without it */
		to_ppp(accm, lcp(4, 1, true, 0));
		from_ppp(accm, lcp(1, 2, false, 0));
	}
	to_ppp(accm, lcp(2, has_map ? 1 : 2, has_map, map));
}

static void
assert_map(const struct pptp_accm *accm, uint32_t map)
{
	assert_int_equal(pptp_accm_map(accm, ip, sizeof(ip)), map);
	assert_int_equal(pptp_accm_map(accm, compressed_ip, sizeof(compressed_ip)), map);
	assert_int_equal(pptp_accm_map(accm, mppe, sizeof(mppe)), map);
	assert_int_equal(pptp_accm_map(accm, chap, sizeof(chap)), ALL);
	assert_int_equal(pptp_accm_map(accm, ip, 0), ALL);
}

static void
rfc1662_7_1_all_until_lcp_is_open_on_both_sides(void **state)
{
	struct pptp_accm accm;

	(void)state;
	pptp_accm_init(&accm);
	assert_map(&accm, ALL);
	from_ppp(&accm, lcp(1, 1, true, 0));
	to_ppp(&accm, lcp(2, 1, true, 0));
	assert_map(&accm, ALL);
	to_ppp(&accm, lcp(1, 9, false, 0));
	assert_map(&accm, ALL);
	from_ppp(&accm, lcp(2, 8, false, 0)); /* an answer to something else */
	assert_map(&accm, ALL);
	from_ppp(&accm, lcp(2, 9, false, 0));
	assert_map(&accm, 0);
}

static void
the_map_is_the_one_that_was_acknowledged(void **state)
{
	struct pptp_accm accm;

	(void)state;
	open_lcp(&accm, true, 0x000a0000);
	assert_map(&accm, 0x000a0000);
}

/* accel-ppp rejects the option: the kernel goes on dropping what is not escaped. */
static void
without_the_option_it_is_the_default(void **state)
{
	struct pptp_accm accm;

	(void)state;
	open_lcp(&accm, false, 0);
	assert_map(&accm, ALL);
}

static void
rfc1661_3_4_agreed_anew_it_is_all_again(void **state)
{
	struct pptp_accm accm;

	(void)state;
	open_lcp(&accm, true, 0);
	assert_map(&accm, 0);
	to_ppp(&accm, lcp(1, 10, false, 0));
	assert_map(&accm, ALL);
	from_ppp(&accm, lcp(1, 3, true, 0));
	from_ppp(&accm, lcp(2, 10, false, 0));
	assert_map(&accm, ALL);
	to_ppp(&accm, lcp(2, 1, true, 0)); /* an old one */
	assert_map(&accm, ALL);
	to_ppp(&accm, lcp(2, 3, true, 0));
	assert_map(&accm, 0);
}

/* Cut anywhere, with any length of an option: no octet beyond it is read, and nothing is learnt. */
static void
damaged_lcp_teaches_nothing(void **state)
{
	const struct lcp good = lcp(2, 1, true, 0);
	struct pptp_accm accm;

	(void)state;
	for (size_t len = 0; len < good.len; len++) {
		uint8_t cut[32];

		pptp_accm_init(&accm);
		from_ppp(&accm, lcp(1, 1, true, 0));
		to_ppp(&accm, lcp(1, 9, false, 0));
		from_ppp(&accm, lcp(2, 9, false, 0));
		memcpy(
		    cut + sizeof(cut) - len, good.octets, len); /* valgrind and ASan see beyond */
		pptp_accm_to_ppp(&accm, cut + sizeof(cut) - len, len);
		assert_map(&accm, ALL);
	}
	for (unsigned option_len = 0; option_len < 256; option_len++) {
		struct lcp bad = good;

		open_lcp(&accm, true, 0);
		from_ppp(&accm, lcp(1, 1, true, 0));
		bad.octets[9] = (uint8_t)option_len; /* of the MRU, before the map */
		to_ppp(&accm, bad);
		assert_map(&accm, option_len == 4 ? 0 : ALL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc1662_7_1_all_until_lcp_is_open_on_both_sides),
	    cmocka_unit_test(the_map_is_the_one_that_was_acknowledged),
	    cmocka_unit_test(without_the_option_it_is_the_default),
	    cmocka_unit_test(rfc1661_3_4_agreed_anew_it_is_all_again),
	    cmocka_unit_test(damaged_lcp_teaches_nothing),
	};

	return cmocka_run_group_tests_name("accm", tests, NULL, NULL);
}
