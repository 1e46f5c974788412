#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Test of smcss, smcr and smc_pnet, as far as it goes without SMC: options,
# help, man pages, completion, installation.  What they print of the kernel is
# in ../net/tools.sh.  Prints TAP.

here=$(cd "$(dirname "$0")" && pwd)
tools=${TOOLS:-$here/../../tools}
tools=$(cd "$tools" && pwd) || exit 1
json=$here/../lib/tools_json.py

. "$here/tap.sh"

out=$tap_work/out
err=$tap_work/err

# try COMMAND...: sets $rc, leaves $out and $err
try()
{
	"$@" >"$out" 2>"$err" </dev/null
	rc=$?
}

# refused NAME STATUS REGEX COMMAND...: ends so, with such a message and no output
refused()
{
	local name=$1 status=$2 regex=$3

	shift 3
	try "$@"
	tap_is "$name: exit status" "$rc" "$status"
	tap_is "$name: nothing on stdout" "$(cat "$out")" ""
	tap_match "$name: message" "$(cat "$err")" "$regex"
}

words()
{
	tr -s ' ,' '\n\n' | grep -E '^--?[A-Za-z]' | sort -u | xargs
}

# Options as --help has them, as the page, as the program itself.
of_help()
{
	"$tools/$1" -h | grep -E '^  -' | cut -c 1-28 | words
}

of_page()
{
	sed 's/\\f[BIR]//g; s/\\-/-/g' "$tools/$1.8" | awk '/^\.SH/ {wanted = $2 == "OPTIONS"} wanted' |
		grep -A 1 '^\.TP' | grep '^-' | words
}

of_source()
{
	{
		sed -n 's/^\t\t{ "\([a-z]*\)", [a-z]*_argument, NULL, .* },/--\1/p' "$tools/$1.c"
		sed -n 's/.*getopt_long.*(argc, argv, "[+:]*\([a-zA-Z:]*\)",.*/\1/p' "$tools/$1.c" |
			tr -d : | grep -o . | sed 's/^/-/'
		grep -oE 'strcmp\(argv\[1\], "--[a-z]+' "$tools/$1.c" | grep -o -- '--.*'
	} | words
}

# What the help says of options: short, long, argument and text, by tabs.
of_options()
{
	"$tools/$1" -h | grep '^  -' | sed -nE 's/^  (-[A-Za-z])?(, )?(--[a-z]+)?( \[?[A-Z.]+\]?)? +([^ -].*)/\1\t\3\t\4\t\5/p'
}

# tried TOOL: what scenarios give to it, "COMMAND OPTION" or "OPTION"; what follows
# the command of smc_run is not its own.
tried()
{
	sed '/^[[:space:]]*#/d' "$here"/../net/*.sh | grep -oE "\<$1 [^;|&<>\"')]*" |
		awk -v tool="$1" -v commands="$(commands_of "$1")" -v with="$(of_options "$1" |
			awk -F '\t' '$3 {print $1, $2}' | xargs)" '
		# as smcr finds them
		function command_of(word,    i) {
			for (i = 1; i in command; i++)
				if (command[i] == word)
					return word " "
			for (i = 1; i in command; i++)
				if (index(command[i], word) == 1)
					return command[i] " "
		}
		BEGIN { split(commands, command, " ") }
		{
			list = name = ""
			for (i = 2; i <= NF; i++) {
				if ($i !~ /^-/ && tool == "smc_run")
					break
				if ($i !~ /^-/ && !name)
					name = command_of($i)
				if ($i !~ /^-/)
					continue
				if ($i ~ /^--/)
					list = list " " $i
				for (j = 2; $i !~ /^--/ && j <= length($i); j++)
					list = list " -" substr($i, j, 1)
				if (index(" " with " ", " " $i " "))
					i++
			}
			n = split(list, option, " ")
			for (j = 1; j <= n; j++)
				print name option[j]
		}' | sort -u
}

# The commands of smcr, in the order in which short forms find them.
commands_of()
{
	sed -n 's/^\t{ "\([a-z]*\)", smcr_.*/\1/p' "$tools/$1.c" | xargs
}

# takes COMMAND TEXT: is an option with this text in the help for this command of smcr?
takes()
{
	local only='^([a-z, ]+): ' but='; not for ([a-z, ]+)$'

	[[ ! $2 =~ $only ]] || [[ ", ${BASH_REMATCH[1]}," == *", $1,"* ]] || return
	[[ ! $2 =~ $but || ", ${BASH_REMATCH[1]}," != *", $1,"* ]]
}

