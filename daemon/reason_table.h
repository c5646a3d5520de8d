/*
 * reason_table.h: the E-codes, each once (interface.md 6 and 8), for whoever includes it with a ROW() of his:
 * what an end takes of a row (reason.c) is in each process that can end, and what explains it
 * (reason_explain.c) is only in those that are asked.
 *
 * ROW(ecode, exit_code, next, name, meaning, causes, also, advice): struct reason_row.
 */
ROW(0, EXIT_OK, "", "ended", "It ended as asked: by you, the configuration, or a signal.", NULL,
    NULL, NULL)
ROW(1, EXIT_INTERNAL, "please report this with the output of: pptpeer connect -vv ...", "internal",
    "A bug, or an error of the system that nobody expects.",
    "a process of the tunnel was killed (out of memory, by hand); a fault of pptpeer", NULL, NULL)
/* this host */
ROW(101, EXIT_SYSTEM,
    "modprobe ppp_generic; in a container: --device /dev/ppp --cap-add NET_ADMIN --cap-add "
    "NET_RAW",
    "no-ppp", "/dev/ppp cannot be opened, or the kernel has no PPP.",
    "the module ppp_generic is not loaded, or not built; a container without the device or the "
    "capabilities; a kernel that was replaced by an upgrade and waits for a reboot",
    NULL, NULL)
ROW(102, EXIT_SYSTEM, "install pppd (Debian: apt install ppp)", "no-pppd",
    "There is no pppd where it should be.",
    "the package ppp is not installed; pppd.path names another file", NULL, NULL)
ROW(103, EXIT_SYSTEM, "build pptpeer against the headers of the installed pppd (ppp-dev)", "plugin",
    "pppd's plugin of pptpeer is missing, or built for another version of pppd or of pptpeer.",
    "pppd was upgraded and pptpeer was not; only half of an installation was replaced", NULL, NULL)
ROW(104, EXIT_PRIVILEGE, "run it as root: sudo pptpeer ...", "privilege",
    "Root is needed, or a capability is missing.",
    "started without sudo; a container without NET_ADMIN and NET_RAW", NULL, NULL)
ROW(105, EXIT_CONFIG, "correct that file, or take the line out", "pppd-options",
    "pppd does not take its options.",
    "a word of pppd.options that this pppd does not have; a line of /etc/ppp/options for "
    "another version",
    NULL, NULL)
ROW(106, EXIT_INTERNAL,
    "look at pppd's last words above; -vv (log.level = \"debug\") shows all it said", "pppd-failed",
    "pppd failed, or was killed; its last words are in the message.",
    "somebody killed it; the kernel lacks something that it needs; its lock or its pty cannot "
    "be had",
    NULL, NULL)
ROW(107, EXIT_INTERNAL, "", "host",
    "Something of this host could not be made or opened: a folder, a socket, a process.",
    "a file system that is full or read-only; no memory, processes or descriptors left", NULL,
    "look at the message: free space, memory, or what it names")
ROW(108, EXIT_CONFIG, "correct --bind (dial.bind)", "bind",
    "This host does not have the address or the interface to dial from.",
    "an address that another network gave; an interface that is not there yet", NULL, NULL)
ROW(109, EXIT_USAGE, "", "no-password",
    "There is no password: nobody can be asked, nobody answered, or what should give it does "
    "not.",
    "no terminal and no password option; a password file that is missing, empty or readable by "
    "others; a password command that failed",
    "3 where a file or another source is at fault; 18 where a program failed",
    "give it by auth.password-file or another of the auth.password keys; of connect: by one of "
    "its --password options")
ROW(110, EXIT_CONFIG, "correct it; pptpeer check finds all that is wrong", "config",
    "The configuration file is missing, or something in it is wrong.",
    "a misspelt key; a value that cannot be; two settings that exclude each other", NULL, NULL)
ROW(111, EXIT_EXISTS, "pptpeer status; or give this one another name (--name, or that of its file)",
    "exists", "A tunnel of that name runs already.",
    "it was started twice, by hand and by systemd for example", NULL, NULL)
ROW(112, EXIT_TIMEOUT, "give it more time with --timeout", "timeout",
    "The tunnel was not up within --timeout.",
    "the time is shorter than what the server takes; a server that does not answer", NULL, NULL)
