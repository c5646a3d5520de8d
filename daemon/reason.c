/* reason.c: the E-codes, each with its exit code and its advice (interface.md 6 and 8). */
#include "reason.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pptp.h"

static const struct reason_row table[] = {
    {0, EXIT_OK, "", "ended", "It ended as asked: by you, the configuration, or a signal.", NULL,
	NULL, NULL},
    {1, EXIT_INTERNAL, "please report this with the output of: pptpeer connect -vv ...", "internal",
	"A bug, or an error of the system that nobody expects.",
	"a process of the tunnel was killed (out of memory, by hand); a fault of pptpeer", NULL,
	NULL},
    /* this host */
    {101, EXIT_SYSTEM,
	"modprobe ppp_generic; in a container: --device /dev/ppp --cap-add NET_ADMIN --cap-add "
	"NET_RAW",
	"no-ppp", "/dev/ppp cannot be opened, or the kernel has no PPP.",
	"the module ppp_generic is not loaded, or not built; a container without the device or the "
	"capabilities; a kernel that was replaced by an upgrade and waits for a reboot",
	NULL, NULL},
    {102, EXIT_SYSTEM, "install pppd (Debian: apt install ppp)", "no-pppd",
	"There is no pppd where it should be.",
	"the package ppp is not installed; pppd.path names another file", NULL, NULL},
    {103, EXIT_SYSTEM, "build pptpeer against the headers of the installed pppd (ppp-dev)",
	"plugin",
	"pppd's plugin of pptpeer is missing, or built for another version of pppd or of pptpeer.",
	"pppd was upgraded and pptpeer was not; only half of an installation was replaced", NULL,
	NULL},
    {104, EXIT_PRIVILEGE, "run it as root: sudo pptpeer ...", "privilege",
	"Root is needed, or a capability is missing.",
	"started without sudo; a container without NET_ADMIN and NET_RAW", NULL, NULL},
    {105, EXIT_CONFIG, "correct that file, or take the line out", "pppd-options",
	"pppd does not take its options.",
	"a word of pppd.options that this pppd does not have; a line of /etc/ppp/options for "
	"another version",
	NULL, NULL},
    {106, EXIT_INTERNAL,
	"look at pppd's last words above; -vv (log.level = \"debug\") shows all it said",
	"pppd-failed", "pppd failed, or was killed; its last words are in the message.",
	"somebody killed it; the kernel lacks something that it needs; its lock or its pty cannot "
	"be had",
	NULL, NULL},
    {107, EXIT_INTERNAL, "", "host",
	"Something of this host could not be made or opened: a folder, a socket, a process.",
	"a file system that is full or read-only; no memory, processes or descriptors left", NULL,
	"look at the message: free space, memory, or what it names"},
    {108, EXIT_CONFIG, "correct --bind (dial.bind)", "bind",
	"This host does not have the address or the interface to dial from.",
	"an address that another network gave; an interface that is not there yet", NULL, NULL},
    {109, EXIT_USAGE, "", "no-password",
	"There is no password: nobody can be asked, nobody answered, or what should give it does "
	"not.",
	"no terminal and no password option; a password file that is missing, empty or readable by "
	"others; a password command that failed",
	"3 where a file or another source is at fault; 18 where a program failed",
	"give it by auth.password-file or another of the auth.password keys; of connect: by one of "
	"its --password options"},
    {110, EXIT_CONFIG, "correct it; pptpeer check finds all that is wrong", "config",
	"The configuration file is missing, or something in it is wrong.",
	"a misspelt key; a value that cannot be; two settings that exclude each other", NULL, NULL},
    {111, EXIT_EXISTS,
	"pptpeer status; or give this one another name (--name, or that of its file)", "exists",
	"A tunnel of that name runs already.",
	"it was started twice, by hand and by systemd for example", NULL, NULL},
    {112, EXIT_TIMEOUT, "give it more time with --timeout", "timeout",
	"The tunnel was not up within --timeout.",
	"the time is shorter than what the server takes; a server that does not answer", NULL,
	NULL},
    {113, EXIT_SYSTEM, "modprobe -a tun pppoe; or data.path (--data-path) auto, which does without",
	"no-tap", "The data path tap was demanded, and this host has none.",
	"the modules tun or pppoe are not there; a sandbox or a container forbids them", NULL,
	NULL},
    {114, EXIT_INTERNAL, "let that program leave pptap* alone", "tap-cut",
	"Another program took down or changed the interface pptapN, through which PPP was "
	"speaking.",
	"a network manager that takes every new interface for its own", NULL, NULL},
    {115, EXIT_SYSTEM, "modprobe pptp; or another data.path (--data-path)", "no-kernel-pptp",
	"The data path kernel was demanded, and this kernel has no PPTP.",
	"the module pptp is not loaded, or not built", NULL, NULL},
    {116, EXIT_TCP,
	"find out who listens there (ss -tlnp), or another listen.address or listen.port",
	"address-taken", "Another program listens where this listener is to.",
	"pptpd, or another listener of ours, on the same address and port", NULL, NULL},
    {117, EXIT_TCP, "correct listen.address, or add it to an interface", "no-address",
	"This host does not have the address to listen on.",
	"the interface is not up yet; a wrong address in the file", NULL, NULL},
    {118, EXIT_CALL, "a larger ip.pool, or a smaller listen.max-calls", "pool-empty",
	"A caller could not be given an address: each one of ip.pool is in use.",
	"more callers at a time than the pool is for; addresses of users of their own in it", NULL,
	NULL},
    /* control connection and call */
    {201, EXIT_TCP, "check the address, and that the way lets TCP 1723 through", "tcp-silent",
	"The server does not answer on TCP port 1723.",
	"the server is off, or at another address; a firewall drops the packets; a network that "
	"lets no VPN out",
	NULL, NULL},
    {202, EXIT_TCP, "check the address, and that a PPTP server runs there", "tcp-refused",
	"TCP port 1723 of the server refuses the connection, or cannot be reached.",
	"no PPTP server runs there; no route to it; a firewall that answers instead of it, or one "
	"on this host",
	NULL, NULL},
    {203, EXIT_CONTROL, "ask whoever runs the server", "start-refused",
	"The server refused the control connection; its result code is in the message.",
	"the server takes no more callers, does not know this address, or is not willing", NULL,
	NULL},
    {204, EXIT_CONTROL, "", "stop",
	"The server closed the control connection with a Stop-Control-Connection-Request; its "
	"reason is in the message.",
	"the server is restarted or shut down; an idle or session limit there",
	"16 once the tunnel was up",
	"it is dialled again; if it comes back at regular times, ask whoever runs the server about "
	"its limits"},
    {205, EXIT_CALL, "ask whoever runs the server", "call-refused",
	"The server refused the call; its result code is in the message.",
	"all its lines are taken; the earlier call of a client that died is still counted there; "
	"PPTP is switched off for callers; it takes no incoming calls (dial.call)",
	NULL, NULL},
    {206, EXIT_CONTROL, "check that this address and port belong to a PPTP server", "not-pptp",
	"What answers is not a PPTP server, or a broken one; its first octets are in the message.",
	"another service on that port; a proxy or a captive portal on the way", NULL, NULL},
    {207, EXIT_LOOKUP, "check the name, and this host's DNS", "lookup",
	"The server's name has no IPv4 address, or could not be looked up.",
	"a misspelt name; no DNS, or DNS that is behind the tunnel itself; a name with IPv6 only, "
	"which PPTP does not have",
	NULL, NULL},
    {208, EXIT_CONTROL, "check that this address and port belong to a PPTP server", "start-silent",
	"The server took the TCP connection, and did not answer Start-Control-Connection-Request.",
	"another service on that port; a server that is overloaded or hangs; a middlebox that "
	"takes the connection in its place",
	NULL, NULL},
    {209, EXIT_CALL, "ask whoever runs the server", "call-silent",
	"The server did not answer Outgoing-Call-Request, or Incoming-Call-Request; or it "
	"connected "
	"to us and placed no call.",
	"a server that is overloaded or hangs; a NAT helper that swallows the message", NULL, NULL},
    {210, EXIT_PEER_HANGUP, "", "disconnect",
	"The server ended the call, with a Call-Disconnect-Notify or a Call-Clear-Request.",
	"an idle or session limit there; its PPP ended; whoever runs it cut the call",
	"9 before the tunnel was up",
	"it is dialled again; if it comes back at regular times, ask whoever runs the server about "
	"its limits"},
    {211, EXIT_PEER_HANGUP, "", "closed", "The server ended the control connection without a word.",
	"the server crashed or was restarted; a NAT or a firewall forgot the connection",
	"8 or 11 before the tunnel was up",
	"it is dialled again; if it comes back often, a shorter keepalive.control-echo keeps a "
	"NAT's memory alive"},
    /* GRE */
    {301, EXIT_GRE,
	"allow \"protocol 47 / GRE / PPTP pass-through\" on the router and at the server", "no-gre",
	"The call is open, and no GRE packet has come, or none that can be read: something on the "
	"way, or the server, drops or damages IP protocol 47.",
	"a router without PPTP pass-through; a cloud or a provider that drops GRE; a firewall at "
	"the server with TCP 1723 only",
	NULL, NULL},
    {302, EXIT_GRE, "", "own-firewall",
	"GRE packets of the other end arrive at this host, and its own firewall drops them, or "
	"those that we send.",
	"a firewall that does not let protocol 47 in; since Linux 4.7 the PPTP helper of "
	"connection tracking is not used by itself; rp_filter; dial.bind, where it comes over "
	"another "
	"interface",
	NULL,
	"let it in, as with: nft insert rule inet filter input ip saddr SERVER meta l4proto gre "
	"accept"},
    {303, EXIT_GRE,
	"switch the PPTP helper of the router on or off; it must rewrite both ways or none",
	"call-id", "GRE comes with another Call ID than was agreed.",
	"a NAT helper on the way rewrites it on one side only; a second tunnel to the same server "
	"from behind the same NAT",
	NULL, NULL},
    {304, EXIT_GRE, "dial that address, or mend the server's routing", "gre-address",
	"GRE comes from another address than the one that was dialled, or that has called.",
	"a server with several addresses; a load balancer that forwards TCP only; a caller behind "
	"a NAT with several addresses",
	NULL, NULL},
    /* authentication */
    {401, EXIT_AUTH, "correct the password, then connect again", "auth-refused",
	"The server refused the user name or the password.",
	"a wrong password; a domain that is missing or too many; an account that is locked, "
	"expired or without the right to dial in",
	NULL, NULL},
    {402, EXIT_AUTH, "", "auth-method",
	"The server asks for an authentication that this tunnel does not accept, or that pptpeer "
	"does not have.",
	"a server for EAP; an old one for PAP or CHAP only", NULL,
	"the message names the method; to accept it: auth.accept (--accept)"},
    {403, EXIT_PEER_AUTH, "", "peer-auth", "The server did not prove that it knows the password.",
	"it is not the server that you mean; pppd.options asks it to authenticate, and it cannot",
	NULL,
	"check the server's name and the password; take options about authentication out of "
	"pppd.options"},
    /* encryption */
    {501, EXIT_ENCRYPTION,
	"switch MPPE on at the server, or give --mppe prefer (encryption.mppe): your traffic can "
	"then be read on the way",
	"no-mppe",
	"Encryption is demanded here, and the server has none, ended it, or offers only another "
	"kind.",
	"MPPE is off at the server; it has 40 bit or stateful only; it authenticates by a method "
	"that gives no keys",
	NULL, NULL},
    {502, EXIT_SYSTEM, "modprobe ppp_mppe", "kernel-mppe", "This kernel has no MPPE.",
	"the module ppp_mppe is not there; the kernel is in FIPS mode, which forbids RC4", NULL,
	NULL},
    {504, EXIT_ENCRYPTION, "take --mppe off away (encryption.mppe = \"off\")", "mppe-demanded",
	"The server demands encryption, and here it is off.", "encryption.mppe is \"off\"", NULL,
	NULL},
    {503, EXIT_ENCRYPTION, "let only one side authenticate the other", "both-ways",
	"Both sides want the other to authenticate, which MPPE excludes.",
	"pppd.options or a file of pppd demands that the server authenticates", NULL, NULL},
    /* the link */
    {601, EXIT_DEAD_PEER, "", "dead-control",
	"The server did not answer an Echo-Request on the control connection.",
	"the network is gone; the server crashed; a NAT forgot the connection",
	"8 before the tunnel was up",
	"it is dialled again; if it comes back often, look at the network, or at a NAT on the way"},
    {602, EXIT_DEAD_PEER, "", "dead-link", "The server did not answer LCP's Echo-Requests.",
	"the network is gone; the server crashed; something began to drop GRE", NULL,
	"it is dialled again; if it comes back often, look at the network, or at a NAT on the way"},
    {603, EXIT_PPP, "-vv (log.level = \"debug\") shows what each side asked for", "ppp",
	"PPP did not come up: the two sides did not agree, or the server stopped answering.",
	"an option that one side demands and the other refuses; no address left at the server; GRE "
	"that is dropped after a while",
	NULL, NULL},
    {604, EXIT_PEER_HANGUP, "", "link-ended",
	"The server ended the PPP link, or somebody else on this host ended pppd.",
	"an idle or session limit there; another login of the same user; a script or a network "
	"manager here",
	"11 before the tunnel was up",
	"it is dialled again; what the server said is in the message; else look at its log"},
    {605, EXIT_PPP,
	"see that dial.server is the server's own address, and that no NAT on the way sends GRE "
	"back",
	"loop", "PPP packets of our own come back to us.",
	"a server that echoes; a NAT that sends GRE back", NULL, NULL},
    {606, EXIT_DEAD_PEER, "", "way-changed",
	"This host's way to the server changed: the address or the interface the tunnel went from.",
	"a cable, a wireless network or an uplink that changed; a lease that ended", NULL,
	"it is dialled again at once"},
    {607, EXIT_DEAD_PEER, "find out what took the interface; to end a tunnel: pptpeer down",
	"interface-gone", "The tunnel's interface was deleted or set down, not by its pppd.",
	"a script, a network manager, or somebody with ip link", NULL, NULL},
    /* what the tunnel is for */
    {701, EXIT_CONFIG, "routes.server-route = \"auto\", or other routes", "route",
	"A route through the tunnel covers the server, and routes.server-route is \"off\".",
	"everything is to go through the tunnel, and what carries the tunnel with it", NULL, NULL},
    {702, EXIT_SYSTEM,
	"mend that, then: pptpeer redial; or do without: dns.use = \"off\" (--no-dns)", "dns",
	"The peer's DNS servers could not be made this host's, or taken back. The tunnel stays up.",
	"systemd-resolved does not answer; resolvconf is not installed, or a script of its failed",
	"a warning, in the log and in status; no tunnel ends of it", NULL},
    {703, EXIT_HOOK, "mend the hook, or hooks.required = false", "hook",
	"The up hook failed, and hooks.required is set.",
	"it ended with another status than 0, or not within hooks.timeout", NULL, NULL},
    {704, EXIT_HOOK, "it is as that hook (hooks.pre-dial) decides", "pre-dial",
	"The pre-dial hook did not allow the dial.",
	"it ended with another status than 0, cannot be started, or took longer than hooks.timeout",
	NULL, NULL},
    /* what pptpeer doctor finds in a tunnel that is up */
    {801, EXIT_DEAD_PEER,
	"try what the tunnel is for: a server that drops nothing but ping is none the worse",
	"no-ping", "pptpeer doctor: nothing answers a ping through the tunnel.",
	"the server drops ping; it forwards nothing; something drops the tunnel's packets", NULL,
	NULL},
    {802, EXIT_DEAD_PEER, "ask whoever runs the server, or take another DNS server", "dns-silent",
	"pptpeer doctor: the DNS server that the peer named does not answer.",
	"it is down; no route through the tunnel leads there", NULL, NULL},
    {803, EXIT_DEAD_PEER, "", "black-hole",
	"pptpeer doctor: large packets are lost in the tunnel, small ones are not.",
	"something on the way drops large packets and does not say so", NULL,
	"set ip.mtu to what the message says"},
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

void
reason_plugin(struct reason *reason, const char *plugin_path)
{
	reason_set(reason, 103, "pppd's plugin %s is of another version of pptpeer.", plugin_path);
	reason_next(reason, "make install, so that both are of one build");
}

const char *
reason_general_error(unsigned error_code, char *out, size_t size)
{
	if (error_code == 0)
		out[0] = '\0';
	else
		snprintf(out, size, ", general error %u (%s)", error_code,
		    pptp_general_error_name(error_code));
	return out;
}

bool
exit_code_redials(int exit_code)
{
	const struct exit_row *row = exit_row(exit_code);

	return row != NULL && row->redials;
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
