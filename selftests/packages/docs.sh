# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `deb`: what README.md and Documentation/ say about installing, reasons, code
# and tests is what the tree has.
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
is "" "$(sed -n 's/.*ENTRY("\([a-z_]*\)".*/\1/p' /src/net/smc_r/base/sysctl.c |
	missing_in /src/tools/smc_r.4)" "smc_r(4), too"

# --- what documents say of code and tests ---

# The source without its comments.
CODE=/tmp/code
find /src/net -name '*.[ch]' ! -name '*.mod.c' -exec cat {} + | grep -v '^[[:space:]]*/*\*' >$CODE

# strange_functions: those that stdin names, and that neither net/ has nor are
# system calls.
strange_functions() {
	grep -o '[a-zA-Z0-9_][a-zA-Z0-9_]*()' | sort -u | while read -r name; do
		grep -q "\<${name%()}(" $CODE ||
			grep -qsw "__NR_${name%()}" /usr/include/*/asm/unistd*.h || echo "$name"
	done
}

# strange_files: sources that stdin names, and the tree has not.
strange_files() {
	grep -oE '`[a-z][a-z0-9_/]*\.(awk|c|h|py|pml|sh)`' | tr -d '`' | sort -u | while read -r file; do
		[ -n "$(find /src -path "*/$file" -print -quit)" ] || echo "$file"
	done
}

# tests_in FILE...: "NAME<tab>POINT" of the column "Test" of its tables, which
# has "NAME, NAME: POINT, POINT; ..." or "**none**" with a reason.
tests_in() {
	awk '
	!/^\|/ { is_wanted = 0; next }
	{ test = $0; sub(/ *\|$/, "", test); sub(/.*\| */, "", test) }
	test == "Test" { is_wanted = 1; next }
	is_wanted && !/^\|-/ {
		count = split(test, item, /; /)
		if (!count)
			print "no test: " $0 "\t"
		for (i = 1; i <= count; i++) {
			if (item[i] ~ /^\*\*none\*\*./)
				continue
			at = index(item[i], ": ")
			names = at ? substr(item[i], 1, at - 1) : item[i]
			name_count = split(names, name, /, /)
			point_count = split(at ? substr(item[i], at + 2) : "", point, /, /)
			for (j = 1; j <= name_count; j++) {
				print name[j] "\t"
				for (k = 1; k <= point_count; k++)
					print name[j] "\t" point[k]
			}
		}
	}' "$@" | sort -u
}

# points_of NAME: a test, as Documentation/conformance.md explains them.
points_of() {
	case $1 in
	unit/*) sed -n 's/^static void \([a-z0-9_]*\)(void)$/\1/p' "unit/test_${1#unit/}.c" ;;
	fuzz/*) ls "fuzz/fuzz_${1#fuzz/}.c" ;;
	sockbeh) sed -n 's/^\t{ "\([a-z0-9_]*\)".*/\1/p' progs/beh_*.c ;;
	clcpeer) cat progs/clcpeer.c ;;
	clc) sed -n 's/^case \([^:]*\):.*/\1/p' net/clc/*.clc ;;
	rdma) sed -n 's/^case \([^:]*\):.*/\1/p' net/rdma/*.rdma ;;
	rdma/*) sed -n 's/^case \([^:]*\):.*/\1/p' "net/$1.rdma" ;;
	*)
		if [ -e "net/clc/$1.clc" ]; then
			sed -n 's/^case \([^:]*\):.*/\1/p' "net/clc/$1.clc"
		else
			grep -v '^#' "net/$1.sh"
		fi
		;;
	esac
}

# strange_tests FILE...: those that it names, and the tree has not.
strange_tests() {
	local name point

	cd /src/selftests
	tests_in "$@" | while IFS=$'\t' read -r name point; do
		points_of "$name" 2>&1 | grep -F -e "$point" >/dev/null || echo "$name: $point"
	done
}

# comments FILE...
comments() {
	grep -h '^ \*' "$@"
}

MODELS=/src/Documentation/models
TABLES=$(cd /src/Documentation && grep -lE '\| Test \|$' *.md | xargs)

is "" "$(cat "$README" /src/Documentation/*.md | strange_functions)" "documents name functions of net/"
is "" "$(cat "$README" /src/Documentation/*.md /src/selftests/README.md | strange_files)" "and sources"
is "" "$(comments "$MODELS"/*.pml | strange_functions)" "models name functions of net/"
is "" "$(for model in "$MODELS"/*.pml; do
	comments "$model" | grep -q '[a-z]()$' || echo "$model"
done)" "each says what stands for what"
is "conformance.md reliability.md security.md" "$TABLES" "documents with tables of tests"
for document in $TABLES; do
	is "" "$(strange_tests "/src/Documentation/$document")" "$document: tests and points are there"
done
