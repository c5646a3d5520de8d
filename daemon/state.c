/* state.c: see state.h. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_keys.h"
#include "text_json.h"

#define STATE_NEW  STATE_FILE ".new"
#define STATE_MAX  65536 /* octets; ours has a few hundred */
#define STATE_MODE 0640

static const char *const targets[] = {
    [LOG_TO_JOURNAL] = "journal",
    [LOG_TO_SYSLOG] = "syslog",
    [LOG_TO_STDERR] = "stderr",
    [LOG_TO_FILE] = "file",
};

static json_t *
known(const struct last_end *end, int64_t value)
{
	return end->when == 0 ? json_null() : json_integer(value);
}

void
last_end_killed(struct last_end *end, int64_t pid)
{
	memset(end, 0, sizeof(*end));
	end->known = true;
	reason_set(&end->reason, 1, "pptpeerd (pid %lld) was killed.", (long long)pid);
	reason_next(&end->reason, "%s", "");
}

json_t *
last_end_json(const struct last_end *end)
{
	char code[16];

	if (!end->known)
		return json_null();
	snprintf(code, sizeof(code), "E%03u", end->reason.ecode);
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:i, s:o}", "when", known(end, end->when), "by",
	    reason_by(&end->reason), "code",
	    end->reason.ecode == 0 ? json_null() : json_string(code), "text",
	    text_json(end->reason.what), "next", text_json(end->reason.next), "exit",
	    end->reason.exit_code, "duration_s", known(end, (int64_t)end->duration_s));
}

static json_t *
log_json(const struct config *config)
{
	return json_pack("{s:s, s:o}", "target", targets[config->log_target], "path",
	    config->log_target == LOG_TO_FILE ? text_json(config->log_path) : json_null());
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int
state_write(int dir_fd, gid_t readers, const struct config *config, const char *state,
    int64_t since, const struct history *history)
{
	json_t *json =
	    json_pack("{s:i, s:s, s:s, s:s, s:i, s:o, s:b, s:o, s:I, s:i, s:i, s:[], s:o}",
		"schema", 1, "name", config->name, "role", config_role_name(config->role), "state",
		state, "pid", (int)getpid(), "config", text_json(config->path), "supervised",
		getenv("NOTIFY_SOCKET") != NULL, "log", log_json(config), "since",
		(json_int_t)since, "redials", (int)history->redials, "tries", (int)history->tries,
		"routes", "last_end", last_end_json(&history->last_end));
	char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(1));
	int rc = -1, fd;

	json_decref(json);
	if (text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	unlinkat(dir_fd, STATE_NEW, 0); /* of a keeper that was killed here */
	fd = openat(
	    dir_fd, STATE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, STATE_MODE);
	if (fd >= 0) {
		rc = fchown(fd, (uid_t)-1, readers);
		if (rc == 0)
			rc = fchmod(fd, STATE_MODE); /* whatever the umask */
		if (rc == 0)
			rc = write_all(fd, text, strlen(text));
		if (rc == 0)
			rc = renameat(dir_fd, STATE_NEW, dir_fd, STATE_FILE);
		int saved = errno;
		if (rc != 0)
			unlinkat(dir_fd, STATE_NEW, 0);
		close(fd);
		errno = saved;
	}
	free(text);
	return rc;
}

static void
copy_text(char *to, size_t size, const json_t *json)
{
	const char *text = json_string_value(json);

	snprintf(to, size, "%s", text != NULL ? text : "");
}

void
state_last_end(int dir_fd, struct last_end *end)
{
	int fd = openat(dir_fd, STATE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char *text = calloc(1, STATE_MAX);
	ssize_t len = fd >= 0 && text != NULL ? read(fd, text, STATE_MAX - 1) : -1;
	json_t *json = len > 0 ? json_loadb(text, (size_t)len, 0, NULL) : NULL;
	const json_t *found = json_object_get(json, "last_end");
	const char *code = json_string_value(json_object_get(found, "code"));
	const char *state = json_string_value(json_object_get(json, "state"));

	memset(end, 0, sizeof(*end));
	if (state != NULL && strcmp(state, "running") == 0) { /* and yet the name is ours now */
		last_end_killed(end, json_integer_value(json_object_get(json, "pid")));
	} else if (json_is_object(found)) {
		end->known = true;
		end->when = json_integer_value(json_object_get(found, "when"));
		end->duration_s =
		    (uint64_t)json_integer_value(json_object_get(found, "duration_s"));
		end->reason.exit_code = (int)json_integer_value(json_object_get(found, "exit"));
		if (code != NULL && code[0] == 'E')
			end->reason.ecode = (unsigned)strtoul(code + 1, NULL, 10);
		copy_text(
		    end->reason.what, sizeof(end->reason.what), json_object_get(found, "text"));
		copy_text(
		    end->reason.next, sizeof(end->reason.next), json_object_get(found, "next"));
	}
	json_decref(json);
	free(text);
	if (fd >= 0)
		close(fd);
}
