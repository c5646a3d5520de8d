/*
 * compat.h: pppd 2.5's names over pppd 2.4.9's headers.
 *
 * The plugin is written to the names of 2.5.  2.4.9 has the same things as globals and
 * under other names; they are given the new names here, and only here.  The numbers of
 * phases and exit statuses, struct option's fields and the shape of a notifier are the
 * same in both.
 */
#ifndef PPTPEER_COMPAT_H
#define PPTPEER_COMPAT_H

#include <stdio.h>

#ifdef PPPD_2_5

#include <pppd/pppd.h>
#include <pppd/options.h>
#include <pppd/chap.h>
#include <pppd/upap.h>
#include <pppd/eap.h>
#include <pppd/fsm.h>
#include <pppd/lcp.h>
#include <pppd/ccp.h>
#include <pppd/ipcp.h>
#include <pppd/mppe.h>

#define COMPAT_VERSION PPPD_VERSION

/* Of the interface, which LCP's packets do not pass. */
static inline unsigned
ppp_packets_in(void)
{
	ppp_link_stats_st stats = {0};

	return ppp_get_link_stats(&stats) ? stats.pkts_in : 0;
}

/* pppd exports them to plugins, though no public header has them. */
extern bool demand, sync_serial;
extern char *record_file;
extern char *connect_script, *disconnect_script, *initializer, *welcomer;
extern char passwd[MAXSECRETLEN];

#else

/* Debian's 2.4.9 is built with these, and its structures depend on them. */
#define CHAPMS 1
#define MPPE   1
#define INET6  1

#include <pppd/pppd.h>
#include <pppd/chap-new.h>
#include <pppd/eap.h>
#include <pppd/fsm.h>
#include <pppd/lcp.h>
#include <pppd/ccp.h>
#include <pppd/ipcp.h>
#include <pppd/mppe.h>

#define COMPAT_VERSION           VERSION

/* pppd.h has its own bool, an unsigned char, and no words for it. */
enum { false, true };

#define ppp_add_options          add_options
#define ppp_option_error         option_error
#define ppp_generic_establish    generic_establish_ppp
#define ppp_generic_disestablish generic_disestablish_ppp

enum compat_notify {
	NF_PHASE_CHANGE,
	NF_EXIT,
	NF_IP_UP,
	NF_IP_DOWN,
	NF_AUTH_UP,
	NF_LINK_DOWN,
	NF_FORK,
};

static inline void
ppp_add_notify(enum compat_notify which, notify_func function, void *ctx)
{
	struct notifier **list[] = {
	    [NF_PHASE_CHANGE] = &phasechange,
	    [NF_EXIT] = &exitnotify,
	    [NF_IP_UP] = &ip_up_notifier,
	    [NF_IP_DOWN] = &ip_down_notifier,
	    [NF_AUTH_UP] = &auth_up_notifier,
	    [NF_LINK_DOWN] = &link_down_notifier,
	    [NF_FORK] = &fork_notifier,
	};

	add_notifier(list[which], function, ctx);
}

static inline const char *
ppp_ifname(void)
{
	return ifname;
}

static inline int
ppp_ifunit(void)
{
	return ifunit;
}

static inline int
ppp_set_pppdevnam(const char *name)
{
	return snprintf(ppp_devnam, sizeof(ppp_devnam), "%s", name);
}

static inline int
ppp_status(void)
{
	return status;
}

static inline int
ppp_get_mtu(int unit)
{
	return netif_get_mtu(unit);
}

static inline unsigned
ppp_packets_in(void)
{
	update_link_stats(ifunit);
	link_stats_valid = 0; /* they are not those of the link's end, which pppd logs */
	return link_stats.pkts_in;
}

extern int mppe_keys_set; /* in no header of 2.4.9 */

static inline bool
mppe_keys_isset(void)
{
	return mppe_keys_set != 0;
}

#endif

extern int lcp_echo_fails; /* exported by both, in no header */

#endif
