/* rtnl.h: one question to the kernel's routing, and its answer (rtnetlink(7), libmnl). */
#ifndef RTNL_H
#define RTNL_H

#include <libmnl/libmnl.h>
#include <stdint.h>

#include "net.h"

/* Where a message is made: all zeroes at first, so that nothing of ours goes to the kernel. */
struct rtnl_buffer {
	_Alignas(struct nlmsghdr) char octets[MNL_NLMSG_HDRLEN + 256];
};

/* A message about a route of IPv4. */
struct nlmsghdr *rtnl_route(struct rtnl_buffer *buf, uint16_t type, uint16_t flags);
void rtnl_destination(struct nlmsghdr *message, const struct net *to);
/*
 * One request and its answer; `found` (may be NULL) takes each message, and ends it with MNL_CB_STOP
 * where the kernel does not.  0 or an errno.
 */
int rtnl_ask(struct nlmsghdr *request, mnl_cb_t found, void *ctx);

#endif
