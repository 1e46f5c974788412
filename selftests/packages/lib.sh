# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the scripts that run in a root: TAP points, and a kernel to install for.
set -euo pipefail

LOG=/tmp/log
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' /src/dkms.conf)
# as Kbuild has them
MODULES=$(sed -n 's/^obj-m *[:+]*=//p' /src/Kbuild | xargs -n1 | sed 's/\.o$//')

# point STATUS NAME: what was printed meanwhile is in the log.
point() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		tail -n 30 "$LOG" | sed 's/^/#   /'
	fi
}

# ok NAME COMMAND...: it succeeds.
ok() {
	local name=$1 status=0
	shift
	"$@" >"$LOG" 2>&1 </dev/null || status=$?
	point $status "$name"
}

# is EXPECTED ACTUAL NAME
is() {
	printf 'expected: %s\nactual:   %s\n' "$1" "$2" >"$LOG"
	point "$([ "$1" = "$2" ] && echo 0 || echo 1)" "$3"
}

# like REGEX ACTUAL NAME
like() {
	printf 'expected: %s\nactual:   %s\n' "$1" "$2" >"$LOG"
	point "$([[ $2 =~ $1 ]] && echo 0 || echo 1)" "$3"
}

# typed HEADING N [LINE]: what README.md has the reader type, comments apart.
typed() {
	awk -v heading="$1" -v n="$2" -f /src/selftests/lib/commands.awk /src/README.md |
		sed "s/  *# .*//${3:+; $3!d}"
}

# follow HEADING N [LINE]: as the reader does, in a copy of the tree; what it
# makes is in /out.
follow() {
	local line

	if [ ! -d /tmp/src ]; then
		cp -r /src /tmp/src
		ln -sfn /out /tmp/src/packaging/out
		printf '%s "%s";\n' APT::Get::Assume-Yes true APT::Install-Recommends false \
			>/etc/apt/apt.conf.d/test
	fi
	typed "$@" >/tmp/typed
	[ -s /tmp/typed ] || echo "echo no such lines; false" >/tmp/typed
	while read -r line <&3; do
		ok "README.md: $line" bash -c "cd /tmp/src && $line"
	done 3</tmp/typed
}

# run_kernel: the one that was added last runs, and its headers, which are there
# already, are a package.
run_kernel() {
	local headers=/tmp/linux-headers-$REL

	mkdir -p /run/bin $headers/DEBIAN
	printf '#!/bin/sh\n[ "$*" = -r ] && echo %s || exec /usr/bin/uname "$@"\n' "$REL" \
		>/run/bin/uname
	printf '#!/bin/sh\n[ "$*" = -a ] && set -- -a %s; exec /sbin/depmod "$@"\n' "$REL" \
		>/run/bin/depmod
	chmod +x /run/bin/*
	PATH=/run/bin:$PATH
	printf '%s\n' "Package: linux-headers-$REL" "Version: 99" "Architecture: all" \
		"Maintainer: nobody" "Description: stands in" >$headers/DEBIAN/control
	dpkg-deb -b $headers >/dev/null
	dpkg -i $headers.deb >/dev/null
}

# What DKMS has to get. A tree in which the modules were built has more.
needed_sources() {
	(cd /src && echo Kbuild && echo dkms.conf &&
		find net -name '*.[ch]' ! -name '*.mod.c') | sort
}

# release_of KERNEL
release_of() {
	cat "$KERNELS/$1/release"
}

# add_kernel KERNEL: what its packages install, as far as it matters here: the
# headers, the kernel's own smc and what that needs. Sets $REL.
add_kernel() {
	local from to

	REL=$(release_of "$1")
	from=$KERNELS/$1/lib/modules/$REL
	to=/lib/modules/$REL
	mkdir -p "$to"
	cp "$from"/modules.builtin* "$from/modules.order" "$to"
	cp "$KERNELS/$1/boot/config-$REL" /boot
	# by the stock module's line of modules.dep, and that of its diagnosis
	sed -n 's/:/ /; /^kernel\/net\/smc\//p' "$from/modules.dep" | xargs -n1 | sort -u |
		(cd "$from" && xargs cp --parents -t "$to")
	ln -s "$KERNELS/$1/usr/src/linux-headers-$REL" "$to/build"
	depmod "$REL"
}

# served_by RELEASE [ALIAS]: the modules of SMC that this alias loads.
served_by() {
	modprobe -S "$1" -n --show-depends "${2:-net-pf-43}" 2>&1 |
		sed -n 's/^insmod .*\/\(smc[a-z_]*\)\.ko.*/\1/p' | xargs
}

# watch_modules: from now on, what would load or unload a module is only noted, in
# /tmp/moved.
watch_modules() {
	local name

	for name in insmod modprobe rmmod; do
		rm /sbin/$name
		printf '%s\n' '#!/bin/bash' \
			"[[ \" \$* \" != *' -n '* ]] || exec -a $name /bin/kmod \"\$@\"" \
			"echo \"$name \$*\" >>/tmp/moved" >/sbin/$name
		chmod +x /sbin/$name
	done
	: >/tmp/moved
}

# attach: what smc_run --attach leaves in the kernel, as far as files tell, and its
# unit enabled; systemd runs, and what it is told is in /tmp/told.
attach() {
	systemctl enable smc-convert
	mkdir -p /run/systemd/system /sys/fs/bpf/smc_run
	touch /sys/fs/bpf/smc_run/{link,rules,config,counts}
	mv /bin/systemctl /bin/systemctl.real
	printf '#!/bin/sh\necho "$*" >>/tmp/told\nSYSTEMD_OFFLINE=1 exec systemctl.real "$@"\n' >/bin/systemctl
	chmod +x /bin/systemctl
	: >/tmp/told
}

# attached: what is there of that.
attached() {
	find /sys/fs/bpf /etc/systemd -name 'smc[_-][rc][uo]n*' -printf '%f\n' | sort | xargs
}

# apt_install FILE...: with what they depend on, but no kernel.
apt_install() {
	apt-get -qq -y --no-install-recommends install "$@"
}

# What DKMS says is there; that a kernel image has no .comment is no news.
dkms_status() {
	dkms status "$@" 2>/dev/null
}

# where_installed RELEASE: the files of our modules.
where_installed() {
	local module
	for module in $MODULES; do
		find "/lib/modules/$1" -name "$module.ko*" -printf '%P\n'
	done | sort
}

# where DKMS is to put them
expected_modules() {
	printf 'updates/dkms/%s.ko\n' $MODULES | sort
}
