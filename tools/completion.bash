# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Completion for smcr, smcss, smc_pnet and smc_run. What there is of options,
# commands and rules is _smc_page, which the build makes from the man pages. The
# functions share the variables of _smc.

# What the kernel has now; nothing if it cannot be asked.
_smc_json()
{
	"$1" --json "${@:3}" 2>/dev/null | grep -o "\"$2\":\"[^\"]*\"" | cut -d '"' -f 4 | sort -u
}

# What there is of what the pages call so. Some names are chosen by others.
_smc_names()
{
	case $1 in
	DEVICE) ls /sys/class/infiniband 2>/dev/null ;;
	EID) _smc_json smcr eid ueid ;;
	FILE) compgen -f -- "$begun" ;;
	HOST) _smc_json smcr peer_host linkgroup ;;
	HOST:PORT) compgen -A hostname -- "$begun" ;;
	ID|PNETID) _smc_json smc_pnet pnetid ;;
	IF) ls /sys/class/net 2>/dev/null ;;
	LG-ID) _smc_json smcr lg_id linkgroup ;;
	PATH) compgen -d -- "/sys/fs/cgroup$value" | sed 's:^/sys/fs/cgroup::' ;;
	PROGRAM) _smc_json smcss process -a -p ;;
	SECONDS) printf '%s\n' 1 5 10 ;;
	USER) compgen -u -- "$value" ;;
	[[:lower:]]*) echo "$1" ;;
	esac
}

# Of the lines of input those that go on what is begun, as words that the shell
# does not expand.
_smc_offer()
{
	local line

	while IFS= read -r line; do
		[[ -n $line && $line == "$begun"* ]] || continue
		printf -v line %q "$line"
		# a comma parts conditions, a tilde is a home
		line=${line//\\,/,}
		COMPREPLY+=("${line/#\\\~/\~}")
	done
}

# The argument of an option: its name, and what else it may be.
_smc_argument()
{
	local option rest

	while read -r option rest; do
		[[ $option == "$1" ]] && echo "$rest"
	done <<<"$page"
}

# What follows the words of a command, by the forms that it has:
# "ueid [show]", "ueid del EID", "link [show] [all | LG-ID] [netdev IF]".
_smc_follow()
{
	local form fixed rest offers=() matched best=0 last=${words[*]: -1} i

	while read -r form; do
		read -ra fixed <<<"${form%%\[*}"
		read -ra rest <<<"$(tr -d '[]' <<<"${form#"${form%%\[*}"}")"
		for ((matched = 0; matched < ${#fixed[@]} && matched < ${#words[@]}; matched++)); do
			[[ ${fixed[matched]} == "${words[matched]}" || ${fixed[matched]} == [[:upper:]]* ]] || break
		done
		# the form that has most of the words
		((matched >= best && (matched == ${#fixed[@]} || matched == ${#words[@]}))) || continue
		((matched == best)) || offers=()
		best=$matched
		if ((matched < ${#fixed[@]})); then
			offers+=("${fixed[matched]}")
			continue
		fi
		for ((i = 0; i < ${#rest[@]}; i++)); do
			case ${rest[i]} in
			'|') ;;
			[[:upper:]]*) ((i)) && [[ ${rest[i - 1]} == [[:lower:]]* ]] || offers+=("${rest[i]}") ;;
			*)
				if [[ ${rest[i]} == "$last" && ${rest[i + 1]:-} == [[:upper:]]* ]]; then
					_smc_names "${rest[i + 1]}"
					return
				fi
				offers+=("${rest[i]}")
				;;
			esac
		done
	done < <(grep '^[[:lower:]]' <<<"$page")
	# what exists is not added
	[[ ${words[*]} == 'ueid add' ]] && return
	for form in "${offers[@]}"; do
		[[ " ${words[*]} " == *" $form "* ]] || _smc_names "$form"
	done
}

# Rules of smc_run --attach. Bash parts them at each ':' and '=': what is offered
# goes on from there.
_smc_rule()
{
	local line=${COMP_LINE:0:COMP_POINT} condition value name before

	begun=${line##*[[:space:]]}
	compopt -o nospace 2>/dev/null
	if [[ $begun != *:* ]]; then
		_smc_offer < <(grep '^[[:lower:]]*\[' <<<"$page" | cut -d '[' -f 1)
		return
	fi
	line=$begun
	begun=${line##*[:=]}
	condition=${line##*[:,]}
	if [[ $condition == *=* ]]; then
		value=${condition#*=}
		while IFS='=' read -r before name; do
			[[ $before == "${condition%%=*}" ]] && _smc_offer < <(_smc_names "$name")
		done < <(grep '^[[:lower:]]*=' <<<"$page")
		return
	fi
	before=${begun%"$condition"}
	while IFS= read -r name; do
		[[ $line == *[:,]"$name"* ]] || _smc_offer <<<"$before$name"
	done < <(grep -o '^[[:lower:]]*=' <<<"$page")
}

_smc()
{
	local tool=${COMP_WORDS[0]##*/} begun=${COMP_WORDS[COMP_CWORD]} page words=() name values i

	COMPREPLY=()
	page=$(_smc_page "$tool")
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			words+=("${COMP_WORDS[i]}")
			# the rest belongs to the command
			[[ $tool == smc_run ]] && break
			continue
		fi
		read -r name values < <(_smc_argument "${COMP_WORDS[i]}")
		if [[ $name == \[RULE* ]]; then
			_smc_rule
			return
		elif [[ -n $name ]] && ((++i == COMP_CWORD)); then
			_smc_offer < <(tr ' ' '\n' <<<"$values"; _smc_names "$name")
			return
		fi
	done
	if [[ $tool == smc_run && ${#words[@]} -gt 0 ]] && declare -F _command_offset >/dev/null; then
		_command_offset "$i"
	elif [[ $tool == smc_run && ${#words[@]} -gt 0 ]]; then
		_smc_offer < <(_smc_names FILE)
	elif [[ $begun == -* || $tool == smcss ]]; then
		_smc_offer < <(grep '^-' <<<"$page" | cut -d ' ' -f 1)
	elif [[ $tool == smc_run ]]; then
		_smc_offer < <(compgen -c -- "$begun")
	elif [[ $tool == smc_pnet ]]; then
		_smc_offer < <(_smc_names PNETID)
	else
		_smc_offer < <(_smc_follow | sort -u)
	fi
}

complete -F _smc smcr smcss smc_pnet smc_run
