# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: the Debian packages of a next version are built, as where there is no
# bpftool; left in /out/next.
. /src/selftests/packages/lib.sh

cp -r /src /tmp/next
cd /tmp/next
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$VERSION.1\"/" dkms.conf
sed -i "1s/($VERSION)/($VERSION.1)/" packaging/debian/changelog
find net -name '*.c' -exec sed -i "s/^MODULE_VERSION.*/MODULE_VERSION(\"$VERSION.1\");/" {} +
rm -rf /out/next
export DEB_BUILD_PROFILES=pkg.smc-r.nobpf
ok "make deb of a next version" make -C packaging deb OUT=/out/next
like "smc_attach is left out" "$(cat "$LOG")" "... without what needs bpftool, as it says"
is "" "$(dpkg-deb -c /out/next/smc-r-tools_*.deb | grep smc_attach)" "... which is not there"
