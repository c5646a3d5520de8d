/* gre_out.c: see gre_out.h. */
#include "gre_out.h"

#include <errno.h>
#include <string.h>

#include "pptp.h"

/*
 * Sending with an IP header costs the kernel a tenth less than making one for each packet; it still sets
 * length, source and checksum, and the identification where that is 0 (raw(7)).  It does not fragment
 * what is longer than the interface's MTU, though.
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

/* Whatever waits, too. */
static void
leave_out_headers(struct gre_out *out)
{
	for (size_t i = 0; i < GRE_OUT_BATCH; i++) {
		out->messages[i].msg_hdr.msg_iov = out->parts[i] + 1;
		out->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

void
gre_out_init(
    struct gre_out *out, int fd, struct in_addr peer, uint32_t chance, struct gre_errors *errors)
{
	out->fd = fd;
	out->errors = errors;
	out->header = (struct iphdr){.version = IPVERSION,
	    .ihl = sizeof(struct iphdr) / 4,
	    .protocol = PPTP_GRE_IP_PROTOCOL,
	    .daddr = peer.s_addr};
	out->id = (uint16_t)chance;
	make_header(out, true);
	leave_out_headers(out);
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
	leave_out_headers(out);
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
				leave_out_headers(out);
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

static void
put_header(struct gre_out *out, struct iovec parts[2], bool room, struct msghdr *message)
{
	const size_t header_len = sizeof(out->header);

	parts[0] = (struct iovec){.iov_base = &out->header, .iov_len = header_len};
	if (room) {
		/*
		 * Counted from a start by chance, as the kernel does itself for a connected socket that is
		 * not raw; for ours it would ask a hash that all sockets share.
		 */
		out->header.id = htons(out->id++);
		parts[0].iov_base = (uint8_t *)parts[1].iov_base - header_len;
		parts[0].iov_len += parts[1].iov_len;
		memcpy(parts[0].iov_base, &out->header, header_len);
		out->header.id = 0;
	}
	message->msg_iov = parts;
	message->msg_iovlen = room ? 1 : 2;
}

void
gre_out_queue(struct gre_out *out, uint8_t *packet, size_t len, bool room)
{
	struct iovec *parts = out->parts[out->count];

	parts[1] = (struct iovec){.iov_base = packet, .iov_len = len};
	if (out->makes_header)
		put_header(out, parts, room, &out->messages[out->count].msg_hdr);
	out->count++;
	if (out->count == GRE_OUT_BATCH)
		gre_out_flush(out);
}
