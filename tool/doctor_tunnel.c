/* doctor_tunnel.c: the hops of a tunnel that is up: what is known of it, and what passes it. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "doctor.h"
#include "doctor_probe.h"

#define MTU_MIN  128 /* of ip.mtu */
#define ACK_SIZE 4   /* octets of GRE's Acknowledgment Number */

static const json_t *
part(const json_t *tunnel, const char *name)
{
	return json_object_get(tunnel, name);
}

/* ---------------------------------------------------------------------------- what is known */

const char *
doctor_gre_out(const json_t *tunnel, char *buf, size_t size)
{
	const json_t *gre = part(tunnel, "gre");
	bool heard = client_number(gre, "acks_rx") > 0 || client_has_number(gre, "rtt_us");

	if (!client_has_number(gre, "tx"))
		snprintf(buf, size, "sent, and no error here");
	else
		snprintf(buf, size, "%lld packets sent, and no error here; the server has %s",
		    (long long)client_number(gre, "tx"),
		    heard ? "acknowledged some" : "not acknowledged any yet");
	return buf;
}

const char *
doctor_gre_in(const json_t *tunnel, char *buf, size_t size)
{
	const json_t *gre = part(tunnel, "gre");

	if (!client_has_number(gre, "rx"))
		snprintf(buf, size, "GRE comes from the server");
	else
		snprintf(buf, size, "%lld packets received, %lld lost, %lld bad",
		    (long long)client_number(gre, "rx"), (long long)client_number(gre, "lost"),
		    (long long)client_number(gre, "bad"));
	return buf;
}

void
doctor_encryption(struct doctor *doctor, const json_t *tunnel)
{
	const json_t *mppe = part(part(tunnel, "ppp"), "mppe");

	if (json_is_object(mppe))
		doctor_ok(doctor, HOP_ENCRYPTION, NO_TIME, "MPPE %d-bit %s",
		    (int)client_number(mppe, "bits"),
		    json_is_true(part(mppe, "stateful")) ? "stateful" : "stateless");
	else if (doctor->run.settings.config.mppe == MPPE_OFF)
		doctor_none(doctor, HOP_ENCRYPTION, "NOT ENCRYPTED, as the settings say");
	else
		doctor_none(doctor, HOP_ENCRYPTION, "NOT ENCRYPTED");
}

void
doctor_addresses(struct doctor *doctor, const json_t *tunnel)
{
	const json_t *ppp = part(tunnel, "ppp");

	doctor_ok(doctor, HOP_ADDRESSES, NO_TIME, "%s %s -> %s, MTU %d",
	    client_text(ppp, "interface"), client_text(ppp, "local"), client_text(ppp, "peer"),
	    (int)client_number(ppp, "mtu"));
}

static void
known_connection(struct doctor *doctor, const json_t *tunnel)
{
	const json_t *server = part(tunnel, "server"), *call = part(tunnel, "call");
	const json_t *control = part(tunnel, "control"), *route = part(tunnel, "server_route");

	doctor_ok(doctor, HOP_HOST, NO_TIME,
	    "the tunnel %s is up for %lld s: it is not dialled again", client_text(tunnel, "name"),
	    (long long)client_number(tunnel, "uptime_s"));
	doctor_ok(doctor, HOP_NAME, NO_TIME, "%s is %s", client_text(server, "name"),
	    client_text(server, "address"));
	if (json_is_object(route))
		doctor_ok(doctor, HOP_ROUTE, NO_TIME, "%s%s%s dev %s, kept by the tunnel",
		    client_text(server, "address"),
		    client_text(route, "via")[0] != '\0' ? " via " : "", client_text(route, "via"),
		    client_text(route, "dev"));
	else
		doctor_ok(doctor, HOP_ROUTE, NO_TIME, "as it was: none of the tunnel's covers it");
	doctor_ok(doctor, HOP_TCP, NO_TIME, "connected to %s", client_text(server, "address"));
	doctor_ok(doctor, HOP_CONTROL, NO_TIME, "established; last message %lld s ago",
	    (long long)client_number(control, "last_rx_ms") / 1000);
	doctor_ok(doctor, HOP_CALL, NO_TIME, "open (Call ID %d here, %d there)",
	    (int)client_number(call, "local_id"), (int)client_number(call, "peer_id"));
}

