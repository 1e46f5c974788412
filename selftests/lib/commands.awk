# SPDX-License-Identifier: GPL-2.0
# What a document has the reader type: the lines of the N-th indented block
# below a heading, those that go on joined.
#
#	awk -v heading="First success" -v n=1 -f commands.awk README.md

/^#+ / {
	is_below = $0
	sub(/^#+ /, "", is_below)
	is_below = is_below == heading
	block = is_block = 0
	next
}
!is_below || !/^    / { is_block = 0; next }
!is_block { block++; is_block = 1 }
block != n { next }
/\\$/ { sub(/\\$/, ""); sub(/^ +/, ""); printf "%s", $0; next }
{ sub(/^ +/, ""); print }
