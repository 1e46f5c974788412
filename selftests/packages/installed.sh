# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# installed.sh KERNEL - in `clean`: what the Debian packages of /out install for
# this kernel, as /out/packages.tar, and which of it goes when they are removed,
# as /out/packages.removed. For guests.
. /src/selftests/packages/lib.sh

# files: all that there is, but sources and documents.
files() {
	find etc usr ! -path 'usr/src/*' ! -path 'usr/lib/python*' \
		\( ! -path 'usr/share/*' -o -path 'usr/share/smc_r*' \) | sort
}

cd /
add_kernel "$1"
run_kernel
files >/tmp/before
apt_install /out/smc-r-*s_*.deb
files >/tmp/installed
comm -13 /tmp/before /tmp/installed | tar --no-recursion -cf /out/packages.tar -T -
apt-get -qq -y remove smc-r-dkms smc-r-tools
comm -23 /tmp/installed <(files) >/out/packages.removed
