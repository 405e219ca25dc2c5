# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest's root file system: a base archive, made once and kept in the
# cache, and a second one with what this run adds. The kernel unpacks archives
# that follow each other as if they were one.

# Programs of the host that the guest has as they are. busybox has the rest;
# its own `timeout` breaks kselftest's runner.
base_programs="bash timeout stdbuf setpriv"

# Where a host path lives in the guest: there /bin, /sbin and /lib* are links
# into /usr whether or not they are on the host.
guest_path() {
	case $1 in
	/bin/* | /sbin/* | /lib/* | /lib32/* | /lib64/* | /libx32/*) echo "/usr$1" ;;
	*) echo "$1" ;;
	esac
}

# put FILE ROOT [DEST]: copy one file into the tree at ROOT.
put() {
	local dest
	dest=$2$(guest_path "${3:-$1}")
	mkdir -p "${dest%/*}"
	cp -L --preserve=mode,timestamps "$1" "$dest"
}

is_elf() { [ "$(head -c 4 "$1" 2>/dev/null | tr -d '\0')" = $'\x7fELF' ]; }

# The 5th byte of an ELF file says whether it is 32 or 64 bit.
is_elf32() { [ "$(head -c 5 "$1" | tail -c 1 | od -An -tu1 | tr -d ' ')" = 1 ]; }

# put_libraries ROOT FILE...: the shared libraries and the loader of programs.
# One from an unusual folder (an rpath) also goes to where every loader looks.
put_libraries() {
	local root=$1 lib
	shift
	{ ldd "$@" 2>/dev/null || true; } |
		sed -n -e 's|.*=> \(/[^ ]*\) (0x.*|\1|p' -e 's|^\t\(/[^ ]*\) (0x.*|\1|p' |
		sort -u | while read -r lib; do
		[ -e "$root$(guest_path "$lib")" ] || put "$lib" "$root"
		case $lib in
		/lib* | /usr/lib*) continue ;;
		esac
		if is_elf32 "$lib"; then
			put "$lib" "$root" "/usr/lib32/${lib##*/}"
		else
			put "$lib" "$root" "/usr/lib/${lib##*/}"
		fi
	done
}

# put_elfs ROOT FOLDER: libraries for every program below a copied folder.
put_elfs() {
	local file found=()
	while IFS= read -r -d '' file; do
		is_elf "$file" && found+=("$file")
	done < <(find "$2" -type f \( -perm /111 -o -name '*.so*' \) -print0)
	[ ${#found[@]} = 0 ] || put_libraries "$1" "${found[@]}"
}

# archive ROOT FILE: names sorted and times dropped, so that equal contents
# make an equal archive (with -i the guest then runs the same instructions).
archive() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet --null -o -H newc -R 0:0 --reproducible) >"$2"
}

# Links for all that busybox can do; a real program put there later wins.
base_busybox() {
	local root=$1 applet
	put "$(command -v busybox)" "$root" /usr/bin/busybox
	busybox --list | while read -r applet; do
		ln -s busybox "$root/usr/bin/$applet" 2>/dev/null || true
	done
	for applet in init modprobe ip ifconfig su; do
		ln -s ../bin/busybox "$root/usr/sbin/$applet"
	done
}

base_etc() {
	local etc=$1/etc
	cat >"$etc/passwd" <<-END
		root:x:0:0:root:/root:/bin/bash
		daemon:x:1:1:daemon:/:/bin/sh
		user:x:1000:1000:user:/home/user:/bin/bash
		nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
	END
	printf '%s:x:%s:\n' root 0 daemon 1 tty 5 user 1000 nogroup 65534 >"$etc/group"
	printf '%s:*:19000:0:99999:7:::\n' root daemon user nobody >"$etc/shadow"
	chmod 640 "$etc/shadow"
	echo "passwd: files" >"$etc/nsswitch.conf"
	printf '127.0.0.1 localhost guest\n::1 localhost\n' >"$etc/hosts"
	echo guest >"$etc/hostname"
	printf '/bin/sh\n/bin/bash\n' >"$etc/shells"
}

# What the base archive is made of, as one word: made anew when it changes.
base_key() {
	local program
	# shellcheck disable=SC2154 # here: set by whoever sources this file
	{
		cat "$here/initramfs.sh" "$here/guest-init"
		for program in busybox $base_programs; do
			stat -L -c '%n %s %Y' "$(command -v "$program")"
		done
		stat -L -c '%s %Y' /lib/x86_64-linux-gnu/libc.so.6 2>/dev/null
	} | sha256sum | cut -c1-16
}

# base_archive: print the path of the base archive, made if need be.
base_archive() {
	local file root program dir
	# shellcheck disable=SC2154 # cache: common.sh
	file=$cache/initramfs/base-$(base_key).cpio
	if [ ! -e "$file" ]; then
		mkdir -p "${file%/*}"
		root=$(mktemp -d)
		chmod 755 "$root"
		for dir in bin sbin lib lib32 lib64 libx32; do
			mkdir -p "$root/usr/$dir"
			ln -s "usr/$dir" "$root/$dir"
		done
		mkdir -p "$root"/{proc,sys,dev,run,tmp,root,etc,test,vm,mnt,home/user,var/tmp,var/log,usr/local/bin}
		ln -s ../run "$root/var/run"
		base_busybox "$root"
		for program in $base_programs; do
			program=$(command -v "$program")
			rm -f "$root/usr/bin/${program##*/}"
			put "$program" "$root" "/usr/bin/${program##*/}"
			put_libraries "$root" "$program"
		done
		put /usr/libexec/coreutils/libstdbuf.so "$root"
		base_etc "$root"
		cp "$here/guest-init" "$root/init"
		chmod 755 "$root/init"
		archive "$root" "$file.$$"
		mv "$file.$$" "$file"
		rm -rf "$root"
	fi
	echo "$file"
}

# put_file ROOT FILE[:DEST]: what -f does. Without DEST it goes to /test, the
# folder that the command starts in; a relative DEST is below /test, and one
# that ends in / is a folder.
put_file() {
	local root=$1 file=${2%%:*} dest=
	[ "$file" = "$2" ] || dest=${2#*:}
	[ -e "$file" ] || die "-f $file: there is no such file"
	case $dest in
	'') dest=/test/${file##*/} ;;
	/*) ;;
	*) dest=/test/$dest ;;
	esac
	if [ -d "$file" ]; then
		file=$(cd "$file" && pwd)
		[ "$2" != "${2%%:*}" ] || dest=/test/${file##*/}
		dest=$root$(guest_path "${dest%/}")
		mkdir -p "$dest"
		cp -a "$file/." "$dest/"
		put_elfs "$root" "$file"
		return
	fi
	case $dest in
	*/) dest=$dest${file##*/} ;;
	esac
	put "$file" "$root" "$dest"
	! is_elf "$file" || put_libraries "$root" "$file"
}
