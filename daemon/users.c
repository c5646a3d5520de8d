/* users.c: see users.h. */
#include "users.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"

#define FILE_MAX (8u << 20) /* octets; some 100 000 users */

struct reading {
	const char *path; /* borrowed */
	struct users *users;
	struct config_diags *diags;
};

/* ------------------------------------------------------------------------------- the file */

static bool
check_file(int fd, const struct reading *reading)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		config_diag_add(reading->diags, reading->path, 0, "%s.", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		config_diag_add(reading->diags, reading->path, 0, "not a regular file.");
	else if ((st.st_mode & 077) != 0)
		config_diag_add(reading->diags, reading->path, 0,
		    "others can read or change it (mode %04o): chmod 600 it, and think of its "
		    "passwords as known.",
		    (unsigned)(st.st_mode & 07777));
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		config_diag_add(reading->diags, reading->path, 0,
		    "it belongs to the user number %u, who can read and change it: chown root it.",
		    (unsigned)st.st_uid);
	else if (st.st_size > FILE_MAX)
		config_diag_add(reading->diags, reading->path, 0, "too large for a users file.");
	else
		return true;
	return false;
}

/* All of it, with a NUL; NULL after it said what is wrong.  The caller wipes and frees it. */
static char *
read_all(int fd, const struct reading *reading, size_t *len)
{
	char *text = malloc(FILE_MAX + 1);
	ssize_t got = 1;

	*len = 0;
	while (text != NULL && got > 0 && *len < FILE_MAX) {
		got = read(fd, text + *len, FILE_MAX - *len);
		*len += got > 0 ? (size_t)got : 0;
	}
	if (text == NULL || got < 0) {
		config_diag_add(reading->diags, reading->path, 0, "%s.", strerror(errno));
		free(text);
		return NULL;
	}
	text[*len] = '\0';
	return text;
}

/*
 * libconfig would read what is included without a look at who can read it, and takes the text up
 * to a NUL.
 */
static bool
is_plain(const struct reading *reading, const char *text, size_t len)
{
	unsigned line = 1;

	if (strlen(text) != len) {
		config_diag_add(
		    reading->diags, reading->path, 0, "it has a NUL octet; this is no text.");
		return false;
	}
	for (const char *at = text; at != NULL; line++) {
		if (strncmp(at + strspn(at, " \t"), "@include", 8) == 0) {
			config_diag_add(
			    reading->diags, reading->path, line, "a users file includes no other.");
			return false;
		}
		at = strchr(at, '\n');
		at = at == NULL ? NULL : at + 1;
	}
	return true;
}

/* ------------------------------------------------------------------------------- its users */

static void
wrong(const struct reading *reading, const config_setting_t *at, const char *text)
{
	config_diag_add(reading->diags, reading->path, config_setting_source_line(at), "%s", text);
}

static bool
is_name(const char *name)
{
	for (; *name != '\0'; name++) {
		if (iscntrl((unsigned char)*name))
			return false;
	}
	return true;
}

/* NULL after it said what is wrong with it. */
static const char *
take_text(const struct reading *reading, const config_setting_t *at, size_t size)
{
	const char *text = config_setting_get_string(at), *name = config_setting_name(at);
	char what[100];

	snprintf(
	    what, sizeof(what), "%.20s takes a text in quotes of 1 to %zu octets.", name, size - 1);
	if (text != NULL && text[0] != '\0' && strlen(text) < size)
		return text;
	wrong(reading, at, what);
	return NULL;
}

static void
take_member(const struct reading *reading, const config_setting_t *at, struct user *user)
{
	const char *name = config_setting_name(at), *text;

	if (strcmp(name, "name") == 0) {
		text = take_text(reading, at, sizeof(user->name));
		if (text != NULL && !is_name(text))
			wrong(reading, at,
			    "the name has a control character (a backslash that was not "
			    "escaped?).");
		else if (text != NULL)
			memcpy(user->name, text, strlen(text) + 1);
	} else if (strcmp(name, "password") == 0) {
		text = take_text(reading, at, sizeof(user->secret));
		if (text != NULL)
			memcpy(user->secret, text, strlen(text) + 1);
	} else if (strcmp(name, "address") == 0) {
		text = take_text(reading, at, INET_ADDRSTRLEN);
		if (text != NULL && inet_pton(AF_INET, text, &user->address) != 1)
			wrong(reading, at, "the address is no IPv4 address.");
	} else {
		wrong(reading, at, "a user has name, password and address, and nothing else.");
	}
}

