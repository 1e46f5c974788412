# SPDX-License-Identifier: GPL-2.0
# What the tools say of themselves, from their man pages: the text of --help, as
# a C string, or with -v form=completion what completion offers.
#
# Taken are SYNOPSIS, and the sections OPTIONS, COMMANDS and RULES: what stands on
# the line behind each .TP, and of its text the first line, which therefore has to
# say enough. Fonts are \fB \fI \fR only. What is bold in that line are the values
# of the option's argument.

function plain(line) {
	gsub(/\\f[BIR]/, "", line)
	gsub(/\\-/, "-", line)
	return line
}

function say(line) {
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	printf "\t\"%s\\n\"\n", line
}

function help(term, text) {
	term = "  " plain(term)
	if (length(term) > 28) {
		say(term)
		term = ""
	}
	say(sprintf("%-29s %s", term, plain(text)))
}

function bold(line,    words) {
	while (match(line, /\\fB[^\\]*\\f/)) {
		words = words " " substr(line, RSTART + 3, RLENGTH - 5)
		line = substr(line, RSTART + RLENGTH - 2)
	}
	return words
}

# A line for each name of an option, with its argument and what that may be.
function complete(term, text,    names, i, argument) {
	term = plain(term)
	if (section != "OPTIONS") {
		print term
		return
	}
	if (match(term, / [A-Z[][^ ]*$/)) {
		argument = substr(term, RSTART)
		term = substr(term, 1, RSTART - 1)
		argument = argument bold(text)
	}
	split(term, names, ", ")
	for (i = 1; i in names; i++)
		print names[i] argument
}

BEGIN {
	if (form == "completion") {
		print "\n# Made from the man pages by help.awk."
		print "_smc_page()\n{\n\tcase $1 in"
	} else {
		print "/* Made from the man page by help.awk. */"
		print "static const char help_text[] ="
	}
}

form == "completion" && FNR == 1 {
	if (NR > 1)
		print "END\n\t;;"
	tool = FILENAME
	sub(/.*\//, "", tool)
	sub(/\..*/, "", tool)
	printf "\t%s) cat <<'END'\n", tool
}

/^\.SH/ {
	section = $2
	wanted = section ~ /^(OPTIONS|COMMANDS|RULES)$/
	state = ""
	if (wanted && form != "completion") {
		say("")
		say(substr(section, 1, 1) tolower(substr(section, 2)) ":")
	}
	next
}

section == "SYNOPSIS" && !/^\./ && form != "completion" {
	say((usage++ ? "       " : "Usage: ") plain($0))
	next
}

wanted && /^\.TP/ { state = "term"; next }

wanted && state == "term" { term = $0; state = "text"; next }

wanted && state == "text" {
	if (form == "completion")
		complete(term, $0)
	else
		help(term, $0)
	state = ""
}

END { print form == "completion" ? "END\n\t;;\n\tesac\n}" : "\t;" }
