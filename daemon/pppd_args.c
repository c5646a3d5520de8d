/*
 * pppd_args.c: see pppd_args.h.  The facts are those of pppd 2.4.9, tried one by one; what
 * tests/system/plugin-matrix looks at holds for 2.5.2 as well.
 */
#include "pppd_args.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static char path_only[] = "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
char *const pppd_environment[] = {path_only, NULL};

enum {
	/* IP 20, GRE 16, and PPP 4 (FF 03 and the protocol). */
	HEADERS = 40,
	MTU_PLAIN = 1500 - HEADERS, /* a path that carries more does not make it larger */
	MTU_LEAST = 128,            /* pppd's */
	/* What MPPE adds (RFC 3078 3); pppd takes it off the interface by itself. */
	MPPE_OVERHEAD = 4,
};

/* ---- the arguments ---------------------------------------------------------- */

static int
add(struct pppd_args *args, const char *word)
{
	size_t size = strlen(word) + 1;

	if (args->count + 1 >= PPPD_ARGS_MAX || size > PPPD_TEXT_MAX - args->used)
		return -1;
	args->argv[args->count++] = memcpy(args->text + args->used, word, size);
	args->argv[args->count] = NULL;
	args->used += size;
	return 0;
}

static int
add_all(struct pppd_args *args, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (add(args, *words) < 0)
			return -1;
	}
	return 0;
}

static int
add_value(struct pppd_args *args, const char *name, const char *value)
{
	return add(args, name) < 0 ? -1 : add(args, value);
}

static int
add_number(struct pppd_args *args, const char *name, unsigned value)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", value);
	return add_value(args, name, number);
}

/*
 * Fixed: what a line in an options file would otherwise decide.  "" takes back a string.
 * Debian's file has auth, lock, crtscts, modem, asyncmap 0, lcp-echo-*.
 */
static const char *const fixed[] = {
    /* The daemon redials; pppd is one call, in the foreground. */
    "nodetach", "nopersist", "maxfail", "1", "holdoff", "0", "idle", "0", "maxconnect", "0",
    /* A pty, raw, ours alone: no lock file, no modem lines. */
    "nolock", "local", "nocrtscts",
    /*
     * Nothing is ever dropped for its octets: receive-all takes control characters in
     * any state, also when the peer rejects the map and the default, all, stands.
     */
    "asyncmap", "0", "receive-all", "lcp-restart", "3", "lcp-max-configure", "10",
    "lcp-max-terminate", "2", "lcp-max-failure", "10", "ipcp-restart", "3", "ipcp-max-configure",
    "10", "ipcp-max-failure", "10",
    /* GRE carries whole frames: the 3 octets these save cost peers that err there. */
    "noaccomp", "nopcomp",
    /* Compression that MPPE excludes, or that loses its state with a lost packet. */
    "nodeflate", "nobsdcomp", "nopredictor1", "novj", "novjccomp", "hide-password",
    /* Routes and proxy ARP are the daemon's. */
    "nodefaultroute", "noreplacedefaultroute", "noproxyarp", "nodefaultroute6", "linkname", "",
    NULL};

/* We prove ourselves; the server need not.  Addresses are the peer's to give. */
static const char *const dialling[] = {
    "noauth", "noipdefault", "ipcp-accept-local", "ipcp-accept-remote", NULL};

/*
 * The caller proves itself; we do not, whatever it asks for.  Addresses are ours to give, DNS
 * servers as well.
 */
static const char *const answering[] = {"auth", "noipdefault", "refuse-eap", "refuse-pap",
    "refuse-chap", "refuse-mschap", "refuse-mschap-v2", NULL};

/* Debian's ip-up would rewrite resolv.conf (D4); "" is no script, without a word. */
static const char *const no_scripts[] = {"ip-up-script", "", "ip-down-script", "",
#ifdef PPPD_2_5
    /* 2.4.9 has no word for the first, and no script of the others' names. */
    "ip-pre-up-script", "", "net-init-script", "", "net-pre-up-script", "", "net-down-script", "",
    "ipv6-up-script", "", "ipv6-down-script", "",
#endif
    NULL};

