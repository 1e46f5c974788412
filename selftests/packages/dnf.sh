# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `rpm`: what README.md has the reader type where there is dnf; the packages
# are left in /out. The root is a Debian, which has all that building needs. Of a
# distribution with dnf there is a repository of empty packages, which say that
# they provide what their namesakes do.
. /src/selftests/packages/lib.sh

REPO=/tmp/repo
# what a package has that README.md names
declare -A provides=([json-c-devel]="pkgconfig(json-c)" [libbpf-devel]="pkgconfig(libbpf)"
	[libmnl-devel]="pkgconfig(libmnl)" [ncurses-devel]="pkgconfig(ncurses)")

# stand_in NAME [CAPABILITY...]: an empty package in the repository.
stand_in() {
	printf '%s\n' "Name: $1" "Version: 99" "Release: 1" "Summary: stands in" "License: none" \
		"BuildArch: noarch" "${@/#/Provides: }" "%description" "%files" >/tmp/stand-in.spec
	rpmbuild --quiet -bb -D "_rpmdir $REPO" -D "_buildhost stand-in" /tmp/stand-in.spec
}

# needed_to_run PACKAGE...: libraries and the rest of a system.
needed_to_run() {
	rpm -qRp "$@" | grep -E '^(lib.*\.so|rtld\(|kmod$|/)' | sort -u
}

mkdir -p $REPO /etc/yum.repos.d
printf '%s\n' "[main]" assumeyes=1 gpgcheck=0 >/etc/dnf/dnf.conf
printf '%s\n' "[stand-in]" name=stand-in baseurl=file://$REPO metadata_expire=0 >/etc/yum.repos.d/stand-in.repo
for name in $(typed Install 2 1 | sed 's/^dnf install//'); do
	stand_in "$name" ${provides[$name]:-}
done
printf '%s\n' "Name: smc-tools" "Version: 1.8.3" "Release: 1" "Summary: stands in" "License: none" \
	"BuildArch: noarch" "%description" "%install" "mkdir -p %{buildroot}/usr/bin" \
	"touch %{buildroot}/usr/bin/{smc_run,smcr,smcd}" "%files" "/usr/bin/*" >/tmp/smc-tools.spec
rpmbuild --quiet -bb -D "_rpmdir $REPO" -D "_buildhost stand-in" /tmp/smc-tools.spec
createrepo_c -q $REPO
ok "smc-tools is installed" dnf install smc-tools
rm -rf /out/*
# then make rpm does not take this for one
rm /etc/debian_version
follow Install 2 1,2

mapfile -t needed < <(needed_to_run /out/*/smc-r-{dkms,tools}-[0-9]*.rpm)
stand_in base "${needed[@]}"
createrepo_c -q $REPO
add_kernel 6.12
follow Install 2 3
is "" "$(rpm -qa smc-tools; ls /usr/bin/smcd 2>/dev/null)" "smc-tools is replaced"
is "$(expected_modules)" "$(where_installed "$REL")" "DKMS has installed all modules"
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
ok "smcr runs" smcr --version

ok "smc_run --attach, and its unit is enabled" attach
is "smc-convert.service smc_run" "$(attached)" "... is there"
remove=$(typed "Back to the kernel's own" 1 2 | sed 's/^apt-get/dnf/')
ok "README.md: $remove" $remove
is smc "$(served_by "$REL")" "AF_SMC is served by the kernel's own module again"
is "" "$(where_installed "$REL")$(rpm -qa 'smc-r*')" "nothing of it is left"
like "disable --now .*smc-convert.service" "$(cat /tmp/told)" "the unit is stopped"
is "" "$(attached)" "nothing converts sockets"
