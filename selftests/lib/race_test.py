#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""race.py against logs: reports are found among other lines, and known ones are
told from others. Prints TAP."""

import sys
import tempfile

import race

EDGE = "=" * 66


def stamp(lines, caller=""):
    return [f"[   12.{number:06d}]{caller} {line}" for number, line in enumerate(lines)]


def report(*functions):
    """A report of accesses by these, of smc_r; one is enough."""
    heads = ("write to 0xffff888005b0f1e8 of 8 bytes by interrupt on cpu 1:",
             "read to 0xffff888005b0f1e8 of 8 bytes by task 123 on cpu 0:")
    if len(functions) == 1:
        heads = ("race at unknown origin, with read to 0xffff888005b0f1e8 of 4 bytes "
                 "by task 1 on cpu 0:",)
    lines = [EDGE, "BUG: KCSAN: data-race in " +
             " / ".join(f"{name} [smc_r]" for name in functions), ""]
    for head, name in zip(heads, functions):
        lines += [head, f" {name}+0x10/0x80 [smc_r]", " __do_softirq+0x4/0x40", ""]
    return lines + ["value changed: 0x1 -> 0x2", "",
                    "Reported by Kernel Concurrency Sanitizer on:",
                    "CPU: 0 UID: 0 PID: 123 Comm: smc_run", EDGE]


def functions_of(*functions, caller=""):
    """What is read from a log with one report: its functions."""
    others, found = race.split("\n".join(stamp(report(*functions), caller)))
    return found[0].functions if len(found) == 1 and not others else None


def is_known(rows, *functions):
    found = race.split("\n".join(report(*functions)))[1][0]
    return any(found.is_known(row) for row in rows)


def read_known(text):
    with tempfile.NamedTemporaryFile("w", prefix="smcr-race-") as file:
        file.write(text)
        file.flush()
        return race.known(file.name)


def is_refused(text):
    try:
        read_known(text)
    except race.RaceError:
        return True
    return False


def main():
    log = stamp(["eth0: up", *report("a", "b"), "BUG: other", EDGE, "no report",
                 *report("c", "d"), *report("a", "b"), "end"])
    others, found = race.split("\n".join(log))
    cut = race.split("\n".join(report("a", "b")[:-1]))
    rows = read_known("# comment\n\nrx_.* \\? written by the device\n"
                      "tx_push tx_.* a hint\n")
    points = [
        ([one.functions for one in found] == [["a", "b"], ["c", "d"], ["a", "b"]],
         "three reports in a log"),
        ([line.split("] ")[1] for line in others] ==
         ["eth0: up", "BUG: other", "no report", "end"], "the other lines stay"),
        (len(race.unknown(found)) == 2, "none is told twice"),
        (len(cut[1]) == 1 and not cut[0], "a report without its end"),
        (functions_of("a", "b", caller="[  T123]") == ["a", "b"], "with callers"),
        (functions_of("a") == ["a", "?"], "the other access was not seen"),
        (is_known(rows, "rx_byte"), "known: one function"),
        (is_known(rows, "tx_push", "tx_done"), "known: two functions"),
        (is_known(rows, "tx_done", "tx_push"), "known: in the other order"),
        (not is_known(rows, "tx_done", "tx_room"), "not known: one of two"),
        (not is_known(rows, "rx_byte", "tx_push"), "not known: both were seen"),
        (is_refused("a b\n"), "a line without reason is refused"),
        (isinstance(race.known(), list), "rig/race.known is read"),
    ]
    print(f"1..{len(points)}")
    for number, (good, name) in enumerate(points, 1):
        print(f"{'ok' if good else 'not ok'} {number} - race: {name}")
    return 0 if all(good for good, _ in points) else 1


if __name__ == "__main__":
    sys.exit(main())
