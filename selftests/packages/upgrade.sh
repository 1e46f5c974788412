# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `clean`: kernels come and go under the Debian packages, and the packages are
# upgraded; what they say when a module is loaded.
. /src/selftests/packages/lib.sh

# hooks DIRECTORY RELEASE: as the kernel's packages call them.
hooks() {
	run-parts --verbose --exit-on-error --arg="$2" --arg="/boot/vmlinuz-$2" \
		"/etc/kernel/$1"
}

# say_loaded MODULE...: what /sys says is loaded.
say_loaded() {
	rm -rf /sys/module/smc*
	mkdir "${@/#//sys/module/}"
}

installed_for() {
	dkms_status -k "$1" | sed -n 's:^smc_r/\([^,]*\),.* installed$:\1:p'
}

# left_alone NAME: nothing was loaded or unloaded.
left_alone() {
	is "" "$(cat /tmp/moved)" "$1"
}

watch_modules
add_kernel 6.1
old=$REL
say_loaded smc smc_diag
ok "packages are installed while the kernel's own module is loaded" \
	apt_install /out/smc-r-*s_*.deb
like "the kernel's own smc is loaded, and stays so.*rmmod smc_diag smc" "$(cat "$LOG")" \
	"... with advice"
left_alone "... which is left alone"
is "$VERSION" "$(installed_for "$old")" "the module is there for the first kernel"
is smc_r "$(served_by "$old")" "... and serves AF_SMC"

add_kernel 6.12
ok "a second kernel is installed" hooks postinst.d "$REL"
is "$VERSION" "$(installed_for "$REL")" "the module is there for the second kernel"
is "$(expected_modules)" "$(where_installed "$REL")" "... with all that belongs to it"
is "$VERSION" "$(installed_for "$old")" "... and still for the first"

ok "smc_run --attach, and its unit is enabled" attach
say_loaded smc_r
ok "packages are upgraded while smc_r is loaded" \
	apt_install /out/next/smc-r-*s_*.deb
like "smc_r is loaded, and stays so.*rmmod smc_r; modprobe smc_r" "$(cat "$LOG")" "... with advice"
left_alone "... which is left alone"
# Debian's DKMS builds for the running and the newest kernel
is "$VERSION.1" "$(installed_for "$REL")" "the new version is there"
is "$VERSION.1" "$(modinfo -F version "/lib/modules/$REL/updates/dkms/smc_r.ko")" \
	"... as module"
is "smc-convert.service smc_run" "$(attached)" "what is attached stays"
is "" "$(find /usr/src /var/lib/dkms/smc_r -maxdepth 1 -name "*$VERSION")" \
	"nothing of the old version is left"

ok "the second kernel is removed" hooks prerm.d "$REL"
is "" "$(installed_for "$REL")$(where_installed "$REL")" "its module is gone"

say_loaded smc_r
ok "packages are removed while smc_r is loaded" apt-get -qq -y remove smc-r-dkms smc-r-tools
like "smc_r is loaded, and stays so.*rmmod smc_r; modprobe smc" "$(cat "$LOG")" \
	"... with advice"
left_alone "... which is left alone"
is smc "$(served_by "$old")" "AF_SMC is served by the kernel's own module again"
is "" "$(where_installed "$old")" "no module is left"