static const struct {
	enum auth_method method;
	const char *refuse;
	const char *require, *name; /* of a caller; NULL: pppd's plugin cannot verify it */
} methods[] = {
    {ACCEPT_EAP, "refuse-eap", NULL, NULL},
    {ACCEPT_PAP, "refuse-pap", "require-pap", "pap"},
    {ACCEPT_CHAP, "refuse-chap", "require-chap", "chap"},
    {ACCEPT_MSCHAP, "refuse-mschap", "require-mschap", "mschap"},
    {ACCEPT_MSCHAPV2, "refuse-mschap-v2", "require-mschap-v2", "mschap-v2"},
};

/* Which of them we answer ourselves. */
static int
add_authentication(struct pppd_args *args, const struct config *config)
{
	char login[256]; /* pppd's MAXNAMELEN */

	if (config_login(config, login, sizeof(login)) < 0 || add_value(args, "user", login) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((config->accept & methods[i].method) == 0 && add(args, methods[i].refuse) < 0)
			return -1;
	}
	return 0;
}

/* The methods are told to pppd, which then asks for them, and to the plugin: only these. */
static int
add_callers_methods(struct pppd_args *args, const struct config *config)
{
	unsigned wanted = config_callers_methods(config);
	char names[64] = "";

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((wanted & methods[i].method) == 0)
			continue;
		if (methods[i].require == NULL || add(args, methods[i].require) < 0)
			return -1;
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
		    names[0] == '\0' ? "" : ",", methods[i].name);
	}
	return names[0] == '\0' ? -1 : add_value(args, "pptpeer-answer", names);
}

static int
add_address_of(struct pppd_args *args, const char *name, struct in_addr address)
{
	char word[INET_ADDRSTRLEN];

	if (address.s_addr == htonl(INADDR_ANY))
		return 0;
	if (inet_ntop(AF_INET, &address, word, sizeof(word)) == NULL)
		return -1;
	return add_value(args, name, word);
}

/* Where the callers' secrets are: with the keeper, in pppd's own files, or with RADIUS. */
static int
add_secrets(struct pppd_args *args, const struct config *config, const struct pppd_answer *answer)
{
	if (config->role == ROLE_AUTO || config->secrets == SECRETS_USERS)
		return add_number(args, "pptpeer-verify", (unsigned)answer->verify);
	if (config->secrets == SECRETS_CHAP)
		return 0;
	if (add_value(args, "plugin", "radius.so") < 0 ||
	    add_address_of(args, "remotenumber", answer->caller) < 0)
		return -1;
	return config->radius_config[0] == '\0'
		   ? 0
		   : add_value(args, "radius-config-file", config->radius_config);
}

/*
 * The plugin is told both addresses as well: it takes back those that an options file may hold,
 * and what it got from "LOCAL:" with them.
 */
static int
add_answer(struct pppd_args *args, const struct config *config, const struct pppd_answer *answer)
{
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN] = "";
	char addresses[2 * INET_ADDRSTRLEN];

	if (inet_ntop(AF_INET, &answer->local, local, sizeof(local)) == NULL)
		return -1;
	if (answer->remote.s_addr != htonl(INADDR_ANY))
		inet_ntop(AF_INET, &answer->remote, remote, sizeof(remote));
	snprintf(addresses, sizeof(addresses), "%s:%s", local, remote);
	if (add_all(args, answering) < 0 || add_value(args, "name", config->auth_name) < 0 ||
	    add_callers_methods(args, config) < 0 || add_secrets(args, config, answer) < 0 ||
	    add_value(args, "pptpeer-address", local) < 0 ||
	    add_address_of(args, "pptpeer-peer-address", answer->remote) < 0 ||
	    add(args, addresses) < 0)
		return -1;
	for (size_t i = 0; i < CONFIG_DNS; i++) {
		if (add_address_of(args, "ms-dns", config->ip_dns[i]) < 0)
			return -1;
	}
	return 0;
}

/*
 * pppd knows MPPE required or none.  MPPE_PREFER is the first try, required; whoever
 * dials tries again with MPPE_OFF when the peer rejects it.  A length that is not wanted is
 * refused.  Each that is wanted is named: "require-mppe" alone is 40 bits to pppd 2.5.2.
 */
