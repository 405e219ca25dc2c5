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

# Names that -k and KERNELS take, oldest first.
kernel_names() { echo "6.1 6.12 7.3"; }

# The newest of those that need nothing but this machine's own packages.
kernel_default() { echo "6.12"; }

kernel_known() {
	case " $(kernel_names) debug " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# The root folder of the Debian that has its headers and builds its module: this
# machine's, or one of our own for a kernel of a later Debian (home.sh).
# shellcheck disable=SC2154 # cache: common.sh
kernel_home() {
	case $1 in
	6.1 | 6.12 | debug) echo / ;;
	7.3) echo "$cache/homes/$1" ;;
	*) return 1 ;;
	esac
}

# Those whose home is this machine.
kernels_at_home() {
	local kernel list=''
	for kernel in $(kernel_names); do
		[ "$(kernel_home "$kernel")" != / ] || list+=" $kernel"
	done
	echo "${list# }"
}

# What such a home of our own is made from: Debian's release, and where in it the
# kernel is.
kernel_suites() {
	case $1 in
	7.3) echo "trixie trixie-backports" ;;
	*) return 1 ;;
	esac
}

# What this machine must have installed for it.
kernel_packages() {
	case $1 in
	6.1) echo linux-headers-cloud-amd64 ;;
	6.12) echo linux-headers-6.12-cloud-amd64 ;;
	7.3) echo mmdebstrap debian-archive-keyring mount ;;
	# Its source is in the version of these headers.
	debug) echo "$(kernel_packages 6.12) flex bison bc libelf-dev" ;;
	*) return 1 ;;
	esac
}

# The names that its headers package may have, which go with the build: as a
# pattern for dpkg, and as a regular expression for apt.
kernel_headers_pattern() { echo "linux-headers-$1.*-cloud-amd64"; }
kernel_headers_regex() { echo "linux-headers-${1//./[.]}[.].*-cloud-amd64"; }

# What `make check` adds to the kernel command line: the checkers that a stock
# kernel has built in.
kernel_check_args() {
	case $1 in
	# Built with all of it on; a scan for leaks takes long on a busy machine.
	debug) echo "kunit.enable=1 watchdog_thresh=60" ;;
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
# version of the newest headers that its home has installed. Fails if none are.
kernel_headers_installed() {
	local home both
	home=$(kernel_home "$1") || return 1
	# shellcheck disable=SC2016 # dpkg-query's own ${}
	both=$(dpkg-query --admindir="${home%/}/var/lib/dpkg" -W \
		-f '${db:Status-Status} ${Package} ${Version}\n' "$(kernel_headers_pattern "$1")" 2>/dev/null |
		sed -n 's/^installed linux-headers-//p' | sort -V | tail -n 1)
	[ "$both" ] && echo "$both"
}

kernel_release() {
	local both
	if [ "$1" = debug ]; then
		cat "$(debug_folder)/linux/include/config/kernel.release" 2>/dev/null
		return
	fi
	both=$(kernel_headers_installed "$1") && echo "${both% *}"
}

# What a module for this kernel is built against (KDIR), as seen in its home.
kernel_headers() {
	local home release folder
	if [ "$1" = debug ]; then
		folder=$(debug_folder) && [ -e "$folder/linux/Module.symvers" ] && echo "$folder/linux"
		return
	fi
	home=$(kernel_home "$1") && release=$(kernel_release "$1") || return 1
	folder=/usr/src/linux-headers-$release
	[ -e "${home%/}$folder/Makefile" ] && echo "$folder"
}

# The folder that the unpacked image is in: boot/vmlinuz-* and lib/modules/*.
kernel_folder() {
	local both
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

# The packages that a kernel's image is in, each with its version: one, or for a
# kernel that Debian packs in parts, those that it depends on in that version too.
image_packages() {
	local home=$1 release=$2 version=$3
	echo "linux-image-$release=$version"
	home_apt "$home" apt-cache show "linux-image-$release=$version" |
		sed -n 's/^Depends: //p' | tr ',' '\n' |
		sed -n "s/^ *\(linux-[a-z]*-$release\) (= $version)\$/\1=$version/p"
}

# unpack_image RELEASE FOLDER PACKAGE...: into a folder, as they would be on a
# machine whose /lib is a link to /usr/lib, with the kernel in /boot.
unpack_image() {
	local release=$1 folder=$2 package
	shift 2
	mkdir -p "$folder/boot" "$folder/usr/lib" && ln -s usr/lib "$folder/lib" || return 1
	for package; do
		dpkg-deb --fsys-tarfile "$package" | tar -xC "$folder" --keep-directory-symlink || return 1
	done
	[ -e "$folder/boot/vmlinuz-$release" ] ||
		ln -s "../lib/modules/$release/vmlinuz" "$folder/boot/vmlinuz-$release"
	unwrap "$folder/boot/vmlinuz-$release" "$folder/boot/vmlinux"
}

# Fetch and unpack the image that matches the installed headers. The archive
# drops old versions: the caller then upgrades the headers and asks again.
kernel_fetch() {
	local home both release folder tmp
	home=$(kernel_home "$1") && both=$(kernel_headers_installed "$1") || return 1
	release=${both% *}
	folder=$(kernel_folder "$1")
	mkdir -p "$cache/kernels"
	tmp=$(mktemp -d "$cache/kernels/tmp.XXXXXX")
	# Whole or not at all: the folder gets its name when it is complete.
	# shellcheck disable=SC2046 # a list
	if (cd "$tmp" && home_apt "$home" apt-get -q download $(image_packages "$home" "$release" "${both#* }") &&
		unpack_image "$release" image ./*.deb); then
		rm -rf "$folder"
		mv "$tmp/image" "$folder"
		rm -rf "$tmp"
		return 0
	fi
	rm -rf "$tmp"
	return 1
}
