# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `clean`: the Debian packages are installed, removed and purged, with one
# kernel. Of /out come the packages.
. /src/selftests/packages/lib.sh

# left: what is there of the packages, and in the directories they write to.
left() {
	dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' 'smc-r-*' 2>/dev/null
	find /etc /usr /lib/modules /var/lib/dkms -path '*smc_r*' ! -path '*/__pycache__/*'
}

purge_packages() {
	apt-get -qq -y purge smc-r-dkms smc-r-tools
}

add_kernel 6.12
is smc "$(served_by "$REL")" "before: AF_SMC is served by the kernel's own module"
is "" "$(left)" "before: nothing of the packages is there"

run_kernel
# it stands in for the distribution's
mkdir -p /tmp/smc-tools/DEBIAN /tmp/smc-tools/usr/bin
touch /tmp/smc-tools/usr/bin/{smc_run,smcr,smcd}
printf '%s\n' "Package: smc-tools" "Version: 1.8.3-1" "Architecture: all" "Maintainer: nobody" \
	"Description: stands in" >/tmp/smc-tools/DEBIAN/control
dpkg-deb -b /tmp/smc-tools >/dev/null
ok "smc-tools is installed" dpkg -i /tmp/smc-tools.deb
follow Install 1 3
is "" "$(dpkg-query -W -f '${db:Status-Abbrev}' smc-tools 2>/dev/null | grep ^ii; ls /usr/bin/smcd 2>/dev/null)" \
	"smc-tools is replaced"
is "smc_r/$VERSION, $REL, x86_64: installed" "$(dkms_status)" "DKMS has built for the kernel"
is "$(expected_modules)" "$(where_installed "$REL")" "... all modules"
for module in $MODULES; do
	file=/lib/modules/$REL/updates/dkms/$module.ko
	is "$REL" "$(modinfo -F vermagic "$file" | cut -d' ' -f1)" "$module.ko is for the kernel"
	is "$VERSION" "$(modinfo -F version "$file")" "$module.ko has the version"
done
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
for module in $MODULES; do
	for alias in $(modinfo -k "$REL" -F alias "$module"); do
		is $module "$(served_by "$REL" "$alias" | awk '{print $NF}')" "$alias: served by $module"
		is "" "$(served_by "$REL" "$alias" | grep -owE 'smc(_diag)?')" "... and by no other"
	done
done
is "smc" "$(served_by "$REL" smc)" "the kernel's own module can still be loaded by name"
ok "smc_run runs a program" smc_run true
for tool in $(dpkg -L smc-r-tools | grep "^/usr/bin/."); do
	is "" "$(ldd "$tool" 2>&1 | grep 'not found')" "$tool finds its libraries"
done
ok "the units are good ones" systemd-analyze verify --man=no \
	/lib/systemd/system/smc_r-config.service /lib/systemd/system/smc-convert.service \
	/usr/share/smc_r/monitoring/smcr-metrics.service /usr/share/smc_r/monitoring/smcr-metrics.timer
# The restrictions are those of Debian's redis-server.service; the program it
# starts is not there.
redis=/etc/systemd/system/redis-server.service
mkdir $redis.d
printf '%s\n' "[Service]" "ExecStart=/usr/bin/redis-server" "NoExecPaths=/" \
	"ExecPaths=/usr/bin/redis-server /usr/lib /lib" \
	"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX" >$redis
awk -v heading="4. A program" -v n=2 -f /src/selftests/lib/commands.awk \
	/src/Documentation/quickstart.md >$redis.d/override.conf
is "" "$(systemd-analyze verify --man=no $redis 2>&1)" "the drop-in of quickstart.md is a good one"
is enabled "$(systemctl is-enabled smc_r-config)" "the one for EIDs is enabled"
is disabled "$(systemctl is-enabled smc-convert)" "the one for smc_run --attach is not"

ok "smc_run --attach, and its unit is enabled" attach
is "smc-convert.service smc_run" "$(attached)" "... is there"
follow "Back to the kernel's own" 1 2
like "stop smc-convert.service" "$(cat /tmp/told)" "the unit is stopped"
is "" "$(attached)" "nothing converts sockets"
is smc "$(served_by "$REL")" "AF_SMC is served by the kernel's own module again"
is "" "$(where_installed "$REL")" "no module is left"
is "" "$(dkms_status)" "DKMS knows nothing of them"

ok "packages are purged" purge_packages
is "" "$(left)" "nothing is left"
