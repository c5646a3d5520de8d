/* secret.c: see secret.h. */
#include "secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "password.h"
#include "pptp.h"

/* A person sits at our terminal, and we have not been sent behind it with "&". */
static bool
has_terminal(const struct password_source *source)
{
	int tty = open(source->tty, O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool ours = tty >= 0 && tcgetpgrp(tty) == getpgrp();

	if (tty >= 0)
		close(tty);
	return ours;
}

/* Our terminal, which is that of whoever started us while they wait, else systemd's agents. */
static int
ask(const struct config *config, struct secret *secret, char *err, size_t err_size)
{
	struct password_source source;
	char prompt[PROMPT_MAX], login[256];

	if (config_login(config, login, sizeof(login)) < 0)
		return EXIT_CONFIG; /* never: config_check() has looked */
	snprintf(prompt, sizeof(prompt), "Password for %s at %s: ", login, config->servers[0]);
	password_source_init(&source);
	source.prompt = prompt;
	source.instead = PASSWORD_INSTEAD;
	if (!has_terminal(&source))
		source.tty = "";
	return password_read(&source, secret, err, err_size);
}

static int
run_command(const struct config *config, const struct secret_listener *listener, const char *server,
    struct secret *secret, char *err, size_t err_size)
{
	struct password_environment environment = {0};
	struct password_source source;

	password_environment_init(&environment, config, server);
	password_source_init(&source);
	source.way = PASSWORD_COMMAND;
	source.command = &config->password_command;
	source.environment = &environment;
	source.said = listener->said;
	source.ctx = listener->ctx;
	return password_read(&source, secret, err, err_size);
}

static int
read_file(const struct config *config, struct secret *secret, char *err, size_t err_size)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct password_source source;
	char path[1024];

	snprintf(path, sizeof(path), "%s", config->password_path);
	if (config->password_from == SECRET_CREDENTIAL)
		snprintf(path, sizeof(path), "%s/%s",
		    folder != NULL ? folder : "/(CREDENTIALS_DIRECTORY is not set)",
		    config->password_path);
	password_source_init(&source);
	source.way = PASSWORD_FILE;
	source.path = path;
	return password_read(&source, secret, err, err_size);
}

int
secret_read(const struct config *config, const struct secret_listener *listener, const char *server,
    struct secret *secret, struct reason *reason)
{
	char err[512], escaped[sizeof(reason->what)];
	int code;

	if (config->password_from == SECRET_ASK)
		code = ask(config, secret, err, sizeof(err));
	else if (config->password_from == SECRET_COMMAND)
		code = run_command(config, listener, server, secret, err, sizeof(err));
	else
		code = read_file(config, secret, err, sizeof(err));
	if (code == EXIT_USAGE) /* our command line is not at fault, but who could answer */
		code = EXIT_CONFIG;
	if (code > 0) {
		pptp_escape(err, escaped, sizeof(escaped)); /* the file's name is in it */
		reason_set(reason, 109, "%s", escaped);
		reason->exit_code = code;
	}
	return code;
}