# Each option, by a line of the help, that no scenario gives to the tool, or to a
# command of it.
not_in_guests()
{
	local short long text command tried commands

	tried=$'\n'$(tried "$1")$'\n'
	read -ra commands < <(commands_of "$1")
	# a tool without commands has one without a name
	((${#commands[@]})) || commands=('')
	of_options "$1" | tr '\t' '|' | while IFS='|' read -r short long _ text; do
		[[ $short == -[hv] ]] && continue
		for command in "${commands[@]}"; do
			takes "$command" "$text" || continue
			command+=${command:+ }
			[[ $tried == *$'\n'"$command${short:-$long}"$'\n'* || $tried == *$'\n'"$command${long:-$short}"$'\n'* ]] ||
				echo "$command${short:-$long}"
		done
	done
}

# complete_words WORD...: what can follow, the last of them begun
complete_words()
{
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMP_LINE="$*"
	COMP_POINT=${#COMP_LINE}
	_smc
	printf '%s\n' "${COMPREPLY[@]}"
}

# complete_rule TEXT: the same of rules, in the pieces that bash makes of them
complete_rule()
{
	COMP_LINE="smc_run --attach $1"
	mapfile -t COMP_WORDS < <(sed 's/[:=]/\n&\n/g; s/ /\n/g' <<<"$COMP_LINE" | grep .; [[ $COMP_LINE =~ [:=\ ]$ ]] && echo)
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMP_POINT=${#COMP_LINE}
	_smc
	echo "${COMPREPLY[*]}"
}

# --- one source: page, help, completion, program ---

PATH=$tools:$PATH
. "$tools/completion"
for tool in smcss smcr smc_pnet smc_run; do
	options=$(of_help $tool)
	tap_ok "$tool: has options" [ -n "$options" ]
	tap_is "$tool: completion and help" "$(complete_words $tool - | words)" "$options"
	tap_match "$tool: completion is registered" "$(complete -p $tool)" "-F _smc $tool"
	tap_is "$tool: page and help" "$(of_page $tool)" "$options"
	tap_is "$tool: program and help" "$(of_source $tool)" "$options"
	[ ! -d "$here/../net" ] || tap_is "$tool: scenarios try each option" "$(not_in_guests $tool)" ""
	# smc_run_test.sh has the rest
	[ $tool = smc_run ] && continue
	for option in $options; do
		arg=$("$tools/$tool" -h | sed -nE "s/^  (.*, )?$option(, --[a-z]+)? ([A-Z]+)  .*/\3/p")
		case $arg in
		'') try "$tools/$tool" "$option" --help ;;
		ADDRESS) try "$tools/$tool" "$option" ::1 --help ;;
		*) try "$tools/$tool" "$option" 1 --help ;;
		esac
		tap_is "$tool $option: known" "$rc/$(cat "$err")" "0/"
	done
	try "$tools/$tool" --version
	tap_match "$tool: version" "$rc $(cat "$out")" "^0 $tool .* [0-9]+\.[0-9]+"
	refused "$tool: unknown option" 2 "--help'" "$tools/$tool" --nothing
	for seconds in 0 -1 x ''; do
		refused "$tool -w '$seconds'" 2 '^Error: --watch must be a number' "$tools/$tool" -w "$seconds"
	done
done
for command in $(commands_of smcr); do
	while IFS='|' read -r short long with text; do
		[[ $short == -[jow] ]] || continue
		try timeout 2 "$tools/smcr" "$short" ${with:+1} "$command"
		takes "$command" "$text" && expected=0 || expected=1
		tap_is "smcr $command: $long as the help says" "$(grep -c "^Error: $command has no $long" "$err")" $expected
	done < <(of_options smcr | tr '\t' '|')
done

# as smcr.8 promises for long options
for option in $(of_help smcr | grep -oE -- '--[a-z]+'); do
	arg=$("$tools/smcr" -h | sed -nE "s/^  (.*, )?$option ([A-Z]+)  .*/\2/p")
	try "$tools/smcr" "${option#-}" ${arg:+1} --help
	tap_is "smcr ${option#-}: known" "$rc/$(cat "$err")" "0/"
done

commands=$("$tools/smcr" -h | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on && /^  [a-z]/ {print $1}' | sort -u | xargs)
tap_is "smcr: commands of the help" "$commands" "$(commands_of smcr | tr ' ' '\n' | sort | xargs)"
tap_is "smcr: completion has the commands" "$(complete_words smcr '' | sort | xargs)" "$commands"
tap_is "smcr: and the words behind them" "$(complete_words smcr stats '' | sort | xargs)" "json reset show"
tap_is "smcr: not only at once" "$(complete_words smcr -d -w 5 ueid '' | sort | xargs)" "add del flush show"
tap_is "smcr: words of a longer form" "$(complete_words smcr linkgroup link-show '' | grep -v '00$' | sort | xargs)" \
	"all ibdev netdev"
tap_is "smcr: none twice" "$(complete_words smcr device show all '' | sort | xargs)" "ibdev netdev"
tap_is "smcr: begun" "$(complete_words smcr met)" "metrics"
tap_is "smcr: interfaces" "$(complete_words smcr device netdev l | grep -x lo)" "lo"
tap_is "smc_pnet: interfaces" "$(complete_words smc_pnet -a NET -I l | grep -x lo)" "lo"
tap_is "smc_run: programs" "$(complete_words smc_run -d bas | grep -x bash | head -n 1)" "bash"
for option in -f -m; do
	values=$(complete_words smc_run $option '' | xargs)
	tap_match "smc_run $option: has values" "$values" "^[a-z]+ [a-z]+ [a-z]+$"
	for value in ${values:0:50}; do
		try "$tools/smc_run" $option "$value" true
		tap_is "smc_run $option $value: known" "$rc" 0
	done
done
tap_is "smc_run: rules" "$(complete_rule '')" "allow deny"
tap_is "smc_run: a rule begun" "$(complete_rule 'allow:uid=0 d')" "deny"
tap_is "smc_run: conditions" "$(complete_rule 'deny:')" "uid= comm= cgroup="
tap_is "smc_run: another condition" "$(complete_rule 'allow deny:uid=root,c')" "root,comm= root,cgroup="
tap_is "smc_run: not the same one" "$(complete_rule 'deny:comm=x,')" "x,uid= x,cgroup="
tap_is "smc_run: users" "$(complete_rule 'deny:comm=x,uid=roo')" "root"
for condition in $(complete_rule 'deny:' | grep -o '[a-z]*='); do
	try "$tools/smc_run" --attach "deny:${condition}0" deny:nothing
	tap_is "smc_run: $condition is known" "$(grep -c "no condition: ${condition%=} " "$err")" 0
done
# A peer, or who starts a program, may choose such a name.
mkdir "$tap_work/bin"
cat >"$tap_work/bin/smcr" <<'END'
#!/bin/sh
echo '{"linkgroups":[{"peer_host":"a$(echo>b)"}]}'
END
chmod 755 "$tap_work/bin/smcr"
tap_is "names of others are no commands" \
	"$(cd "$tap_work" && PATH=$tap_work/bin:$PATH && complete_words smcr linkgroup peer ''; ls "$tap_work/b" 2>&1 | grep -v 'No such')" \
	'a\$\(echo\>b\)'

# --- pages: what is printed, what the module has ---

# lines: in the words of a page, with one blank between them
plain()
{
	sed 's/^\.[A-Z]* //; s/\\f[BIR]//g; s/\\-/-/g' | tr -s ' \n",;:' ' '
}

# not_in_page TOOL: heads of columns, and names of numbers, that its OUTPUT has not
not_in_page()
{
	local head page

	page=" $(awk '/^\.SH/ {on = $2 == "OUTPUT"} on' "$tools/$1.8" | plain) "
	while read -r head; do
		[[ $page == *" $head "* ]] || echo "$head"
	done
}

heads='s/^(\}.*)?\t\{ "([^"]+)", "[a-z_]+".*/\2/p'
found=$(sed -nE "$heads" "$tools/smcss.c")
tap_match "smcss: columns" "$(xargs <<<"$found")" '^State .* Mode .* txFlags .* Role .* Peer-Token .* Process$'
tap_is "smcss: the page has each" "$(not_in_page smcss <<<"$found")" ""
found=$(sed -nE "$heads" "$tools/show.c"; sed -nE 's/^\tprintf\("([A-Z][A-Za-z -]+): .*/\1/p' "$tools/show.c")
tap_match "smcr: columns" "$(xargs <<<"$found")" '^LG-ID .* EID .* Local-GID .* PCHID .* RoCE$'
tap_is "smcr: the page has each" "$(not_in_page smcr <<<"$found")" ""
found=$(grep -oE '(line|histogram|%11\.1f\\n",) ?\(?"[^"]+"' "$tools/stats.c" | sed 's/.* "//; s/.*("//; s/"$//'
	sed -n '/calls\[\]\[2\]/,/};/p' "$tools/stats.c" | grep -oE '\{ "[^"]+' | cut -c 4-; printf '%s\n' 'RX Stats' 'TX Stats')
tap_match "smcr stats: lines" "$(xargs <<<"$found")" '^Data transmitted .* Reqs Total connections.* Avg requests per .* urgent data '
tap_is "smcr stats: the page has each" "$(not_in_page smcr <<<"$found")" ""
found=$(sed -nE 's/.*show_heading\("([^"]*)"\).*/\1/p' "$tools/top.c" | sed 's/  .*//')
tap_match "smcr top: headings" "$(xargs <<<"$found")" '^Throughput .* Link groups Fallbacks by reason$'
tap_is "smcr top: the page has each" "$(while read -r head; do
	grep -qi "$head" < <(plain <"$tools/smcr.8") || echo "$head"
	done <<<"$found")" ""
trace=$here/../../net/smc_r/base/trace.h
if [ -e "$trace" ]; then
	found=$(sed -nE 's/^(TRACE|DEFINE)_EVENT\(([a-z_]+, )?([a-z_]+),$/\3/p' "$trace" | sort)
	tap_match "tracepoints" "$found" '^smcr_handshake$'
	tap_is "tracepoints: the page has them" "$(awk '/^\.SH/ {on = $2 == "TRACEPOINTS"} on && /^\.B/' "$tools/smc_r.4" |
		plain | tr ' ' '\n' | grep '^smcr\?_' | sort)" "$found"
fi

for page in "$tools"/*.[1-8] "$tools"/../packaging/systemd/*.[1-8]; do
	if command -v groff >/dev/null; then
		tap_is "${page##*/}: no warnings" "$(groff -man -Tutf8 -ww -z -rLL=100n "$page" 2>&1 | head -n 3)" ""
	else
		tap_skip "${page##*/}: no warnings" "needs groff"
	fi
