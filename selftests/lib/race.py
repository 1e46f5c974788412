# SPDX-License-Identifier: GPL-2.0
"""Reports of KCSAN in a kernel log.

6.12-race looks at modules alone, so each report is about one of ours. What is
left out all the same is in rig/race.known, with the reason.
"""

import os
import re

KNOWN = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))),
                     "rig/race.known")

STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?")
EDGE = re.compile(r"^={60,}$")
HEAD = "BUG: KCSAN: "
# "/ NAME" is missing if KCSAN did not see the other access.
TITLE = re.compile(HEAD + r"\S+ in (\S+)(?: \[\w+\])?(?: / (\S+))?")


class RaceError(Exception):
    """rig/race.known does not make sense."""


class Report:
    """lines without time stamps; functions: those of the two accesses, "?" for
    one that KCSAN did not see."""

    def __init__(self, lines):
        self.lines = lines
        title = TITLE.match(lines[0])
        self.functions = [name or "?" for name in title.groups()] if title else ["?", "?"]

    def is_known(self, row):
        return any(re.fullmatch(row[0], one) and re.fullmatch(row[1], other)
                   for one, other in (self.functions, self.functions[::-1]))


def split(text):
    """A log's other lines, and its reports."""
    others, reports = [], []
    report = None
    for line in text.splitlines():
        plain = STAMP.sub("", line)
        if EDGE.match(plain):
            if report:
                reports.append(Report(report))
            report = None if report else []
        elif report is None:
            others.append(line)
        elif report or plain.startswith(HEAD):
            report.append(plain)
        else:
            # the frame of something else
            others.append(line)
            report = None
    return others, reports + ([Report(report)] if report else [])


def known(path=KNOWN):
    """[(expression, expression)] of rig/race.known."""
    rows = []
    with open(path) as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if len(words) < 3:
                raise RaceError(f"{path}:{number}: wants two functions and the reason")
            rows.append(tuple(words[:2]))
    return rows


def unknown(reports):
    """Those that are not known, none twice."""
    rows = known() if reports else []
    return list({report.lines[0]: report for report in reports
                 if not any(report.is_known(row) for row in rows)}.values())
