# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion for smcr, smcss, smc_pnet and smc_run.

# What is in the kernel now; nothing if it cannot be asked.
_smc_json()
{
	"$1" --json "${@:3}" 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | cut -d '"' -f 4 | sort -u
}

_smc_names()
{
	case $1 in
	netdev) ls /sys/class/net 2>/dev/null ;;
	ibdev) ls /sys/class/infiniband 2>/dev/null ;;
	peer) _smc_json smcr peer_host linkgroup ;;
	pnetid) _smc_json smc_pnet pnetid ;;
	eid) _smc_json smcr eid ueid ;;
	group) echo all; _smc_json smcr lg_id linkgroup ;;
	esac
}

_smc_reply()
{
	# names of files may come from elsewhere: no expansion
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# The argument of an option: what it may be, or files.
_smc_option_argument()
{
	case $1 in
	-o|--output) mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
	-I|--interface) _smc_reply "$(_smc_names netdev)" "$2" ;;
	-D|--ibdevice) _smc_reply "$(_smc_names ibdev)" "$2" ;;
	-P|--ibport) _smc_reply "1 2" "$2" ;;
	-w|--watch) _smc_reply "1 5 10" "$2" ;;
	-f) _smc_reply "smc inet auto" "$2" ;;
	--name) _smc_reply "$(_smc_json smcss process -a -p)" "$2" ;;
	--port|--address|-r|-t) COMPREPLY=() ;;
	*) return 1 ;;
	esac
}

_smcr()
{
	local options="-a --absolute -d --details -j --json -o --output -w --watch -v --version -h --help"
	local commands="info linkgroup device stats ueid link doctor metrics top"
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]} i words=()

	_smc_option_argument "$last" "$word" && return
	if [[ $word == -* ]]; then
		_smc_reply "$options" "$word"
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-o|--output|-w|--watch) i=$((i + 1)) ;;
		-*) ;;
		*) words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	case "${words[*]}" in
	'') _smc_reply "$commands" "$word" ;;
	*' netdev'|*' ibdev'|*' peer'|*' pnetid') _smc_reply "$(_smc_names "$last")" "$word" ;;
	info) _smc_reply show "$word" ;;
	linkgroup) _smc_reply "show link-show peer pnetid $(_smc_names group)" "$word" ;;
	linkgroup\ link-show*) _smc_reply "netdev ibdev $(_smc_names group)" "$word" ;;
	linkgroup\ show*) _smc_reply "peer pnetid $(_smc_names group)" "$word" ;;
	link|link\ *) _smc_reply "show netdev ibdev $(_smc_names group)" "$word" ;;
	device|device\ *) _smc_reply "show all netdev ibdev" "$word" ;;
	stats) _smc_reply "show reset json" "$word" ;;
	ueid) _smc_reply "show add del flush" "$word" ;;
	'ueid del') _smc_reply "$(_smc_names eid)" "$word" ;;
	doctor) mapfile -t COMPREPLY < <(compgen -A hostname -- "$word") ;;
	*) COMPREPLY=() ;;
	esac
}

_smcss()
{
	local options="-a --all -l --listening -d --debug -R --smcr -D --smcd -W --wide -p --process"
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}

	options+=" --port --address --name -j --json -w --watch -v --version -h --help"
	case $last in
	--port|--address|--name|-w|--watch) _smc_option_argument "$last" "$word" ;;
	*) _smc_reply "$options" "$word" ;;
	esac
}

_smc_pnet()
{
	local options="-s --show -a --add -d --delete -f --flush -I --interface -D --ibdevice -P --ibport"
	local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}

	options+=" -j --json -w --watch -v --version -h --help"
	case $last in
	-I|--interface|-D|--ibdevice|-P|--ibport|-w|--watch) _smc_option_argument "$last" "$word" ;;
	*)
		if [[ $word == -* ]]; then
			_smc_reply "$options" "$word"
		else
			_smc_reply "$(_smc_names pnetid)" "$word"
		fi
		;;
	esac
}

# After the options, smc_run has a command and its own words. Its options are
# those of its help; what needs an argument has a name in capitals behind it.
_smc_run()
{
	local options with word=${COMP_WORDS[COMP_CWORD]} i

	options=$("${COMP_WORDS[0]}" -h 2>/dev/null | grep -oE '(^  |, )--?[A-Za-z-]+( [A-Z]+)?')
	options=${options//, /  }
	with=" $(grep -E ' [A-Z]+$' <<<"$options" | awk '{print $1}' | xargs) "
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*)
			[[ $with == *" ${COMP_WORDS[i]} "* ]] || continue
			if ((++i == COMP_CWORD)); then
				_smc_option_argument "${COMP_WORDS[i - 1]}" "$word"
				return
			fi
			;;
		*)
			if declare -F _command_offset >/dev/null; then
				_command_offset "$i"
			else
				mapfile -t COMPREPLY < <(compgen -f -- "$word")
			fi
			return
			;;
		esac
	done
	if [[ $word == -* ]]; then
		_smc_reply "$(awk '{print $1}' <<<"$options")" "$word"
	else
		mapfile -t COMPREPLY < <(compgen -c -- "$word")
	fi
}

complete -F _smcr smcr
complete -F _smcss smcss
complete -F _smc_pnet smc_pnet
complete -F _smc_run smc_run