static int
add_encryption(struct pppd_args *args, const struct config *config)
{
	static const char *const off[] = {"nomppe", "noccp", NULL};

	if (config->mppe == MPPE_OFF)
		return add_all(args, off);
	if (add(args, config->mppe_40 ? "require-mppe-40" : "nomppe-40") < 0 ||
	    add(args, config->mppe_128 ? "require-mppe-128" : "nomppe-128") < 0)
		return -1;
	return add(args, config->mppe_stateful ? "mppe-stateful" : "nomppe-stateful");
}

unsigned
pppd_mtu_of_path(const struct config *config, unsigned path)
{
	unsigned overhead = config->mppe == MPPE_OFF ? HEADERS : HEADERS + MPPE_OVERHEAD;

	if (path == 0 || path >= MTU_PLAIN + HEADERS)
		return 0;
	return path > MTU_LEAST + overhead ? path - overhead : MTU_LEAST;
}

/*
 * config->mtu is the interface's.  The interface gets the least of the peer's MRU, our
 * mru and our mtu, so both are set; pppd takes 4 off it once MPPE is agreed.
 */
static int
add_sizes(struct pppd_args *args, const struct config *config)
{
	unsigned mtu = MTU_PLAIN;

	if (config->mtu != 0)
		mtu = config->mtu + (config->mppe == MPPE_OFF ? 0 : MPPE_OVERHEAD);
	if (add_number(args, "mtu", mtu) < 0)
		return -1;
	return add_number(args, "mru", config->mru != 0 ? config->mru : mtu);
}

/*
 * "ADDRESS:" has pppd ask for ours and leaves the peer's to the peer; the plugin, which takes back
 * the addresses of an options file, is told that this one is not from there.
 */
static int
add_address(struct pppd_args *args, const struct config *config)
{
	char word[INET_ADDRSTRLEN + 1];

	if (config->address.s_addr == htonl(INADDR_ANY))
		return 0;
	if (inet_ntop(AF_INET, &config->address, word, INET_ADDRSTRLEN) == NULL)
		return -1;
	if (add_value(args, "pptpeer-address", word) < 0)
		return -1;
	memcpy(word + strlen(word), ":", 2);
	return add(args, word);
}

/* Last, so that they have the last word where pppd takes the last. */
static int
add_options(struct pppd_args *args, const struct config *config)
{
	for (unsigned i = 0; i < config->pppd_options.count; i++) {
		if (add(args, config->pppd_options.word[i]) < 0)
			return -1;
	}
	return 0;
}

/* What differs between a call that we place and one that we answer. */
static int
add_side(struct pppd_args *args, const struct config *config, const struct pppd_fds *fds)
{
	if (fds->answer != NULL)
		return add_answer(args, config, fds->answer);
	if (add_number(args, "pptpeer-secret", (unsigned)fds->secret) < 0 ||
	    add_all(args, dialling) < 0 || add_authentication(args, config) < 0)
		return -1;
	return add_address(args, config);
}

static int
add_names(struct pppd_args *args, const struct config *config)
{
	if (add_value(args, "ipparam", config->name) < 0 ||
	    add_value(args, "ifname", config->interface) < 0)
		return -1;
	return config->ppp_debug ? add(args, "debug") : 0;
}

struct pppd_fds
pppd_fds_to_show(const struct config *config, struct pppd_answer *answer)
{
	*answer = (struct pppd_answer){
	    .local = config->ip_local, .remote = config->ip_remote, .verify = 4};
	if (answer->remote.s_addr == htonl(INADDR_ANY) && config->pool.count != 0)
		answer->remote = config->pool.range[0].first;
	return (struct pppd_fds){.answer = config->role == ROLE_LISTEN ? answer : NULL,
	    .report = 3,
	    .secret = 4,
	    .log = 2,
	    .channel = 5,
	    .tty = config->data_path == PATH_PTY ? "/dev/pts/N" : NULL};
}

static int
add_channel(struct pppd_args *args, const struct pppd_fds *fds)
{
	if (fds->tty != NULL)
		return add(args, fds->tty);
	return add_number(args, "pptpeer-channel", (unsigned)fds->channel);
}

