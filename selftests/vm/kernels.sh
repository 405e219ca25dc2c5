# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernels that the guest can boot: the one place to edit to add another.
# Each function takes a kernel's short name and answers one question about it.
#
# A Debian kernel is what the installed headers package says it is: the image
# is fetched in exactly that version, so module and kernel always match, and
# an upgrade of the headers moves both.

#
# The debug kernel is not Debian's but built here, from Debian's source and
# debug.config, with all the checkers that the kernel has (debug-kernel does it).

# Names that -k and KERNELS take, oldest first; the last one is the default.
kernel_names() { echo "6.1 6.12"; }

kernel_known() {
	case " $(kernel_names) debug " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# The Debian meta package whose dependency names the current headers.
kernel_headers_package() {
	case $1 in
	6.1) echo linux-headers-cloud-amd64 ;;
	6.12) echo linux-headers-6.12-cloud-amd64 ;;
	*) return 1 ;;
	esac
}

# What `make check` adds to the kernel command line: the checkers that a stock
# kernel has built in.
kernel_check_args() {
	case $1 in
	debug) echo "kunit.enable=1" ;; # built with all of it on
	6.1) echo "slub_debug=FZPU" ;; # built without KFENCE
	*) echo "slub_debug=FZPU kfence.sample_interval=5" ;;
	esac
}

# How much longer than on a stock kernel a test may take.
kernel_slowness() {
	case $1 in
	debug) echo 10 ;;
	*) echo 1 ;;
	esac
}

# Where the debug kernel is built: one folder for each source and configuration.
# shellcheck disable=SC2154 # cache, here: common.sh
debug_folder() {
	local both
	both=$(kernel_headers_installed 6.12) &&
		echo "$cache/debug/${both#* }-$(sha256sum <"$here/debug.config" | cut -c1-16)"
}

# "6.12.117+deb12-cloud-amd64 6.12.117-1~deb12u1": the release and the package
# version of the installed headers. Fails when they are not installed.
kernel_headers_installed() {
	local meta depends status
	meta=$(kernel_headers_package "$1") || return 1
	# shellcheck disable=SC2016 # dpkg-query's own ${}
	depends=$(dpkg-query -W -f '${db:Status-Status} ${Depends}\n' "$meta" 2>/dev/null) || return 1
	read -r status depends <<<"$depends"
	[ "$status" = installed ] || return 1
	[[ $depends =~ linux-headers-([^ ,]+)\ \(=\ ([^\)]+)\) ]] || return 1
	echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
}

kernel_release() {
	local both
	if [ "$1" = debug ]; then
		cat "$(debug_folder)/linux/include/config/kernel.release" 2>/dev/null
		return
	fi
	both=$(kernel_headers_installed "$1") && echo "${both% *}"
}

# What a module for this kernel is built against (KDIR).
kernel_headers() {
	local release folder
	if [ "$1" = debug ]; then
		folder=$(debug_folder) && [ -e "$folder/linux/Module.symvers" ] && echo "$folder/linux"
		return
	fi
	release=$(kernel_release "$1") && [ -e "/usr/src/linux-headers-$release/Makefile" ] &&
		echo "/usr/src/linux-headers-$release"
}

# The folder that the unpacked image is in: boot/vmlinuz-* and lib/modules/*.
kernel_folder() {
	local both
	# shellcheck disable=SC2154 # cache: common.sh
	both=$(kernel_headers_installed "$1") && echo "$cache/kernels/${both/ /_}"
}

# What QEMU boots: the kernel without its wrapping, where we could unpack it.
kernel_image() {
	local release folder
	if [ "$1" = debug ]; then
		folder=$(debug_folder) && echo "$folder/linux/vmlinux"
		return
	fi
	release=$(kernel_release "$1") && folder=$(kernel_folder "$1") || return 1
	if [ -e "$folder/boot/vmlinux" ]; then
		echo "$folder/boot/vmlinux"
	else
		echo "$folder/boot/vmlinuz-$release"
	fi
}

# number FILE OFFSET BYTES: a little-endian number in a file.
number() { od -An -v -j "$2" -N "$3" -t "u$3" "$1" | tr -d ' '; }

# unwrap VMLINUZ VMLINUX: a kernel that was compressed by zstd takes a second or
# more to unpack itself without KVM; do it here, once. The header says where the
# compressed part is (Documentation/arch/x86/boot.rst); it ends in 4 bytes that
# are not zstd's. Any other compression is left to the kernel.
unwrap() {
	local start length
	start=$((($(number "$1" 0x1f1 1) + 1) * 512 + $(number "$1" 0x248 4)))
	length=$(($(number "$1" 0x24c 4) - 4))
	[ "$(number "$1" $start 4)" = $((0xfd2fb528)) ] || return 0
	tail -c +$((start + 1)) "$1" | head -c $length | zstd -dcq >"$2" && return
	rm -f "$2"
}

kernel_ready() {
	local image
	kernel_headers "$1" >/dev/null && image=$(kernel_image "$1") && [ -e "$image" ]
}

# Fetch and unpack the image that matches the installed headers. The archive
# drops old versions: the caller then upgrades the headers and asks again.
kernel_fetch() {
	local both release folder tmp
	both=$(kernel_headers_installed "$1") || return 1
	release=${both% *}
	folder=$(kernel_folder "$1")
	mkdir -p "$cache/kernels"
	tmp=$(mktemp -d "$cache/kernels/tmp.XXXXXX")
	# Whole or not at all: the folder gets its name when it is complete.
	if (cd "$tmp" && apt-get -q download "linux-image-$release=${both#* }" &&
		mkdir image && dpkg-deb -x ./*.deb image && unwrap image/boot/vmlinuz-* image/boot/vmlinux); then
		rm -rf "$folder"
		mv "$tmp/image" "$folder"
		rm -rf "$tmp"
		return 0
	fi
	rm -rf "$tmp"
	return 1
}
