/*
 * channel.c: an inherited, connected socket of the kernel's PPPoX as pppd's channel, in the place of
 * a terminal (design D5).  The kernel's PPP sends and receives on it by itself.
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/if_pppox.h>

#include "channel.h"
#include "compat.h"

static int channel_fd = -1; /* pppd has one channel, and its functions no argument */

static int
channel_connect(void)
{
	struct sockaddr_pppox name;
	socklen_t len = sizeof(name);

	/* The TAP's name, for pppd's log. */
	if (getsockname(channel_fd, (struct sockaddr *)&name, &len) == 0 && len == sizeof(name)) {
		name.sa_addr.pppoe.dev[sizeof(name.sa_addr.pppoe.dev) - 1] = '\0';
		ppp_set_pppdevnam(name.sa_addr.pppoe.dev);
	}
	return channel_fd;
}

/* Also in the children that pppd forks for its scripts. */
static void
channel_close(void)
{
	if (channel_fd >= 0)
		close(channel_fd);
	channel_fd = -1;
}

static struct channel pppox_channel = {
    .connect = channel_connect,
    .disconnect = channel_close,
    .establish_ppp = ppp_generic_establish,
    .disestablish_ppp = ppp_generic_disestablish,
    .close = channel_close,
};

static int
set_channel(char **argv)
{
	static char fault[] = "pptpeer: that descriptor is not a channel of pptpeer's";
	int domain = 0;
	socklen_t len = sizeof(domain);
	char *end;
	long fd;

	errno = 0;
	fd = strtol(*argv, &end, 10);
	if (errno != 0 || end == *argv || *end != '\0' || fd < 0 || fd > INT_MAX ||
	    getsockopt((int)fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain != AF_PPPOX ||
	    fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0) {
		ppp_option_error(fault);
		return 0;
	}
	channel_fd = (int)fd;
	/* The words for terminals go on being known, as they stand in options files. */
	pppox_channel.options = the_channel->options;
	the_channel = &pppox_channel;
	return 1;
}

void
pptpeer_channel_init(void)
{
	static char name[] = "pptpeer-channel";
	static char help[] = "Socket of the kernel's PPPoX to run PPP on";
	static option_t options[] = {
	    {.name = name, .type = o_special, .addr = (void *)set_channel, .description = help},
	    {.name = NULL},
	};

	ppp_add_options(options);
}
