/* reason_explain.c: what there is to say of an E-code and of an exit code, for whoever asks (interface.md 6 and 8). */
#include "reason.h"

#define ROW(...) {__VA_ARGS__},
static const struct reason_row table[] = {
#include "reason_table.h"
};

static const struct exit_row exits[] = {
    {EXIT_OK, "ok", false,
	"It ended because somebody asked for it, or the verb has done its work."},
    {EXIT_INTERNAL, "internal", true,
	"A bug, or an error of the system that nobody expects; of status: a tunnel is not up."},
    {EXIT_USAGE, "usage", false,
	"The command line is wrong, or nobody could be asked for the password."},
    {EXIT_CONFIG, "config", false,
	"The settings are wrong, or what should give the password does not."},
    {EXIT_PRIVILEGE, "privilege", false, "Root is needed, or a capability is missing."},
    {EXIT_SYSTEM, "system", false,
	"This host lacks something: PPP or MPPE in the kernel, pppd, its plugin."},
    {EXIT_LOOKUP, "lookup", true, "The server's name could not be looked up."},
    {EXIT_TCP, "tcp", true,
	"The server did not answer on TCP port 1723, refused, or cannot be reached."},
    {EXIT_CONTROL, "control", true,
	"The server refused the control connection, or what it says is not PPTP."},
    {EXIT_CALL, "call", true, "The server refused the call, or ended it before the tunnel was up."},
    {EXIT_GRE, "gre", true, "The call is open, but no GRE comes from the server."},
    {EXIT_PPP, "ppp", true, "PPP did not come up."},
    {EXIT_AUTH, "auth", false,
	"The server refused the user name or the password, or wants a method that is not "
	"accepted."},
    {EXIT_PEER_AUTH, "peer-auth", false, "The server did not prove who it is."},
    {EXIT_ENCRYPTION, "encryption", false,
	"Encryption is demanded by one side and not to be had from the other."},
    {EXIT_DEAD_PEER, "dead-peer", true, "The tunnel was up, and the server stopped answering."},
    {EXIT_PEER_HANGUP, "peer-hangup", true, "The tunnel was up, and the server ended it."},
    {EXIT_TIMEOUT, "timeout", false, "The time of --timeout or --wait is over."},
    {EXIT_HOOK, "hook", true,
	"The program of auth.password-command failed, or a hook that is required, or the pre-dial "
	"hook forbade the dial."},
    {EXIT_EXISTS, "exists", false, "A tunnel of that name runs already."},
    {EXIT_NO_DAEMON, "no-daemon", false, "No tunnel of that name runs, or there is none."},
};

const struct reason_row *
reason_rows(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

const struct exit_row *
exit_row(int exit_code)
{
	size_t i = 0;

	while (i < sizeof(exits) / sizeof(exits[0]) && exits[i].exit_code != exit_code)
		i++;
	return i < sizeof(exits) / sizeof(exits[0]) ? &exits[i] : NULL;
}

bool
exit_code_redials(int exit_code)
{
	const struct exit_row *row = exit_row(exit_code);

	return row != NULL && row->redials;
}
