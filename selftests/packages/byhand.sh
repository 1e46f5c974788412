# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `bare`: built and installed without packages, as README.md says; taken out.
. /src/selftests/packages/lib.sh

add_kernel 6.12
run_kernel
is "" "$(command -v make)" "nothing to build with is there"
follow Install 4
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
is "$(printf 'updates/%s.ko\n' $MODULES | sort)" "$(where_installed "$REL" | sed 's/\.xz$//')" \
	"all modules are there"
for tool in smc_run smcss smcr smc_pnet; do
	ok "$tool runs" $tool -h
done

# named: pages and units that README.md names, where they belong.
named() {
	grep -oE '\b[a-z_]+\([478]\)' /src/README.md | sed 's:\(.*\)(\(.\)):/usr/share/man/man\2/\1.\2:'
	grep -oE '[a-z_-]+\.service' /src/README.md | sed 's:^:/usr/lib/systemd/system/:'
}

is "" "$(named | sort -u | while read -r file; do [ -e "$file" ] || echo "$file"; done)" \
	"pages and units are there"
ok "make uninstall" make -C /tmp/src uninstall
is smc "$(served_by "$REL")" "AF_SMC is served by the kernel's own module again"
is "" "$(where_installed "$REL")" "no module is left"
is "/etc/smc_r" "$(find /usr /etc -path '*smc_r*' -o -name 'libsmc*' -o -name 'smcr.*')" "no file is left, but for where EIDs are set"