done

# --- bad use ---

ss=$tools/smcss r=$tools/smcr pnet=$tools/smc_pnet
refused "smcss: argument" 2 "takes no argument: 'x'" "$ss" x
refused "smcss: -R and -D" 2 'exclude each other' "$ss" -R -D
refused "smcss: -l and -a" 2 '-l excludes' "$ss" -la
for port in 0 65536 http; do
	refused "smcss: port $port" 2 '--port must be a number from 1 to 65535' "$ss" --port $port
done
refused "smcss: address" 2 'is no IPv4 or IPv6 address' "$ss" --address 10.0.0
refused "smcr: command" 2 "unknown command 'x'" "$r" x
refused "smcr: word" 2 "unknown word 'x'" "$r" info x
refused "smcr: another word" 2 "unknown word 'x'" "$r" ueid x
refused "smcr: no EID" 2 'needs an EID' "$r" ueid add
refused "smcr: no name" 2 'netdev needs a name' "$r" link netdev
refused "smcr: no group" 2 "'xyz' is neither" "$r" linkgroup xyz
refused "smcr: no reset again and again" 2 'has no --watch' "$r" -w 1 stats reset
for host in '' : :80 '[::1' '[::1]x'; do
	refused "smcr doctor '$host'" 2 '^Error: ' "$r" doctor "$host"
