# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `bare`: what README.md has the reader type on a fresh Debian, from what builds
# the Debian packages to the module.
. /src/selftests/packages/lib.sh

add_kernel 6.12
run_kernel
rm -rf /out/*
is "" "$(command -v make clang dkms)" "nothing to build with is there"
follow Install 1
is "$(expected_modules)" "$(where_installed "$REL")" "DKMS has installed all modules"
is smc_r "$(served_by "$REL")" "AF_SMC is served by smc_r"
for tool in smc_run smcss smcr smc_pnet; do
	ok "$tool runs" $tool -h
done
is "" "$(ldd /usr/libexec/smc_r/smc_attach 2>&1 | grep 'not found')" "smc_run --attach finds its libraries"
