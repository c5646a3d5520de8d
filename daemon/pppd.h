/* pppd.h: the keeper's act "start pppd on its channel" (design D4, D5). */
#ifndef PPPD_H
#define PPPD_H

#include "config.h"
#include "ipc.h"
#include "keeper.h"

struct pppd_answer;

/*
 * Makes the channel that config->data_path asks for, starts pppd on it with the plugin, and queues
 * the secret for the plugin.  `fds` gets the TAP or the pty's master, the engine's end of the
 * plugin's reports and the reading end of pppd's log (enum ipc_pppd_fds), non-blocking, the caller's.
 * `kernel` is the connected socket of the kernel's PPTP where that is the channel, and stays the
 * caller's; in the channel's place is then a netlink socket, for the counters of the interface.
 * pppd leads a process group of its own and gets SIGTERM when the keeper dies.
 * `conflict` names a word in pppd's own files that no argument takes back, or is "".
 * *started says what came of it; if that is an error, nothing is open or running.
 */
void pppd_start(const struct config *config, const struct secret *secret, int kernel,
    int fds[IPC_MAX_FDS], struct ipc_pppd *started, char *conflict, size_t conflict_size);
/*
 * The same for a call that is answered.  answer->verify is a descriptor of ours, which stays the
 * caller's; -1: the plugin asks for no secret.
 */
void pppd_answer(const struct config *config, const struct pppd_answer *answer,
    int fds[IPC_MAX_FDS], struct ipc_pppd *started, char *conflict, size_t conflict_size);

/*
 * What would make pppd fail before it is worth dialling: no pppd, no plugin, no /dev/ppp, not the
 * data path that it must be.  True if all is there; else *reason says which (E101, E102, E103, E113, E115).
 */
bool pppd_usable(const struct config *config, struct reason *reason);

#endif