void
doctor_known(struct doctor *doctor, const json_t *tunnel)
{
	const json_t *ppp = part(tunnel, "ppp");
	char text[128];

	known_connection(doctor, tunnel);
	doctor_ok(doctor, HOP_GRE_OUT, NO_TIME, "%s", doctor_gre_out(tunnel, text, sizeof(text)));
	doctor_ok(doctor, HOP_GRE_IN, NO_TIME, "%s", doctor_gre_in(tunnel, text, sizeof(text)));
	doctor_ok(doctor, HOP_LCP, NO_TIME, "agreed");
	doctor_ok(doctor, HOP_AUTH, NO_TIME, "as %s (%s)", client_text(ppp, "user"),
	    client_text(ppp, "auth"));
	doctor_encryption(doctor, tunnel);
	doctor_addresses(doctor, tunnel);
}

/* ---------------------------------------------------------------------------- what passes it */

struct through {
	struct doctor *doctor;
	struct probe probe;
	unsigned dns_asked, dns_answered;
	char dns_text[256];
};

static void
take_address(const json_t *value, struct in_addr *address)
{
	const char *text = json_string_value(value);

	if (text == NULL || inet_pton(AF_INET, text, address) != 1)
		address->s_addr = htonl(INADDR_ANY);
}

static bool
probe_init(struct probe *probe, const json_t *tunnel)
{
	const json_t *ppp = part(tunnel, "ppp"), *dns = part(ppp, "dns");
	json_int_t mtu = client_number(ppp, "mtu");

	memset(probe, 0, sizeof(*probe));
	snprintf(probe->interface, sizeof(probe->interface), "%s", client_text(ppp, "interface"));
	take_address(part(ppp, "peer"), &probe->peer);
	take_address(json_array_get(dns, 0), &probe->dns[0]);
	take_address(json_array_get(dns, 1), &probe->dns[1]);
	probe->mtu = mtu > 0 && mtu <= 65535 ? (unsigned)mtu : 0;
	return probe->interface[0] != '\0' && probe->peer.s_addr != htonl(INADDR_ANY);
}

static void
take_ping(struct through *through, const struct probe_report *report)
{
	char peer[INET_ADDRSTRLEN], error[96] = "";
	struct reason reason;

	inet_ntop(AF_INET, &through->probe.peer, peer, sizeof(peer));
	if (report->received != 0) {
		doctor_ok(through->doctor, HOP_PING, report->us,
		    "%s answered %u of %u, in %u.%u ms on average", peer, report->received,
		    report->sent, report->us / 1000, report->us % 1000 / 100);
		return;
	}
	if (report->sent == 0) { /* there is no socket for it */
		reason_set(&reason, report->error == EPERM || report->error == EACCES ? 104 : 107,
		    "A ping through %s cannot be sent: %s.", through->probe.interface,
		    strerror(report->error));
		doctor_fail(through->doctor, HOP_PING, &reason);
		return;
	}
	if (report->error != 0)
		snprintf(error, sizeof(error), " (%s)", strerror(report->error));
	reason_set(&reason, 801,
	    "The tunnel is up, and %s, its other end, answered none of %u pings%s.", peer,
	    report->sent, error);
	doctor_fail(through->doctor, HOP_PING, &reason);
}

/* Of RFC 1035 4.1.1; a server that refuses this question may still answer others. */
static const char *
rcode_text(uint32_t rcode)
{
	static const char *const words[] = {"no error", "format error", "server failure",
	    "no such name", "not implemented", "refused"};

	return rcode < sizeof(words) / sizeof(words[0]) ? words[rcode] : "another error";
}

