# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: the Debian packages of a next version are built; left in /out/next.
. /src/selftests/packages/lib.sh

cp -r /src /tmp/next
cd /tmp/next
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$VERSION.1\"/" dkms.conf
sed -i "1s/($VERSION)/($VERSION.1)/" packaging/debian/changelog
find net -name '*.c' -exec sed -i "s/^MODULE_VERSION.*/MODULE_VERSION(\"$VERSION.1\");/" {} +
rm -rf /out/next
ok "make deb of a next version" make -C packaging deb OUT=/out/next
