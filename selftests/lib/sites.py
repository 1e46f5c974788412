#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Where a module calls what can fail for want of memory.

    lib/sites.py smc_r.ko

Prints "SYMBOL CALLER" for each call, as the compiler left it: CALLER is
function+0xoffset, as the kernel names the address that the call returns to.
Of a function that ends in a jump to SYMBOL these are its own callers. A
function that nobody calls directly is printed without an offset.
"""

import bisect
import collections
import re
import subprocess
import sys

# By their names: what is missing is the more surprising.
ALLOCATES = re.compile(r"alloc|create|dup|register|get_free_pages|_accept$|ip_route_output"
                       r"|ib_map_mr_sg|ib_modify_qp")
DOES_NOT = re.compile(r"unregister|dealloc|dereg|^free_|is_vmalloc_addr|kmalloc_caches"
                      r"|vmalloc_to_page|^perf_trace|^trace_|ib_register_event_handler"
                      # what they need was allocated by another call
                      r"|shrinker_register|^inet_register_protosw|sock_diag_register")
# Our own: who calls it deals with what it has not got.
OWN = {"smcr_llc_alloc"}

Call = collections.namedtuple("Call", "section offset target is_jump")


def run(*cmd):
    return subprocess.run(cmd, check=True, text=True, stdout=subprocess.PIPE).stdout


def read_symbols(path):
    """{section index: [(offset, name)]}, the first of several names only, as
    the kernel takes them, and the names that are not defined."""
    places, undefined = collections.defaultdict(dict), set()
    for line in run("readelf", "-sW", path).splitlines():
        words = line.split()
        if len(words) < 8 or not words[0].rstrip(":").isdigit():
            continue
        value, kind, section, name = words[1], words[3], words[6], words[7]
        if section == "UND":
            undefined.add(name)
        elif section.isdigit() and kind != "SECTION":
            places[int(section)].setdefault(int(value, 16), name)
    return {key: sorted(where.items()) for key, where in places.items()}, undefined


def read_sections(path):
    """{name: index}"""
    return {match[2]: int(match[1]) for match in
            re.finditer(r"^ *\[ *(\d+)\] (\S+)", run("readelf", "-SW", path), re.M)}


def read_calls(path):
    """Calls and jumps to functions by name."""
    section = instruction = None
    for line in run("objdump", "-dr", "--no-show-raw-insn", path).splitlines():
        if match := re.match(r"Disassembly of section (\S+):", line):
            section = match[1]
        elif match := re.match(r"\s+[0-9a-f]+: R_X86_64_(?:PLT|PC)32\s+(\w+)-0x4$", line):
            # four bytes behind the place that is filled in is the next instruction
            place = int(line.split(":")[0], 16)
            if instruction in ("call", "jmp"):
                yield Call(section, place + 4, match[1], instruction == "jmp")
        elif match := re.match(r"\s+[0-9a-f]+:\t(\w+)", line):
            instruction = match[1]


def name_of(places, offset):
    """Function and offset in it."""
    start, name = places[bisect.bisect_right(places, (offset, "\x7f")) - 1]
    return name, offset - start


def sites(path):
    """Sorted pairs of symbol and caller."""
    symbols, undefined = read_symbols(path)
    sections = read_sections(path)
    calls = list(read_calls(path))
    by_target = collections.defaultdict(list)
    for call in calls:
        by_target[call.target].append(call)

    def callers(target):
        for call in by_target[target]:
            name, offset = name_of(symbols[sections[call.section]], call.offset)
            if not call.is_jump:
                yield f"{name}+{offset:#x}"
                continue
            outer = list(callers(name))
            yield from outer or [name]

    wanted = OWN | {name for name in undefined
                    if ALLOCATES.search(name) and not DOES_NOT.search(name)}
    return sorted({(name, caller) for name in wanted for caller in callers(name)})


if __name__ == "__main__":
    for pair in sites(sys.argv[1]):
        print(*pair)
