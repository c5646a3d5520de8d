/*
 * answer.c: see answer.h.
 *
 * The caller's name and its PAP password are read off the packet as it comes: pppd gives its hooks
 * texts in which every octet that is not printable has been replaced.
 */
#include "compat.h"

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"
#include "say.h"
#include "snoop.h"

enum {
	PROTO_PAP = 0xc023,
	PROTO_CHAP = 0xc223,

	CODE_PAP_REQUEST = 1, /* RFC 1334 2.2 */
	CODE_PAP_ACK = 2,
	CODE_PAP_NAK = 3,
	CODE_CHAP_CHALLENGE = 1, /* RFC 1994 4 */
	CODE_CHAP_RESPONSE = 2,
	CODE_CHAP_SUCCESS = 3,
	CODE_CHAP_FAILURE = 4,

	/*
	 * For the keeper's answer (design D4).  It comes at once, but when many call at the same
	 * time the keeper is one of many that want the processor.  Less than what we are given to end.
	 */
	WAIT_MS = 6000,
};

static struct answer {
	int on;
	int pap;             /* of the methods: PAP, */
	unsigned char chap;  /* and bits of MDTYPE_* */
	int verify_fd;       /* -1: not we know the secrets, or the keeper no longer answers */
	int verifies;        /* there was one */
	struct in_addr peer; /* for the caller; 0: none was said */

	char name[VERIFY_NAME_MAX + 1]; /* of the packet at hand; "" none that can be */
	char password[SECRET_MAX + 1];  /* of PAP's */
	unsigned refused;               /* enum report_refused, of the packet at hand */
	int proved;                     /* somebody is: */
	char proved_name[VERIFY_NAME_MAX + 1];
	int told; /* what pppd has found since it last asked */
} answer = {.verify_fd = -1};

/* ---- the keeper's word ------------------------------------------------------ */

static long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* 0 when something has come, or the keeper is gone. */
static int
wait_for_word(void)
{
	struct pollfd fd = {.fd = answer.verify_fd, .events = POLLIN};
	long until = now_ms() + WAIT_MS;

	for (;;) {
		long left = until - now_ms();
		int n = poll(&fd, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0 || errno != EINTR)
			return -1;
	}
}

/* 0, or -1 where the keeper does not answer: then it is not asked again. */
static int
ask_keeper(struct verify_answer *word)
{
	struct verify_ask ask = {.version = REPORT_VERSION};
	ssize_t n = -1;

	memcpy(ask.name, answer.name, sizeof(answer.name));
	if (answer.verify_fd < 0)
		return -1;
	if (send(answer.verify_fd, &ask, sizeof(ask), MSG_DONTWAIT | MSG_NOSIGNAL) ==
		(ssize_t)sizeof(ask) &&
	    wait_for_word() == 0)
		n = recv(answer.verify_fd, word, sizeof(*word), MSG_DONTWAIT | MSG_TRUNC);
	if (n == (ssize_t)sizeof(*word) && word->version == REPORT_VERSION &&
	    word->secret_len <= SECRET_MAX)
		return 0;
	/* A late answer must not be taken for that of another question. */
	close(answer.verify_fd);
	answer.verify_fd = -1;
	return -1;
}

/*
 * Whether the keeper knows the caller; *word has its secret, or octets that nobody knows: what is
 * done with them takes the same time, and no password is right for them.
 */
static int
look_up(struct verify_answer *word)
{
	memset(word, 0, sizeof(*word));
	answer.refused = REPORT_REFUSED_SECRET;
	/* Another one in the middle of the call would get what was set up for the first. */
	if (answer.name[0] == '\0' ||
	    (answer.proved && strcmp(answer.name, answer.proved_name) != 0))
		answer.refused = REPORT_REFUSED_NAME;
	else if (ask_keeper(word) != 0)
		answer.refused = REPORT_REFUSED_NO_ANSWER;
	else if (word->found != 1)
		answer.refused = REPORT_REFUSED_NAME;
	if (answer.refused == REPORT_REFUSED_SECRET)
		return 1;
	word->secret_len = 16;
	(void)!getrandom(word->secret, word->secret_len, 0); /* so few are always there */
	return 0;
}

static void
accept_caller(const struct verify_answer *word)
{
	answer.proved = 1;
	memcpy(answer.proved_name, answer.name, sizeof(answer.name));
	if (word->address != htonl(INADDR_ANY))
		answer.peer.s_addr = word->address;
}

