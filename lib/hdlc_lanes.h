/*
 * hdlc_lanes.h: looking at many octets at once for those that HDLC must look at one by one:
 * the flag, the escape, and octets under 0x20 if they can be in the map.  SSE2 on x86-64, NEON
 * on arm64, else words.  Inside hdlc.c only.
 *
 * A lane is LANE octets.  Its marks are a number with one bit for each octet that is to be
 * looked at, LANE_BITS apart, the first octet lowest.
 */
#ifndef HDLC_LANES_H
#define HDLC_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HDLC_FLAG   0x7e
#define HDLC_ESCAPE 0x7d

#if defined(__SSE2__) && !defined(HDLC_WORDS)

#include <emmintrin.h>

#define LANE      16
#define LANE_BITS 1

typedef __m128i lane_t;

static inline lane_t
lane_load(const uint8_t *from)
{
	return _mm_loadu_si128((const __m128i *)from);
}

static inline void
lane_store(uint8_t *to, lane_t lane)
{
	_mm_storeu_si128((__m128i *)to, lane);
}

static inline uint64_t
lane_marks(lane_t lane, bool controls)
{
	__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(lane, _mm_set1_epi8(HDLC_FLAG)),
	    _mm_cmpeq_epi8(lane, _mm_set1_epi8(HDLC_ESCAPE)));

	if (controls) /* not over 0x1f: the lesser of both is the octet itself */
		marks = _mm_or_si128(
		    marks, _mm_cmpeq_epi8(lane, _mm_min_epu8(lane, _mm_set1_epi8(0x1f))));
	return (uint64_t)_mm_movemask_epi8(marks);
}

#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(HDLC_WORDS)

#include <arm_neon.h>

#define LANE      16
#define LANE_BITS 4

typedef uint8x16_t lane_t;

static inline lane_t
lane_load(const uint8_t *from)
{
	return vld1q_u8(from);
}

static inline void
lane_store(uint8_t *to, lane_t lane)
{
	vst1q_u8(to, lane);
}

static inline uint64_t
lane_marks(lane_t lane, bool controls)
{
	uint8x16_t marks = vorrq_u8(
	    vceqq_u8(lane, vdupq_n_u8(HDLC_FLAG)), vceqq_u8(lane, vdupq_n_u8(HDLC_ESCAPE)));

	if (controls)
		marks = vorrq_u8(marks, vcltq_u8(lane, vdupq_n_u8(0x20)));
	/* There is no movemask: of two octets the middle eight bits, four of each, are kept. */
	return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(marks), 4)), 0) &
	       UINT64_C(0x8888888888888888);
}

#else

#define LANE      8
#define LANE_BITS 8

typedef uint64_t lane_t;

/* The first octet lowest, whatever the machine's order. */
static inline lane_t
lane_load(const uint8_t *from)
{
	lane_t lane;

	memcpy(&lane, from, LANE);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	lane = __builtin_bswap64(lane);
#endif
	return lane;
}

static inline void
lane_store(uint8_t *to, lane_t lane)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	lane = __builtin_bswap64(lane);
#endif
	memcpy(to, &lane, LANE);
}

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/*
 * The top bit of each octet that is zero; and of one that is 1 behind a zero, which is looked
 * at in vain.
 */
static inline uint64_t
zeros(uint64_t octets)
{
	return (octets - EACH(1)) & ~octets & EACH(0x80);
}

static inline uint64_t
lane_marks(lane_t lane, bool controls)
{
	uint64_t marks = zeros(lane ^ EACH(HDLC_FLAG)) | zeros(lane ^ EACH(HDLC_ESCAPE));

	if (controls)
		marks |= zeros(lane & EACH(0xe0));
	return marks;
}

#endif

/* The place in its lane of the first octet that is marked. */
static inline unsigned
first_mark(uint64_t marks)
{
	return (unsigned)__builtin_ctzll(marks) / LANE_BITS;
}

#endif
