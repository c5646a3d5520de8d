/* link.c: LCP over the program under test, and a proof that it carries what it is given. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hdlc.h"
#include "rig.h"

#define LCP               0xc021
#define CONFIGURE_REQUEST 1
#define CONFIGURE_ACK     2
#define AGAIN_MS          300 /* until the next Configure-Request */
#define LINK_NS           (10 * 1000000000ULL)
#define PROOF_FRAMES      64
#define PROOF_NS          (5 * 1000000000ULL)

/* The one on the GRE side or the one on the pty. */
struct end {
	struct rig *rig;
	void (*send)(struct rig *rig, const uint8_t *frame, size_t len);
	uint8_t magic;
	bool acked;     /* our Configure-Request was */
	bool asked;     /* we have answered the other's */
	unsigned proof; /* frames that came as they were sent */
};

static void
send_gre(struct rig *rig, const uint8_t *frame, size_t len)
{
	uint8_t packet[GRE_DATA + PAYLOAD_MAX];

	gre_header(rig, packet, len);
	memcpy(packet + GRE_DATA, frame, len);
	(void)!send(rig->gre, packet, GRE_DATA + len, 0);
}

static void
send_pty(struct rig *rig, const uint8_t *frame, size_t len)
{
	uint8_t octets[HDLC_OCTETS_MAX];
	/* Nothing here is so much that the pty would not take it. */
	(void)!write(rig->pty, octets, hdlc_encode(octets, frame, len, get16(frame + 2) == LCP));
}

/* Asks for the map 0 (RFC 1662 7.1) and a Magic-Number (RFC 1661 6.4). */
static void
send_request(struct end *end)
{
	uint8_t frame[] = {0xff, 0x03, 0xc0, 0x21, CONFIGURE_REQUEST, 1, 0, 16, 2, 6, 0, 0, 0, 0, 5,
	    6, 0, 0, 0, end->magic};

	end->send(end->rig, frame, sizeof(frame));
}

/* The proof's frame number N: the same at both ends, and of a length of its own. */
static size_t
proof_frame(unsigned number, uint8_t *frame)
{
	size_t len = 64 + number * 20;

	srand(number + 1);
	random_frame(frame, len);
	return len;
}

static void
receive(struct end *end, uint8_t *frame, size_t len)
{
	uint8_t expected[PAYLOAD_MAX];

	if (len < 8)
		return;
	if (get16(frame + 2) != LCP) {
		if (end->proof < PROOF_FRAMES && proof_frame(end->proof, expected) == len &&
		    memcmp(frame, expected, len) == 0)
			end->proof++;
	} else if (frame[4] == CONFIGURE_ACK) {
		end->acked = true;
	} else if (frame[4] == CONFIGURE_REQUEST) {
		frame[4] = CONFIGURE_ACK;
		end->send(end->rig, frame, len);
		end->asked = true;
	}
}

static void
receive_gre(struct end *end)
{
	uint8_t packet[PAYLOAD_MAX + 64];
	ssize_t n = recv(end->rig->gre, packet, sizeof(packet), MSG_DONTWAIT);
	uint8_t *gre = packet + IP_HEADER;

	if (n < IP_HEADER + GRE_DATA || (get16(gre) & GRE_SEQ) == 0)
		return;
	size_t header = GRE_DATA + (get16(gre) & GRE_ACK ? 4 : 0), len = get16(gre + 4);
	if (IP_HEADER + header + len <= (size_t)n)
		receive(end, gre + header, len);
}

static void
receive_pty(struct end *end, struct hdlc_decoder *decoder)
{
	uint8_t octets[4096];
	ssize_t n = read(end->rig->pty, octets, sizeof(octets));
	size_t len;

	for (ssize_t i = 0; i < n; i++) {
		if (hdlc_decode(decoder, octets[i], &len))
			receive(end, decoder->frame, len);
	}
}

/* Waits for what comes, at most so long. */
static void
turn(struct end ends[2], struct hdlc_decoder *decoder, int ms)
{
	struct pollfd fds[2] = {{ends[0].rig->gre, POLLIN, 0}, {ends[0].rig->pty, POLLIN, 0}};

	if (poll(fds, 2, ms) <= 0)
		return;
	if (fds[0].revents & POLLIN)
		receive_gre(&ends[0]);
	if (fds[1].revents & POLLIN)
		receive_pty(&ends[1], decoder);
}

const char *
link_open(struct rig *rig)
{
	struct end ends[2] = {
	    {rig, send_gre, 1, false, false, 0}, {rig, send_pty, 2, false, false, 0}};
	struct hdlc_decoder decoder = {0};
	uint64_t start = clock_ns(), again = 0;
	uint8_t frame[PAYLOAD_MAX];

	while (!ends[0].acked || !ends[0].asked || !ends[1].acked || !ends[1].asked) {
		uint64_t now = clock_ns();

		if (now - start > LINK_NS)
			return "LCP does not pass";
		if (now >= again) {
			for (int i = 0; i < 2; i++) {
				if (!ends[i].acked)
					send_request(&ends[i]);
			}
			again = now + AGAIN_MS * 1000000ULL;
		}
		turn(ends, &decoder, AGAIN_MS / 2);
	}
	far_pppd_up(rig);
	start = clock_ns();
	for (unsigned i = 0; i < PROOF_FRAMES; i++) {
		for (int end = 0; end < 2; end++)
			ends[end].send(rig, frame, proof_frame(i, frame));
		while (ends[0].proof <= i || ends[1].proof <= i) {
			if (clock_ns() - start > PROOF_NS)
				return "a frame was lost or damaged";
			turn(ends, &decoder, AGAIN_MS);
		}
	}
	return NULL;
}
