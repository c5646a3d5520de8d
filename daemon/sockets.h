/* sockets.h: the keeper's act "open the sockets of one dial" (design D3, D7). */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "config.h"
#include "ipc.h"

/*
 * Opens, for one server address: an unconnected TCP socket, bound and marked as configured; a
 * raw GRE socket, connected to that address and filtered to `local_call_id`; the GRE sniffer,
 * headers only.  All non-blocking and close-on-exec; the caller owns the three.
 * With `kernel` not NULL, and a data path that is the kernel's, there is no raw socket, but *kernel:
 * one of its PPTP, bound to our address and that Call ID; else *kernel is -1.
 * 0, or an errno with the failed call in `what`; then none is open.
 */
int sockets_open(const struct config *config, struct in_addr server, uint16_t local_call_id,
    int fds[IPC_MAX_FDS], int *kernel, char *what, size_t what_size);
/*
 * The listening socket of whoever answers, on the same interface and with the same mark as what is dialled.
 * -1 with errno, and the call that failed in *what.
 */
int sockets_door(const struct config *config, const char **what);
/*
 * For a listener: a listening TCP socket and a raw GRE socket that takes PPTP's packets of every call
 * (enum ipc_listen_fds).  Else as sockets_open().
 */
int sockets_listen(const struct config *config, int fds[IPC_MAX_FDS], char *what, size_t what_size);
/*
 * What a GRE socket sends leaves over that interface (its index) or not at all; 0: as the host's routes say.  For where
 * everything goes through the tunnel but the way to the server, which has a route of its own: that goes with
 * its link, and then each packet would take the tunnel, come out of it as one to the server, and so on,
 * ten thousand times a second; stateless MPPE is lost for good after 4096 (RFC 3078 8.1).
 */
void sockets_leave_by(int gre, unsigned interface);
/* The same for a PPTP socket of the kernel's. */
void sockets_kernel_leave_by(int pptp, unsigned interface);
/* The call is up: from now on the kernel takes its GRE, and sends to it.  0 or an errno. */
int sockets_kernel_connect(int fd, struct in_addr server, uint16_t peer_call_id);
/* Octets of IP that reach that address in one piece, as far as this host knows; 0: it does not. */
unsigned sockets_path_mtu(const struct config *config, struct in_addr server);
/* Whether this kernel has PPTP: 0 or an errno. */
int sockets_kernel_probe(void);

#endif
