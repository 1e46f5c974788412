# SPDX-License-Identifier: GPL-2.0
"""Line coverage of net/: counters of gcov from guests with 6.12-coverage.

A guest's counters are those of the module at any time since its boot, whether
it is loaded or not. They are added up over guests and scenarios by gcov-tool.
"""

import base64
import collections
import glob
import io
import json
import os
import shutil
import subprocess
import tarfile

import rig

ENOUGH = 85         # percent; below, functions that never ran are named
# What the guest's kernel has, to standard output. Its files have no size.
COLLECT = """
cd /sys/kernel/debug/gcov && mkdir /run/gcov || exit 1
find . -name '*.gcda' | while read -r f; do
	to=/run/gcov/net/${f#*/net/}
	mkdir -p "${to%/*}" && cat "$f" >"$to"
done
tar -C /run/gcov -cz net | base64
rm -r /run/gcov
"""


class Coverage:
    """Starts at nothing. What was added up stays in the cache, for gcov."""

    def __init__(self):
        self.total = rig.cached("coverage", "total", "")
        self.forget(self.total)

    @staticmethod
    def forget(path):
        shutil.rmtree(path, ignore_errors=True)

    def add(self, guest):
        """The counters of a guest: why that failed, or ""."""
        result = guest.on(COLLECT, 60)
        if result.returncode or not result.stdout:
            return f"{guest.name}: no counters: {result.stderr.strip()}"
        new, merged = (rig.cached("coverage", name, "") for name in ("new", "merged"))
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(result.stdout))) as tar:
            tar.extractall(new)
        if os.path.isdir(self.total):
            rig.run(["gcov-tool", "merge", self.total, new, "-o", merged], "gcov-tool")
            self.forget(self.total)
            self.forget(new)
            os.rename(merged.rstrip("/"), self.total.rstrip("/"))
        else:
            os.rename(new.rstrip("/"), self.total.rstrip("/"))
        return ""

    def read(self, objects):
        """What gcov says about the module built in a directory: {file: {line:
        count}}, {(file, function): [count, lines]}. A header's are in several
        objects."""
        lines = collections.defaultdict(collections.Counter)
        functions = {}
        for note in glob.glob(os.path.join(objects, "net/**/*.gcno"), recursive=True):
            copy = os.path.join(self.total, os.path.relpath(note, objects))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(note, copy)
            output = subprocess.run(["gcov", "--json-format", "--stdout", copy],
                                    check=True, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL).stdout
            for file in json.loads(output)["files"]:
                name = os.path.relpath(file["file"], objects)
                if not name.startswith("net/"):
                    continue
                for line in file["lines"]:
                    lines[name][line["line_number"]] += line["count"]
                for function in file["functions"]:
                    size = function["end_line"] - function["start_line"] + 1
                    known = functions.setdefault((name, function["name"]), [0, size])
                    known[0] += function["execution_count"]
        return lines, functions

    def report(self, objects, say):
        """Print coverage of each file and of all."""
        if not os.path.isdir(self.total):
            say("coverage: no guest had counters")
            return
        lines, functions = self.read(objects)
        ran = all_lines = 0
        for name, counts in sorted(lines.items()):
            hit = sum(count > 0 for count in counts.values())
            say(f"coverage: {100 * hit / len(counts):5.1f} %  "
                f"{hit:5d} of {len(counts):5d} lines  {name}")
            ran += hit
            all_lines += len(counts)
        percent = 100 * ran / all_lines
        say(f"coverage: {percent:5.1f} %  {ran:5d} of {all_lines:5d} lines  net/")
        if percent < ENOUGH:
            say(f"coverage: below {ENOUGH} %; functions that never ran:")
            for (name, function), (count, size) in sorted(functions.items()):
                if not count:
                    say(f"coverage: {name}: {function}, {size} lines")
