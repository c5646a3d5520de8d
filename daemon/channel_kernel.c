/*
 * channel_kernel.c: the channel that is none of ours: the kernel's PPTP is pppd's, and no frame
 * comes by here (design D5).  What the kernel counts on the interface is all there is to know.
 */
#include "channel.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct channel_kernel {
	struct channel channel;
	struct mnl_socket *netlink; /* owns */
};

static void
kernel_send(struct channel *channel, const uint8_t *frame, size_t len)
{
	(void)channel, (void)frame, (void)len;
}

static void
kernel_flush(struct channel *channel)
{
	(void)channel;
}

static void
kernel_stats(const struct channel *channel, struct channel_stats *stats)
{
	(void)channel;
	memset(stats, 0, sizeof(*stats));
}

static void
kernel_free(struct channel *channel)
{
	struct channel_kernel *kernel = (struct channel_kernel *)channel; /* its first member */

	mnl_socket_close(kernel->netlink);
	free(kernel);
}

static int
on_link(const struct nlmsghdr *nlh, void *ctx)
{
	struct channel_counters *counters = ctx;
	struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct ifinfomsg))
	{
		struct rtnl_link_stats64 stats;

		if (mnl_attr_get_type(attr) != IFLA_STATS64 ||
		    mnl_attr_get_payload_len(attr) < sizeof(stats))
			continue;
		memcpy(&stats, mnl_attr_get_payload(attr), sizeof(stats)); /* not aligned */
		*counters = (struct channel_counters){.known = true,
		    .rx_packets = stats.rx_packets,
		    .rx_bytes = stats.rx_bytes,
		    .tx_bytes = stats.tx_bytes};
	}
	return MNL_CB_OK;
}

static void
kernel_counters(
    const struct channel *channel, const char *ifname, struct channel_counters *counters)
{
	const struct channel_kernel *kernel = (const struct channel_kernel *)channel;
	char buf[8192];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info;
	ssize_t n;

	memset(counters, 0, sizeof(*counters));
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, ifname);
	/* The answer is there when the question has been sent: it is not waited for. */
	if (mnl_socket_sendto(kernel->netlink, nlh, nlh->nlmsg_len) < 0)
		return;
	n = mnl_socket_recvfrom(kernel->netlink, buf, sizeof(buf));
	if (n > 0)
		mnl_cb_run(
		    buf, (size_t)n, 0, mnl_socket_get_portid(kernel->netlink), on_link, counters);
}

static const struct channel_ops kernel_ops = {
    .name = "kernel",
    .send = kernel_send,
    .flush = kernel_flush,
    .stats = kernel_stats,
    .counters = kernel_counters,
    .free = kernel_free,
};

struct channel *
channel_kernel_new(int netlink)
{
	struct channel_kernel *kernel = calloc(1, sizeof(*kernel));

	if (kernel != NULL) {
		kernel->channel.ops = &kernel_ops;
		kernel->netlink = mnl_socket_fdopen(netlink);
	}
	if (kernel == NULL || kernel->netlink == NULL) {
		free(kernel);
		close(netlink);
		return NULL;
	}
	return &kernel->channel;
}
