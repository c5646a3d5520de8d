/*
 * fcs.c: the 16-bit FCS of RFC 1662 C.2, sixteen octets at a time.
 *
 * Division by x**0 + x**5 + x**12 + x**16 is linear: what a row of octets does to the FCS is
 * the sum of what each bit of them does.  A bit that is one place further from the end has
 * gone through one more step of the shift register, so all constants are one chain from the
 * first step on, and slice n of the tables has what an octet does that n others follow.
 */
#include "pptp.h"

#define STEP(fcs) ((fcs) >> 1 ^ (((fcs)&1) != 0 ? 0x8408 : 0))
/* What the bits of an octet do, bit 7 (the last one in) first. */
#define BITS(n, before)                                                                  \
	F##n##_7 = STEP(before), F##n##_6 = STEP(F##n##_7), F##n##_5 = STEP(F##n##_6),   \
	F##n##_4 = STEP(F##n##_5), F##n##_3 = STEP(F##n##_4), F##n##_2 = STEP(F##n##_3), \
	F##n##_1 = STEP(F##n##_2), F##n##_0 = STEP(F##n##_1)
enum {
	BITS(0, 1),
	BITS(1, F0_0),
	BITS(2, F1_0),
	BITS(3, F2_0),
	BITS(4, F3_0),
	BITS(5, F4_0),
	BITS(6, F5_0),
	BITS(7, F6_0),
	BITS(8, F7_0),
	BITS(9, F8_0),
	BITS(10, F9_0),
	BITS(11, F10_0),
	BITS(12, F11_0),
	BITS(13, F12_0),
	BITS(14, F13_0),
	BITS(15, F14_0),
};

/* What each octet does, from 0 on: the second half of a row is the first one with its highest bit set. */
#define FCS2(n, fcs)   (fcs), (fcs) ^ F##n##_0
#define FCS4(n, fcs)   FCS2(n, fcs), FCS2(n, (fcs) ^ F##n##_1)
#define FCS8(n, fcs)   FCS4(n, fcs), FCS4(n, (fcs) ^ F##n##_2)
#define FCS16(n, fcs)  FCS8(n, fcs), FCS8(n, (fcs) ^ F##n##_3)
#define FCS32(n, fcs)  FCS16(n, fcs), FCS16(n, (fcs) ^ F##n##_4)
#define FCS64(n, fcs)  FCS32(n, fcs), FCS32(n, (fcs) ^ F##n##_5)
#define FCS128(n, fcs) FCS64(n, fcs), FCS64(n, (fcs) ^ F##n##_6)
#define SLICE(n)                                      \
	{                                             \
		FCS128(n, 0), FCS128(n, 0 ^ F##n##_7) \
	}

#define SLICES 16
static const uint16_t slice[SLICES][256] = {SLICE(0), SLICE(1), SLICE(2), SLICE(3), SLICE(4),
    SLICE(5), SLICE(6), SLICE(7), SLICE(8), SLICE(9), SLICE(10), SLICE(11), SLICE(12), SLICE(13),
    SLICE(14), SLICE(15)};

/* The octets n to n + 3 of sixteen. */
#define FOUR(n)                                                     \
	slice[15 - (n)][data[n]] ^ slice[14 - (n)][data[(n) + 1]] ^ \
	    slice[13 - (n)][data[(n) + 2]] ^ slice[12 - (n)][data[(n) + 3]]

uint16_t
pptp_fcs16(uint16_t fcs, const uint8_t *data, size_t len)
{
	uint32_t sum = fcs;

	for (; len >= SLICES; len -= SLICES, data += SLICES)
		sum = slice[15][(sum ^ data[0]) & 0xff] ^ slice[14][(sum >> 8 ^ data[1]) & 0xff] ^
		      slice[13][data[2]] ^ slice[12][data[3]] ^ FOUR(4) ^ FOUR(8) ^ FOUR(12);
	for (; len > 0; len--, data++)
		sum = sum >> 8 ^ slice[0][(sum ^ *data) & 0xff];
	return (uint16_t)sum;
}