ROW(113, EXIT_SYSTEM, "modprobe -a tun pppoe; or data.path (--data-path) auto, which does without",
    "no-tap", "The data path tap was demanded, and this host has none.",
    "the modules tun or pppoe are not there; a sandbox or a container forbids them", NULL, NULL)
ROW(114, EXIT_INTERNAL, "let that program leave pptap* alone", "tap-cut",
    "Another program took down or changed the interface pptapN, through which PPP was "
    "speaking.",
    "a network manager that takes every new interface for its own", NULL, NULL)
ROW(115, EXIT_SYSTEM, "modprobe pptp; or another data.path (--data-path)", "no-kernel-pptp",
    "The data path kernel was demanded, and this kernel has no PPTP.",
    "the module pptp is not loaded, or not built", NULL, NULL)
ROW(116, EXIT_TCP,
    "find out who listens there (ss -tlnp), or another listen.address or listen.port",
    "address-taken", "Another program listens where this listener is to.",
    "pptpd, or another listener of ours, on the same address and port", NULL, NULL)
ROW(117, EXIT_TCP, "correct listen.address, or add it to an interface", "no-address",
    "This host does not have the address to listen on.",
    "the interface is not up yet; a wrong address in the file", NULL, NULL)
ROW(118, EXIT_CALL, "a larger ip.pool, or a smaller listen.max-calls", "pool-empty",
    "A caller could not be given an address: each one of ip.pool is in use.",
    "more callers at a time than the pool is for; addresses of users of their own in it", NULL,
    NULL)
/* control connection and call */
ROW(201, EXIT_TCP, "check the address, and that the way lets TCP 1723 through", "tcp-silent",
    "The server does not answer on TCP port 1723.",
    "the server is off, or at another address; a firewall drops the packets; a network that "
    "lets no VPN out",
    NULL, NULL)
ROW(202, EXIT_TCP, "check the address, and that a PPTP server runs there", "tcp-refused",
    "TCP port 1723 of the server refuses the connection, or cannot be reached.",
    "no PPTP server runs there; no route to it; a firewall that answers instead of it, or one "
    "on this host",
    NULL, NULL)
ROW(203, EXIT_CONTROL, "ask whoever runs the server", "start-refused",
    "The server refused the control connection; its result code is in the message.",
    "the server takes no more callers, does not know this address, or is not willing", NULL, NULL)
ROW(204, EXIT_CONTROL, "", "stop",
    "The server closed the control connection with a Stop-Control-Connection-Request; its "
    "reason is in the message.",
    "the server is restarted or shut down; an idle or session limit there",
    "16 once the tunnel was up",
    "it is dialled again; if it comes back at regular times, ask whoever runs the server about "
    "its limits")
ROW(205, EXIT_CALL, "ask whoever runs the server", "call-refused",
    "The server refused the call; its result code is in the message.",
    "all its lines are taken; the earlier call of a client that died is still counted there; "
    "PPTP is switched off for callers; it takes no incoming calls (dial.call)",
    NULL, NULL)
ROW(206, EXIT_CONTROL, "check that this address and port belong to a PPTP server", "not-pptp",
    "What answers is not a PPTP server, or a broken one; its first octets are in the message.",
    "another service on that port; a proxy or a captive portal on the way", NULL, NULL)
ROW(207, EXIT_LOOKUP, "check the name, and this host's DNS", "lookup",
    "The server's name has no IPv4 address, or could not be looked up.",
    "a misspelt name; no DNS, or DNS that is behind the tunnel itself; a name with IPv6 only, "
    "which PPTP does not have",
    NULL, NULL)
ROW(208, EXIT_CONTROL, "check that this address and port belong to a PPTP server", "start-silent",
    "The server took the TCP connection, and did not answer Start-Control-Connection-Request.",
    "another service on that port; a server that is overloaded or hangs; a middlebox that "
    "takes the connection in its place",
    NULL, NULL)
ROW(209, EXIT_CALL, "ask whoever runs the server", "call-silent",
    "The server did not answer Outgoing-Call-Request, or Incoming-Call-Request; or it "
    "connected "
    "to us and placed no call.",
    "a server that is overloaded or hangs; a NAT helper that swallows the message", NULL, NULL)
