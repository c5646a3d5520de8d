/*
 * compat_pppd.h: where the drop-in's pppd is.  With --nolaunchpppd it is our parent, at the other end
 * of the standard input.  Else the process that was started becomes pppd when the call is open, as
 * with pptp-linux: whoever started it has pppd's exit status, and waits as long as pppd's options
 * say.  A second process makes the call, and carries it in the background.
 */
#ifndef COMPAT_PPPD_H
#define COMPAT_PPPD_H

#include <sys/types.h>

#include "compat.h"
#include "daemon/background.h"
#include "daemon/reason.h"

struct compat_pppd {
	const struct compat *compat;
	struct background background;
	int master, slave; /* of the pty; -1: none, or given away */
	char tty[64];
	pid_t first; /* the process that was started; 0: it is this one */
};

/* Returns in the second process, if there are two.  False: *reason. */
bool compat_pppd_begin(
    struct compat_pppd *pppd, const struct compat *compat, struct reason *reason);
/* The call is open: the first process becomes pppd.  The descriptor to it, the caller's; -1 with errno. */
int compat_pppd_start(struct compat_pppd *pppd);
/* Its number, as long as it is certain; 0 if not: pppd has gone to the background, or is our parent. */
pid_t compat_pppd_pid(const struct compat_pppd *pppd);
/* At the end.  The first process ends with this code, if it still waits. */
void compat_pppd_end(struct compat_pppd *pppd, int code);

#endif