done
for host in localhost:0 localhost:x '[::1]:65536' 127.0.0.1:; do
	refused "smcr doctor '$host'" 2 'the port must be a number' "$r" doctor "$host"
done
try "$r"
tap_is "smcr: no command" "$rc" 2
refused "smc_pnet: two actions" 2 'only one of' "$pnet" -a -d NET
refused "smc_pnet: two names" 2 'only one PNET ID' "$pnet" -s NET OTHER
refused "smc_pnet: nothing to delete" 2 '-d needs a PNET ID' "$pnet" -d
refused "smc_pnet: nothing to add to" 2 'needs an interface' "$pnet" -a NET
refused "smc_pnet: flush one" 2 '-f takes no PNET ID.*-d NET' "$pnet" -f net
refused "smc_pnet: port" 2 'from 0 to 2' "$pnet" -a NET -D dev -P 3

# --- words that are shortened; the option shows which was found ---

refused "smcr l: linkgroup" 2 "'xyz' is neither" "$r" l xyz
refused "smcr l l: link-show" 2 'netdev needs a name' "$r" l l netdev
refused "smcr l s: show" 2 'peer needs a name' "$r" l s peer
refused "smcr link: not linkgroup" 2 "'peer' is neither" "$r" link peer
refused "smcr d: device, not doctor" 2 'ibdev needs a name' "$r" d ibdev

# --- the doctor, whatever this host has ---

for host in 127.0.0.1 '[::1]:1' ::ffff:127.0.0.1; do
	try "$r" --json doctor "$host"
	tap_ok "doctor $host: by the schema" "$json" check <"$out"
	tap_is "doctor $host: status and JSON agree" "$rc" \
		"$("$json" get '"0" if d["doctor"]["ok"] else "1"' <"$out")"
	tap_is "doctor $host: the route" \
		"$("$json" get '[c["text"] for c in d["doctor"]["checks"] if c["check"] == "route"][0].split(" by ")[1][:2]' <"$out")" "lo"
done
tap_is "::ffff:127.0.0.1 goes by IPv4" \
	"$("$json" get '[c["text"].split()[0] for c in d["doctor"]["checks"] if c["check"] == "route"][0]' <"$out")" "127.0.0.1"

# --- the schema and monitoring ---

tap_ok "the schema is one" python3 -c "import json, jsonschema
jsonschema.Draft202012Validator.check_schema(json.load(open('$tools/schema.json')))"
tap_ok "the schema refuses what it does not know" bash -c "! echo '{\"ueids\":[{\"eid\":\"A\",\"x\":1}]}' | '$json' check"
metrics=$(sed -nE 's/^.*(family|by_direction)\(out, (tech, )?"([a-z_]+)".*/smc_\3/p' "$tools/metrics.c";
	echo smc_request_size_bytes_bucket; echo smc_request_size_bytes)
tap_is "alerts and dashboard use metrics that there are" \
	"$(grep -oh 'smc_[a-z_]*' "$tools/monitoring/alerts.yml" "$tools/monitoring/dashboard.json" | sort -u |
		grep -vxF "$metrics")" ""
cat >"$tap_work/foreign.c" <<'END'
#include <stdio.h>
#include <string.h>
#include "text.h"

