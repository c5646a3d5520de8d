/* net.h: IPv4 networks, as routes name them. */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define NET_TEXT sizeof("255.255.255.255/32")

struct net {
	struct in_addr address; /* no bit set behind the length */
	unsigned bits;          /* 0 to 32 */
};

/* "10.0.0.0/8", or an address by itself.  NULL if fine, else what is wrong with it (static). */
const char *net_parse(const char *text, struct net *net);
/* "10.0.0.0/8"; at least NET_TEXT octets. */
void net_text(const struct net *net, char *buf, size_t size);
bool net_covers(const struct net *net, struct in_addr address);

#endif