/* The digest's own verifier makes MPPE's keys as well. */
static int
verify_chap(char *name, char *ourname, int id, struct chap_digest_type *digest,
    unsigned char *challenge, unsigned char *response, char *message, int message_space)
{
	struct verify_answer word;
	int known = look_up(&word), fine;

	(void)name;
	(void)ourname;
	fine = digest->verify_response(id, answer.name, (unsigned char *)word.secret,
		   (int)word.secret_len, challenge, response, message, message_space) &&
	       known;
	if (fine)
		accept_caller(&word);
	explicit_bzero(&word, sizeof(word));
	return fine;
}

static int
verify_pap(char *name, char *password, char **message, struct wordlist **addresses,
    struct wordlist **options)
{
	static char accepted[] = "Login ok", refused[] = "Login incorrect";
	struct verify_answer word;
	char known_secret[SECRET_MAX + 1] = "";
	int known = look_up(&word), fine;
	unsigned char differ = 0;

	(void)name;
	(void)password;
	(void)addresses;
	(void)options;
	memcpy(known_secret, word.secret, word.secret_len);
	for (size_t i = 0; i < sizeof(known_secret); i++)
		differ |= (unsigned char)(known_secret[i] ^ answer.password[i]);
	fine = differ == 0 && known;
	if (fine)
		accept_caller(&word);
	*message = fine ? accepted : refused;
	explicit_bzero(&word, sizeof(word));
	explicit_bzero(known_secret, sizeof(known_secret));
	explicit_bzero(answer.password, sizeof(answer.password));
	return fine;
}

/* ---- the caller's address ---------------------------------------------------- */

/* Comes when IPCP begins: by then the caller is known. */
static void
choose_address(u_int32_t *his_address)
{
	if (answer.peer.s_addr != htonl(INADDR_ANY))
		*his_address = answer.peer.s_addr;
}

static int
is_allowed(u_int32_t address)
{
	return answer.peer.s_addr != htonl(INADDR_ANY) && address == answer.peer.s_addr;
}

/* ---- what the packets tell us ------------------------------------------------ */

/* Octets of the packet as a text; "" where they cannot be one. */
static void
take_octets(char *to, size_t size, const unsigned char *octets, size_t len)
{
	memset(to, 0, size);
	if (len < size && memchr(octets, '\0', len) == NULL)
		memcpy(to, octets, len);
}

void
pptpeer_answer_heard(unsigned protocol, unsigned code, const unsigned char *data, size_t len)
{
	/* One octet of length before the Value or the Peer-ID, and before the Password. */
	size_t first = len > 0 ? data[0] : 0;

	if (!answer.on || len < 1 + first)
		return;
	if (protocol == PROTO_CHAP && code == CODE_CHAP_RESPONSE) {
		take_octets(answer.name, sizeof(answer.name), data + 1 + first, len - 1 - first);
	} else if (protocol == PROTO_PAP && code == CODE_PAP_REQUEST) {
		size_t second = len > 1 + first ? data[1 + first] : 0;

		if (len < 2 + first + second)
			return;
		take_octets(answer.name, sizeof(answer.name), data + 1, first);
		take_octets(answer.password, sizeof(answer.password), data + 2 + first, second);
	}
}

enum report_auth
pptpeer_answer_auth(void)
{
	const lcp_options *ours = &lcp_gotoptions[0];

	if (ours->neg_chap)
		return pptpeer_auth_of_chap(CHAP_DIGEST(ours->chap_mdtype));
	return ours->neg_upap ? REPORT_AUTH_PAP : REPORT_AUTH_NONE;
}

/*
 * Only what pppd sends first after it has asked comes of a look at a secret.  Whatever else is called an answer it
 * answers as before, without a look (seen in 2.4.9): with the right name first and then with
 * another one a caller would be that other one.
 */
static void
tell(enum report_kind kind)
{
	struct report report = {.kind = kind, .u.auth.method = pptpeer_answer_auth()};

	if (answer.told)
		return;
	answer.told = 1;
	if (kind == REPORT_CALLER_REFUSED) {
		report.u.auth.error_code =
		    answer.refused != 0 ? answer.refused : REPORT_REFUSED_SECRET;
	} else if (!answer.verifies) {
		answer.proved = 1;
		memcpy(answer.proved_name, answer.name, sizeof(answer.name));
	}
	if (kind == REPORT_CALLER_REFUSED)
		pptpeer_set_text(&report, (const unsigned char *)answer.name, strlen(answer.name));
	else
		pptpeer_set_text(
		    &report, (const unsigned char *)answer.proved_name, strlen(answer.proved_name));
	pptpeer_say(&report);
}

/* PAP has no Challenge that would tell: its caller speaks first. */
void
pptpeer_answer_anew(void)
{
	answer.told = 0;
}

