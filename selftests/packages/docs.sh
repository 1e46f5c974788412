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

# The source without its comments.
CODE=/tmp/code
find /src/net -name '*.[ch]' ! -name '*.mod.c' -exec cat {} + | grep -v '^[[:space:]]*/*\*' >$CODE

# codes: those in stdin, sorted.
codes() {
	grep -oE '\<0x0[0-9a-f]{7}\>' | sort
}

# reasons PART: codes of a table of troubleshooting.md: of this module, or of others.
reasons() {
	awk -v part="$1" '/^## / { is_here = /^## By reason/; at = "ours" }
		/^Other implementations/ { at = "others" }
		is_here && at == part && /^\| `0x/' "$TROUBLE" | cut -d'|' -f2 | codes
}

DECLINE=/src/net/smc_r/base/decline.h
is "" "$(comm -3 <(codes <$DECLINE) <(reasons ours))" "troubleshooting.md has the decline reasons, each once"
is "" "$(grep -o 'SMCR_DECLINE_[A-Z0-9_]*[A-Z0-9]' $DECLINE | while read -r reason; do
	grep -w "$reason" $CODE | grep -v '= 0x' >/dev/null || echo "$reason"
done)" "... which all occur"
is "" "$(comm -3 <(codes </src/tools/reason.c) <(sort <(reasons ours) <(reasons others)))" \
	"... and with those of others, what the tools explain"

# log_lines: of the kernel log, as regular expressions for what is the same in all.
log_lines() {
	find /src/net -name '*.c' ! -name '*.mod.c' -exec perl -0777 -ne '
	while (/\b(?:pr_(?!fmt)[a-z_]+|(?:net|dev|netdev|ibdev)_(?:dbg|info|notice|warn|err|crit)[a-z_]*)\(/g) {
		if (substr($_, pos) !~ /^\s*(?:[^",;]+,\s*)?("(?:[^"\\]|\\.|"\s+")*")/) {
			print "a line without text\n";
			next;
		}
		($text = $1) =~ s/"\s*"|"|\\n//g;
		print join(".*", map { quotemeta } grep { length } map { s/^\s+|\s+$//gr }
			split /(?:0x)?%[-#0-9.*]*(?:[hlzt]*[diuxXcs]|p[A-Za-z0-9]*)/, $text), "\n";
	}' {} +
}

is "" "$(log_lines | while read -r line; do grep -qP -e "$line" "$TROUBLE" || echo "$line"; done)" \
	"troubleshooting.md has each line of the kernel log"

# words WORD...: these and those of stdin, one a line, sorted.
words() {
	{ cat; echo "$*"; } | xargs -n1 | sort -u
}

# Beside what a package needs to be built, its line names what that needs itself.
is "$(sed -n '/^Build-Depends:/,/^Standards/ s/^[ A-Z].* \([a-z][a-z-]*\)\( [<(].*\)*,*$/\1/p' \
	/src/packaging/debian/control | sed 's/-compat$//' | words build-essential)" \
	"$(typed Install 1 1 | sed 's/^apt-get install//' | words)" "README.md names what make deb needs"
is "$(sed -n 's/^\(BuildRequires\|Requires\|Recommends\):[ \t]*//p' /src/packaging/rpm/smc-r.spec |
	sed 's/pkgconfig(\(.*\))/\1-devel/; /%\|^kmod$/d' | words rpm-build)" \
	"$(typed Install 2 1 | sed 's/^dnf install//' | words)" "... and what make rpm needs"
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

# settings: "NAME DEFAULT LOW HIGH" of each; LOW and HIGH are - where an unsigned
# number may be anything.
settings() {
	perl -0777 -ne '
	BEGIN {
		%value = (SYSCTL_ZERO => 0, SYSCTL_ONE => 1, SYSCTL_TWO => 2, SYSCTL_INT_MAX => 2147483647,
			INT_MAX => 2147483647);
	}
	s{//[^\n]*|/\*.*?\*/}{}gs;
	$value{$1} = $2 while /^#define (\w+)\s+(\(.*\))$/mg;
	$value{"&$1"} = $2 while /^static int (\w+) = (.*);/mg;
	$default{$1} = $2 while /^\t\t\.(\w+) = (.*),$/mg;
	push @entry, [$1, $2, $3 // "-", $4 // "-"] while /ENTRY\("(\w+)", (\w+)(?:, ([&\w]+),\s+([&\w]+))?\)/g;
	sub number { my $text = shift; 1 while $text =~ s/(&?[A-Za-z]\w+)/$value{$1}/g; $text eq "-" ? "-" : int eval $text }
	END { print "$_->[0] ", join(" ", map { number($_) } $default{$_->[1]} // 0, @$_[2, 3]), "\n" for @entry }
	' /src/net/smc_r/base/sysctl.h /src/net/smc_r/base/sysctl.c
}

# said FORM FILE: "NAME DEFAULT RANGE" of each setting there; RANGE as it is
# put into words, or -.
said() {
	perl -0777 -ne '
	sub range { $_[0] =~ /\b(\d+ (?:to|or) \d+)\b/ ? $1 : "-" }
	if ("'$1'" eq "table") {
		while (/^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| (\d+) \| (.*) \|$/mg) {
			($names, $default, $range) = ($1, $2, range($3));
			print "$_ $default $range\n" for $names =~ /[a-z_]+/g;
		}
	} else {
		while (/^\.TP\n\.IR? (.*)\n((?:[^.].*\n)+)/mg) {
			($names, $text) = ($1, $2);
			$text =~ /\bDefault (\d+)\.|\b(\d+), the default\b/ or next;
			($default, $range) = ($1 // $2, range($text));
			print "$_ $default $range\n" for $names =~ /[a-z_]{4,}/g;
		}
	}' "$2" | sort
}

# what is to be said: a range only where it is a short one
settings | sort >/tmp/settings
to_say() {
	awk '{ range = $1 ~ /_(per_lgr|wr)$/ ? $3 ($4 - $3 > 1 ? " to " : " or ") $4 : "-"; print $1, $2, range }' /tmp/settings
}

is "$(to_say)" "$(said table "$README")" "README.md has each setting, its default and range"
is "$(to_say)" "$(said page /src/tools/smc_r.4)" "smc_r(4), too"
is "" "$(cut -d' ' -f1 /tmp/settings | missing_in /src/Documentation/tuning.md)" "tuning.md has each setting"
is "" "$(perl -ne 'print "$1 $2\n" while /`([a-z_]+)=(?:\d+`, `)?(\d+)`(?:, the default| \(the default\))/g' \
	/src/Documentation/tuning.md | missing_in /tmp/settings)" "... and of the defaults, the right ones"

# --- the page of sockets ---

PAGE=/src/tools/af_smc.7
sed 's/\\f[BIR]//g; s/"//g' $PAGE | tr -s ' ' >/tmp/page

# numbers: "NAME NUMBER" of each constant, which it has as "NAME (NUMBER)".
numbers() {
	grep -oE '\b[A-Z]+_[A-Z_]+ \([0-9]+\)' /tmp/page | tr -d '()' | sort -u
}

# options_of FILE: those that it does not just hand on; of fast open, the first.
options_of() {
	grep -oE '(case|optname [!=]=) (SO|TCP|SMC)_[A-Z_]+' "$1" | sed 's/.* //; s/\(_FASTOPEN\)_.*/\1/' | sort -u
}

is "AF_SMC IPPROTO_SMC SMC_LIMIT_HS SOL_SMC" "$(numbers | cut -d' ' -f1 | xargs)" "af_smc(7) has the numbers"
is "" "$(numbers | while read -r name number; do
	grep -rqE "define[[:space:]]+${name/#AF_/[AP]F_}[[:space:]]+$number\>" /src/net /usr/include/*/bits/socket.h ||
		echo "$name $number"
done)" "... which they are"
# these two are as usual
is "" "$(options_of /src/net/smc_r/sock/options.c | grep -vxE 'SO_REUSEPORT|TCP_DEFER_ACCEPT' |
	missing_in /tmp/page)" "... and the options that mean something to SMC"
# of the kernel without a module
is "" "$(grep -oE '\<E[A-Z]{3,}\>' /tmp/page | grep -vx EAFNOSUPPORT | sort -u | while read -r name; do
	grep -qw -e "-$name" $CODE || echo "$name"
done)" "... and errors that there are"
is "" "$(grep -rhoE '^module_param[a-z_]*\([a-z_]*' /src/net | sed 's/.*(//' | missing_in /src/tools/smc_r.4)" \
	"smc_r(4) has each parameter of the module"
is "" "$(grep -oE '\<SMC_[A-Z_]*(NETLINK|PNETID)\>' /src/tools/smc_r.4 | sort -u | while read -r name; do
	grep -qE "\"$name\"|\<$name\>" $CODE || echo "$name"
done)" "... and the families of netlink that there are"

# --- what documents say of code and tests ---

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

# limits_in FILE: "N<tab>NAME NAME..." of each limit, "N s" in a column of
# its tables that says what must hold, and the tests of its row.
limits_in() {
	perl -F'\s*\|\s*' -lane '
	if (!/^\|/) {
		@limit = ();
	} elsif ($F[-1] eq "Test") {
		@limit = grep { $F[$_] !~ /^(Connections|Seen|Test)$/ } 2..$#F;
	} else {
		($names = $F[-1]) =~ s/: [^;]*;?/ /g;
		for (@limit) {
			print "$1\t$names" while $F[$_] =~ /(\d+) s\b/g;
		}
	}' "$1"
}

# strange_limits FILE: those that no variable of these tests has.
strange_limits() {
	local seconds names

	cd /src/selftests
	limits_in "$1" | while IFS=$'\t' read -r seconds names; do
		grep -qx "[A-Z]*=$seconds" $(printf 'net/%s.sh ' $names) lib/traffic.sh ||
			echo "$names: $seconds s"
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
	comments "$model" | grep '[a-z]()$' >/dev/null || echo "$model"
done)" "each says what stands for what"
is "conformance.md reliability.md security.md" "$TABLES" "documents with tables of tests"
like "^10.loss" "$(limits_in /src/Documentation/reliability.md)" "reliability.md has limits"
is "" "$(strange_limits /src/Documentation/reliability.md)" "... which its scenarios have, too"
for document in $TABLES; do
	is "" "$(strange_tests "/src/Documentation/$document")" "$document: tests and points are there"
done