int
pppd_args_build(const struct config *config, const struct pppd_fds *fds, struct pppd_args *out)
{
	out->count = out->used = 0;
	/* The plugin first: its options are known only then. */
	if (add(out, config->pppd_path) < 0 || add_value(out, "plugin", config->plugin_path) < 0 ||
	    add_number(out, "pptpeer-report", (unsigned)fds->report) < 0 ||
	    add_number(out, "logfd", (unsigned)fds->log) < 0 || add_channel(out, fds) < 0 ||
	    add_all(out, fixed) < 0 || add(out, config->ipv6 ? "+ipv6" : "noipv6") < 0 ||
	    add_side(out, config, fds) < 0 || add_encryption(out, config) < 0 ||
	    add_sizes(out, config) < 0 ||
	    add_number(out, "lcp-echo-interval", config->lcp_echo) < 0 ||
	    add_number(out, "lcp-echo-failure", config->lcp_echo_failure) < 0 ||
	    (!config->run_system_scripts && add_all(out, no_scripts) < 0) ||
	    add_names(out, config) < 0)
		return -1;
	return add_options(out, config);
}

/* ---- what cannot be taken back ---------------------------------------------- */

static const struct {
	const char *word, *harm;
} conflicts[] = {
    {"plugin", "loads code into pppd"},
    {"pty", "excludes our device"},
    {"notty", "excludes our device"},
    {"socket", "excludes our device"},
    {"file", "reads another file, which may hold any of these"},
    {"call", "reads another file, which may hold any of these"},
    {"dryrun", "ends pppd at once"},
    {"show-options", "ends pppd at once"},
    {"refuse-eap", "refuses a method"},
    {"refuse-pap", "refuses a method"},
    {"refuse-chap", "refuses a method"},
    {"refuse-mschap", "refuses a method"},
    {"refuse-mschap-v2", "refuses a method"},
    {"noccp", "excludes MPPE"},
    {"-ccp", "excludes MPPE"},
    {"nomppe-128", "excludes MPPE with 128 bits"},
    {"noip", "carries no IP"},
    {"-ip", "carries no IP"},
    {"silent", "waits for the peer to speak first"},
    {"nomagic", "cannot tell a loop"},
    {"allow-number", "refuses calls without that number"},
    {"allow-ip", "lets in who has not proved who it is"},
    {"pass-filter", "drops packets"},
    {"active-filter", "has no use without idle"},
    {"multilink", "joins links into one interface"},
    {"mp", "joins links into one interface"},
    {"maxoctets", "ends the call by its traffic"},
    {"mo", "ends the call by its traffic"},
    {"unit", "asks for one interface number"},
    {"ipcp-no-address", "negotiates no address"},
    {"ipcp-no-addresses", "negotiates no address"},
    {"nosendip", "negotiates no address"},
    {"noremoteip", "drops the peer's address"},
};

/* Most options take a value from a file only if no argument has set it; of these the last. */
static const struct {
	const char *word, *harm;
} late_conflicts[] = {
    {"mtu", "comes after our arguments"},
    {"defaultroute", "comes after our arguments"},
    {"replacedefaultroute", "comes after our arguments"},
    {"defaultroute6", "comes after our arguments"},
    {"proxyarp", "comes after our arguments"},
    {"ip-up-script", "comes after our arguments"},
    {"ip-down-script", "comes after our arguments"},
    {"ip-pre-up-script", "comes after our arguments"},
    {"net-init-script", "comes after our arguments"},
    {"net-pre-up-script", "comes after our arguments"},
    {"net-down-script", "comes after our arguments"},
    {"ipv6-up-script", "comes after our arguments"},
    {"ipv6-down-script", "comes after our arguments"},
};

static const char *
conflict_harm(const char *word, bool late)
{
	for (size_t i = 0; late && i < sizeof(late_conflicts) / sizeof(late_conflicts[0]); i++) {
		if (strcmp(word, late_conflicts[i].word) == 0)
			return late_conflicts[i].harm;
	}
	for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
		if (strcmp(word, conflicts[i].word) == 0)
			return conflicts[i].harm;
	}
	return NULL;
}