int main(int argc, char **argv)
{
	return argc != 2 || puts(json_object_get_string(foreign_text(argv[1], strlen(argv[1])))) < 0;
}
END
tap_ok "text of others: a program" cc -I "$tools" -o "$tap_work/foreign" "$tap_work/foreign.c" "$tools/text.o" -ljson-c
tap_is "text of others steers no terminal" "$("$tap_work/foreign" $'a~ \e[2J\n\377\"')" 'a~ ?[2J??"'
tap_ok "the dashboard is JSON" python3 -m json.tool "$tools/monitoring/dashboard.json" /dev/null

# --- who has a socket ---

cat >"$tap_work/owners.c" <<'END'
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "owner.h"
#include "text.h"

/* whose a socket of this process, "first", and of a child, "second", is said to be */
int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), ready[2], end[2];
	struct owners *owners;
	json_object *row;
	struct stat info;
	char byte = 0;
	pid_t child;

	if (fstat(fd, &info) || pipe(ready) || pipe(end) || prctl(PR_SET_NAME, "first"))
		return 1;
	child = fork();
	if (!child) {
		close(end[1]);
		prctl(PR_SET_NAME, "second");
		return write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) != 0;
	}
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	owners = owners_find();
	for (int i = 0; i < argc; i++) {
		row = json_object_new_object();
		json_object_object_add(row, "inode", json_object_new_int64((int64_t)info.st_ino));
		owners_add(owners, row, argv[i + 1]);
		puts(argv[i + 1] && !strcmp(member(row, "process"), argv[i + 1]) ? argv[i + 1] :
		     count(row, "pid") == (getpid() < child ? getpid() : child) ? "lowest" : "?");
	}
	close(end[1]);
	waitpid(child, NULL, 0);
	return 0;
}
END
tap_ok "owners: a program" cc -I "$tools" -o "$tap_work/owners" "$tap_work/owners.c" "$tools/owner.o" "$tools/text.o" -ljson-c
tap_is "owners of a socket: each by its name; where nobody has it, and without one, that of the lowest PID" \
	"$("$tap_work/owners" first second nobody | xargs)" "first second lowest lowest"

# --- the zero point of statistics ---

cat >"$tap_work/zero.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"
#include "zero.h"

/* store N, apply N: with so many connections; what is left of them */
int main(int argc, char **argv)
{
	json_object *stats = json_object_new_object(), *tech = json_object_new_object();

	if (argc != 3)
		return 1;
	json_object_object_add(tech, "client_v2", json_object_new_int(atoi(argv[2])));
	json_object_object_add(stats, "smcr", tech);
	json_object_object_add(stats, "fallback_reasons", json_object_new_array());
	if (strcmp(argv[1], "store") == 0)
		zero_store(stats);
	else
		zero_apply(stats);
	puts(member(tech, "client_v2"));
	return 0;
}
END
tap_ok "zero point: a program" cc -I "$tools" -o "$tap_work/zero" "$tap_work/zero.c" "$tools"/{zero,reason,text}.o -ljson-c
mkdir "$tap_work/tmp"
# zeros COMMAND...: with a /tmp of their own
zeros()
{
	(cd "$tap_work" && unshare -m sh -c "mount --bind tmp /tmp && $*" | xargs)
}

if [ "$(id -u)" -ne 0 ] || ! unshare -mn true 2>/dev/null; then
	tap_skip "zero points of network namespaces" "needs root and namespaces"
else
	tap_is "zero point: each network namespace has its own" "$(zeros "./zero store 5 && ./zero apply 7
		unshare -n sh -c './zero apply 7; ./zero store 3; ./zero apply 4'; ./zero apply 9")" "5 2 7 3 1 4"
	tap_is "zero point: beyond the counters it is none, and goes" "$(zeros "./zero apply 4; ./zero apply 9")" "4 9"
fi

# --- interfaces of RDMA devices, whose names may be those of other network namespaces ---

cat >"$tap_work/names.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include "rdma.h"
#include "text.h"

/* The interface of each GID; then, as DEVICE IFINDEX GID, of a port (without GID) or a link. */
int main(int argc, char **argv)
{
	json_object *gids = rdma_gids(), *row;

	for (size_t i = 0; i < json_object_array_length(gids) && argc == 1; i++) {
		row = json_object_array_get_idx(gids, i);
		printf("%s:%s\n", member(row, "ib_dev"), member(row, "net_dev"));
	}
	if (argc != 4)
		return 0;
	row = json_object_new_object();
	add_text(row, "ib_dev", argv[1]);
	json_object_object_add(row, "ib_port", json_object_new_int(1));
	json_object_object_add(row, "ifindex", json_object_new_int(atoi(argv[2])));
	if (*argv[3])
		add_text(row, "gid", argv[3]);
	rdma_name_interface(row, gids);
	return printf("%s%s\n", member(row, "net_dev"), member(row, "ifindex")) < 0;
}
END
tap_ok "interfaces: a program" cc -I "$tools" -o "$tap_work/names" "$tap_work/names.c" "$tools"/{rdma,sysfs,text}.o -ljson-c

