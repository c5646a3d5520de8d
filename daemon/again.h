/* again.h: when a signal that asks for the end says that it is to be at once. */
#ifndef AGAIN_H
#define AGAIN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The end was asked for at `since`, and at `now` (us) this signal comes.  Asked again means at once;
 * but a terminal that is closed sends SIGHUP twice (its shell does, and the kernel), and one Ctrl-C
 * may come more than once: neither is a second wish.
 */
bool again_is_at_once(int signal_number, uint64_t since, uint64_t now);

#endif
