# SPDX-License-Identifier: GPL-2.0
"""net/matrix: on which kernels and between which peers a scenario runs."""

import collections

CELLS = ("check", "long", "-")

# pairs: those of `make check`; more: those that the long suite adds. Both are
# lists of (kernel, peers).
Row = collections.namedtuple("Row", "pairs more")


class MatrixError(Exception):
    """The table does not make sense."""


def parse_row(columns, words, reason):
    cells = words[1:]
    unknown = [cell for cell in cells if cell not in CELLS]
    if unknown or len(cells) != len(columns):
        raise MatrixError(f"wants {len(columns)} cells of {', '.join(CELLS)}")
    if "-" in cells and not reason:
        raise MatrixError("does not say why something is left out")
    return Row([c for c, cell in zip(columns, cells) if cell == "check"],
               [c for c, cell in zip(columns, cells) if cell == "long"])


def read(path):
    """{scenario: Row} of the table."""
    rows = {}
    columns = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith("#") or not line.strip():
                continue
            words = line.split()
            if words[0] == "scenario":
                columns = [tuple(word.split("/")) for word in words[1:]]
                continue
            cells, reason = words[:len(columns) + 1], words[len(columns) + 1:]
            try:
                if words[0] in rows:
                    raise MatrixError("is there twice")
                rows[words[0]] = parse_row(columns, cells, reason)
            except MatrixError as error:
                raise MatrixError(f"{path}:{number}: {words[0]} {error}") from None
    return rows