ROW(210, EXIT_PEER_HANGUP, "", "disconnect",
    "The server ended the call, with a Call-Disconnect-Notify or a Call-Clear-Request.",
    "an idle or session limit there; its PPP ended; whoever runs it cut the call",
    "9 before the tunnel was up",
    "it is dialled again; if it comes back at regular times, ask whoever runs the server about "
    "its limits")
ROW(211, EXIT_PEER_HANGUP, "", "closed", "The server ended the control connection without a word.",
    "the server crashed or was restarted; a NAT or a firewall forgot the connection",
    "8 or 11 before the tunnel was up",
    "it is dialled again; if it comes back often, a shorter keepalive.control-echo keeps a "
    "NAT's memory alive")
/* GRE */
ROW(301, EXIT_GRE,
    "allow \"protocol 47 / GRE / PPTP pass-through\" on the router and at the server", "no-gre",
    "The call is open, and no GRE packet has come, or none that can be read: something on the "
    "way, or the server, drops or damages IP protocol 47.",
    "a router without PPTP pass-through; a cloud or a provider that drops GRE; a firewall at "
    "the server with TCP 1723 only",
    NULL, NULL)
ROW(302, EXIT_GRE, "", "own-firewall",
    "GRE packets of the other end arrive at this host, and its own firewall drops them, or "
    "those that we send.",
    "a firewall that does not let protocol 47 in; since Linux 4.7 the PPTP helper of "
    "connection tracking is not used by itself; rp_filter; dial.bind, where it comes over "
    "another "
    "interface",
    NULL,
    "let it in, as with: nft insert rule inet filter input ip saddr SERVER meta l4proto gre "
    "accept")
ROW(303, EXIT_GRE,
    "switch the PPTP helper of the router on or off; it must rewrite both ways or none", "call-id",
    "GRE comes with another Call ID than was agreed.",
    "a NAT helper on the way rewrites it on one side only; a second tunnel to the same server "
    "from behind the same NAT",
    NULL, NULL)
ROW(304, EXIT_GRE, "dial that address, or mend the server's routing", "gre-address",
    "GRE comes from another address than the one that was dialled, or that has called.",
    "a server with several addresses; a load balancer that forwards TCP only; a caller behind "
    "a NAT with several addresses",
    NULL, NULL)
/* authentication */
ROW(401, EXIT_AUTH, "correct the password, then connect again", "auth-refused",
    "The server refused the user name or the password.",
    "a wrong password; a domain that is missing or too many; an account that is locked, "
    "expired or without the right to dial in",
    NULL, NULL)
ROW(402, EXIT_AUTH, "", "auth-method",
    "The server asks for an authentication that this tunnel does not accept, or that pptpeer "
    "does not have.",
    "a server for EAP; an old one for PAP or CHAP only", NULL,
    "the message names the method; to accept it: auth.accept (--accept)")
ROW(403, EXIT_PEER_AUTH, "", "peer-auth", "The server did not prove that it knows the password.",
    "it is not the server that you mean; pppd.options asks it to authenticate, and it cannot", NULL,
    "check the server's name and the password; take options about authentication out of "
    "pppd.options")
/* encryption */
ROW(501, EXIT_ENCRYPTION,
    "switch MPPE on at the server, or give --mppe prefer (encryption.mppe): your traffic can "
    "then be read on the way",
    "no-mppe",
    "Encryption is demanded here, and the server has none, ended it, or offers only another "
    "kind.",
    "MPPE is off at the server; it has 40 bit or stateful only; it authenticates by a method "
    "that gives no keys",
    NULL, NULL)
ROW(502, EXIT_SYSTEM, "modprobe ppp_mppe", "kernel-mppe", "This kernel has no MPPE.",
    "the module ppp_mppe is not there; the kernel is in FIPS mode, which forbids RC4", NULL, NULL)
ROW(504, EXIT_ENCRYPTION, "take --mppe off away (encryption.mppe = \"off\")", "mppe-demanded",
    "The server demands encryption, and here it is off.", "encryption.mppe is \"off\"", NULL, NULL)
ROW(503, EXIT_ENCRYPTION, "let only one side authenticate the other", "both-ways",
    "Both sides want the other to authenticate, which MPPE excludes.",
    "pppd.options or a file of pppd demands that the server authenticates", NULL, NULL)
