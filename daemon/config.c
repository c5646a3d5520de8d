/* config.c: the defaults of a tunnel's settings (interface.md 3), and what follows from them. */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

static const char *const stage_names[] = {
    [STAGE_NONE] = "none",
    [STAGE_LOOKUP] = "lookup",
    [STAGE_TCP] = "tcp",
    [STAGE_CONTROL] = "control",
    [STAGE_CALL] = "call",
    [STAGE_GRE] = "gre",
    [STAGE_LCP] = "lcp",
    [STAGE_AUTH] = "auth",
    [STAGE_UP] = "up",
};
#define STAGES (sizeof(stage_names) / sizeof(stage_names[0]))

const char *
stage_name(enum stage stage)
{
	return (size_t)stage < STAGES ? stage_names[stage] : "unknown";
}

int
stage_from_name(const char *name)
{
	for (size_t i = 0; i < STAGES; i++)
		if (strcmp(name, stage_names[i]) == 0)
			return (int)i;
	return -1;
}

void
config_fill(struct config *config)
{
	strcpy(config->run_dir, "/run/pptpeer");
	config->port = 1723; /* RFC 2637 1.4 */
	config->server_count = 1;
	config->connect_timeout = 10;
	config->reply_timeout = 60;
	config->first_delay = 1;
	config->max_delay = 300;
	config->accept = ACCEPT_MSCHAPV2;
	config->listen_port = 1723;
	config->max_control = 200;
	config->max_half_open = 32;
	config->max_calls = 200;
	config->max_calls_per_peer = 4;
	config->setup_timeout = 10;
	config->rate_count = 10;
	config->rate_seconds = 60;
	strcpy(config->auth_name, "pptpeer");
	config->mppe = MPPE_REQUIRE;
	config->mppe_128 = true;
	config->control_echo = 60;
	config->control_echo_wait = 60;
	config->lcp_echo = 20;
	config->lcp_echo_failure = 3;
	config->route_table = RT_TABLE_MAIN;
	config->server_route = true;
	config->hook_timeout = 30;
	config->reorder_wait_ms = 100;
	config->reorder_depth = 256;
	config->window = 64;
	config->window_mode = PPTP_WINDOW_ADVISORY;
	config->gre_timeout = 30;
	config->gre_notice = 6;
	strcpy(config->pppd_path, PPPD_DEFAULT_PATH);
	strcpy(config->plugin_path, PPPD_PLUGIN_DIR "/pptpeer.so");
	strcpy(config->vendor, "pptpeer");
	config->log_level = LOG_LEVEL_INFO;
	config->log_target = LOG_TO_JOURNAL;
	config->until = STAGE_UP;
	config->stay_up = true;
	/* A longer name is cut: Host Name has 64 octets (RFC 2637 2.1), one of them our
	 * NUL. */
	if (gethostname(config->host_name, sizeof(config->host_name)) != 0)
		config->host_name[0] = '\0';
	config->host_name[sizeof(config->host_name) - 1] = '\0';
	/* A build that is not installed has its plugin elsewhere. */
	const char *plugin = secure_getenv("PPTPEER_PLUGIN");
	if (plugin != NULL)
		snprintf(config->plugin_path, sizeof(config->plugin_path), "%s", plugin);
}

void
config_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config_fill(config);
}

void
config_no_hooks(struct config *config)
{
	config->hook_call_up[0] = config->hook_call_down[0] = '\0';
	config->hook_pre_dial[0] = config->hook_up[0] = config->hook_renew[0] = '\0';
	config->hook_down[0] = config->hook_auth_failed[0] = config->hook_waiting[0] = '\0';
	config->hook_script[0] = '\0';
}

int
config_verbose(enum log_level level)
{
	return level == LOG_LEVEL_DEBUG ? 2 : level == LOG_LEVEL_INFO ? 1 : 0;
}

uint16_t
config_frame_max(const struct config *config)
{
	/* 1500 is always to be taken (RFC 1661 6.1); address, control, protocol, MPPE, a margin. */
	enum { ALWAYS = 1500, MORE = 100 };
	size_t largest = ALWAYS;

	if (config->mtu > largest)
		largest = config->mtu;
	if (config->mru > largest)
		largest = config->mru;
	/* The length in GRE's header has 16 bits (RFC 2637 4.1). */
	return (uint16_t)(largest + MORE < UINT16_MAX ? largest + MORE : UINT16_MAX);
}

bool
config_kernel_path(const struct config *config)
{
	return config->data_path == PATH_KERNEL && config->until > STAGE_GRE;
}

bool
config_covers_server(const struct config *config, struct in_addr server)
{
	bool covered = config->route_default;

	for (unsigned i = 0; i < config->routes_through.count; i++)
		covered = covered || net_covers(&config->routes_through.net[i], server);
	return covered && config->mark == 0 && config->route_table == RT_TABLE_MAIN;
}

unsigned
config_callers_methods(const struct config *config)
{
	if (config->role == ROLE_AUTO)
		return config->answer_require_peer;
	return config->role == ROLE_LISTEN ? config->require_peer : 0;
}

int
config_login(const struct config *config, char *buf, size_t size)
{
	int len;

	if (config->domain[0] != '\0')
		len = snprintf(buf, size, "%s\\%s", config->domain, config->user);
	else
		len = snprintf(buf, size, "%s", config->user);
	return len >= 0 && (size_t)len < size ? len : -1;
}
