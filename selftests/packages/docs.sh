# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: what README.md and Documentation/ say about installing and about
# reasons is what the tree has.
. /src/selftests/packages/lib.sh

README=/src/README.md
TROUBLE=/src/Documentation/troubleshooting.md

# missing_in FILE: those lines of stdin that it does not contain.
missing_in() {
	while read -r text; do
		grep -qF -e "$text" "$1" || echo "$text"
	done
}

is "" "$(sed -n 's/.*= \(0x0[0-9a-f]*\),.*/`\1`/p' /src/net/smc_r/base/decline.h |
	missing_in "$TROUBLE")" "troubleshooting.md has each decline reason"
# from the first word that is no value, to the first value
is "" "$(grep -rhA1 --include='*.c' -E '\<(pr_[a-z]+|net_[a-z]+_ratelimited)\(' /src/net |
	sed -n 's/.*"\([^"]*\)\\n".*/\1/p' | sed 's/^\(%s[: ]*\)*//; s/%.*//' |
	missing_in "$TROUBLE")" "... and each line of the kernel log"

is "" "$(sed -n '/^Build-Depends:/,/^Standards/s/^[ A-Z].* \([a-z-]*\)\( <.*>\)*,*$/\1/p' \
	/src/packaging/debian/control | missing_in "$README")" \
	"README.md names what make deb needs"
is "" "$(grep -o 'smc_r[-/][0-9][0-9.]*[0-9]' "$README" /src/Documentation/*.md |
	sed 's/.*[-/]//' | grep -vxF "$VERSION")" "README.md and Documentation/ have this version"

# broken_links: of the documents to files of the tree.
broken_links() {
	local document link

	cd /src
	for document in README.md selftests/README.md tools/monitoring/README.md Documentation/*.md; do
		grep -oE '\]\([^)#: ]+' "$document" | sed 's/](//' | while read -r link; do
			[ -e "$(dirname "$document")/$link" ] || echo "$document: $link"
		done
	done
}

is "" "$(broken_links)" "links between documents lead somewhere"
is "" "$(cd /src && ls Documentation/*.md | missing_in "$README")" "README.md names each document"
is "" "$(sed -n 's/.*ENTRY("\([a-z_]*\)".*/`\1`/p' /src/net/smc_r/base/sysctl.c | missing_in "$README")" \
	"README.md has each setting"
is "" "$(sed -n 's/.*ENTRY("\([a-z_]*\)".*/\1/p' /src/net/smc_r/base/sysctl.c |
	missing_in /src/Documentation/tuning.md)" "tuning.md, too"
