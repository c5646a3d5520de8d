/* net.c: see net.h. */
#include "net.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t
mask(unsigned bits)
{
	return bits == 0 ? 0 : UINT32_MAX << (32 - bits);
}

const char *
net_parse(const char *text, struct net *net)
{
	char address[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

	net->bits = 32;
	snprintf(address, sizeof(address), "%.*s", (int)(len < sizeof(address) ? len : 0), text);
	if (inet_pton(AF_INET, address, &net->address) != 1)
		return "is no IPv4 network";
	if (slash != NULL) {
		char *end = NULL;

		net->bits = slash[1] >= '0' && slash[1] <= '9'
				? (unsigned)strtoul(slash + 1, &end, 10)
				: 33;
		if (net->bits > 32 || *end != '\0' || end - slash > 3)
			return "has no length from 0 to 32 after its /";
	}
	if ((ntohl(net->address.s_addr) & ~mask(net->bits)) != 0)
		return "has bits set behind its length";
	return NULL;
}

void
net_text(const struct net *net, char *buf, size_t size)
{
	char address[INET_ADDRSTRLEN];

	snprintf(buf, size, "%s/%u", inet_ntop(AF_INET, &net->address, address, sizeof(address)),
	    net->bits);
}

bool
net_covers(const struct net *net, struct in_addr address)
{
	return ((ntohl(address.s_addr) ^ ntohl(net->address.s_addr)) & mask(net->bits)) == 0;
}
