/* explain_facts.c: the numbers of others, in words. */
#include "explain.h"

#include <string.h>

#include "daemon/mschap.h"
#include "daemon/reason.h"
#include "pptp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ASK_SERVER   "ask whoever runs the server"

struct fact {
	unsigned number;
	const char *name; /* NULL: the family's own function has it */
	const char *what, *causes, *next;
	const char *maps;
};

/* pppd(8), EXIT STATUS; `maps` is reason_status() of daemon/peer_reason_ppp.c. */
static const struct fact pppd[] = {
    {0, "ended", "pppd has gone to the background, or the link was up and the peer ended it.", NULL,
	NULL, "E604: exit code 16, or 11 before the tunnel was up"},
    {1, "fatal error", "A system call failed, or memory ran out.", NULL,
	"look at pppd's last words in the log", "E106: exit code 1"},
    {2, "options", "Its options were wrong, or two of them exclude each other.",
	"an options file for another version of pppd", "correct the line that its log names",
	"E105 (E103 when it is about our plugin): exit code 3 (5)"},
    {3, "not root", "It is not setuid root, and was not started by root.", NULL, "run it as root",
	"E104: exit code 4"},
    {4, "no PPP", "The kernel has no PPP: no driver, no module, or no /dev/ppp.", NULL,
	"modprobe ppp_generic", "E101: exit code 5"},
    {5, "signal", "It was told to end by SIGINT, SIGTERM or SIGHUP.",
	"somebody, or another program, on this host", NULL,
	"what ended the tunnel, else E604: exit code 16, or 11 before the tunnel was up"},
    {6, "lock", "The serial port could not be locked.", "another pppd has it", NULL,
	"E106: exit code 1"},
    {7, "no port", "The serial port could not be opened.", NULL, NULL, "E106: exit code 1"},
    {8, "connect script", "The connect script failed.", NULL, "look at what that script says",
	"E106: exit code 1"},
    {9, "pty command", "The command of its option pty could not be run.",
	"pptp is not installed, or not where the options say", NULL, "E106: exit code 1"},
    {10, "not agreed", "The two sides did not come to one network protocol.",
	"GRE does not come through; the encryption or authentication of one side is refused by the "
	"other; no address left at the server",
	"look at what its log says before",
	"what the tunnel has seen: E301 to E304 (10), E402 (12), E501 (14), E502 (5), else E603 "
	"(11)"},
    {11, "peer not authenticated", "The peer did not authenticate itself to us, or failed to.",
	"pppd demands it (its option auth), which servers do not do for clients", "pppd's noauth",
	"E403: exit code 13"},
    {12, "idle", "The link was idle for as long as its option idle says.", NULL, NULL,
	"exit code 0: it was asked for"},
    {13, "time limit", "The link was up for as long as its option maxconnect says.", NULL, NULL,
	"exit code 0: it was asked for"},
    {14, "callback", "The peer is to call back.", NULL, NULL, "exit code 0: it was asked for"},
    {15, "dead peer", "The peer did not answer LCP's Echo-Requests.",
	"the network is gone; the server crashed; something began to drop GRE", NULL,
	"E602: exit code 15"},
    {16, "modem hangup",
	"Its line was closed: by what carries the call, or at the other end. It says nothing about "
	"why.",
	"the PPTP client (or pptpeer) ended first, for a reason of its own",
	"look at what the PPTP client said just before; with pptpeer: pptpeer status NAME",
	"what ended the tunnel, else E604: exit code 16, or 11 before the tunnel was up"},
    {17, "loop", "Its own packets came back: the line is looped.", NULL, NULL,
	"E605: exit code 11"},
    {18, "init script", "The init script failed.", NULL, "look at what that script says",
	"E106: exit code 1"},
    {19, "we were refused", "We did not manage to authenticate ourselves to the peer.",
	"a wrong user name or password; a method that one side does not have; a server that did "
	"not "
	"answer",
	"correct the password",
	"E401: exit code 12 where the server refused; else E603: exit code 11"},
    {20, "traffic limit", "As many octets went through as its option maxoctets says.", NULL, NULL,
	"exit code 0: it was asked for"},
    {21, "calling number", "The peer's number may not call.", NULL, NULL, "E403: exit code 13"},
};

/* RFC 2433 5, RFC 2759 6; the names are mschap.c's. */
static const struct fact mschap[] = {
    {646, NULL, "The account may log on at other hours only.", NULL,
	"try later, or have the account's logon hours changed", NULL},
    {647, NULL, "The account is disabled at the server.", NULL,
	"have it enabled by whoever runs the server", NULL},
    {648, NULL, "The password is right, but too old.", NULL,
	"change it by another way than PPTP, then correct it here", NULL},
    {649, NULL, "The account is right, and may not dial in.",
	"the dial-in right of the account or a network policy of the server",
	"have it granted by whoever runs the server", NULL},
    {691, NULL, "The server knows no such user with that password.",
	"a typing error; a domain that is missing or too many (auth.domain); a server that holds "
	"another method than this one against the caller; a locked account",
	"correct user, domain and password before the next try: many servers lock the account",
	NULL},
    {709, NULL, "The new password was not taken.", "a rule about passwords at the server",
	"change it by another way than PPTP", NULL},
};

