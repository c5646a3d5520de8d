/*
 * attach.c: a plugin for the server's pppd: PPP on a socket that it inherits.
 *
 *   pppd plugin .../attach.so attach N
 *
 * Not pptpeer.so, which makes a pppd one that dials.
 */
#include <stdlib.h>

#include "compat.h"

char pppd_version[] = COMPAT_VERSION;
void plugin_init(void);

static int attached = -1; /* pppd has one channel, and its functions no argument */

static int
attach_connect(void)
{
	return attached;
}

static void
attach_disconnect(void)
{
}

static struct channel attach_channel = {
    .connect = attach_connect,
    .disconnect = attach_disconnect,
    .establish_ppp = ppp_generic_establish,
    .disestablish_ppp = ppp_generic_disestablish,
};

static int
set_attach(char **argv)
{
	attached = (int)strtol(*argv, NULL, 10);
	/* /etc/ppp/options may have words for a terminal. */
	attach_channel.options = the_channel->options;
	the_channel = &attach_channel;
	return 1;
}

void
plugin_init(void)
{
	static char name[] = "attach", help[] = "Socket of the kernel's PPPoX to run PPP on";
	static option_t options[] = {
	    {.name = name, .type = o_special, .addr = (void *)set_attach, .description = help},
	    {.name = NULL},
	};

	ppp_add_options(options);
}
