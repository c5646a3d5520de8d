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

static void put(struct hook_env *env, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct hook_env *env, const char *format, ...)
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

/* "NAME=192.0.2.1", and nothing where there is no address. */
static void
put_address(struct hook_env *env, const char *name, struct in_addr address)
{
	char ip[INET_ADDRSTRLEN];

	if (address.s_addr != htonl(INADDR_ANY))
		put(env, "%s=%s", name, inet_ntop(AF_INET, &address, ip, sizeof(ip)));
}

static void
put_routes(struct hook_env *env, const struct config *config)
{
	char text[(CONFIG_LIST + 1) * NET_TEXT] = "", net[NET_TEXT];
	size_t used = 0;

	if (config->route_default)
		used = (size_t)snprintf(text, sizeof(text), "default");
	for (unsigned i = 0; i < config->routes_through.count; i++) {
		net_text(&config->routes_through.net[i], net, sizeof(net));
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "%s%s", used == 0 ? "" : " ", net);
	}
	put(env, "PPTPEER_ROUTES=%s", text);
}

static void
put_network(struct hook_env *env, const struct ipc_network *network)
{
	put(env, "PPTPEER_IFNAME=%s", network->interface);
	put(env, "PPTPEER_MTU=%u", (unsigned)network->mtu);
	put(env, "PPTPEER_MPPE=%u", (unsigned)network->mppe_bits);
	put(env, "PPTPEER_CALL_ID=%u", (unsigned)network->call_id);
	put(env, "PPTPEER_PEER_CALL_ID=%u", (unsigned)network->peer_call_id);
	put(env, "PPTPEER_PEER_HOSTNAME=%s", network->peer_hostname);
	put_address(env, "PPTPEER_LOCAL_IP", network->local);
	put_address(env, "PPTPEER_PEER_IP", network->peer);
	put_address(env, "PPTPEER_DNS1", network->dns[0]);
	put_address(env, "PPTPEER_DNS2", network->dns[1]);
	put(env, "IFNAME=%s", network->interface);
	put_address(env, "IPLOCAL", network->local);
	put_address(env, "IPREMOTE", network->peer);
	put_address(env, "DNS1", network->dns[0]);
	put_address(env, "DNS2", network->dns[1]);
}

void
hook_env(struct hook_env *env, const struct hook_facts *facts)
{
	char login[520];

	memset(env, 0, sizeof(*env));
	put(env, "%s", CHILD_PATH);
	put(env, "PPTPEER_EVENT=%s", facts->event);
	put(env, "PPTPEER_NAME=%s", facts->config->name);
	put(env, "PPTPEER_ROLE=dial");
	put(env, "PPTPEER_PID=%d", (int)getpid());
	put(env, "PPTPEER_SERVER=%s", facts->server);
	put_address(env, "PPTPEER_SERVER_IP", facts->address);
	if (config_login(facts->config, login, sizeof(login)) >= 0)
		put(env, "PPTPEER_USER=%s", login);
	put_network(env, facts->network);
	put_routes(env, facts->config);
	if (facts->reason == NULL)
		return;
	put(env, "PPTPEER_DURATION=%llu", (unsigned long long)facts->duration_s);
	put(env, "PPTPEER_REASON_CODE=%u", facts->reason->ecode);
	put(env, "PPTPEER_REASON=%s", facts->reason->what);
}

int
hook_start(const char *path, const struct hook_facts *facts, pid_t *pid, int *said)
{
	const char *argv[] = {path, facts->event, facts->config->name, NULL};
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
