/* firewall.c: see firewall.h.  The child: lists the rules as root, then reads them as nobody. */
#include "firewall.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "firewall_rules.h"
#include "pptp.h"

#define NOBODY 65534     /* Debian's nobody and nogroup; no name is needed, only no rights */
#define OUTPUT (4 << 20) /* octets of a listing; one that is longer is not read */

/* What has been gathered with privileges. */
struct facts {
	struct firewall_request request;
	struct fw_ways ways;
	uint32_t looked;
	char *nft, *nft_tables, *legacy; /* own; NULL: not looked at */
	const char *tables_program, *legacy_program;
};

/* ------------------------------------------------------------------------------ programs */

/* Where it is; NULL: nowhere. */
static const char *
find_program(const char *name, char *path, size_t size)
{
	static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/usr/local/sbin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, size, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* All that comes until the end, terminated; NULL: too much, or no memory. */
static char *
read_all(int fd)
{
	size_t room = 0, len = 0;
	char *text = NULL, *larger;
	ssize_t n = 1;

	while (n > 0) {
		if (len + 1 >= room) {
			room = room == 0 ? 65536 : room * 2;
			larger = room <= 2 * (size_t)OUTPUT ? realloc(text, room) : NULL;
			if (larger == NULL)
				break;
			text = larger;
		}
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			len += (size_t)n;
	}
	if (n == 0) {
		text[len] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* What it writes, once it has ended well; the caller's to free.  NULL: it did not. */
static char *
listing(const char *path, const char *const *words)
{
	static const char *const env[] = {CHILD_PATH, "LC_ALL=C", NULL};
	const char *argv[6] = {path};
	int ends[2], null, status = -1;
	char *text = NULL;
	pid_t pid;

	for (size_t i = 0; i < 4 && words[i] != NULL; i++)
		argv[i + 1] = words[i];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return NULL;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int error = child_run(
	    &(struct child_program){
		.argv = argv, .env = env, .out = ends[1], .err = null, .ends_with_us = true},
	    &pid);
	close(ends[1]);
	close(null);
	if (error == 0)
		text = read_all(ends[0]);
	close(ends[0]); /* a writer of too much gets SIGPIPE */
	while (error == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (text != NULL && status != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* Of these two the first that is there; its name without "-save" is the command for rules. */
static char *
saved(const char *const names[2], const char **program, bool *there)
{
	static const char *const none[] = {NULL};
	char path[64];

	*there = false;
	for (size_t i = 0; i < 2 && !*there; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%s-save", names[i]);
		*there = find_program(name, path, sizeof(path)) != NULL;
		*program = names[i];
	}
	return *there ? listing(path, none) : NULL;
}

/* The kernel has tables of the older iptables, in this namespace. */
static bool
has_legacy_tables(void)
{
	FILE *file = fopen("/proc/self/net/ip_tables_names", "re");
	bool any = file != NULL && fgetc(file) != EOF;

	if (file != NULL)
		fclose(file);
	return any;
}

/* What iptables keeps in nf_tables has chains of these names, and only iptables-save tells all of it. */
static bool
has_newer_tables(const char *nft)
{
	static const char *const chains[] = {
	    "\"PREROUTING\"", "\"INPUT\"", "\"OUTPUT\"", "\"POSTROUTING\""};

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		if (strstr(nft, chains[i]) != NULL)
			return true;
	}
	return false;
}

static void
gather_rules(struct facts *facts)
{
	static const char *const list[] = {"-j", "list", "ruleset", NULL};
	static const char *const newer[] = {"iptables-nft", "iptables"};
	static const char *const older[] = {"iptables-legacy", "iptables"};
	char path[64];
	bool there;

	if (find_program("nft", path, sizeof(path)) != NULL)
		facts->nft = listing(path, list);
	/* iptables-save shows nothing of what others keep in nf_tables. */
	facts->looked |= facts->nft != NULL ? FIREWALL_NFT : FIREWALL_INCOMPLETE;
	if (facts->nft == NULL || has_newer_tables(facts->nft)) {
		facts->nft_tables = saved(newer, &facts->tables_program, &there);
		if (facts->nft_tables != NULL)
			facts->looked |= FIREWALL_IPTABLES;
	}
	if (!has_legacy_tables())
		return;
	facts->legacy = saved(older, &facts->legacy_program, &there);
	facts->looked |= facts->legacy != NULL ? FIREWALL_IPTABLES : FIREWALL_INCOMPLETE;
}

/* -------------------------------------------------------------------------------- judging */

static void
found_reverse(const struct facts *facts, struct firewall_finding *found)
{
	char arrival[4 * IF_NAMESIZE], way[4 * IF_NAMESIZE];

	pptp_escape(facts->ways.arrival, arrival, sizeof(arrival));
	pptp_escape(facts->ways.way, way, sizeof(way));
	snprintf(found->where, sizeof(found->where), "rp_filter of %.24s, as the way back is %.24s",
	    arrival, way);
	found->sure = FIREWALL_CERTAIN;
	/* A dot in a name is a slash to sysctl; it has no quotes against anything else. */
	snprintf(found->mend, sizeof(found->mend), "sysctl -w net.ipv4.conf.%s.rp_filter=%d",
	    facts->ways.arrival, facts->ways.reverse_mends);
	if (facts->ways.reverse_mends < 0)
		found->mend[0] = '\0';
	for (const char *at = facts->ways.arrival; *at != '\0'; at++) {
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
			*at) == NULL)
			found->mend[0] = '\0';
	}
}

/* The rulesets that there are, for one direction; the texts stay as they are. */
static void
read_rules(const struct facts *facts, const struct fw_packet *packet, struct fw_rules rules[3],
    uint32_t *looked)
{
	const char *texts[] = {facts->nft_tables, facts->legacy};

	rules[0].program = facts->tables_program;
	rules[1].program = facts->legacy_program;
	for (size_t i = 0; i < 2; i++) {
		char *copy = texts[i] != NULL ? strdup(texts[i]) : NULL;

		if (texts[i] != NULL &&
		    (copy == NULL || !fw_read_iptables(&rules[i], copy, packet)))
			*looked |= FIREWALL_INCOMPLETE;
		free(copy);
	}
	if (facts->nft != NULL &&
	    !fw_read_nft(&rules[2], facts->nft, strlen(facts->nft), packet, &rules[0]))
		*looked |= FIREWALL_INCOMPLETE;
}

static void
judge(const struct facts *facts, bool out, struct firewall_result *result)
{
	static const char *const hooks[2][3] = {
	    {"ingress", "prerouting", "input"}, {"output", "postrouting", ""}};
	const struct firewall_request *request = &facts->request;
	struct firewall_finding *found = out ? &result->out : &result->in;
	struct fw_packet packet = {.out = out,
	    .refused = out ? request->refused != 0 : request->interface != 0,
	    .src = out ? request->local : request->peer,
	    .dst = out ? request->peer : request->local};
	struct fw_rules rules[3] = {{0}, {0}, {0}};

	snprintf(packet.in, sizeof(packet.in), "%s",
	    facts->ways.arrival[0] != '\0' ? facts->ways.arrival : facts->ways.way);
	snprintf(packet.to, sizeof(packet.to), "%s", facts->ways.way);
	read_rules(facts, &packet, rules, &result->looked);
	for (size_t h = 0; h < 3 && hooks[out][h][0] != '\0'; h++) {
		if (!out && h == 2 && facts->ways.reverse_drops && found->sure != FIREWALL_CERTAIN)
			found_reverse(facts, found);
		for (size_t i = 0; i < 3; i++)
			fw_walk(&rules[i], &packet, hooks[out][h], found);
	}
	for (size_t i = 0; i < 3; i++)
		fw_free(&rules[i]);
}

/* ------------------------------------------------------------------------------ the child */

/* Our own rights are gone before a name in a ruleset, which anybody may have written, is read. */
static bool
become_nobody(void)
{
	return geteuid() != 0 ||
	       (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
		   setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

static void
child(const struct firewall_request *request, int fd)
{
	struct firewall_result result = {0};
	struct facts facts = {.request = *request};
	int null = open("/dev/null", O_RDWR);
	pid_t parent = getppid();

	setpgid(0, 0);
	if (null < 0 || dup2(fd, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0 || close_range(3, ~0U, 0) < 0)
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	fw_ways(&facts.ways, request);
	gather_rules(&facts);
	if (!become_nobody())
		_exit(1);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* other rights undo it */
	result.looked = facts.looked;
	judge(&facts, false, &result);
	judge(&facts, true, &result);
	_exit(write(STDIN_FILENO, &result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 1);
}

pid_t
firewall_start(const struct firewall_request *request, void (*wipe)(void *), void *ctx, int *fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -1;
	pid_t pid = child_fork();
	if (pid == 0) {
		if (wipe != NULL)
			wipe(ctx);
		child(request, pair[1]);
	}
	int saved_error = errno;
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		errno = saved_error;
		return -1;
	}
	*fd = pair[0];
	return pid;
}

void
firewall_answer(int fd, struct firewall_result *result)
{
	struct firewall_finding *found[] = {&result->in, &result->out};

	memset(result, 0, sizeof(*result));
	if (recv(fd, result, sizeof(*result), 0) != (ssize_t)sizeof(*result))
		memset(result, 0, sizeof(*result));
	for (size_t i = 0; i < 2; i++) {
		found[i]->where[sizeof(found[i]->where) - 1] = '\0';
		found[i]->mend[sizeof(found[i]->mend) - 1] = '\0';
	}
}