# has_gid DEVICE INDEX GID INTERFACE: in what is to be /sys/class
has_gid()
{
	local port=$tap_work/class/infiniband/$1/ports/1

	mkdir -p "$port"/{gids,gid_attrs/{types,ndevs}}
	echo "$3" >"$port/gids/$2"
	echo "RoCE v2" >"$port/gid_attrs/types/$2"
	echo "$4" >"$port/gid_attrs/ndevs/$2"
}

# in_class COMMAND: with that, and the addresses of lo only
in_class()
{
	(cd "$tap_work" && unshare -mn sh -c "ip link set lo up; ip addr add 127.0.0.5/32 label lo:1 dev lo
		mount --bind class /sys/class; $1" | xargs)
}

own=0000:0000:0000:0000:0000:ffff:7f00:0001 other=0000:0000:0000:0000:0000:ffff:0a00:0001
# that of the hardware, whose address is zero
has_gid here 0 fe80:0000:0000:0000:0200:00ff:fe00:0000 lo
has_gid here 1 $own lo
has_gid here 2 0000:0000:0000:0000:0000:ffff:7f00:0005 lo
has_gid here 3 0000:0000:0000:0000:0000:0000:0000:0001 lo
has_gid here 4 $other lo
has_gid here 5 $own lo0
has_gid there 0 fe80:0000:0000:0000:5054:00ff:fe00:0001 lo
has_gid there 1 $own lo
if [ "$(id -u)" -ne 0 ] || ! unshare -mn ip link set lo up 2>/dev/null; then
	tap_skip "interfaces of network namespaces" "needs root, namespaces and ip"
else
	tap_is "interfaces: those that have the address of the GID" "$(in_class ./names)" \
		"here:lo here:lo here:lo here:lo here: here: there: there:lo"
	tap_is "interfaces: of a port" "$(in_class "./names here 1 ''; ./names here 9 ''; ./names none 1 ''")" lo
	tap_is "interfaces: of a port that is another's" "$(in_class "./names there 1 ''")" ""
	tap_is "interfaces: of a link" "$(in_class "./names here 1 $own; ./names there 1 $own")" "lo lo"
	tap_is "interfaces: of a link that is another's" "$(in_class "./names here 1 $other; ./names here 9 $own")" ""
fi

# --- what the doctor sees of a TCP handshake, and makes of it ---

cat >"$tap_work/tap.c" <<'END'
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tap.h"

/* A connection to nobody, with an argument after more packets than a tap has room for. */
int main(int argc, char **argv)
{
	struct target target = { .port = 9, .ifindex = if_nametoindex("lo") };
	struct sockaddr_in *nobody = (struct sockaddr_in *)&target.address;
	static char data[1000];
	socklen_t len = sizeof(int);
	int room = 0, udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	struct tap tap;

	(void)argv;
	nobody->sin_family = AF_INET;
	nobody->sin_port = htons(9);
	nobody->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tap_open(&tap, &target);
	if (tap.fd < 0 || getsockopt(tap.fd, SOL_SOCKET, SO_RCVBUF, &room, &len))
		return 1;
	for (; argc > 1 && room > 0; room -= (int)sizeof(data))
		sendto(udp, data, sizeof(data), 0, (struct sockaddr *)nobody, sizeof(*nobody));
	connect(tcp, (struct sockaddr *)nobody, sizeof(*nobody));
	tap_close(&tap, &target);
	return printf("%s %s\n", tap.syn == SEEN_WITHOUT ? "seen" : "missed",
		      tap.has_lost ? "lost" : "all") < 0;
}
END
tap_ok "tap: a program" cc -D_GNU_SOURCE -I "$tools" -o "$tap_work/tap" "$tap_work/tap.c" "$tools/tap.o"
if [ "$(id -u)" -ne 0 ] || ! unshare -n ip link set lo up 2>/dev/null; then
	tap_skip "a tap that is full" "needs root, namespaces and ip"
else
	tap_is "tap: a SYN, and one that had no room" \
		"$(for more in '' more; do unshare -n sh -c "ip link set lo up; $tap_work/tap $more"; done | xargs)" "seen all missed lost"
fi

# with_doctor NAME: a program that has doctor.c in it
with_doctor()
{
	cc -D_GNU_SOURCE -I "$tools" -o "$tap_work/$1" "$tap_work/$1.c" \
		"$tools"/{firewall,gen,pnet,probe,rdma,reason,route,sysfs,tap,diag,nl,text}.o -lmnl -ljson-c
}

cat >"$tap_work/judge.c" <<'END'
#include "doctor.c"

/* judge ERROR SYN ANSWER LOST: with these of a probe, by numbers; TCP is answered */
int main(int argc, char **argv)
{
	struct doctor doctor = { .checks = json_object_new_array(), .has_target = true };
	struct probe *probe = &doctor.probe;

	if (argc != 5)
		return 1;
	strcpy(doctor.target.text, "PEER");
	strcpy(doctor.target.ifname, "IF");
	doctor.target.port = 1;
	probe->err = atoi(argv[1]);
	probe->reason = REASON_PEER_NO_SMC;
	probe->tap.syn = (enum seen)atoi(argv[2]);
	probe->tap.answer = (enum seen)atoi(argv[3]);
	probe->tap.has_lost = atoi(argv[4]);
	probe->tcp_answers = true;
	check_peer(&doctor);
	print_text(&doctor);
	return 0;
}
END
tap_ok "doctor: a program" with_doctor judge
# judged ERROR SYN ANSWER LOST: 0, or that of a time-out; seen: 0 nothing, 1 without, 2 with the option
judged()
{
	"$tap_work/judge" "$@" | tr -s ' \n' ' '
}

timeout=$(python3 -c 'import errno; print(errno.ETIMEDOUT)')
tap_match "doctor: no option in the SYN" "$(judged 0 1 1 1)" '^fail peer this host sent its SYN without'
tap_match "doctor: one in the SYN/ACK" "$(judged 0 2 2 1)" '^fail peer PEER offered SMC, and a rule of this host'
tap_match "doctor: all of the handshake was seen" "$(judged 0 2 1 1)" "it was in this host's SYN to do: .* 254 1 to put"
tap_match "doctor: nobody could look" "$(judged 0 0 0 0)" 'fail peer PEER answered without the SMC option to do: .* 254 1 to put'
for seen in '0 0' '0 1' '2 0'; do
	tap_match "doctor: there was no room for all ($seen)" "$(judged 0 $seen 1)" \
		"PEER answered without the SMC option.* note peer more packets passed IF .* cannot be told 1 to put right"
done
tap_match "doctor: nothing came back" "$(judged $timeout 0 0 0)" '^fail peer PEER answers only without .*: a firewall drops'
tap_match "doctor: an error that was lost" "$(judged "$(python3 -c 'import errno; print(errno.ENOTCONN)')" 2 0 0)" \
	'^fail peer PEER answers by TCP, and its SMC connection has ended to do: .* kernel logs'
lost=$(judged $timeout 2 0 1)
tap_match "doctor: nothing was seen to come back" "$lost" \
	'^fail peer PEER answers by TCP, and not by SMC to do: ask again while .* IF note peer more packets .* cannot be told 1 to put right'
tap_is "doctor: and no firewall is blamed" "$(grep -ci firewall <<<"$lost")" 0

cat >"$tap_work/pnet.c" <<'END'
#include "doctor.c"

/* pnet GIDS PORTS PNETIDS: JSON of what there is, for a route by "if0" */
int main(int argc, char **argv)
{
	struct doctor doctor = { .checks = json_object_new_array(), .has_target = true };

	if (argc != 4)
		return 1;
	add_interface(&doctor, strcpy(doctor.target.ifname, "if0"));
	strcpy(doctor.target.source, "10.0.0.11");
	inet_pton(AF_INET, doctor.target.source, &doctor.target.source4);
	doctor.gids = json_tokener_parse(argv[1]);
	doctor.ports = json_tokener_parse(argv[2]);
	doctor.pnetids = json_tokener_parse(argv[3]);
	match_pnetids(&doctor);
	check_devices(&doctor);
	check_pnetid(&doctor);
	print_text(&doctor);
	return 0;
}
END
tap_ok "doctor: a program for PNET IDs" with_doctor pnet
# pnets INTERFACE PNETID ENTRY...: of a device whose GID is on this interface, or elsewhere, and
# whose port has this ID; with a table of these entries
pnets()
{
	local gid='"ib_dev":"dev0","ib_port":1,"state":"4: ACTIVE","gid":"::ffff:10.0.0.1","type":"RoCE v2"' IFS=,
	local where='"is_elsewhere":true'

	[ -z "$1" ] || where="\"net_dev\":\"$1\""
	"$tap_work/pnet" "[{$gid,$where}]" '[{"ib_dev":"dev0","ib_port":2,"pnetid":"NETQ"},
		{"ib_dev":"dev0","ib_port":1,"pnetid":"'"$2"'"}]' "[${*:3}]" | tr -s ' \n' ' '
}

