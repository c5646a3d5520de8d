# shellcheck shell=bash
# Shared by scripts/setup, try and check: how they speak, and what time it is.
# To be sourced.

# LAB_COLOR: a script in the lab speaks for one that has the terminal.
if { [ -t 1 ] || [ -n "${LAB_COLOR:-}" ]; } && [ -z "${NO_COLOR:-}" ] && [ "${LAB_COLOR:-}${TERM:-dumb}" != dumb ]; then
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

# failures FILE [LINES]: the tests of a log that failed, with what they say; it fails if there are none.
# The last lines of a log are no place to look for one: others may have gone on for minutes.  A test is a line
# "not ok NAME" and what is indented under it, or what a program of tests says from "== NAME" to "== NAME: exit".
failures() {
	local text
	text=$(awk '
		/^== / { name = $2; if (sub(/:$/, "", name)) { printf "%s", said; print } said = ""; if ($0 !~ /: exit/) said = $0 "\n"; next }
		/^not ok / { shown = 1 }
		/^(ok|skip) / || /^[^ n]/ { shown = 0 }
		shown { print; next }
		!/^\[ (RUN|      OK) / { said = said $0 "\n" }' "$1")
	[ -n "$text" ] || return 1
	printf '    what failed in %s:\n' "$1"
	head -n "${2:-200}" <<<"$text" | sed 's/^/      | /'
	[ "$(wc -l <<<"$text")" -le "${2:-200}" ] || printf '      | and more\n'
}

# quietly LABEL LOG COMMAND...: its output goes to the log; a terminal sees what it
# is at and how long it has been.
quietly() {
	local label=$1 log=$2 start last rc=0
	shift 2
	start=$(now)
	"$@" >"$log" 2>&1 </dev/null &
	quiet_job=$!
	while [ -t 1 ] && kill -0 "$quiet_job" 2>/dev/null; do
		last=$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c1-50)
		printf '\r        %s, %s  %s%s%s\e[K' "$label" "$(since "$start")" "$dim" "$last" "$plain"
		sleep 0.2
	done
	wait "$quiet_job" || rc=$?
	quiet_job=
	[ ! -t 1 ] || printf '\r\e[K'
	return "$rc"
}

# The lab makes network namespaces: sudo before it, unless we are root.
root_prefix() {
	root=()
	[ "$(id -u)" != 0 ] || return 0
	if ! command -v sudo >/dev/null; then
		echo "The lab makes network namespaces: that takes root, and there is no sudo." >&2
		exit 4
	fi
	# shellcheck disable=SC2034 # the caller's
	root=(sudo -E)
}

# The generated half of the build (configure, Makefile.in), when it is not there or
# older than what it is made from.
bootstrap() { # SOURCE LOG
	local file
	for file in configure.ac Makefile.am; do
		if [ ! -e "$1/configure" ] || [ ! -e "$1/Makefile.in" ] ||
			[ "$1/$file" -nt "$1/configure" ] || [ "$1/$file" -nt "$1/Makefile.in" ]; then
			(cd "$1" && quietly "autoreconf" "$2" autoreconf -fi)
			return
		fi
	done
}
