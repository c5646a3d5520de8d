/* hook.c: see hook.h.  The names are those of interface.md 6, pppd's own (pppd(8), SCRIPTS) beside them. */
#include "hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "config_keys.h"
#include "dns.h"

const char *
hook_name(enum hook_event event)
{
	static const char *const names[HOOK_EVENTS] = {
	    [HOOK_PRE_DIAL] = "pre-dial",
	    [HOOK_UP] = "up",
	    [HOOK_RENEW] = "renew",
	    [HOOK_DOWN] = "down",
	    [HOOK_AUTH_FAILED] = "auth-failed",
	    [HOOK_WAITING] = "waiting",
	    [HOOK_CALL_UP] = "call-up",
	    [HOOK_CALL_DOWN] = "call-down",
	};

	return names[event];
}

const char *
hook_path(const struct config *config, enum hook_event event)
{
	const char *const paths[HOOK_EVENTS] = {
	    [HOOK_PRE_DIAL] = config->hook_pre_dial,
	    [HOOK_UP] = config->hook_up,
	    [HOOK_RENEW] = config->hook_renew,
	    [HOOK_DOWN] = config->hook_down,
	    [HOOK_AUTH_FAILED] = config->hook_auth_failed,
	    [HOOK_WAITING] = config->hook_waiting,
	    [HOOK_CALL_UP] = config->hook_call_up,
	    [HOOK_CALL_DOWN] = config->hook_call_down,
	};

	return paths[event];
}

void
hook_put(struct hook_env *env, const char *format, ...)
{
	size_t room = sizeof(env->text) - env->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(env->text + env->used, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room || env->count == HOOK_ENTRIES)
		return;
	env->entry[env->count++] = env->text + env->used;
	env->entry[env->count] = NULL;
	env->used += (size_t)n + 1;
}

void
hook_put_address(struct hook_env *env, const char *name, struct in_addr address)
{
	char ip[INET_ADDRSTRLEN];

	if (address.s_addr != htonl(INADDR_ANY))
		hook_put(env, "%s=%s", name, inet_ntop(AF_INET, &address, ip, sizeof(ip)));
}

static void
put_routes(struct hook_env *env, bool everything, const struct config_nets *nets)
{
	char text[(CONFIG_LIST + 1) * NET_TEXT] = "", net[NET_TEXT];
	size_t used = 0;

	if (everything)
		used = (size_t)snprintf(text, sizeof(text), "default");
	for (unsigned i = 0; i < nets->count; i++) {
		net_text(&nets->net[i], net, sizeof(net));
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%s", used == 0 ? "" : " ", net);
	}
	hook_put(env, "PPTPEER_ROUTES=%s", text);
}

static void
put_network(struct hook_env *env, const struct ipc_network *network)
{
	hook_put(env, "PPTPEER_IFNAME=%s", network->interface);
	hook_put(env, "PPTPEER_MTU=%u", (unsigned)network->mtu);
	hook_put(env, "PPTPEER_MPPE=%u", (unsigned)network->mppe_bits);
	hook_put(env, "PPTPEER_CALL_ID=%u", (unsigned)network->call_id);
	hook_put(env, "PPTPEER_PEER_CALL_ID=%u", (unsigned)network->peer_call_id);
	hook_put(env, "PPTPEER_PEER_HOSTNAME=%s", network->peer_hostname);
	hook_put_address(env, "PPTPEER_LOCAL_IP", network->local);
	hook_put_address(env, "PPTPEER_PEER_IP", network->peer);
	hook_put_address(env, "PPTPEER_DNS1", network->dns[0]);
	hook_put_address(env, "PPTPEER_DNS2", network->dns[1]);
	hook_put(env, "IFNAME=%s", network->interface);
	hook_put_address(env, "IPLOCAL", network->local);
	hook_put_address(env, "IPREMOTE", network->peer);
	hook_put_address(env, "DNS1", network->dns[0]);
	hook_put_address(env, "DNS2", network->dns[1]);
}

/* How it was, of one that has ended. */
static void
put_end(struct hook_env *env, const struct hook_facts *facts)
{
	unsigned long long rx = facts->rx_bytes, tx = facts->tx_bytes;

	hook_put(env, "PPTPEER_DURATION=%llu", (unsigned long long)facts->duration_s);
	hook_put(env, "PPTPEER_REASON_CODE=%u", facts->reason->ecode);
	hook_put(env, "PPTPEER_REASON=%s", facts->reason->what);
	if (facts->event == HOOK_WAITING)
		hook_put(env, "PPTPEER_WAIT=%llu", (unsigned long long)facts->wait_s);
	if (facts->event != HOOK_DOWN && facts->event != HOOK_CALL_DOWN)
		return;
	hook_put(env, "CONNECT_TIME=%llu", (unsigned long long)facts->duration_s);
	if (!facts->counted)
		return;
	hook_put(env, "PPTPEER_RX_BYTES=%llu", rx);
	hook_put(env, "PPTPEER_TX_BYTES=%llu", tx);
	hook_put(env, "BYTES_RCVD=%llu", rx);
	hook_put(env, "BYTES_SENT=%llu", tx);
}

static void
put_server(struct hook_env *env, const struct hook_facts *facts)
{
	char login[520];

	hook_put(env, "PPTPEER_SERVER=%s", facts->server);
	hook_put_address(env, "PPTPEER_SERVER_IP", facts->address);
	if (config_login(facts->config, login, sizeof(login)) >= 0)
		hook_put(env, "PPTPEER_USER=%s", login);
}

static void
put_caller(struct hook_env *env, const struct hook_facts *facts)
{
	char user[4 * 256];

	pptp_escape(facts->user, user, sizeof(user));
	hook_put(env, "PPTPEER_USER=%s", user);
	hook_put_address(env, "PPTPEER_CALLER_IP", facts->caller);
	put_routes(env, false, facts->behind);
}

void
hook_env(struct hook_env *env, const struct hook_facts *facts)
{
	char domains[sizeof(facts->config->domains.word)];

	memset(env, 0, sizeof(*env));
	hook_put(env, "%s", CHILD_PATH);
	hook_put(env, "PPTPEER_EVENT=%s", hook_name(facts->event));
	hook_put(env, "PPTPEER_NAME=%s", facts->config->name);
	hook_put(env, "PPTPEER_ROLE=%s", config_role_name(facts->config->role));
	hook_put(env, "PPTPEER_PID=%d", (int)getpid());
	if (facts->user != NULL)
		put_caller(env, facts);
	else
		put_server(env, facts);
	if (facts->network != NULL)
		put_network(env, facts->network);
	if (facts->user == NULL)
		put_routes(env, facts->config->route_default, &facts->config->routes_through);
	hook_put(env, "PPTPEER_DNS_DOMAINS=%s",
	    dns_domains_text(facts->config, domains, sizeof(domains)));
	if (facts->reason != NULL)
		put_end(env, facts);
	if (facts->script)
		hook_script_env(env, facts);
}

int
hook_start(const char *path, const struct hook_facts *facts, pid_t *pid, int *said)
{
	const char *argv[] = {path, hook_name(facts->event), facts->config->name, NULL};
	struct hook_env env;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	hook_env(&env, facts);
	error = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? errno : 0;
	if (error == 0)
		error = child_run(
		    &(struct child_program){
			.argv = argv, .env = env.entry, .out = ends[1], .err = ends[1]},
		    pid);
	close(ends[1]);
	if (error == 0)
		*said = ends[0];
	else
		close(ends[0]);
	return error;
}
