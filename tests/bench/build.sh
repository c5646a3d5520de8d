# shellcheck shell=bash
# Shared by tests/bench/host and guest, to be sourced: what they measure, and what is made of it.

bench=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
source=$(readlink -f "$bench/../..")
bench_out= # where figures and logs go: whoever sources this sets it
# shellcheck source=../../scripts/lib.sh
. "$source/scripts/lib.sh"

# The build to be measured, in $build: that of --build, or one of its own with the flags of a release; the
# measuring programs are made in it.
bench_build() { # DIR|""
	"$source/scripts/setup" bench
	bootstrap "$source" "$bench_out/autoreconf.log"
	build=${1:-$source/build/bench}
	mkdir -p "$build"
	build=$(readlink -f "$build")
	if [ ! -e "$build/Makefile" ]; then
		(cd "$build" && quietly configure "$bench_out/configure.log" \
			"$source/configure" --prefix=/usr --sysconfdir=/etc)
	fi
	quietly make "$bench_out/make.log" make -j"$(nproc)" -C "$build" bench || {
		bad "make bench"
		evidence "$bench_out/make.log"
		exit 1
	}
	good "built in $build"
}

# The drop-in, in $drop_in: that of --drop-in, else the build's.
bench_drop_in() { # PATH|""
	# shellcheck disable=SC2034 # the caller's
	drop_in=$(readlink -f "${1:-$build/pptp}")
}

# The table and the plot of KIND.csv.
bench_report() { # host|guest
	"$bench/report.py" "$1" "$bench_out/$1.csv" "$bench_out/$1.svg" | tee "$bench_out/$1.txt"
	good "figures in $bench_out: $1.csv $1.txt $1.svg"
}
