# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: Debian packages are built and are as they should be; left in /out.
. /src/selftests/packages/lib.sh

# files_of PACKAGE: mode and name of each.
files_of() {
	dpkg-deb -c /out/"$1"_*.deb | awk '!/^d/ {print $1, substr($6, 2)}'
}

# sources_of PACKAGE: what DKMS gets.
sources_of() {
	files_of "$1" | sed -n "s:.* /usr/src/smc_r-$VERSION/::p" | sort
}

is "$VERSION" "$(dpkg-parsechangelog -l /src/packaging/debian/changelog -S Version)" \
	"debian/changelog has the version of dkms.conf"
is "$VERSION" "$(sed -n 's/^Version:[ \t]*//p' /src/packaging/rpm/smc-r.spec)" \
	"smc-r.spec has the version of dkms.conf"

rm -rf /out/*
follow Install 1 1,2
is "smc-r-dkms_${VERSION}_all.deb smc-r-tools_${VERSION}_amd64.deb" \
	"$(cd /out && echo smc-r-[dt]*s_*.deb)" "... makes two packages"
ok "lintian has no errors and no warnings" lintian --fail-on error,warning \
	--allow-root /out/smc-r_*.changes

is "" "$(diff <(needed_sources) <(sources_of smc-r-dkms))" \
	"smc-r-dkms has the sources, and nothing else"
like "/usr/lib/modprobe.d/smc_r.conf" "$(files_of smc-r-dkms)" \
	"smc-r-dkms sets the kernel's own module aside"

cp -r /src/tools /tmp/tools
ok "tools are installed for comparison" make -C /tmp/tools install \
	DESTDIR=/tmp/compare PREFIX=/usr LIBDIR=/usr/lib
is "" "$(cd /tmp/compare && find . ! -type d -printf '/%P\n' |
	sed '/\/man\/man/s/$/.gz/' | sort |
	comm -23 - <(files_of smc-r-tools | awk '{print $2}' | sort))" \
	"smc-r-tools has what make -C tools install installs"
like "/usr/libexec/smc_r/smc_attach" "$(files_of smc-r-tools)" "... for smc_run --attach, too"
like "-rwSr--r-- /usr/lib/libsmc-preload.so" "$(files_of smc-r-tools)" \
	"... with a library that the loader takes for set-uid programs"
