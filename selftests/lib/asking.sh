# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For scenarios that read what tools print: commands run in guests, many at once,
# and each as often as it is looked at but once.
JSON=${RIG_LIB%/*}/tools_json.py

# What commands printed, and how they ended, by guest and command.
declare -A printed=() ended=()

# ask GUEST COMMAND...: run them all at once; a way into a guest takes time.
ask() {
	local guest=$1 script= line out=
	local -a commands=("${@:2}")

	for line in "${commands[@]}"; do
		script+="( $line"$'\n'") 2>&1; printf '\n@@@ %d\n' \$?"$'\n'
	done
	while IFS= read -r line; do
		if [[ $line == '@@@ '* ]]; then
			printed["$guest ${commands[0]}"]=$(printf %s "$out")
			ended["$guest ${commands[0]}"]=${line#@@@ }
			commands=("${commands[@]:1}")
			out=
		else
			out+=$line$'\n'
		fi
	done < <(on $guest "$script")
}

# asked GUEST COMMAND: make sure that it ran.
asked() {
	[ -n "${ended["$1 $2"]:-}" ] || ask "$@"
}

# get GUEST COMMAND EXPRESSION: a value of the JSON that it prints.
get() {
	asked "$1" "$2"
	"$JSON" get "$3" <<<"${printed["$1 $2"]}"
}

# valid GUEST COMMAND...: what these print is JSON as the schema has it.
valid() {
	local guest=$1 command

	for command in "${@:2}"; do
		asked $guest "$command"
		ok "$guest: ${command%%$'\n'*}: by the schema" "$JSON" check <<<"${printed["$guest $command"]}"
	done
}

# has GUEST NAME COMMAND STATUS REGEX...: it ends so, with all of these in its output.
has() {
	local guest=$1 name=$2 command=$3 regex missing=

	asked $guest "$command"
	for regex in "${@:5}"; do
		grep -Eq -- "$regex" <<<"${printed["$guest $command"]}" || missing+=" '$regex'"
	done
	is "$4:" "${ended["$guest $command"]}:$missing" "$guest: $name"
	[ -z "$missing" ] && [ "$4" = "${ended["$guest $command"]}" ] || note "${printed["$guest $command"]}"
}

# prints GUEST NAME COMMAND TEXT: exactly this, on one line.
prints() {
	asked "$1" "$3"
	is "$4" "$(xargs <<<"${printed["$1 $3"]}")" "$1: $2"
}
