#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write the messages of golden.txt as seeds: corpus/<target>/<record>.

usage: seed-corpus.py GOLDEN CORPUS
"""
import os
import sys

CLC = {1: "clc_proposal", 2: "clc_accept", 3: "clc_accept", 4: "clc_decline"}


def records(path):
    """Yield (name, kind, bytes) of each record."""
    name, kind, text = None, None, ""
    with open(path, encoding="ascii") as golden:
        for line in golden:
            line = line.strip()
            if line.startswith("["):
                if name:
                    yield name, kind, bytes.fromhex(text)
                name, kind, text = line[1:-1], None, ""
            elif line.startswith("kind = "):
                kind = line[7:]
            elif line.startswith("hex = "):
                text += line[6:]
    if name:
        yield name, kind, bytes.fromhex(text)


def target(kind, data):
    """Name the fuzz target of a message, None if there is none."""
    if kind == "tcpopt":
        return None
    if kind == "clc":
        return CLC[data[4]]
    return {"llc": "llc", "cdc": "cdc", "smcd-cdc": "cdc_area"}[kind]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    count = 0
    for name, kind, data in records(sys.argv[1]):
        which = target(kind, data)
        if not which:
            continue
        folder = os.path.join(sys.argv[2], which)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as seed:
            seed.write(data)
        count += 1
    if not count:
        sys.exit("no messages found")
    print(count, "seeds written")


if __name__ == "__main__":
    main()
