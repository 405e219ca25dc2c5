# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Which QEMU runs the guest.
#
# Before 8.1, one emulated processor could go on with a stale translation of
# code that the kernel had just patched on another: it took a breakpoint that no
# longer was there, "Oops: int3". Kernels patch themselves whenever a static
# branch is switched, by a tracepoint, the cgroup freezer or a module: some
# seconds of that were enough. Debian 12 has 7.2; setup then fetches the one of
# bookworm-backports, and leaves the installed one alone.

qemu_name=qemu-system-x86_64
qemu_wanted=8.1

qemu_version() { "$1" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([0-9.]*\).*/\1/p'; }

# Where setup unpacks a newer one.
# shellcheck disable=SC2154 # cache: common.sh
qemu_folder() { echo "$cache/qemu"; }

qemu_is_new_enough() {
	local version
	version=$(qemu_version "$1")
	[ "$version" ] && dpkg --compare-versions "$version" ge $qemu_wanted
}

# Is there one that needs nothing more from setup?
qemu_ready() { [ -e "$(qemu_folder)/usr/bin/$qemu_name" ] || qemu_is_new_enough $qemu_name; }

# Sets the array qemu_program: the command, and where its firmware is.
# shellcheck disable=SC2034 # used by who asked
qemu_find() {
	local folder
	folder=$(qemu_folder)
	qemu_program=("$qemu_name")
	[ ! -e "$folder/usr/bin/$qemu_name" ] ||
		qemu_program=("$folder/usr/bin/$qemu_name" -L "$folder/usr/share/qemu" -L /usr/share/seabios)
}
