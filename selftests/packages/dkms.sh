# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `clean`: DKMS without packages, as README.md says, on both kernels; signing.
. /src/selftests/packages/lib.sh

# signer FILE: whose key has signed it
signer() {
	modinfo -F signer "$1"
}

mok() {
	openssl req -new -x509 -nodes -days 36500 -subj "/CN=key of the test" \
		-newkey rsa:2048 -keyout /var/lib/dkms/mok.key \
		-outform DER -out /var/lib/dkms/mok.pub
}

ok "a key to sign modules with" mok
ok "make dkms-tree" make -C /src dkms-tree
ok "dkms add" dkms add "smc_r/$VERSION"
for kernel in 6.1 6.12; do
	add_kernel $kernel
	ok "dkms build for $kernel" dkms build "smc_r/$VERSION" -k "$REL"
	is "" "$(grep -w warning: "/var/lib/dkms/smc_r/$VERSION/$REL/x86_64/log/make.log")" \
		"... without warnings"
	ok "dkms install for $kernel" dkms install "smc_r/$VERSION" -k "$REL"
	is "$(expected_modules)" "$(where_installed "$REL")" "... all modules"
	for module in $MODULES; do
		is "key of the test" "$(signer "/lib/modules/$REL/updates/dkms/$module.ko")" \
			"$module.ko is signed"
	done
	is smc "$(served_by "$REL" | grep -ow smc)" \
		"without modprobe configuration the kernel's own module is loaded, too"
	install -D -m 644 /src/tools/smc_r.conf /etc/modprobe.d/smc_r.conf
	is smc_r "$(served_by "$REL")" "with it AF_SMC is served by smc_r"
	rm /etc/modprobe.d/smc_r.conf
done

# refuses RELEASE CONFIG...: DKMS does not try; 77 is its status for that.
refuses() {
	local build=/lib/modules/$1/build status=0

	mkdir -p "$build/include"
	printf '%s\n' "${@:2}" >"$build/.config"
	dkms build "smc_r/$VERSION" -k "$1" || status=$?
	[ $status = 77 ]
}

ok "not for a kernel that is too old" refuses 5.10.0-1 CONFIG_SMC=m CONFIG_INFINIBAND=m
ok "not for a kernel without SMC" refuses 6.12.0-1 CONFIG_INFINIBAND=m

ok "dkms remove" dkms remove "smc_r/$VERSION" --all
for kernel in 6.1 6.12; do
	REL=$(release_of $kernel)
	is "" "$(where_installed "$REL")" "no module is left for $kernel"
	is smc "$(served_by "$REL")" "... AF_SMC is served by the kernel's own module"
done

# As README.md says, for the kernel that runs: 6.12.
run_kernel
rm -rf "/usr/src/smc_r-$VERSION"
follow Install 3
is "smc_r/$VERSION, $REL, x86_64: installed" "$(dkms_status)" "that installs the module"
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
