/* retry.c: see retry.h. */
#include "retry.h"

#include "pptp.h"

/* first-delay * 2^(tries - 1), at most max-delay; us. */
static uint64_t
base_delay(const struct config *config, unsigned tries)
{
	uint64_t delay = config->first_delay;

	for (unsigned i = 1; i < tries && delay < config->max_delay; i++)
		delay *= 2;
	if (delay > config->max_delay)
		delay = config->max_delay;
	return delay * PPTP_SEC;
}

/* So that a hundred peers of one server that comes back do not call it in the same second. */
static uint64_t
with_jitter(uint64_t delay, uint32_t random)
{
	uint64_t part = delay / 4;

	return delay - part + (uint64_t)random * (2 * part) / UINT32_MAX;
}

bool
retry_next(
    struct retry *retry, const struct config *config, const struct retry_end *end, uint64_t *wait)
{
	bool of_peer = end->exit_code == EXIT_PEER_AUTH || end->exit_code == EXIT_AUTH ||
		       end->exit_code == EXIT_ENCRYPTION;
	bool may = exit_code_redials(end->exit_code) || (end->answered && of_peer) ||
		   (end->exit_code == EXIT_AUTH && config->retry_after_auth);

	*wait = 0;
	if (end->asked) {
		retry->barred = false;
		retry->tries = 0;
		retry->redials++;
		return true;
	}
	/* Who answers as well is needed all the same (design D14). */
	if (!may && of_peer && config->role == ROLE_AUTO && config->persist)
		retry->barred = true;
	else if (!may)
		return false;
	if (retry->barred) {
		retry->server = 0;
		retry->tries = 0;
		*wait = PPTP_NEVER;
		return true;
	}
	if (end->up_for > 0) {
		retry->server = 0; /* the order is one of preference */
	} else if (retry->server + 1 < config->server_count) {
		retry->server++;
		retry->redials++;
		return true;
	} else {
		retry->server = 0;
	}
	if (!config->persist)
		return false;
	/* One that has held did not fail; one that breaks at once must not be dialled each second. */
	retry->tries = end->up_for > 0 && end->up_for >= retry->delay ? 0 : retry->tries + 1;
	if (config->max_tries != 0 && retry->tries >= config->max_tries && end->up_for == 0)
		return false;
	retry->redials++;
	retry->delay = with_jitter(base_delay(config, retry->tries), end->random);
	*wait = retry->delay;
	return true;
}
