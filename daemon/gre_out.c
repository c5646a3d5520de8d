/* gre_out.c: see gre_out.h. */
#include "gre_out.h"

#include <errno.h>
#include <string.h>

#include "pptp.h"

/*
 * Sending with an IP header costs the kernel a tenth less than making one for each packet; it still sets
 * length, identification, source and checksum (raw(7)).  It does not fragment what is longer than the
 * interface's MTU, though.
 */
static void
make_header(struct gre_out *out, bool on)
{
	int value = on, ttl = 0;
	socklen_t len = sizeof(ttl);

	if (getsockopt(out->fd, IPPROTO_IP, IP_TTL, &ttl, &len) < 0 ||
	    setsockopt(out->fd, IPPROTO_IP, IP_HDRINCL, &value, sizeof(value)) < 0)
		return;
	out->makes_header = on;
	out->header.ttl = (uint8_t)ttl;
}

static void
point_batch(struct gre_out *out)
{
	for (size_t i = 0; i < GRE_OUT_BATCH; i++) {
		struct iovec *parts = out->parts[i];

		parts[0] = (struct iovec){.iov_base = &out->header, .iov_len = sizeof(out->header)};
		out->messages[i].msg_hdr.msg_iov = out->makes_header ? parts : parts + 1;
		out->messages[i].msg_hdr.msg_iovlen = out->makes_header ? 2 : 1;
	}
}

void
gre_out_init(struct gre_out *out, int fd, struct in_addr peer, struct gre_errors *errors)
{
	out->fd = fd;
	out->errors = errors;
	out->header = (struct iphdr){.version = IPVERSION,
	    .ihl = sizeof(struct iphdr) / 4,
	    .protocol = PPTP_GRE_IP_PROTOCOL,
	    .daddr = peer.s_addr};
	make_header(out, true);
	point_batch(out);
}

void
gre_out_init_shared(struct gre_out *out, const struct gre_share *share, struct gre_errors *errors)
{
	const struct in_pktinfo info = {.ipi_spec_dst = share->local};

	out->fd = share->fd;
	out->errors = errors;
	out->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = share->peer};
	out->from.align = (struct cmsghdr){
	    .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO, .cmsg_len = CMSG_LEN(sizeof(info))};
	memcpy(CMSG_DATA(&out->from.align), &info, sizeof(info));
	point_batch(out);
	for (size_t i = 0; i < GRE_OUT_BATCH; i++) {
		struct msghdr *header = &out->messages[i].msg_hdr;

		header->msg_name = &out->to;
		header->msg_namelen = sizeof(out->to);
		header->msg_control = &out->from;
		header->msg_controllen = sizeof(out->from);
	}
}

void
gre_out_flush(struct gre_out *out)
{
	unsigned sent = 0;

	while (sent < out->count) {
		int n = sendmmsg(
		    out->fd, out->messages + sent, out->count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			sent += (unsigned)n;
			continue;
		}
		if (errno == EMSGSIZE && out->makes_header) {
			make_header(out, false); /* the tunnel's MTU is too large: for good */
			if (!out->makes_header) {
				point_batch(out);
				continue;
			}
			errno = EMSGSIZE;
		}
		/* Dropped: PPTP does not send again (design D9).  No room: none for the rest. */
		unsigned dropped = errno == EAGAIN ? out->count - sent : 1;
		out->errors->last_send_error = errno;
		out->errors->send_errors += dropped;
		sent += dropped;
	}
	out->count = 0;
}

void
gre_out_queue(struct gre_out *out, uint8_t *packet, size_t len)
{
	out->parts[out->count++][1] = (struct iovec){.iov_base = packet, .iov_len = len};
	if (out->count == GRE_OUT_BATCH)
		gre_out_flush(out);
}
