/* keeper_log.c: see keeper_log.h. */
#include "keeper_log.h"

#include <string.h>

#include "log.h"

void
keeper_log_stage(enum stage stage, const char *text)
{
	log_write(stage == STAGE_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "%s: %s",
	    stage_name(stage), text);
}

void
keeper_log_note(int level, const char *text)
{
	static const char warning[] = "warning: "; /* for a terminal; the log has levels */
	size_t len = strlen(warning);

	if (level > 0)
		log_write(level == 1 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "%s", text);
	else if (strncmp(text, warning, len) == 0)
		log_write(LOG_LEVEL_WARNING, "%s", text + len);
	else
		log_write(LOG_LEVEL_NOTICE, "%s", text);
}

void
keeper_log_waiting(const struct reason *reason, uint64_t delay_ms, unsigned tries)
{
	if (reason->ecode == 0)
		log_write(LOG_LEVEL_NOTICE, "%s Dialling again, as asked.", reason->what);
	else if (delay_ms == 0) /* the next server */
		log_write(LOG_LEVEL_WARNING, "E%03u %s Dialling again at once.", reason->ecode,
		    reason->what);
	else
		log_write(LOG_LEVEL_WARNING, "E%03u %s Dialling again in %llu.%llu s (try %u).",
		    reason->ecode, reason->what, (unsigned long long)(delay_ms / 1000),
		    (unsigned long long)(delay_ms % 1000 / 100), tries + 1);
}

void
keeper_log_ended(const struct reason *reason)
{
	if (reason->exit_code == EXIT_OK)
		log_write(LOG_LEVEL_NOTICE, "%s",
		    reason->what[0] != '\0' ? reason->what : "Ended as asked.");
	else
		log_write(LOG_LEVEL_ERROR, "E%03u %s%s%s", reason->ecode, reason->what,
		    reason->next[0] != '\0' ? "\nNext: " : "", reason->next);
}
