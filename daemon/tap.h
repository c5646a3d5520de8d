/*
 * tap.h: the keeper's act "a TAP, and the kernel's PPPoE channel on it" (design D5).
 *
 * The kernel's PPP packets come out of the TAP as Ethernet frames of a PPPoE session, and go in the
 * same way: no HDLC, strictly in order.  There is no discovery and nobody at the other end but the engine;
 * the session has a random number and random addresses.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_NAME        "pptap" /* and a number: of each interface of ours */
#define TAP_ADDRESS_LEN 6       /* octets of an Ethernet address */
/* With so many octets every frame of a session begins, one way: the addresses, PPPoE, its number. */
#define TAP_HEADER_LEN 18
#define TAP_FILTER_LEN 12 /* instructions */

struct sock_filter;

struct tap_session {
	uint8_t kernel[TAP_ADDRESS_LEN]; /* the TAP's own address */
	uint8_t engine[TAP_ADDRESS_LEN]; /* of the made-up other end */
	uint16_t id;                     /* 1 to 0xfffe */
	char name[16];                   /* of the interface */
	bool exposed;                    /* other users may know the above */
	int receiver; /* the CPU that takes what the engine writes, or CPUS_NONE */
};

/* Those octets (RFC 2516 4). */
void tap_header(uint8_t header[TAP_HEADER_LEN], const uint8_t *destination, const uint8_t *source,
    uint16_t session);

/* TAP_FILTER_LEN instructions: of what the kernel sends, only frames of this session pass. */
void tap_filter(struct sock_filter *code, const struct tap_session *session);

/*
 * Makes the TAP (up, without ARP, addresses, a queue that could reorder; received from on a CPU of its own, where that
 * can be had) and the socket of the session, connected.
 * *tap is non-blocking; both are close-on-exec and the caller's.  The TAP lives as long as *tap is open somewhere.
 * Where other users may come to know the session there is none, unless it is `demanded`.
 * 0, or an errno with the reason in `why`; then nothing is there.
 */
int tap_open(
    bool demanded, int *tap, int *pppox, struct tap_session *session, char *why, size_t why_size);

#endif