static const struct fact start[] = {
    {1, NULL, "The control connection is established.", NULL, NULL, NULL},
    {2, NULL, "Something went wrong; the error code says what.", NULL, ASK_SERVER, NULL},
    {3, NULL, "There is a control connection between these two already (RFC 2637 3.1.3).",
	"an earlier one that the server has not noticed the end of; two tunnels from one address",
	"wait a minute, then dial again", NULL},
    {4, NULL, "The caller may not have a control connection here.",
	"the server knows callers by their address", ASK_SERVER, NULL},
    {5, NULL, "The server speaks another version of PPTP.", NULL, ASK_SERVER, NULL},
};

static const struct fact stop[] = {
    {1, NULL, "A general request to end; it says no more.", NULL, NULL, NULL},
    {2, NULL, "The sender does not speak the other's version of PPTP.", NULL, ASK_SERVER, NULL},
    {3, NULL, "The sender is being shut down.", "a restart or a maintenance of the server",
	"dial again later", NULL},
};

static const struct fact reply[] = {
    {1, NULL, "It is done.", NULL, NULL, NULL},
    {2, NULL, "Something went wrong; the error code says what.", NULL, NULL, NULL},
};

static const struct fact outgoing[] = {
    {1, NULL, "The call is established.", NULL, NULL, NULL},
    {2, NULL, "Something went wrong; the error code says what.", NULL, ASK_SERVER, NULL},
    {3, NULL, "No carrier was heard on the line.",
	"a server that gives this where it has no free line or its own PPP failed", ASK_SERVER,
	NULL},
    {4, NULL, "The line was busy.", "all lines of the server are taken", "dial again later", NULL},
    {5, NULL, "There was no dial tone.", NULL, ASK_SERVER, NULL},
    {6, NULL, "The call was not established in the time that the server allows.", NULL,
	"dial again later", NULL},
    {7, NULL, "The server is not to accept this call.",
	"callers are not allowed, or not from this address or with this phone number", ASK_SERVER,
	NULL},
};

static const struct fact incoming[] = {
    {1, NULL, "The call is to be answered.", NULL, NULL, NULL},
    {2, NULL, "Something went wrong; the error code says what.", NULL, ASK_SERVER, NULL},
    {3, NULL, "The call is not to be answered.", NULL, ASK_SERVER, NULL},
};

static const struct fact disconnect[] = {
    {1, NULL, "The carrier was lost.", "the caller's PPP or its network ended", NULL, NULL},
    {2, NULL, "Something went wrong; the error code says what.", NULL, ASK_SERVER, NULL},
    {3, NULL, "Whoever runs the server ended the call, by hand or by a limit.",
	"a shutdown; an idle or session limit", ASK_SERVER, NULL},
    {4, NULL, "The call ended as the other side had asked with a Call-Clear-Request.", NULL, NULL,
	NULL},
};

static const struct fact general[] = {
    {0, NULL, "No general error.", NULL, NULL, NULL},
    {1, NULL, "There is no control connection between the two.",
	"the server was restarted and has forgotten it", "dial again", NULL},
    {2, NULL, "The length of the message, or its Magic Cookie, was wrong.",
	"a middlebox that damages what passes; a fault of one of the two programs", ASK_SERVER,
	NULL},
    {3, NULL, "A field had a value that cannot be, or a reserved one was not 0.",
	"a server that does not take something in our request", ASK_SERVER, NULL},
    {4, NULL, "The server has not enough resources for it now.",
	"all calls of the server are taken; its licence is full", "dial again later", NULL},
    {5, NULL, "The Call ID is not one of this connection.",
	"a NAT helper that rewrites it on one side only",
	"switch the PPTP helper of the router off", NULL},
    {6, NULL, "An error of the server's own kind.", NULL, ASK_SERVER, NULL},
};