route='{"pnetid":"NETP","net_dev":"if0"}'
both="ok pnetid interface and an RDMA device have the PNET ID NETP"
tap_match "doctor: the PNET ID of a device, which is in no table here" "$(pnets "" NETP "$route")" \
	"^ok device dev0 port 1 on an interface of another network namespace is active note gid .* whether 10.0.0.11 .* cannot be told $both Nothing"
tap_match "doctor: the same of a device on another interface here" "$(pnets if1 NETP "$route")" \
	"^ok device dev0 port 1 on if1 is active fail gid .* for 10.0.0.11, .* $both 1 to put right"
for other in "" NETQ; do
	tap_match "doctor: another PNET ID than the table here has ($other)" \
		"$(pnets if0 "$other" "$route" '{"pnetid":"NETP","ib_dev":"dev0","ib_port":1}')" \
		"fail pnetid the interface has the PNET ID NETP, and no RDMA device has it to do: 'smc_pnet -a NETP -D"
done
tap_match "doctor: no PNET ID, and a device elsewhere" "$(pnets "" "")" "^fail device no RDMA device is on if0, .* ok pnetid no PNET ID"

# --- reasons of fallback ---

# code, label of smc-tools where they have one, a word of what it means
reasons='01010000 MEMORY memory
02010000 TIMEOUT_CL confirm the link in time
02020000 TIMEOUT_AL second link in time
03000000 CNF_ERR configured
03010000 PEER_NO_SMC did not offer SMC
03020000 IPSEC IPsec policy
03030000 NOSMCDEV RDMA device
03030001 NOSMCDDEV no ISM device
03030002 NOSMCRDEV RDMA device
03030003 NOISM2SUPP no ISM version 2
03030004 NOV2EXT no part for version 2
03030005 NOV2DEXT no part for SMC-D version 2
03030006 NOSEID no system EID
03030007 NOSMCD2DEV no ISM version 2 device
03030008 - user EID
03030009 - releases
0303000a - connections of a link group
0303000b - links of a link group
03040000 MODEUNSUPP SMC-R only, the other SMC-D only
03050000 RMBE_EC confirmation of the link
03060000 OPTUNSUPP TCP fast open
03070000 DIFFPREFIX different IP subnets
03080000 GETVLANERR VLAN of the connection is unknown
03090000 ISMVLANERR refused the VLAN
030a0000 NOACTLINK no active link
030b0000 NOSRVLINK link that the server named
030c0000 VERSMISMAT versions
030d0000 MAX_DMB ISM device has no more buffers
030e0000 - no route to the peer
030f0000 - directly, the other by a gateway
04000000 SYNCERR disagree about the link group
05000000 PEERDECL declined
09990000 - internal error
09990001 - key
09990002 - link could not be made ready
09990003 - could not be registered'