static void
take_user(const struct reading *reading, const config_setting_t *at)
{
	struct user *user = &reading->users->user[reading->users->count++];

	user->line = config_setting_source_line(at);
	if (!config_setting_is_group(at)) {
		wrong(reading, at, "a user is a group, { name = \"...\"; password = \"...\"; }.");
		return;
	}
	for (int i = 0; i < config_setting_length(at); i++)
		take_member(reading, config_setting_get_elem(at, (unsigned)i), user);
	if (config_setting_get_member(at, "name") == NULL)
		wrong(reading, at, "the name of this user is missing.");
	if (config_setting_get_member(at, "password") == NULL)
		wrong(reading, at, "the password of this user is missing.");
}

static int
by_name(const void *one, const void *two)
{
	const struct user *const *a = one, *const *b = two;
	int names = strcmp((*a)->name, (*b)->name);

	return names != 0 ? names : (*a)->line < (*b)->line ? -1 : 1;
}

static int
by_address(const void *one, const void *two)
{
	const struct user *const *a = one, *const *b = two;
	uint32_t first = ntohl((*a)->address.s_addr), second = ntohl((*b)->address.s_addr);

	if (first != second)
		return first < second ? -1 : 1;
	return (*a)->line < (*b)->line ? -1 : 1;
}

