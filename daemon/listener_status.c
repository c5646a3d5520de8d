/* listener_status.c: what `status` shows of a listener, as JSON (interface.md 4). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "listener_int.h"
#include "text_json.h"

static const char *
call_state(const struct answer *answer)
{
	switch (answer->phase) {
	case ANSWER_OFFERED:
		return "calling";
	case ANSWER_QUEUED:
	case ANSWER_PPP:
		break;
	case ANSWER_HANGUP:
	case ANSWER_CLEARING:
		return "closing";
	}
	if (answer->stage >= STAGE_UP)
		return "up";
	if (answer->stage < STAGE_GRE)
		return "gre";
	if (!answer->line.ppp.lcp_up)
		return "lcp";
	return answer->line.ppp.auth_ok ? "network" : "auth";
}

static json_t *
call_ppp_json(const struct answer *answer)
{
	const struct ppp *ppp = &answer->line.ppp;
	struct pptp_session_stats stats;
	struct gre_errors errors;

	if (!ppp->running || ppp->pid == 0) /* or it has ended, and its interface with it */
		return json_null();
	line_counters(&answer->line, &stats, &errors);
	return json_pack("{s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "interface",
	    text_or_null(ppp->ifname), "pppd_pid", (int)ppp->pid, "auth",
	    answer->caller_known ? json_string(ppp_auth_name(answer->auth)) : json_null(), "mppe",
	    ppp_mppe_json(ppp), "local", address_json(ppp->local), "peer", address_json(ppp->peer),
	    "mtu", number_if(ppp->mtu != 0, ppp->mtu), "rx_bytes", (json_int_t)stats.rx_bytes,
	    "tx_bytes", (json_int_t)stats.tx_bytes);
}

static json_t *
call_json(const struct answer *answer, uint64_t now)
{
	const struct caller *caller = answer->caller;
	bool up = answer->stage >= STAGE_UP && answer->phase == ANSWER_PPP;
	char host[4 * PPTP_NAME_LEN + 1], vendor[4 * PPTP_NAME_LEN + 1];

	pptp_escape(caller->peer.host_name, host, sizeof(host));
	pptp_escape(caller->peer.vendor_name, vendor, sizeof(vendor));
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:s, s:I, s:o, s:s, s:i, s:i, s:I, s:i, s:o, "
			 "s:o, s:o, s:o, s:o}",
	    "number", (json_int_t)answer->number, "caller", address_json(caller->address),
	    "peer_hostname", text_or_null(host), "peer_vendor", text_or_null(vendor), "user",
	    text_or_null(answer->user), "state", call_state(answer), "since",
	    (json_int_t)answer->since_wall, "uptime_s",
	    number_if(up, (now - answer->up_since) / PPTP_SEC), "direction",
	    answer->incoming ? "incoming" : "outgoing", "local_id", answer->line.local_call_id,
	    "peer_id", answer->line.peer_call_id, "speed_bps", (json_int_t)answer->connect_speed,
	    "window", answer->line.peer_window, "data_path",
	    answer->line.channel != NULL ? json_string(answer->line.channel->ops->name)
					 : json_null(),
	    "data_path_why", line_path_why_json(&answer->line), "channel",
	    line_channel_json(&answer->line), "gre", line_gre_json(&answer->line, now), "ppp",
	    call_ppp_json(answer));
}

static json_t *
calls_json(const struct listener *listener, uint64_t now)
{
	json_t *calls = json_array();
	const struct caller *caller;
	const struct answer *answer;

	TAILQ_FOREACH(caller, &listener->callers, link)
	{
		TAILQ_FOREACH(answer, &caller->answers, link)
		json_array_append_new(calls, call_json(answer, now));
	}
	return calls;
}

static json_t *
last_call_json(const struct listener *listener)
{
	if (listener->last_call.number == 0)
		return json_null();
	return json_pack("{s:I, s:o, s:o, s:o}", "number", (json_int_t)listener->last_call.number,
	    "caller", address_json(listener->last_call.caller), "user",
	    text_or_null(listener->last_call.user), "end", last_end_json(&listener->last_call.end));
}

static json_t *
listen_json(const struct listener *listener)
{
	const struct config *config = listener->config;
	char ip[INET_ADDRSTRLEN];

	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:o}", "address",
	    inet_ntop(AF_INET, &config->listen_address, ip, sizeof(ip)), "port",
	    config->listen_port, "max_calls", (int)config->max_calls, "max_control",
	    (int)config->max_control, "control", (int)listener->caller_count, "half_open",
	    (int)listener->half_open, "calls_ever", (json_int_t)listener->calls_ever, "turned_away",
	    (json_int_t)listener->refused_ever, "last_call", last_call_json(listener));
}

json_t *
listener_status(const struct listener *listener, uint64_t now)
{
	const struct engine *engine = listener->engine;
	uint64_t wait = engine->wait_until > now ? engine->wait_until - now : 0;
	bool open = listener->phase == LISTENER_OPEN;
	const char *state = open                                  ? "listening"
			    : listener->phase == LISTENER_CLOSING ? "closing"
			    : engine->wait_until != 0             ? "waiting"
								  : "starting";

	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n, "
			 "s:[], s:n, s:o, s:i, s:i, s:o, s:o}",
	    "name", listener->config->name, "role", "listen", "state", state, "since",
	    (json_int_t)listener->since_wall, "uptime_s",
	    number_if(open, (uint64_t)(time(NULL) - listener->since_wall)), "listen",
	    listen_json(listener), "server", "call", "data_path", "data_path_why", "channel", "gre",
	    "ppp", "control", "routes", "server_route", "last_end",
	    last_end_json(&engine->history.last_end), "redials", (int)engine->history.redials,
	    "tries", (int)engine->history.tries, "next_try_s",
	    number_if(engine->wait_until != 0, wait / PPTP_SEC), "calls",
	    calls_json(listener, now));
}
