# shellcheck shell=bash
# Two machines and a wire between them, to be sourced by a script that runs in
# tests/lab/run, box or with-ppp.
#
#   lab_up                     srv (10.10.10.10, vs) and cli (10.10.10.1, vc)
#   on srv|cli COMMAND...      runs it there
#   on_exec srv|cli COMMAND... & the same for the background: $! is COMMAND itself
#   lab_server [PPPD-WORD...]  Debian's pptpd in srv: MS-CHAPv2 and MPPE-128
#                              demanded, 192.168.99.1 -> 192.168.99.10-200; the words
#                              come after ours.  Users: lab_user.  Log: $LAB_OUT/server.log
#   lab_user NAME PASSWORD     one more user who may call (before or after lab_server)
#   lab_no_mppe                as lab_server's first word: MPPE is not offered
#   lab_netem WORD...          netem on both ends of the wire, e.g. loss 2%
#   lab_processes srv|cli      their command lines
#   lab_drop_gre firewall|path  from now on GRE is lost: to cli's own packet filter, or
#                              to the network on the way, where cli cannot see it come
#   lab_wait SECONDS COMMAND...  until it succeeds, looking ten times a second; else 1
#   lab_down                   ends what lab_server and lab_up started
#
# No `ip netns`: that needs mounts, which a chroot does not allow.

LAB_SRV=10.10.10.10
LAB_CLI=10.10.10.1
LAB_INNER=192.168.99.1 # the server's end of each tunnel
declare -A lab_holder=()
lab_pptpd=

on() { # NAMESPACE COMMAND...
	local name=$1
	shift
	nsenter --net="/proc/${lab_holder[$name]}/ns/net" -- "$@"
}

on_exec() { # NAMESPACE COMMAND...
	local name=$1
	shift
	exec nsenter --net="/proc/${lab_holder[$name]}/ns/net" -- "$@"
}

# The processes in a namespace, the one that holds it apart.
lab_processes() { # NAMESPACE
	pgrep --ns "${lab_holder[$1]}" --nslist net | grep -vx "${lab_holder[$1]}" |
		xargs -r ps -o args= -p
}

lab_wait() { # SECONDS COMMAND...
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# True once PID is in a network namespace other than this shell's.
lab_left() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink "/proc/$$/ns/net")" ]; }

lab_netns() { # NAME
	unshare --net sleep infinity </dev/null >/dev/null 2>&1 &
	lab_holder[$1]=$!
	disown
	lab_wait 10 lab_left "${lab_holder[$1]}"
	on "$1" ip link set lo up || return
	# As our tmpfiles.d does it at boot for the namespace of the whole machine; not there without PPP.
	on "$1" chmod -f 0400 /proc/net/pppoe || :
}

lab_up() {
	lab_netns srv && lab_netns cli || return
	ip link add vs netns "${lab_holder[srv]}" type veth \
		peer name vc netns "${lab_holder[cli]}" || return
	# The kernel's own talk (IPv6 router solicitations) would be in every capture.
	on srv sysctl -q -w net.ipv6.conf.vs.disable_ipv6=1 2>/dev/null
	on cli sysctl -q -w net.ipv6.conf.vc.disable_ipv6=1 2>/dev/null
	on srv ip addr add "$LAB_SRV/24" dev vs && on srv ip link set vs up &&
		on cli ip addr add "$LAB_CLI/24" dev vc && on cli ip link set vc up
}

lab_user() { # NAME PASSWORD
	mkdir -p /etc/ppp
	printf '"%s" * "%s" *\n' "$1" "$2" >>/etc/ppp/chap-secrets
	chmod 600 /etc/ppp/chap-secrets
}

lab_server() { # [lab_no_mppe] PPPD-WORD...
	local out=${LAB_OUT:-/tmp} mppe=require-mppe-128
	if [ "${1:-}" = lab_no_mppe ]; then
		mppe=nomppe
		shift
	fi
	mkdir -p /run/pptp
	printf '%s\n' 'name pptpd' 'auth' 'refuse-pap' 'refuse-chap' 'refuse-mschap' \
		'require-mschap-v2' "$mppe" 'nobsdcomp' 'nodeflate' 'lock' 'debug' "logfile $out/server.log" \
		"$@" >/run/pptp/server.options
	printf '%s\n' 'option /run/pptp/server.options' "localip $LAB_INNER" \
		'remoteip 192.168.99.10-200' "listen $LAB_SRV" 'connections 100' >/run/pptp/pptpd.conf
	: >"$out/server.log"
	# exec: the pid is to be pptpd's own, not that of a shell around it.
	on_exec srv pptpd --fg --conf /run/pptp/pptpd.conf --pidfile /run/pptp/pptpd.pid \
		</dev/null >>"$out/pptpd.log" 2>&1 &
	lab_pptpd=$!
	disown
	lab_wait 10 lab_listening
}

lab_listening() { on srv ss -Hltn 'sport = :1723' | grep -q 1723; }

lab_netem() { # netem's words; none: takes it off
	local verb=replace
	[ $# -gt 0 ] || verb=del
	on srv tc qdisc "$verb" dev vs root ${1:+netem} "$@"
	on cli tc qdisc "$verb" dev vc root ${1:+netem} "$@"
}

lab_drop_gre() { # firewall|path
	local way
	case $1 in
	firewall)
		# user-mode Linux has no IPv4 in its nf_tables, so iptables' older half.
		if on cli nft add table ip lab 2>/dev/null; then
			on cli nft add chain ip lab input '{ type filter hook input priority 0; }' &&
				on cli nft add rule ip lab input ip protocol gre counter drop
		else
			on cli iptables-legacy -A INPUT -p gre -j DROP
		fi
		;;
	path)
		on srv tc qdisc add dev vs clsact || return
		for way in ingress egress; do
			on srv tc filter add dev vs "$way" protocol ip u32 \
				match ip protocol 47 0xff action drop || return
		done
		;;
	*)
		return 2
		;;
	esac
}

lab_down() {
	local name
	[ -z "$lab_pptpd" ] || kill "$lab_pptpd" 2>/dev/null
	lab_pptpd=
	for name in "${!lab_holder[@]}"; do
		kill "${lab_holder[$name]}" 2>/dev/null
	done
	lab_holder=()
}
