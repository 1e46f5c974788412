# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `rpm`: the RPM packages of /out are as they should be, and run through their
# life. The root is a Debian: rpm's own database knows none of its packages, so
# dependencies are read here, and checked by dnf.sh.
. /src/selftests/packages/lib.sh

# package OUT NAME
package() {
	find "$1" -name "$2-[0-9]*.rpm" ! -name '*.src.rpm'
}

# sources_of FILE: what DKMS gets; no directories.
sources_of() {
	rpm -qlvp "$1" | sed -n "s:^-.* /usr/src/smc_r-$VERSION/::p" | sort
}

mkdir /tmp/out && mv /out/* /tmp/out
dkms=$(package /tmp/out smc-r-dkms)
tools=$(package /tmp/out smc-r-tools)
is "smc-r-dkms-$VERSION-1.noarch.rpm smc-r-tools-$VERSION-1.x86_64.rpm" \
	"$(basename -a "$dkms" "$tools" | xargs)" "there are two packages"
is "${dkms#/tmp/} ${tools#/tmp/}" \
	"$(cd /tmp && eval "echo $(typed Install 2 3 | sed 's:^dnf install packaging/::')")" \
	"README.md installs these"
ok "rpmlint has no errors and no warnings" rpmlint --strict \
	--config /src/packaging/rpm/rpmlint.toml "$dkms" "$tools" \
	/src/packaging/rpm/smc-r.spec

is "" "$(diff <(needed_sources) <(sources_of "$dkms"))" \
	"smc-r-dkms has the sources, and nothing else"
like "/usr/lib/modprobe.d/smc_r.conf" "$(rpm -qlp "$dkms")" \
	"smc-r-dkms sets the kernel's own module aside"
like "dkms" "$(rpm -qRp "$dkms")" "smc-r-dkms requires DKMS"

cp -r /src/tools /tmp/tools
ok "tools are installed for comparison" make -C /tmp/tools install \
	DESTDIR=/tmp/compare PREFIX=/usr LIBDIR=/usr/lib64
is "" "$(cd /tmp/compare && find . ! -type d -printf '/%P\n' | sort |
	comm -23 - <(rpm -qlp "$tools" | sort))" \
	"smc-r-tools has what make -C tools install installs"
for file in /usr/lib/systemd/system/smc_r-config.service \
	/usr/lib/systemd/system/smc-convert.service /usr/libexec/smc_r-config \
	/usr/libexec/smc_r/smc_attach /etc/smc_r; do
	like $'\n'"$file"$'(\n|$)' $'\n'"$(rpm -qlp "$tools")" "smc-r-tools has $file"
done

# hook add|remove RELEASE: as kernel-install calls it.
hook() {
	/etc/kernel/install.d/dkms "$1" "$2" "" ""
}

# what distributions with RPM start from
echo "disable *" >/usr/lib/systemd/system-preset/99-default-disable.preset
add_kernel 6.12
first=$REL
watch_modules
mkdir /sys/module/smc
ok "packages are installed while the kernel's own module is loaded" \
	rpm -i --nodeps "$dkms" "$tools"
like "the kernel's own smc is loaded, and stays so" "$(cat "$LOG")" \
	"... with advice"
is "" "$(cat /tmp/moved)" "... which is left alone"
is "$(expected_modules)" "$(where_installed "$REL")" "DKMS has installed all modules"
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
is enabled "$(systemctl is-enabled smc_r-config)" "the unit for EIDs is enabled"
is disabled "$(systemctl is-enabled smc-convert)" "the one for smc_run --attach is not"

# The next version, and a new release of the same one.
cp -r /src /tmp/next
sed -i "s/^Release:.*/Release: 2/" /tmp/next/packaging/rpm/smc-r.spec
ok "make rpm of a next release, without bpftool" \
	make -C /tmp/next/packaging rpm OUT=/tmp/out2 RPMFLAGS="--without bpf"
is "" "$(rpm -qlp "$(package /tmp/out2 smc-r-tools)" | grep smc_attach)" \
	"... has no smc_attach"
ok "smc_run --attach, and its unit is enabled" attach
ok "packages are upgraded to it" rpm -U --nodeps "$(package /tmp/out2 smc-r-dkms)" "$(package /tmp/out2 smc-r-tools)"
is "smc-convert.service smc_run" "$(attached)" "... and what is attached stays"
is "$(expected_modules)" "$(where_installed "$REL")" "... with all modules"
is "" "$(cat /tmp/moved)" "... and nothing is loaded or unloaded"

add_kernel 6.1
ok "a second kernel is installed" hook add "$REL"
is "$(expected_modules)" "$(where_installed "$REL")" "all modules are there for the second kernel"
is "$(expected_modules)" "$(where_installed "$first")" "... and still for the first"

sed -i "s/^\(Version:[ \t]*\).*/\1$VERSION.1/" /tmp/next/packaging/rpm/smc-r.spec
sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$VERSION.1\"/" /tmp/next/dkms.conf
find /tmp/next/net -name '*.c' \
	-exec sed -i "s/^MODULE_VERSION.*/MODULE_VERSION(\"$VERSION.1\");/" {} +
ok "make rpm of a next version" make -C /tmp/next/packaging rpm OUT=/tmp/out3
ok "packages are upgraded to it" rpm -U --nodeps "$(package /tmp/out3 smc-r-dkms)"
is "$(printf "smc_r/$VERSION.1, %s, x86_64: installed\n" "$REL" "$first" | sort)" \
	"$(dkms_status | sort)" "... and only it is left, for both kernels"
for kernel in "$REL" "$first"; do
	is "$VERSION.1" "$(modinfo -F version "/lib/modules/$kernel/updates/dkms/smc_r.ko")" \
		"... as module"
done
ok "the second kernel is removed" hook remove "$REL"
is "" "$(where_installed "$REL")$(dkms_status -k "$REL" | grep installed)" "its modules are gone"
is "$(expected_modules)" "$(where_installed "$first")" "... those of the first are not"

rmdir /sys/module/smc
mkdir /sys/module/smc_r
ok "packages are removed while smc_r is loaded" rpm -e --nodeps smc-r-dkms smc-r-tools
like "smc_r is loaded, and stays so" "$(cat "$LOG")" "... with advice"
is "" "$(cat /tmp/moved)" "... which is left alone"
is "" "$(attached)" "nothing converts sockets, though the last version could not detach"
is smc "$(served_by "$first")" "AF_SMC is served by the kernel's own module again"
is "" "$(where_installed "$first")$(dkms_status)" "no module is left"
is "" "$(find /usr /etc -path '*smc_r*')" "no file is left"
