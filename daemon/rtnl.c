/* rtnl.c: see rtnl.h. */
#include "rtnl.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#define ANSWER 8192 /* octets; MNL_SOCKET_BUFFER_SIZE is at most that */

/* Not on the stack, of which the drop-in would keep so much for a moment at its start. */
int
rtnl_ask(struct nlmsghdr *request, mnl_cb_t found, void *ctx)
{
	struct mnl_socket *netlink = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int strict = 1, rc = MNL_CB_ERROR, error = errno;
	char *answer;
	ssize_t n;

	if (netlink == NULL)
		return error;
	answer = malloc(ANSWER);
	/* A dump has only what its header asks for: there may be a million routes. */
	mnl_socket_setsockopt(netlink, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	request->nlmsg_seq = 1;
	if (answer != NULL && mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    mnl_socket_sendto(netlink, request, request->nlmsg_len) >= 0) {
		do {
			n = mnl_socket_recvfrom(netlink, answer, ANSWER);
			rc = n <= 0 ? MNL_CB_ERROR
				    : mnl_cb_run(answer, (size_t)n, 1,
					  mnl_socket_get_portid(netlink), found, ctx);
		} while (rc > MNL_CB_STOP);
	}
	error = errno;
	mnl_socket_close(netlink);
	free(answer);
	return rc == MNL_CB_ERROR ? error : 0;
}

struct nlmsghdr *
rtnl_route(struct rtnl_buffer *buf, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buf->octets);
	struct rtmsg *rtm;

	message->nlmsg_type = type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	rtm = mnl_nlmsg_put_extra_header(message, sizeof(*rtm));
	rtm->rtm_family = AF_INET;
	return message;
}

void
rtnl_destination(struct nlmsghdr *message, const struct net *to)
{
	struct rtmsg *rtm = mnl_nlmsg_get_payload(message);

	rtm->rtm_dst_len = (uint8_t)to->bits;
	mnl_attr_put_u32(message, RTA_DST, to->address.s_addr);
}