/* No two have one name or one address. */
static void
find_doubles(const struct reading *reading)
{
	const struct users *users = reading->users;
	const struct user **sorted = calloc(users->count + 1, sizeof(*sorted));

	if (sorted == NULL) {
		config_diag_add(reading->diags, reading->path, 0, "out of memory.");
		return;
	}
	for (size_t i = 0; i < users->count; i++)
		sorted[i] = &users->user[i];
	qsort(sorted, users->count, sizeof(*sorted), by_name);
	for (size_t i = 1; i < users->count; i++) {
		if (sorted[i]->name[0] != '\0' && strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			config_diag_add(reading->diags, reading->path, sorted[i]->line,
			    "\"%s\" is there twice, first in line %u.", sorted[i]->name,
			    sorted[i - 1]->line);
	}
	qsort(sorted, users->count, sizeof(*sorted), by_address);
	for (size_t i = 1; i < users->count; i++) {
		if (sorted[i]->address.s_addr != htonl(INADDR_ANY) &&
		    sorted[i]->address.s_addr == sorted[i - 1]->address.s_addr)
			config_diag_add(reading->diags, reading->path, sorted[i]->line,
			    "the address of \"%s\" is that of \"%s\", in line %u.", sorted[i]->name,
			    sorted[i - 1]->name, sorted[i - 1]->line);
	}
	free((void *)sorted);
}

static void
take_users(const struct reading *reading, const config_t *file)
{
	const config_setting_t *root = config_root_setting(file), *list = NULL;

	for (int i = 0; i < config_setting_length(root); i++) {
		const config_setting_t *at = config_setting_get_elem(root, (unsigned)i);

		if (strcmp(config_setting_name(at), "users") == 0)
			list = at;
		else
			wrong(reading, at, "a users file has users, and nothing else.");
	}
	if (list == NULL || !config_setting_is_list(list)) {
		config_diag_add(reading->diags, reading->path,
		    list != NULL ? config_setting_source_line(list) : 1,
		    "there is no list of users: users: ( { name = \"...\"; password = \"...\"; }, "
		    "... );");
		return;
	}
	reading->users->user = calloc((size_t)config_setting_length(list) + 1, sizeof(struct user));
	if (reading->users->user == NULL) {
		config_diag_add(reading->diags, reading->path, 0, "out of memory.");
		return;
	}
	for (int i = 0; i < config_setting_length(list); i++)
		take_user(reading, config_setting_get_elem(list, (unsigned)i));
	find_doubles(reading);
}

/* libconfig knows no const: the text of a setting is its own copy, which nobody reads again. */
static void
wipe_texts(const config_setting_t *at)
{
	const char *text = config_setting_get_string(at);
	union {
		const char *read;
		char *write;
	} copy = {text};

	if (text != NULL)
		explicit_bzero(copy.write, strlen(text));
	if (!config_setting_is_aggregate(at))
		return;
	for (int i = 0; i < config_setting_length(at); i++)
		wipe_texts(config_setting_get_elem(at, (unsigned)i));
}

static void
parse(const struct reading *reading, const char *text)
{
	config_t file;

	config_init(&file);
	if (config_read_string(&file, text) == CONFIG_TRUE)
		take_users(reading, &file);
	else
		config_diag_add(reading->diags, reading->path, (unsigned)config_error_line(&file),
		    "syntax error: is a quote, a bracket or a ';' missing here or before?");
	wipe_texts(config_root_setting(&file));
	config_destroy(&file);
}

bool
users_load(const char *path, struct users *users, struct config_diags *diags)
{
	const struct reading reading = {path, users, diags};
	unsigned before = diags->count;
	char *text = NULL;
	size_t len = 0;
	/* A FIFO must not hold us before we have seen that it is none of ours. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	memset(users, 0, sizeof(*users));
	if (fd < 0)
		config_diag_add(diags, path, 0, "%s.", strerror(errno));
	else if (check_file(fd, &reading))
		text = read_all(fd, &reading, &len);
	if (fd >= 0)
		close(fd);
	if (text != NULL && is_plain(&reading, text, len))
		parse(&reading, text);
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	if (diags->count == before)
		return true;
	users_free(users);
	return false;
}

void
users_free(struct users *users)
{
	if (users->user != NULL)
		explicit_bzero(users->user, users->count * sizeof(*users->user));
	free(users->user);
	memset(users, 0, sizeof(*users));
}

/* ------------------------------------------------------------------- of a configuration */

/* answer-auth: the one that calls us. */
static bool
take_peer(const struct config *config, struct users *users, struct reason *reason)
{
	struct config place = *config; /* that password as if it were ours */
	const struct secret_listener nobody = {0};
	struct secret secret;

	place.password_from = config->answer_password_from;
	snprintf(
	    place.password_path, sizeof(place.password_path), "%s", config->answer_password_path);
	if (secret_read(&place, &nobody, "", &secret, reason) != 0)
		return false;
	users->user = calloc(1, sizeof(struct user));
	if (users->user == NULL) {
		reason_set(reason, 110, "Out of memory.");
	} else {
		users->count = 1;
		memcpy(users->user->name, config->answer_user, strlen(config->answer_user));
		memcpy(users->user->secret, secret.bytes, secret.len);
	}
	explicit_bzero(&secret, sizeof(secret));
	return users->user != NULL;
}

static bool
take_file(const struct config *config, struct users *users, struct reason *reason)
{
	struct config_diags *diags = calloc(1, sizeof(*diags));
	char text[sizeof(reason->what)];
	bool fine = diags != NULL && users_load(config->users_file, users, diags);

	if (diags == NULL)
		reason_set(reason, 110, "Out of memory.");
	else if (!fine)
		reason_set(
		    reason, 110, "%s", config_diag_text(&diags->diag[0], text, sizeof(text)));
	free(diags);
	return fine;
}

bool
users_of_config(const struct config *config, struct users *users, struct reason *reason)
{
	memset(users, 0, sizeof(*users));
	if (config->role == ROLE_AUTO)
		return take_peer(config, users, reason);
	if (config->role != ROLE_LISTEN || config->secrets != SECRETS_USERS)
		return true;
	if (!take_file(config, users, reason))
		return false;
	for (unsigned i = 0; i < config->peers.count; i++) {
		const struct config_peer *peer = &config->peers.peer[i];

		for (size_t j = 0; j < users->count; j++) {
			if (peer->address.s_addr != htonl(INADDR_ANY) &&
			    strcmp(users->user[j].name, peer->user) == 0)
				users->user[j].address = peer->address;
		}
	}
	return true;
}

/* ------------------------------------------------------------------------------- callers */

static const struct user *
find(const struct users *users, const char *name)
{
	char padded[sizeof(users->user->name)] = "";
	const struct user *found = NULL;
	size_t len = strlen(name);

	if (len == 0 || len >= sizeof(padded))
		return NULL;
	memcpy(padded, name, len);
	for (size_t i = 0; i < users->count; i++) {
		const struct user *user = &users->user[i];
		unsigned char differ = 0;

		for (size_t j = 0; j < sizeof(padded); j++)
			differ |= (unsigned char)(padded[j] ^ user->name[j]);
		if (differ == 0)
			found = user;
	}
	return found;
}

const struct user *
users_find(const struct users *users, const char *name)
{
	const char *slash = strrchr(name, '\\');
	const struct user *whole = find(users, name);
	const struct user *last = find(users, slash != NULL ? slash + 1 : name);

	return whole != NULL ? whole : last;
}

int
users_asked(int fd, struct verify_ask *ask)
{
	ssize_t n = recv(fd, ask, sizeof(*ask), MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != (ssize_t)sizeof(*ask) || ask->version != REPORT_VERSION)
		return -1;
	ask->name[VERIFY_NAME_MAX] = '\0';
	return 1;
}

int
users_answer(int fd, const struct user *user, struct in_addr address)
{
	struct verify_answer answer = {.version = REPORT_VERSION, .address = address.s_addr};
	ssize_t n;

	if (user != NULL) {
		answer.found = 1;
		answer.secret_len = (uint32_t)strlen(user->secret);
		memcpy(answer.secret, user->secret, answer.secret_len);
	}
	n = send(fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL);
	explicit_bzero(&answer, sizeof(answer));
	return n == (ssize_t)sizeof(answer) ? 0 : -1;
}
