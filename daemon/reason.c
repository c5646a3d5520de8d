/* reason.c: the E-codes, each with its exit code and its advice (interface.md 6 and 8). */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	unsigned ecode;
	int exit_code;
	const char *next;
} table[] = {
    {0, EXIT_OK, ""},
    {1, EXIT_INTERNAL, "please report this with the output of: pptpeer connect -vv ..."},
    /* this host */
    {101, EXIT_SYSTEM,
	"modprobe ppp_generic; in a container: --device /dev/ppp --cap-add NET_ADMIN "
	"--cap-add NET_RAW"},
    {102, EXIT_SYSTEM, "install pppd (Debian: apt install ppp)"},
    {103, EXIT_SYSTEM, "build pptpeer against the headers of the installed pppd (ppp-dev)"},
    {104, EXIT_PRIVILEGE, "run it as root: sudo pptpeer ..."},
    {105, EXIT_CONFIG, "correct that file, or take the line out"},
    {106, EXIT_INTERNAL,
	"look at pppd's last words above; -vv (log.level = \"debug\") shows all it said"},
    {107, EXIT_INTERNAL, ""},
    {108, EXIT_CONFIG, "correct --bind (dial.bind)"},
    {109, EXIT_USAGE, ""},
    {110, EXIT_CONFIG, "correct it; pptpeer check finds all that is wrong"},
    {111, EXIT_EXISTS,
	"pptpeer status; or give this one another name (--name, or that of its file)"},
    {112, EXIT_TIMEOUT, "give it more time with --timeout"},
    {113, EXIT_SYSTEM,
	"modprobe -a tun pppoe; or data.path (--data-path) auto, which does without"},
    {114, EXIT_INTERNAL, "let that program leave pptap* alone"},
    {115, EXIT_SYSTEM, "modprobe pptp; or another data.path (--data-path)"},
    /* control connection and call */
    {201, EXIT_TCP, "check the address, and that the way lets TCP 1723 through"},
    {202, EXIT_TCP, "check the address, and that a PPTP server runs there"},
    {203, EXIT_CONTROL, "ask whoever runs the server"},
    {204, EXIT_CONTROL, ""},
    {205, EXIT_CALL, "ask whoever runs the server"},
    {206, EXIT_CONTROL, "check that this address and port belong to a PPTP server"},
    {207, EXIT_LOOKUP, "check the name, and this host's DNS"},
    {208, EXIT_CONTROL, "check that this address and port belong to a PPTP server"},
    {209, EXIT_CALL, "ask whoever runs the server"},
    {210, EXIT_PEER_HANGUP, ""},
    {211, EXIT_PEER_HANGUP, ""},
    /* GRE */
    {301, EXIT_GRE,
	"allow \"protocol 47 / GRE / PPTP pass-through\" on the router and at the server"},
    {302, EXIT_GRE, ""},
    {303, EXIT_GRE,
	"switch the PPTP helper of the router on or off; it must rewrite both ways or none"},
    {304, EXIT_GRE, "dial that address, or mend the server's routing"},
    /* authentication */
    {401, EXIT_AUTH, "correct the password, then connect again"},
    {402, EXIT_AUTH, ""},
    {403, EXIT_PEER_AUTH, ""},
    /* encryption */
    {501, EXIT_ENCRYPTION,
	"switch MPPE on at the server, or give --mppe prefer (encryption.mppe): your traffic can "
	"then be read on the way"},
    {502, EXIT_SYSTEM, "modprobe ppp_mppe"},
    {504, EXIT_ENCRYPTION, "take --mppe off away (encryption.mppe = \"off\")"},
    {503, EXIT_ENCRYPTION, "let only one side authenticate the other"},
    /* the link */
    {601, EXIT_DEAD_PEER, ""},
    {602, EXIT_DEAD_PEER, ""},
    {603, EXIT_PPP, "-vv (log.level = \"debug\") shows what each side asked for"},
    {604, EXIT_PEER_HANGUP, ""},
    {605, EXIT_PPP, "something on the way sends our own packets back to us"},
    {606, EXIT_DEAD_PEER, ""},
    {607, EXIT_DEAD_PEER,
	"find out what took the interface, and let pptpeer end the tunnel instead"},
    /* what the tunnel is for */
    {701, EXIT_CONFIG, "routes.server-route = \"auto\", or other routes"},
    {703, EXIT_HOOK, "mend the hook, or hooks.required = false"},
};

void
reason_set(struct reason *reason, unsigned ecode, const char *format, ...)
{
	va_list args;
	size_t i = 0;

	memset(reason, 0, sizeof(*reason));
	while (i < sizeof(table) / sizeof(table[0]) && table[i].ecode != ecode)
		i++;
	if (i == sizeof(table) / sizeof(table[0]))
		i = 1; /* a code without a row is our mistake: internal */
	reason->ecode = table[i].ecode;
	reason->exit_code = table[i].exit_code;
	snprintf(reason->next, sizeof(reason->next), "%s", table[i].next);
	va_start(args, format);
	vsnprintf(reason->what, sizeof(reason->what), format, args);
	va_end(args);
}

void
reason_next(struct reason *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason->next, sizeof(reason->next), format, args);
	va_end(args);
}

bool
reason_is_none(const struct reason *reason)
{
	return reason->what[0] == '\0';
}

bool
exit_code_redials(int exit_code)
{
	switch (exit_code) {
	case EXIT_INTERNAL:
	case EXIT_LOOKUP:
	case EXIT_TCP:
	case EXIT_CONTROL:
	case EXIT_CALL:
	case EXIT_GRE:
	case EXIT_PPP:
	case EXIT_DEAD_PEER:
	case EXIT_PEER_HANGUP:
	case EXIT_HOOK:
		return true;
	default:
		return false;
	}
}

const char *
reason_by(const struct reason *reason)
{
	if (reason->ecode == 0)
		return "user";
	switch (reason->exit_code) {
	case EXIT_CONTROL:
	case EXIT_CALL:
	case EXIT_AUTH:
	case EXIT_PEER_AUTH:
	case EXIT_ENCRYPTION:
	case EXIT_PEER_HANGUP:
		return "peer";
	default:
		return "here";
	}
}
