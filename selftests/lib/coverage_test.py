#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py with a program in the place of a guest: its counters are added up
over runs, and what never ran is named. Prints TAP."""

import base64
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import types

HEADER = """
static inline int size(int n)
{
	return n > 2 ? 1 : 0;
}
"""
PROGRAM = """
#include "part.h"
int never(void)
{
	return 5;
}
int main(int argc, char **argv)
{
	if (argc > 1)
		argc = argv[1][0];
	return size(argc);
}
"""


class Guest:
    """Its kernel's counters are those of the program's last run."""

    name = "a"

    def __init__(self, top, has_counters=True):
        self.top = top
        self.has_counters = has_counters

    def on(self, _script, _timeout):
        data = io.BytesIO()
        if self.has_counters:
            with tarfile.open(fileobj=data, mode="w:gz") as tar:
                tar.add(os.path.join(self.top, "run", self.top.lstrip("/"), "net"),
                        "net")
        return types.SimpleNamespace(returncode=0, stderr="nothing there",
                                     stdout=base64.b64encode(data.getvalue()).decode())


def build(top):
    os.makedirs(os.path.join(top, "net/part"))
    for name, text in (("part.h", HEADER), ("part.c", PROGRAM)):
        with open(os.path.join(top, "net/part", name), "w") as file:
            file.write(text)
    # As the kernel does: the object's path is absolute.
    source = os.path.join(top, "net/part/part.c")
    subprocess.run(["gcc", "--coverage", "-c", source, "-o", source[:-1] + "o"],
                   check=True)
    subprocess.run(["gcc", "--coverage", source[:-1] + "o", "-o",
                    os.path.join(top, "program")], check=True)


def run(top, *args):
    subprocess.run(["rm", "-rf", os.path.join(top, "run")], check=True)
    subprocess.run([os.path.join(top, "program"), *args], check=False,
                   env=dict(os.environ, GCOV_PREFIX=os.path.join(top, "run")))


def main():
    with tempfile.TemporaryDirectory(prefix="smcr-coverage-") as top:
        os.environ["XDG_CACHE_HOME"] = os.path.join(top, "cache")
        import coverage  # pylint: disable=import-outside-toplevel

        build(top)
        lines = coverage.Coverage()
        nothing, once, twice = [], [], []
        lines.report(top, nothing.append)
        run(top)
        problems = lines.add(Guest(top))
        lines.report(top, once.append)
        run(top, "x")
        problems += lines.add(Guest(top))
        lines.report(top, twice.append)
        counts = lines.read(top)[0]["net/part/part.c"]
        failed = lines.add(Guest(top, has_counters=False))
        fresh = []
        coverage.Coverage().report(top, fresh.append)
    points = [
        (nothing == ["coverage: no guest had counters"], "no guest"),
        (not problems, "counters are fetched"),
        (once[0].endswith("3 of     6 lines  net/part/part.c"), "lines of a file"),
        (once[1].endswith("2 of     2 lines  net/part/part.h"), "lines of a header"),
        (once[2].endswith("62.5 %      5 of     8 lines  net/"), "lines of all"),
        (once[-2] == "coverage: below 85 %; functions that never ran:", "too few"),
        (once[-1] == "coverage: net/part/part.c: never, 4 lines", "never ran"),
        (twice[0].endswith("4 of     6 lines  net/part/part.c"), "runs are added up"),
        ((counts[10], counts[11]) == (1, 2), "and their counts"),
        (failed == "a: no counters: nothing there", "a guest without counters"),
        (fresh == nothing, "the next run starts at nothing"),
    ]
    print(f"1..{len(points)}")
    for number, (good, name) in enumerate(points, 1):
        print(f"{'ok' if good else 'not ok'} {number} - coverage: {name}")
    if not all(good for good, _ in points):
        print("\n".join("# " + line for line in once + ["--"] + twice + [str(counts)]))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
