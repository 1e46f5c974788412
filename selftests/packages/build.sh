# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: the Debian packages, and nothing else; left in /out.
. /src/selftests/packages/lib.sh

make -C /src/packaging deb OUT=/out
