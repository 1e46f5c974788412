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
# as in userspace-abi.md 4.1 and 8.4: NAME ETH IB PORT, in upper case, the
# interface and the port by themselves; each has one name only
cat >$BIN/smc_pnet <<-'END'
	#!/bin/bash
	touch /tmp/pnets
	keep() {
		! grep -q "^[A-Z0-9]* $1$" /tmp/pnets || return
		echo "$name $1" >>/tmp/pnets
		is_new=yes
	}
	port=1
	while getopts s:a:I:D:P: option; do
		case $option in
		s) grep "^${OPTARG^^} " /tmp/pnets; exit 0 ;;
		a) name=${OPTARG^^} ;;
		I) interface=$OPTARG ;;
		D) device=$OPTARG ;;
		P) port=$OPTARG ;;
		esac
	done
	[ "$port" -le 2 ] || { echo "--ibport: not a number from 0 to 2" >&2; exit 2; }
	[ -z "$interface" ] || keep "$interface n/a 255"
	[ -z "$device" ] || keep "n/a $device $port"
	[ -n "$is_new" ] || { echo "Object exists" >&2; exit 1; }
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
printf 'pnetid net2 eth2 mlx5_1 2' >/etc/smc_r/b.conf
echo 'ueid THREE' >/etc/smc_r/not-read.txt
is 0 "$(config)" "two files, one without a last newline"
is "ONE ONE.TWO" "$(xargs </tmp/eids)" "EIDs are set"
is "NET1 eth0 n/a 255
NET1 eth1 n/a 255
NET1 n/a mlx5_0 1
NET2 eth2 n/a 255
NET2 n/a mlx5_1 2" "$(cat /tmp/pnets)" "PNETIDs are set, as far as they say"
is 0 "$(config)" "once more: what is set already is no error"
is "2 5" "$(wc -l </tmp/eids) $(wc -l </tmp/pnets)" "... and is not set twice"

mkdir /tmp/bad
cat >/tmp/bad/a.conf <<-'END'
	ueid BAD
	ueid
	pnetid NET3
	euid FOUR
	pnetid NET4 eth0
	pnetid NET1 eth0 mlx5_1 2
	pnetid NET3 eth0 mlx5_3
	pnetid NET1 eth0 mlx5_0 3
	ueid *
	ueid FIVE
END
is 1 "$(config /tmp/bad)" "lines that fail: status 1"
is "/tmp/bad/a.conf:1: ueid BAD: Error: refused
/tmp/bad/a.conf:2: ueid needs an EID
/tmp/bad/a.conf:3: pnetid needs NAME INTERFACE [DEVICE [PORT]]
/tmp/bad/a.conf:4: unknown word euid
/tmp/bad/a.conf:5: pnetid NET4 eth0: Object exists
/tmp/bad/a.conf:6: pnetid NET1 eth0 mlx5_1 2: Object exists
/tmp/bad/a.conf:7: pnetid NET3 eth0 mlx5_3: Object exists
/tmp/bad/a.conf:8: pnetid NET1 eth0 mlx5_0 3: --ibport: not a number from 0 to 2" "$(cat /tmp/said)" "... are named, each with its reason"
is "ONE ONE.TWO * FIVE" "$(paste -sd' ' /tmp/eids)" "... the others are set"

printf '#!/bin/sh\nexit 1\n' >$BIN/modprobe
is 1 "$(config)" "no module: status 1"
like "no module for AF_SMC" "$(cat /tmp/said)" "... with the reason"