/* What it must not hold where we answer: a caller has to prove who it is, to us. */
static const struct {
	const char *word, *why;
} refused_answering[] = {
    {"noauth", "a caller has to prove who it is; see auth.require-peer"},
    {"remotename", "it takes one name for all callers"},
    {"login", "it asks the system's own users; see auth.secrets"},
};

/* What pppd.options must not hold beside those above. */
static const struct {
	const char *word, *why;
} refused[] = {
    {"connect", "there is no line to dial on"},
    {"disconnect", "there is no line to hang up"},
    {"init", "there is no line to prepare"},
    {"welcome", "it runs a program"},
    {"password", "everybody can read pppd's arguments; see auth.password-file"},
    {"+ua", "it reads a name and a password; see auth.user"},
    {"user", "see auth.user"},
    {"name", "see auth.user"},
    {"auth", "see auth.require-peer"},
    {"require-pap", "see auth.require-peer"},
    {"+pap", "see auth.require-peer"},
    {"require-chap", "see auth.require-peer"},
    {"+chap", "see auth.require-peer"},
    {"require-mschap", "see auth.require-peer"},
    {"+mschap", "see auth.require-peer"},
    {"require-mschap-v2", "see auth.require-peer"},
    {"+mschap-v2", "see auth.require-peer"},
    {"require-eap", "see auth.require-peer"},
    {"-pap", "see auth.accept"},
    {"-chap", "see auth.accept"},
    {"-mschap", "see auth.accept"},
    {"-mschap-v2", "see auth.accept"},
    {"-eap", "see auth.accept"},
    {"require-mppe", "see encryption.mppe"},
    {"+mppe", "see encryption.mppe"},
    {"nomppe", "see encryption.mppe"},
    {"-mppe", "see encryption.mppe"},
    {"require-mppe-40", "see encryption.bits"},
    {"+mppe-40", "see encryption.bits"},
    {"require-mppe-128", "see encryption.bits"},
    {"+mppe-128", "see encryption.bits"},
    {"nomppe-40", "see encryption.bits"},
    {"-mppe-40", "see encryption.bits"},
    {"-mppe-128", "see encryption.bits"},
    {"mppe", "see encryption.mppe"},
    {"mppe-stateful", "see encryption.stateful"},
    {"nomppe-stateful", "see encryption.stateful"},
    {"mru", "see ip.mru"},
    {"ifname", "see ip.interface"},
    {"+ipv6", "see ip.ipv6"},
    {"noipv6", "see ip.ipv6"},
    {"-ipv6", "see ip.ipv6"},
    {"lcp-echo-interval", "see keepalive.lcp-echo"},
    {"lcp-echo-failure", "see keepalive.lcp-echo-failure"},
    {"debug", "see log.ppp-debug"},
    {"usepeerdns", "see dns.use"},
    {"ipparam", "it is the tunnel's name"},
    {"linkname", "it writes a file"},
    {"logfd", "it is ours"},
    {"logfile", "it writes a file"},
    {"record", "it writes what passes, the password too, to a file"},
    {"show-password", "it writes the password to the log"},
    {"pptpeer-channel", "it is ours"},
    {"pptpeer-report", "it is ours"},
    {"pptpeer-secret", "it is ours"},
    {"pptpeer-address", "it is ours"},
    {"pptpeer-answer", "it is ours"},
    {"pptpeer-peer-address", "it is ours"},
    {"pptpeer-verify", "it is ours"},
    {"detach", "pptpeer watches over pppd"},
    {"nodetach", "it is set"},
    {"updetach", "pptpeer watches over pppd"},
    {"-detach", "it is set"},
    {"persist", "see retry.persist"},
    {"nopersist", "it is set"},
    {"maxfail", "see retry.max-tries"},
    {"holdoff", "see retry.first-delay"},
    {"demand", "it dials by itself"},
    {"idle", "it ends the call"},
    {"maxconnect", "it ends the call"},
    {"lock", "our pty needs none"},
    {"modem", "our pty has no modem lines"},
    {"crtscts", "our pty has no modem lines"},
    {"sync", "our pty carries HDLC"},
    {"escape", "it changes what the pty carries"},
    {"help", "it ends pppd at once"},
    {"--help", "it ends pppd at once"},
    {"version", "it ends pppd at once"},
    {"--version", "it ends pppd at once"},
};

