# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# A kernel of a later Debian comes with build tools that don't run on this one.
# Its home is a small Debian of that release in the cache: a root folder, never
# booted and never entered by chroot.

# in_home HOME COMMAND...: run a command with the programs, libraries and headers
# of another Debian: its /usr and /etc take the place of ours, everything else is
# where it was. They do so in a mount namespace of the command's own, so nothing
# of this is left behind, whatever way it ends; who isn't root gets the right to
# mount there, and nowhere else, from a user namespace.
in_home() {
	local home=$1 user=()
	shift
	[ "$home" != / ] || { "$@"; return; }
	[ "$(id -u)" = 0 ] || user=(--map-root-user)
	# /usr last: it has mount(8).
	# shellcheck disable=SC2016 # for that shell
	unshare "${user[@]}" --mount -- sh -c '
		mount --bind "$0/etc" /etc && mount --bind "$0/usr" /usr && exec "$@"' "$home" "$@"
}

# check_homes KERNEL: may this user do so? In a container, only if it was given
# the right.
check_homes() {
	in_home /./ true 2>/dev/null || die "kernel $1 is built for in a Debian of its own, and that takes the
  right to mount. Run as root where that has it (docker run --privileged, say),
  allow user namespaces, or leave this kernel out: KERNELS=\"$(kernels_at_home)\""
}

# home_apt HOME TOOL ARGUMENT...: an apt tool, with the lists of a home.
home_apt() {
	local home=${1%/} tool=$2
	shift 2
	"$tool" -o Dir="$home/" -o Dir::State::status="$home/var/lib/dpkg/status" "$@"
}

# This machine's own mirror of Debian, as it may have no other.
debian_mirror() {
	local mirror
	# shellcheck disable=SC2016 # apt's own $()
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1)
	echo "${mirror:-http://deb.debian.org/debian/}"
}

# How this machine's apt gets there: a proxy, say.
apt_settings() {
	apt-config dump --no-empty Acquire | grep -E '^Acquire::(https?|ftp|Check-|Retries|Force)' || true
	echo 'Acquire::GzipIndexes "true";'
}

# Run by mmdebstrap: into the home $1 goes the newest package named like $HEADERS.
# shellcheck disable=SC2016
home_hook='export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
newest=$(apt-cache search --names-only "^$HEADERS\$" | cut -d " " -f 1 | sort -V | tail -n 1)
[ "$newest" ] || { echo "the archive has no package $HEADERS (any more)" >&2; exit 1; }
apt-get --yes --no-install-recommends -o DPkg::Chroot-Directory="$1" install "$newest"'

# make_home HOME HEADERS SUITE...: a Debian of the first suite, with the newest
# package of headers whose name matches from all of them. As root.
make_home() {
	local home=$1 headers=$2 suite tmp mirror sources=()
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	shift 2
	mirror=$(debian_mirror)
	for suite; do
		sources+=("deb [signed-by=$keyring] $mirror $suite main")
	done
	# shellcheck disable=SC2154 # cache: common.sh
	tmp=$(mktemp -d "$cache/tmp.XXXXXX")
	apt_settings >"$tmp/apt.conf"
	# Whole or not at all: it gets its name when it is complete. The lists stay,
	# to fetch the kernel by.
	as_root env HEADERS="$headers" mmdebstrap --mode=root --variant=minbase --include=make,gcc \
		--aptopt="$tmp/apt.conf" --skip=cleanup/apt/lists \
		--customize-hook="$home_hook" "$1" "$tmp/home" "${sources[@]}" &&
		as_root rm -rf "$home" &&
		mkdir -p "${home%/*}" &&
		as_root mv "$tmp/home" "$home"
	as_root rm -rf "$tmp"
	[ -d "$home" ]
}
