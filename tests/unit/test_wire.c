/*
 * The bounded reader and writer.
 */
#include "util.h"
#include "wire.h"

static void
rfc2_network_order(void **state)
{
	static const uint8_t octets[] = {0x01, 0x02, 0x03, 0x84, 0x85, 0x86, 0x87, 0x08};
	struct wire_reader reader;

	(void)state;
	wire_reader_init(&reader, octets, sizeof(octets));
	assert_int_equal(wire_get_u8(&reader), 0x01);
	assert_int_equal(wire_get_u16(&reader), 0x0203);
	assert_true(wire_get_u32(&reader) == 0x84858687);
	assert_int_equal(wire_left(&reader), 1);
	assert_ptr_equal(wire_get_bytes(&reader, 1), octets + 7);
	assert_int_equal(wire_left(&reader), 0);
	assert_false(reader.failed);
}

static void
rfc2_network_order_out(void **state)
{
	static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x84, 0x85, 0x86, 0x87, 'a', 0, 0};
	struct wire_writer writer;
	uint8_t out[sizeof(expected)];

	(void)state;
	memset(out, 0xff, sizeof(out));
	wire_writer_init(&writer, out, sizeof(out));
	wire_put_u8(&writer, 0x01);
	wire_put_u16(&writer, 0x0203);
	wire_put_u32(&writer, 0x84858687);
	wire_put_padded(&writer, "a", 1, 3);
	assert_false(writer.failed);
	assert_int_equal(wire_written(&writer), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

/* Each read of 1, 2, 4, n octets from every shorter input. */
static void
reading_past_the_end_fails_for_good(void **state)
{
	(void)state;
	for (size_t have = 0; have < 4; have++) {
		/* Of exactly this size, so that the sanitizer sees one octet too many. */
		uint8_t *octets = malloc(have == 0 ? 1 : have);
		struct wire_reader reader;

		assert_non_null(octets);
		memset(octets, 0xff, have == 0 ? 1 : have);
		wire_reader_init(&reader, octets, have);
		assert_int_equal(wire_get_u32(&reader), 0);
		assert_true(reader.failed);
		assert_int_equal(wire_left(&reader), 0);
		assert_int_equal(wire_get_u8(&reader), 0); /* though one octet may be there */
		wire_reader_init(&reader, octets, have);
		assert_null(wire_get_bytes(&reader, have + 1));
		assert_true(reader.failed);
		if (have < 2) {
			wire_reader_init(&reader, octets, have);
			assert_int_equal(wire_get_u16(&reader), 0);
			assert_true(reader.failed);
		}
		free(octets);
	}
}

static void
writing_past_the_end_fails_for_good(void **state)
{
	struct wire_writer writer;
	uint8_t out[4] = {9, 9, 9, 9};
	static const uint8_t untouched[4] = {9, 9, 9, 9};

	(void)state;
	for (size_t size = 0; size < 4; size++) {
		wire_writer_init(&writer, out, size);
		wire_put_u32(&writer, 1);
		assert_true(writer.failed);
		wire_put_u8(&writer, 1);
		assert_int_equal(wire_written(&writer), 0);
	}
	wire_writer_init(&writer, out, 1);
	wire_put_u16(&writer, 1);
	assert_true(writer.failed);
	wire_writer_init(&writer, out, 2);
	wire_put_padded(&writer, "x", 1, 3);
	assert_true(writer.failed);
	wire_writer_init(&writer, out, 4);
	wire_put_padded(&writer, "xyz", 3, 2); /* longer than its place */
	assert_true(writer.failed);
	assert_memory_equal(out, untouched, sizeof(out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc2_network_order),
	    cmocka_unit_test(rfc2_network_order_out),
	    cmocka_unit_test(reading_past_the_end_fails_for_good),
	    cmocka_unit_test(writing_past_the_end_fails_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
