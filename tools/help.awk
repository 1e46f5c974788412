# SPDX-License-Identifier: GPL-2.0
# The text of --help, as a C string, from a man page.
#
# Taken are SYNOPSIS, and the sections OPTIONS and COMMANDS: what stands on the
# line behind each .TP, and of its text the first line, which therefore has to
# say enough. Fonts are \fB \fI \fR only.

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

BEGIN {
	print "/* Made from the man page by help.awk. */"
	print "static const char help_text[] ="
}

/^\.SH/ {
	section = $2
	wanted = 0
	if (section == "OPTIONS" || section == "COMMANDS") {
		say("")
		say(section == "OPTIONS" ? "Options:" : "Commands:")
		wanted = 1
	}
	next
}

section == "SYNOPSIS" && !/^\./ {
	say((usage++ ? "       " : "Usage: ") plain($0))
	next
}

wanted && /^\.TP/ { state = "term"; next }

wanted && state == "term" { term = "  " plain($0); state = "text"; next }

wanted && state == "text" {
	if (length(term) > 28) {
		say(term)
		term = ""
	}
	say(sprintf("%-29s %s", term, plain($0)))
	state = ""
}

END { print "\t;" }
