# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# In `clean`: what smc_r-config calls for which file. The tools are stood in for
# by scripts that keep what they are told, and refuse to be told twice.
. /src/selftests/packages/lib.sh

CONFIG=/src/packaging/systemd/smc_r-config
BIN=/tmp/bin

# config: run it; its exit status is printed, what it says is in /tmp/said.
config() {
	local status=0
	PATH=$BIN:$PATH $CONFIG "$@" >/tmp/said 2>&1 || status=$?
	echo $status
}

mkdir $BIN /etc/smc_r
cat >$BIN/modprobe <<-'END'
	#!/bin/sh
	echo "$*" >>/tmp/modprobe
END
# as in userspace-abi.md 8.2: EIDs are padded with blanks
cat >$BIN/smcr <<-'END'
	#!/bin/sh
	touch /tmp/eids
	case $2 in
	show) while read -r eid; do printf '%-32s\n' "$eid"; done </tmp/eids ;;
	add)
		[ "$3" != BAD ] || { echo "Error: refused" >&2; exit 255; }
		! grep -qx "$3" /tmp/eids || { echo "Error: defined" >&2; exit 255; }
		echo "$3" >>/tmp/eids
	esac
END
# as in userspace-abi.md 8.4: NAME ETH IB PORT
cat >$BIN/smc_pnet <<-'END'
	#!/bin/sh
	touch /tmp/pnets
	case $1 in
	-s) grep "^$2 " /tmp/pnets ;;
	-a)
		line="$2 $4 ${6:-n/a} ${8:-255}"
		! grep -q "^$2 $4 " /tmp/pnets || { echo "Object exists" >&2; exit 1; }
		echo "$line" >>/tmp/pnets
	esac
END
chmod +x $BIN/*

is 0 "$(config)" "no file: nothing is wrong"
is net-pf-43 "$(cat /tmp/modprobe)" "... and the module is loaded by the alias of the family"

cat >/etc/smc_r/a.conf <<-'END'
	# comment
	ueid ONE   # another

	ueid ONE.TWO
	pnetid NET1 eth0
	pnetid NET1 eth1 mlx5_0
END
printf 'pnetid NET2 eth2 mlx5_1 2' >/etc/smc_r/b.conf
echo 'ueid THREE' >/etc/smc_r/not-read.txt
is 0 "$(config)" "two files, one without a last newline"
is "ONE ONE.TWO" "$(xargs </tmp/eids)" "EIDs are set"
is "NET1 eth0 n/a 255
NET1 eth1 mlx5_0 255
NET2 eth2 mlx5_1 2" "$(cat /tmp/pnets)" "PNETIDs are set, as far as they say"
is 0 "$(config)" "once more: what is set already is no error"
is "2 3" "$(wc -l </tmp/eids) $(wc -l </tmp/pnets)" "... and is not set twice"

mkdir /tmp/bad
cat >/tmp/bad/a.conf <<-'END'
	ueid BAD
	ueid
	pnetid NET3
	euid FOUR
	ueid *
	ueid FIVE
END
is 1 "$(config /tmp/bad)" "lines that fail: status 1"
is "/tmp/bad/a.conf:1: ueid BAD: Error: refused
/tmp/bad/a.conf:2: ueid needs an EID
/tmp/bad/a.conf:3: pnetid needs NAME INTERFACE [DEVICE [PORT]]
/tmp/bad/a.conf:4: unknown word euid" "$(cat /tmp/said)" "... are named, each with its reason"
is "ONE ONE.TWO * FIVE" "$(paste -sd' ' /tmp/eids)" "... the others are set"

printf '#!/bin/sh\nexit 1\n' >$BIN/modprobe
is 1 "$(config)" "no module: status 1"
like "no module for AF_SMC" "$(cat /tmp/said)" "... with the reason"
