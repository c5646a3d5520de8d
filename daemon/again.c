/* again.c: see again.h. */
#include "again.h"

#include <signal.h>

#include "pptp.h"

#define AGAIN_TIME (200 * PPTP_MSEC) /* between two wishes of one person */

bool
again_is_at_once(int signal_number, uint64_t since, uint64_t now)
{
	return signal_number != SIGHUP && now - since > AGAIN_TIME;
}