/* RFC 2637 2.8 and 2.13 leave it to the line; these are the common ones of ITU-T Q.850. */
static const struct fact cause[] = {
    {0, "none", "The server gives no cause.", NULL, NULL, NULL},
    {1, "unassigned number", "The number that was called belongs to nobody.", NULL,
	"correct dial.phone", NULL},
    {3, "no route", "There is no way to the number that was called.", NULL, ASK_SERVER, NULL},
    {16, "normal clearing", "One side hung up.", NULL, NULL, NULL},
    {17, "user busy", "The line is busy.", NULL, "dial again later", NULL},
    {18, "no user responding", "Nothing answered the call.", NULL, "dial again later", NULL},
    {19, "no answer", "It rang, and nobody took the call.", NULL, "dial again later", NULL},
    {21, "call rejected", "The other side does not take the call.", NULL, ASK_SERVER, NULL},
    {27, "out of order", "What was called is out of order.", NULL, ASK_SERVER, NULL},
    {28, "number format", "The number is not complete, or not one.", NULL, "correct dial.phone",
	NULL},
    {31, "normal, unspecified", "It ended in an ordinary way.", NULL, NULL, NULL},
    {34, "no circuit", "All lines are taken.", NULL, "dial again later", NULL},
    {38, "network out of order", "The network behind the server is out of order.", NULL, ASK_SERVER,
	NULL},
    {41, "temporary failure", "A failure that should pass.", NULL, "dial again later", NULL},
    {42, "congestion", "The switch has too much to do.", NULL, "dial again later", NULL},
    {47, "no resources", "What the call needs is taken.", NULL, "dial again later", NULL},
    {102, "timer expired", "An answer did not come in time.", NULL, "dial again later", NULL},
};

static const struct family_row {
	enum family family;
	const char *kind, *title;
	const struct fact *facts;
	size_t count;
	const char *(*name)(unsigned number);
} families[] = {
    {FAMILY_ECODE, "e-code", "pptpeer's E-code", NULL, 0, NULL},
    {FAMILY_EXIT, "exit", "pptpeer's exit code", NULL, 0, NULL},
    {FAMILY_PPPD, "pppd", "pppd's exit status", pppd, COUNT(pppd), NULL},
    {FAMILY_MSCHAP, "ms-chap", "MS-CHAP error", mschap, COUNT(mschap), mschap_error_text},
    {FAMILY_START, "start-result", "Start-Control-Connection-Reply's result", start, COUNT(start),
	pptp_sccrp_result_name},
    {FAMILY_STOP, "stop-reason", "Stop-Control-Connection-Request's reason", stop, COUNT(stop),
	pptp_stop_reason_name},
    {FAMILY_REPLY, "reply-result", "Stop-Control-Connection-Reply's or Echo-Reply's result", reply,
	COUNT(reply), pptp_stop_result_name},
    {FAMILY_OUTGOING, "outgoing-result", "Outgoing-Call-Reply's result", outgoing, COUNT(outgoing),
	pptp_ocrp_result_name},
    {FAMILY_INCOMING, "incoming-result", "Incoming-Call-Reply's result", incoming, COUNT(incoming),
	pptp_icrp_result_name},
    {FAMILY_DISCONNECT, "disconnect-result", "Call-Disconnect-Notify's result", disconnect,
	COUNT(disconnect), pptp_cdn_result_name},
    {FAMILY_GENERAL, "general-error", "RFC 2637's general error", general, COUNT(general),
	pptp_general_error_name},
    {FAMILY_CAUSE, "cause", "cause code of a call", cause, COUNT(cause), NULL},
    {FAMILY_LINE, "line", "line of a log", NULL, 0, NULL},
};

static const struct family_row *
family_row(enum family family)
{
	size_t i = 0;

	while (i + 1 < COUNT(families) && families[i].family != family)
		i++;
	return &families[i];
}

const char *
explain_family_title(enum family family)
{
	return family_row(family)->title;
}

const char *
explain_family_kind(enum family family)
{
	return family_row(family)->kind;
}

static bool
ecode_meaning(unsigned number, struct meaning *meaning)
{
	size_t count;
	const struct reason_row *row = reason_rows(&count), *end = row + count;

	while (row < end && row->ecode != number)
		row++;
	if (row == end || number == 0) /* nobody is shown an E000 */
		return false;
	meaning->name = row->name;
	meaning->what = row->meaning;
	meaning->causes = row->causes;
	meaning->next = row->advice != NULL ? row->advice : row->next;
	meaning->also = row->also;
	meaning->exit_code = row->exit_code;
	return true;
}

bool
explain_number(enum family family, unsigned number, struct meaning *meaning)
{
	const struct family_row *row = family_row(family);
	const struct exit_row *exit = family == FAMILY_EXIT ? exit_row((int)number) : NULL;
	const struct fact *fact, *end;

	*meaning = (struct meaning){.family = family, .number = number, .exit_code = -1};
	if (family == FAMILY_ECODE)
		return ecode_meaning(number, meaning);
	if (exit != NULL) {
		meaning->name = exit->name;
		meaning->what = exit->meaning;
		meaning->exit_code = exit->exit_code;
		return true;
	}
	if (row->count == 0)
		return false; /* its facts are nowhere: of no pointer there is no end */
	fact = row->facts;
	end = fact + row->count;
	while (fact < end && fact->number != number)
		fact++;
	if (fact == end)
		return false;
	meaning->name = fact->name != NULL ? fact->name : row->name(number);
	meaning->what = fact->what;
	meaning->causes = fact->causes;
	meaning->next = fact->next;
	meaning->maps = fact->maps;
	return true;
}
