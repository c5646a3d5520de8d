# shellcheck shell=bash
# Shared by scripts/setup, try and check: how they speak, and what time it is.
# To be sourced.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
	bold='' dim='' red='' green='' plain=''
fi

# A script's usage is the comment at its head.
usage() { sed -n '2,/^[^#]/{/^[^#]/!s/^# \{0,1\}//p}' "$0"; }

now() { echo "${EPOCHREALTIME/[.,]/}"; } # microseconds

# since MICROSECONDS: the time gone by, as "12.3 s".
since() {
	local tenths=$((($(now) - $1 + 50000) / 100000))
	echo "$((tenths / 10)).$((tenths % 10)) s"
}

begin() { printf '%s==>%s %s\n' "$bold" "$plain" "$*"; }
good() { printf '    %sok%s  %s\n' "$green" "$plain" "$*"; }
bad() { printf '    %sNOT OK%s  %s\n' "$red" "$plain" "$*"; }
note() { printf '        %s%s%s\n' "$dim" "$*" "$plain"; }

# evidence FILE [LINES]: a log's last lines, indented.
evidence() {
	[ -s "$1" ] || return 0
	printf '    the last lines of %s:\n' "$1"
	tail -n "${2:-25}" "$1" | sed 's/^/      | /'
}

# as_root NAME ARGS...: comes back as root; else goes on with sudo, or says why not.
as_root() {
	[ "$(id -u)" != 0 ] || return 0
	if command -v sudo >/dev/null; then
		echo "Network namespaces need root: going on with sudo."
		exec sudo -E -- "$@"
	fi
	echo "${1##*/} needs root (it makes network namespaces), and there is no sudo: run it as root." >&2
	exit 4
}
