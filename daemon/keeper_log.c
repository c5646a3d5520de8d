/* keeper_log.c: see keeper_log.h. */
#include "keeper_log.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pptp.h"

void
keeper_log_stage(enum stage stage, const char *text)
{
	const struct log_fields fields = {
	    .event = "stage", .stage = stage_name(stage), .exit_code = -1};

	log_record(stage == STAGE_UP ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, &fields, "%s: %s",
	    stage_name(stage), text);
}

/* "E301 The call is open, ...": what may become the reason of the end. */
static unsigned
ecode_of(const char *text)
{
	if (text[0] != 'E' || strspn(text + 1, "0123456789") != 3 || text[4] != ' ')
		return 0;
	return (unsigned)strtoul(text + 1, NULL, 10);
}

void
keeper_log_note(int level, const char *text)
{
	static const char warning[] = "warning: "; /* for a terminal; the log has levels */
	const struct log_fields fields = {
	    .event = "note", .ecode = ecode_of(text), .exit_code = -1};
	size_t len = strlen(warning);

	if (level > 0)
		log_record(level == 1 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, &fields, "%s", text);
	else if (strncmp(text, warning, len) == 0)
		log_record(LOG_LEVEL_WARNING, &fields, "%s", text + len);
	else
		log_record(LOG_LEVEL_NOTICE, &fields, "%s", text);
}

static struct log_fields
fields_of(const char *event, const struct reason *reason)
{
	return (struct log_fields){.event = event,
	    .ecode = reason->ecode,
	    .exit_code = reason->exit_code,
	    .by = reason_by(reason)};
}

void
keeper_log_waiting(const struct reason *reason, uint64_t delay_ms, unsigned tries, enum role role)
{
	const char *again = role == ROLE_LISTEN ? "Listening" : "Dialling";
	const struct log_fields fields = fields_of("waiting", reason);

	if (reason->ecode == 0)
		log_record(
		    LOG_LEVEL_NOTICE, &fields, "%s %s again, as asked.", reason->what, again);
	else if (delay_ms == PPTP_NEVER)
		log_record(LOG_LEVEL_ERROR, &fields,
		    "E%03u %s It is not dialled any more; its calls are answered.%s%s",
		    reason->ecode, reason->what, reason->next[0] != '\0' ? "\nNext: " : "",
		    reason->next);
	else if (delay_ms == 0) /* the next server */
		log_record(LOG_LEVEL_WARNING, &fields, "E%03u %s %s again at once.", reason->ecode,
		    reason->what, again);
	else
		log_record(LOG_LEVEL_WARNING, &fields, "E%03u %s %s again in %llu.%llu s (try %u).",
		    reason->ecode, reason->what, again, (unsigned long long)(delay_ms / 1000),
		    (unsigned long long)(delay_ms % 1000 / 100), tries + 1);
}

void
keeper_log_ended(const struct reason *reason)
{
	const struct log_fields fields = fields_of("ended", reason);

	if (reason->exit_code == EXIT_OK)
		log_record(LOG_LEVEL_NOTICE, &fields, "%s",
		    reason->what[0] != '\0' ? reason->what : "Ended as asked.");
	else
		log_record(LOG_LEVEL_ERROR, &fields, "E%03u %s%s%s", reason->ecode, reason->what,
		    reason->next[0] != '\0' ? "\nNext: " : "", reason->next);
}