static void
take_dns(struct through *through, const struct probe_report *report)
{
	char server[INET_ADDRSTRLEN], what[128];
	char *text = through->dns_text;
	size_t used = strlen(text);

	inet_ntop(AF_INET, &through->probe.dns[report->server & 1], server, sizeof(server));
	through->dns_asked++;
	if (report->received != 0) {
		through->dns_answered++;
		snprintf(what, sizeof(what), "answered in %u ms (%s)", (report->us + 500) / 1000,
		    rcode_text(report->rcode));
	} else {
		snprintf(what, sizeof(what), "did not answer %u queries%s%s", report->sent,
		    report->error != 0 ? ": " : "",
		    report->error != 0 ? strerror(report->error) : "");
	}
	snprintf(text + used, sizeof(through->dns_text) - used, "%s%s %s", used == 0 ? "" : "; ",
	    server, what);
}

/* All servers have been asked.  False: the way has ended. */
static bool
end_dns(struct through *through)
{
	struct reason reason;

	if (through->dns_asked == 0) {
		doctor_none(through->doctor, HOP_DNS, "the server names none");
	} else if (through->dns_answered != 0) {
		doctor_ok(through->doctor, HOP_DNS, NO_TIME, "%s", through->dns_text);
	} else {
		reason_set(&reason, 802, "No DNS server that the server names answers: %s.",
		    through->dns_text);
		doctor_fail(through->doctor, HOP_DNS, &reason);
		return false;
	}
	return true;
}

static void
take_mtu(struct through *through, const struct probe_report *report)
{
	struct reason reason;

	if (report->size == through->probe.mtu) {
		doctor_ok(through->doctor, HOP_MTU, NO_TIME,
		    "packets of %u octets, which is the MTU of %s, go there and back", report->size,
		    through->probe.interface);
		return;
	}
	reason_set(&reason, 803,
	    "Packets of over %u octets do not come back through the tunnel, and the MTU of %s is "
	    "%u: long transfers will hang.",
	    report->size, through->probe.interface, through->probe.mtu);
	/* RFC 2637 4.1: whether the longest carried an acknowledgement cannot be seen from here. */
	if (report->size >= MTU_MIN + ACK_SIZE)
		reason_next(&reason, "ip.mtu = %u (--mtu %u), and dial again",
		    report->size - ACK_SIZE, report->size - ACK_SIZE);
	doctor_fail(through->doctor, HOP_MTU, &reason);
}

static void
take_report(struct through *through, const struct probe_report *report)
{
	if (report->kind == PROBE_PING)
		take_ping(through, report);
	else if (report->kind == PROBE_DNS)
		take_dns(through, report);
	else if (end_dns(through))
		take_mtu(through, report);
}

/* What could not be looked at, as the child has gone no further. */
static void
end_through(struct through *through, int error)
{
	struct doctor *doctor = through->doctor;
	struct reason reason;

	if (doctor->failed || doctor->next == HOPS)
		return;
	if (doctor->next == HOP_DNS && !end_dns(through))
		return;
	reason_set(
	    &reason, 107, "Nothing more can be sent through the tunnel: %s.", strerror(error));
	doctor_fail(doctor, doctor->next, &reason);
}

void
doctor_through(struct doctor *doctor, const json_t *tunnel)
{
	struct through through = {.doctor = doctor};
	struct probe_report report;
	int fd = -1, rc = 0, error = ENODEV;
	pid_t pid = -1;

	if (probe_init(&through.probe, tunnel)) {
		pid = probe_start(&through.probe, &fd);
		error = pid < 0 ? errno : ECHILD;
	}
	while (pid > 0 && !doctor->failed && (rc = probe_next(fd, &report)) > 0)
		take_report(&through, &report);
	if (rc >= 0)
		end_through(&through, error);
	if (pid > 0) {
		close(fd);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}