void
pptpeer_answer_sent(unsigned protocol, unsigned code)
{
	if (!answer.on)
		return;
	if (protocol == PROTO_CHAP && code == CODE_CHAP_CHALLENGE)
		answer.told = 0;
	else if ((protocol == PROTO_CHAP && code == CODE_CHAP_SUCCESS) ||
		 (protocol == PROTO_PAP && code == CODE_PAP_ACK))
		tell(REPORT_CALLER_OK);
	else if ((protocol == PROTO_CHAP && code == CODE_CHAP_FAILURE) ||
		 (protocol == PROTO_PAP && code == CODE_PAP_NAK))
		tell(REPORT_CALLER_REFUSED);
}

/* ---- options ---------------------------------------------------------------- */

int
pptpeer_answering(void)
{
	return answer.on;
}

/* What an options file may have set otherwise. */
void
pptpeer_answer_begin(void)
{
	lcp_options *want = &lcp_wantoptions[0];

	if (!answer.on)
		return;
	want->neg_upap = answer.pap != 0;
	want->neg_chap = answer.chap != 0;
	want->chap_mdtype = answer.chap;
	want->neg_eap = 0;
	ipcp_wantoptions[0].hisaddr = answer.peer.s_addr;
	ipcp_wantoptions[0].accept_local = 0;
	ipcp_wantoptions[0].accept_remote = 0;
	if (!answer.verifies)
		return;
	chap_verify_hook = verify_chap;
	pap_auth_hook = verify_pap;
	ip_choose_hook = choose_address;
	allowed_address_hook = is_allowed;
}

void
pptpeer_answer_end(void)
{
	if (answer.verify_fd >= 0)
		close(answer.verify_fd);
	answer.verify_fd = -1;
	explicit_bzero(answer.password, sizeof(answer.password));
}

static int
set_methods(char **argv)
{
	static const struct {
		const char *name;
		unsigned char chap;
	} methods[] = {{"mschap-v2", MDTYPE_MICROSOFT_V2}, {"mschap", MDTYPE_MICROSOFT},
	    {"chap", MDTYPE_MD5}, {"pap", 0}};
	const char *at = *argv;

	answer.on = 1;
	answer.pap = answer.chap = 0;
	/* The servers that /etc/ppp/options names are not ours; those that we name come after this. */
	memset(ipcp_allowoptions[0].dnsaddr, 0, sizeof(ipcp_allowoptions[0].dnsaddr));
	memset(ipcp_allowoptions[0].winsaddr, 0, sizeof(ipcp_allowoptions[0].winsaddr));
	while (*at != '\0') {
		size_t len = strcspn(at, ","), i = 0;

		while (i < sizeof(methods) / sizeof(methods[0]) &&
		       (strlen(methods[i].name) != len || strncmp(at, methods[i].name, len) != 0))
			i++;
		if (i == sizeof(methods) / sizeof(methods[0])) {
			pptpeer_option_error("pptpeer: that is no method of authentication");
			return 0;
		}
		answer.chap |= methods[i].chap;
		answer.pap |= methods[i].chap == 0;
		at += len + (at[len] == ',');
	}
	return answer.pap || answer.chap != 0;
}

static int
set_peer(char **argv)
{
	if (inet_pton(AF_INET, *argv, &answer.peer) == 1)
		return 1;
	pptpeer_option_error("pptpeer: that is no IPv4 address");
	return 0;
}

static int
have_secret(void)
{
	return 1;
}

static int
set_verify(char **argv)
{
	answer.verify_fd = pptpeer_take_socket(*argv);
	if (answer.verify_fd < 0)
		return 0;
	/* A core must not hold a secret; a debugger of another user's must not see one. */
	prctl(PR_SET_DUMPABLE, 0);
	answer.verifies = 1;
	chap_check_hook = have_secret;
	pap_check_hook = have_secret;
	return 1;
}

void
pptpeer_answer_init(void)
{
	static char methods_name[] = "pptpeer-answer",
		    methods_help[] = "How callers prove themselves";
	static char peer_name[] = "pptpeer-peer-address", peer_help[] = "The caller's address";
	static char verify_name[] = "pptpeer-verify", verify_help[] = "Socket that knows secrets";
	static option_t options[] = {
	    {.name = methods_name,
		.type = o_special,
		.addr = (void *)set_methods,
		.description = methods_help},
	    {.name = peer_name,
		.type = o_special,
		.addr = (void *)set_peer,
		.description = peer_help},
	    {.name = verify_name,
		.type = o_special,
		.addr = (void *)set_verify,
		.description = verify_help},
	    {.name = NULL},
	};

	ppp_add_options(options);
}
