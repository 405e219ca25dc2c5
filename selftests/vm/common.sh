# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of this folder share: where things are, and how to speak.
# Sourced with `here` set to this folder.

# shellcheck disable=SC2154,SC2034 # here is set, the rest used, by who sources this
{
top=$(cd "$here/../.." && pwd)
# Some services start without one.
export HOME=${HOME:-/tmp}
cache=${PROXYIPC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/proxyipc}
build=${PROXYIPC_BUILD:-$top/build}
me=${0##*/}
}
export LC_ALL=C

# All words to the user go to stderr: stdout belongs to the guest's command.
say() { printf '%s\n' "$me: $*" >&2; }
die() { say "$*"; exit 125; }

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# step "what" COMMAND...: one line per long step, with the time that it took.
# What the command prints is shown only when it fails.
step() {
	local what=$1 log start=$SECONDS
	shift
	log=$(mktemp)
	printf '  %-58s' "$what" >&2
	if "$@" >"$log" 2>&1 </dev/null; then
		printf '%4d s\n' $((SECONDS - start)) >&2
		rm -f "$log"
		return 0
	fi
	printf ' failed\n' >&2
	cat "$log" >&2
	rm -f "$log"
	return 1
}