cat >"$tap_work/reasons.c" <<'END'
#include <stdio.h>
#include "reason.h"

/* of codes: label, text */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%s %s\n", reason_of(reason_code(argv[i]))->label,
		       reason_of(reason_code(argv[i]))->text);
	return 0;
}
END
tap_ok "reasons: a program" cc -I "$tools" -o "$tap_work/reason" "$tap_work/reasons.c" "$tools/reason.o"
while read -r code label meaning; do
	read -r found text < <("$tap_work/reason" "0x$code")
	[ "$label" = - ] || tap_is "reason 0x$code: label" "$found" "$label"
	tap_match "reason 0x$code: text" "$text" "$meaning"
done <<<"$reasons"
tap_is "reasons: there are no others" "$(grep -oE '\{ 0x0[0-9a-f]{7},' "$tools/reason.c" | wc -l)" "$(wc -l <<<"$reasons")"
tap_is "reasons: each has a label of its own" \
	"$("$tap_work/reason" $(cut -d ' ' -f 1 <<<"$reasons") 0x03030042 | cut -d ' ' -f 1 | sort | uniq -d)" ""
tap_match "reason that nobody knows" "$("$tap_work/reason" 0x03030042)" '^\[unknown\] .*does not know'

# --- installation ---

if ! command -v make >/dev/null || ! command -v cc >/dev/null || [ ! -e "$tools/Makefile" ]; then
	tap_skip "installation" "needs make, cc and the sources"
else
	# those of a make that called us would have it print directories
	unset MAKEFLAGS MFLAGS MAKELEVEL
	cp -r "$tools" "$tap_work/src"
	dest=$tap_work/dest
	make -s -C "$tap_work/src" install CFLAGS=-O0 PREFIX=/usr DESTDIR="$dest" >"$out" 2>&1
	tap_is "make install" "$?/$(cat "$out")" "0/"
	for file in bin/smcss bin/smcr bin/smc_pnet share/man/man8/smcr.8 share/man/man7/af_smc.7 \
		share/man/man4/smc_r.4 share/bash-completion/completions/smcr share/smc_r/schema.json \
		share/smc_r/monitoring/dashboard.json; do
		tap_ok "installed: $file" [ -s "$dest/usr/$file" ]
	done
	for tool in smcss smcr smc_pnet smc_run; do
		tap_match "installed: completion of $tool" "$(bash -c ". '$dest/usr/share/bash-completion/completions/$tool'
			complete -p $tool; _smc_page $tool")" '^--version$'
	done
	tap_match "installed: runs" "$("$dest/usr/bin/smcr" --version)" '^smcr '
	make -s -C "$tap_work/src" uninstall PREFIX=/usr DESTDIR="$dest" >"$out" 2>&1
	tap_is "make uninstall" "$?/$(cat "$out")" "0/"
	tap_is "make uninstall: leaves nothing" "$(find "$dest" ! -type d)" ""
	make -s -C "$tap_work/src" clean
	tap_is "make clean: leaves sources only" "$(cd "$tap_work/src" && find . -name '*.o' -o -name '*.d' -o -name '*.help.h' -o -name completion \
		-o -perm -100 -type f)" ""
fi

tap_end
