/*
 * mnl.c: of libmnl what the drop-in uses (daemon/rtnl.c, way.c, pin.c), behind libmnl's own header.
 *
 * A shared library, however little of it is used, costs each process its tables and its data: 40 kB,
 * for what is 1 kB here.  Whatever is here behaves as in libmnl 1.0.4: tests/unit/test_small_mnl.c
 * runs over both.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

struct mnl_socket {
	int fd;
	struct sockaddr_nl address;
};

/* ----------------------------------------------------------------------------- the socket */

struct mnl_socket *
mnl_socket_open2(int bus, int flags)
{
	struct mnl_socket *netlink = calloc(1, sizeof(*netlink));

	if (netlink == NULL)
		return NULL;
	netlink->fd = socket(AF_NETLINK, SOCK_RAW | flags, bus);
	if (netlink->fd >= 0)
		return netlink;
	free(netlink);
	return NULL;
}

int
mnl_socket_close(struct mnl_socket *netlink)
{
	int rc = close(netlink->fd);

	free(netlink);
	return rc;
}

int
mnl_socket_setsockopt(const struct mnl_socket *netlink, int option, void *value, socklen_t len)
{
	return setsockopt(netlink->fd, SOL_NETLINK, option, value, len);
}

int
mnl_socket_bind(struct mnl_socket *netlink, unsigned int groups, pid_t portid)
{
	socklen_t len = sizeof(netlink->address);

	netlink->address = (struct sockaddr_nl){
	    .nl_family = AF_NETLINK, .nl_groups = groups, .nl_pid = (uint32_t)portid};
	if (bind(netlink->fd, (struct sockaddr *)&netlink->address, len) < 0)
		return -1;
	return getsockname(netlink->fd, (struct sockaddr *)&netlink->address, &len);
}

unsigned int
mnl_socket_get_portid(const struct mnl_socket *netlink)
{
	return netlink->address.nl_pid;
}

ssize_t
mnl_socket_sendto(const struct mnl_socket *netlink, const void *request, size_t len)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	return sendto(
	    netlink->fd, request, len, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
}

ssize_t
mnl_socket_recvfrom(const struct mnl_socket *netlink, void *buf, size_t size)
{
	struct iovec room = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {.msg_iov = &room, .msg_iovlen = 1};
	ssize_t n = recvmsg(netlink->fd, &msg, 0);

	if (n < 0 || (msg.msg_flags & MSG_TRUNC) == 0)
		return n;
	errno = ENOSPC;
	return -1;
}

/* ------------------------------------------------------------------------ making a message */

static void *
at(const struct nlmsghdr *message, size_t offset)
{
	return (char *)(uintptr_t)message + offset;
}

struct nlmsghdr *
mnl_nlmsg_put_header(void *buf)
{
	struct nlmsghdr *message = buf;

	memset(buf, 0, MNL_NLMSG_HDRLEN);
	message->nlmsg_len = MNL_NLMSG_HDRLEN;
	return message;
}

void *
mnl_nlmsg_put_extra_header(struct nlmsghdr *message, size_t size)
{
	void *header = at(message, message->nlmsg_len);

	memset(header, 0, MNL_ALIGN(size));
	message->nlmsg_len += (uint32_t)MNL_ALIGN(size);
	return header;
}

void
mnl_attr_put(struct nlmsghdr *message, uint16_t type, size_t len, const void *data)
{
	struct nlattr *attr = at(message, MNL_ALIGN(message->nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(MNL_ATTR_HDRLEN + len);
	memcpy((char *)attr + MNL_ATTR_HDRLEN, data, len); /* padded by the zeroes that are there */
	message->nlmsg_len += (uint32_t)(MNL_ATTR_HDRLEN + MNL_ALIGN(len));
}

void
mnl_attr_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t data)
{
	mnl_attr_put(message, type, sizeof(data), &data);
}

/* ----------------------------------------------------------------------- reading a message */

void *
mnl_nlmsg_get_payload(const struct nlmsghdr *message)
{
	return at(message, MNL_NLMSG_HDRLEN);
}

uint16_t
mnl_attr_get_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

uint16_t
mnl_attr_get_payload_len(const struct nlattr *attr)
{
	return (uint16_t)(attr->nla_len - MNL_ATTR_HDRLEN);
}

void *
mnl_attr_get_payload(const struct nlattr *attr)
{
	return (char *)(uintptr_t)attr + MNL_ATTR_HDRLEN;
}

uint32_t
mnl_attr_get_u32(const struct nlattr *attr)
{
	uint32_t value;

	memcpy(&value, mnl_attr_get_payload(attr), sizeof(value));
	return value;
}

/* Only attributes that are whole. */
int
mnl_attr_parse(const struct nlmsghdr *message, unsigned int offset, mnl_attr_cb_t found, void *ctx)
{
	size_t next = MNL_NLMSG_HDRLEN + MNL_ALIGN((size_t)offset), end = message->nlmsg_len;
	const struct nlattr *attr;
	int rc = MNL_CB_OK;

	while (rc > MNL_CB_STOP && next + sizeof(*attr) <= end) {
		attr = at(message, next);
		if (attr->nla_len < sizeof(*attr) || attr->nla_len > end - next)
			break;
		next += MNL_ALIGN((size_t)attr->nla_len);
		rc = found(attr, ctx);
	}
	return rc;
}

static int
fail(int error)
{
	errno = error;
	return MNL_CB_ERROR;
}

/* What the kernel has an errno for, or a plain 0: it is done. */
static int
take_error(const struct nlmsghdr *message)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(message);

	if (message->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*answer))
		return fail(EBADMSG);
	return answer->error != 0 ? fail(abs(answer->error)) : MNL_CB_STOP;
}

static int
take_message(const struct nlmsghdr *message, mnl_cb_t found, void *ctx)
{
	if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
		return fail(EINTR);
	if (message->nlmsg_type >= NLMSG_MIN_TYPE)
		return found != NULL ? found(message, ctx) : MNL_CB_OK;
	if (message->nlmsg_type == NLMSG_ERROR)
		return take_error(message);
	return message->nlmsg_type == NLMSG_DONE ? MNL_CB_STOP : MNL_CB_OK;
}

/* A 0 is anybody's, on either side: so are the kernel's own messages. */
static bool
is_other(uint32_t has, uint32_t wanted)
{
	return has != 0 && wanted != 0 && has != wanted;
}

int
mnl_cb_run(
    const void *buf, size_t len, unsigned int seq, unsigned int portid, mnl_cb_t found, void *ctx)
{
	const struct nlmsghdr *message = buf;
	size_t next = 0;
	int rc = MNL_CB_OK;

	while (rc > MNL_CB_STOP && next + sizeof(*message) <= len) {
		message = (const void *)((const char *)buf + next);
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > len - next)
			break;
		if (is_other(message->nlmsg_pid, portid))
			return fail(ESRCH);
		if (is_other(message->nlmsg_seq, seq))
			return fail(EPROTO);
		next += MNL_ALIGN((size_t)message->nlmsg_len);
		rc = take_message(message, found, ctx);
	}
	return rc;
}