/* the link */
ROW(601, EXIT_DEAD_PEER, "", "dead-control",
    "The server did not answer an Echo-Request on the control connection.",
    "the network is gone; the server crashed; a NAT forgot the connection",
    "8 before the tunnel was up",
    "it is dialled again; if it comes back often, look at the network, or at a NAT on the way")
ROW(602, EXIT_DEAD_PEER, "", "dead-link", "The server did not answer LCP's Echo-Requests.",
    "the network is gone; the server crashed; something began to drop GRE", NULL,
    "it is dialled again; if it comes back often, look at the network, or at a NAT on the way")
ROW(603, EXIT_PPP, "-vv (log.level = \"debug\") shows what each side asked for", "ppp",
    "PPP did not come up: the two sides did not agree, or the server stopped answering.",
    "an option that one side demands and the other refuses; no address left at the server; GRE "
    "that is dropped after a while",
    NULL, NULL)
ROW(604, EXIT_PEER_HANGUP, "", "link-ended",
    "The server ended the PPP link, or somebody else on this host ended pppd.",
    "an idle or session limit there; another login of the same user; a script or a network "
    "manager here",
    "11 before the tunnel was up",
    "it is dialled again; what the server said is in the message; else look at its log")
ROW(605, EXIT_PPP,
    "see that dial.server is the server's own address, and that no NAT on the way sends GRE "
    "back",
    "loop", "PPP packets of our own come back to us.",
    "a server that echoes; a NAT that sends GRE back", NULL, NULL)
ROW(606, EXIT_DEAD_PEER, "", "way-changed",
    "This host's way to the server changed: the address or the interface the tunnel went from.",
    "a cable, a wireless network or an uplink that changed; a lease that ended", NULL,
    "it is dialled again at once")
ROW(607, EXIT_DEAD_PEER, "find out what took the interface; to end a tunnel: pptpeer down",
    "interface-gone", "The tunnel's interface was deleted or set down, not by its pppd.",
    "a script, a network manager, or somebody with ip link", NULL, NULL)
ROW(608, EXIT_DEAD_PEER, "", "agreed-anew",
    "The other side agreed PPP anew, and pppd took the tunnel's addresses and routes away for "
    "that.",
    "a server that was restarted behind its address; a device with a time limit for a session",
    NULL, "it is dialled again at once; a caller calls again")
/* what the tunnel is for */
ROW(701, EXIT_CONFIG, "routes.server-route = \"auto\", or other routes", "route",
    "A route through the tunnel covers the server, and routes.server-route is \"off\".",
    "everything is to go through the tunnel, and what carries the tunnel with it", NULL, NULL)
ROW(702, EXIT_SYSTEM,
    "mend that, then: pptpeer redial; or do without: dns.use = \"off\" (--no-dns)", "dns",
    "The peer's DNS servers could not be made this host's, or taken back. The tunnel stays up.",
    "systemd-resolved does not answer; resolvconf is not installed, or a script of its failed",
    "a warning, in the log and in status; no tunnel ends of it", NULL)
ROW(703, EXIT_HOOK, "mend the hook, or hooks.required = false", "hook",
    "The up hook failed, and hooks.required is set.",
    "it ended with another status than 0, or not within hooks.timeout", NULL, NULL)
ROW(704, EXIT_HOOK, "it is as that hook (hooks.pre-dial) decides", "pre-dial",
    "The pre-dial hook did not allow the dial.",
    "it ended with another status than 0, cannot be started, or took longer than hooks.timeout",
    NULL, NULL)
/* what pptpeer doctor finds in a tunnel that is up */
ROW(801, EXIT_DEAD_PEER,
    "try what the tunnel is for: a server that drops nothing but ping is none the worse", "no-ping",
    "pptpeer doctor: nothing answers a ping through the tunnel.",
    "the server drops ping; it forwards nothing; something drops the tunnel's packets", NULL, NULL)
ROW(802, EXIT_DEAD_PEER, "ask whoever runs the server, or take another DNS server", "dns-silent",
    "pptpeer doctor: the DNS server that the peer named does not answer.",
    "it is down; no route through the tunnel leads there", NULL, NULL)
ROW(803, EXIT_DEAD_PEER, "", "black-hole",
    "pptpeer doctor: large packets are lost in the tunnel, small ones are not.",
    "something on the way drops large packets and does not say so", NULL,
    "set ip.mtu to what the message says")