static bool
is_device(const char *word)
{
	return word[0] == '/' || strncmp(word, "tty", 3) == 0;
}

const char *
pppd_option_refused(const char *word, bool answers)
{
	for (size_t i = 0; answers && i < sizeof(refused_answering) / sizeof(refused_answering[0]);
	     i++) {
		if (strcmp(word, refused_answering[i].word) == 0)
			return refused_answering[i].why;
	}
	const char *harm = conflict_harm(word, true);

	if (word[0] == '\0')
		return "it is empty";
	for (const char *c = word; *c != '\0'; c++) {
		if (iscntrl((unsigned char)*c))
			return "it has a control character";
		if (*c == ' ')
			return "it has a blank; each word is a string of its own";
	}
	if (is_device(word))
		return "the device is ours";
	for (size_t i = 0; harm == NULL && i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (strcmp(word, refused[i].word) == 0)
			return refused[i].why;
	}
	if (harm != NULL && strcmp(harm, "comes after our arguments") == 0)
		return strcmp(word, "mtu") == 0 ? "see ip.mtu"
						: "routes and scripts are the daemon's";
	return harm;
}

/* The next word outside quotes and comments; false at the end.  Keeps count of lines. */
static bool
next_word(FILE *file, char *word, size_t size, unsigned *line)
{
	size_t len = 0;
	int c, quote = 0;
	bool any = false;

	while ((c = getc(file)) != EOF) {
		if (c == '\\' && (c = getc(file)) == EOF)
			break;
		if (quote != 0 ? c == quote : c == '"' || c == '\'') {
			quote = quote != 0 ? 0 : c;
			any = true;
			continue;
		}
		if (quote == 0 && c == '#' && !any) {
			while ((c = getc(file)) != EOF && c != '\n')
				continue;
		}
		if (quote == 0 && (c == EOF || isspace(c))) {
			if (any) {
				ungetc(c, file); /* its newline is the next call's */
				break;
			}
			if (c == '\n')
				++*line;
			continue;
		}
		if (c == '\n')
			++*line; /* quotes go over lines */
		any = true;
		if (len + 1 < size)
			word[len++] = (char)c;
	}
	word[len] = '\0';
	return any;
}

/* Looks from the position *skip on; whether a word was found, with its text in `out`. */
static bool
scan(const char *path, bool late, size_t *skip, char *out, size_t size)
{
	char word[64];
	unsigned line = 1;
	size_t found = 0;
	bool again;
	const char *harm = NULL;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return false;
	while ((again = next_word(file, word, sizeof(word), &line))) {
		harm = conflict_harm(word, late);
		if (harm != NULL && found++ >= *skip)
			break;
	}
	fclose(file);
	if (!again)
		return false;
	++*skip;
	snprintf(out, size, "%s:%u: %s (%s)", path, line, word, harm);
	return true;
}

int
pppd_options_conflict(const char *root, const char *tty, size_t *cursor, char *out, size_t size)
{
	const struct passwd *me = getpwuid(getuid());
	char paths[3][512];
	size_t file = *cursor >> 16, skip = *cursor & 0xffff, files = tty != NULL ? 3 : 2;

	snprintf(paths[0], sizeof(paths[0]), "%s/etc/ppp/options", root);
	/* By the user's number, not by HOME. */
	snprintf(paths[1], sizeof(paths[1]), "%s%s/.ppprc", root, me != NULL ? me->pw_dir : "");
	if (tty != NULL) {
		tty += strncmp(tty, "/dev/", 5) == 0 ? 5 : 0;
		snprintf(paths[2], sizeof(paths[2]), "%s/etc/ppp/options.%s", root, tty);
		for (char *c = paths[2] + strlen(root) + strlen("/etc/ppp/options."); *c != '\0';
		     c++) {
			if (*c == '/')
				*c = '.';
		}
	}
	for (; file < files; file++, skip = 0) {
		if (scan(paths[file], file == 2, &skip, out, size)) {
			*cursor = file << 16 | skip;
			return 1;
		}
	}
	return 0;
}
