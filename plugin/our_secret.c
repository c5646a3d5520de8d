/* our_secret.c: see our_secret.h. */
#include "our_secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"
#include "report.h"
#include "say.h"

static struct {
	bool given;
	char octets[SECRET_MAX + 1];
} secret;

void
pptpeer_secret_begin(void)
{
	if (secret.given)
		memcpy(passwd, secret.octets, sizeof(secret.octets));
}

void
pptpeer_secret_wipe(void)
{
	explicit_bzero(secret.octets, sizeof(secret.octets));
	if (secret.given)
		explicit_bzero(passwd, sizeof(secret.octets));
}

static int
have_secret(void)
{
	return 1;
}

/* pppd's buffers have MAXSECRETLEN (256) octets; NULL asks whether there is a secret. */
static int
give_secret(char *out)
{
	if (out != NULL)
		memcpy(out, secret.octets, sizeof(secret.octets));
	return 1;
}

static int
passwd_hook(char *name, char *out)
{
	(void)name;
	return give_secret(out);
}

static int
set_secret(char **argv)
{
	ssize_t n;
	int fd = pptpeer_take_socket(*argv);

	if (fd < 0)
		return 0;
	/* A core must not hold it; a debugger of another user's must not see it. */
	prctl(PR_SET_DUMPABLE, 0);
	n = recv(fd, secret.octets, sizeof(secret.octets), MSG_DONTWAIT);
	close(fd);
	/* 0: the keeper has closed it, and is gone; it never sends an empty one. */
	if (n <= 0 || n > SECRET_MAX || memchr(secret.octets, '\0', (size_t)n) != NULL) {
		pptpeer_option_error("pptpeer: no usable secret was waiting");
		explicit_bzero(secret.octets, sizeof(secret.octets));
		return 0;
	}
	secret.given = true;
	chap_check_hook = have_secret;
	pap_check_hook = have_secret;
	chap_passwd_hook = passwd_hook;
	pap_passwd_hook = passwd_hook;
	return 1;
}

void
pptpeer_secret_init(void)
{
	static char name[] = "pptpeer-secret";
	static char help[] = "Socket from which pptpeer's secret is read";
	static option_t options[] = {
	    {.name = name, .type = o_special, .addr = (void *)set_secret, .description = help},
	    {.name = NULL},
	};

	ppp_add_options(options);
}
