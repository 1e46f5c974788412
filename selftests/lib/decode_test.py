#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""decode.py against the golden messages: tshark knows them all, and a message
with a wrong type, length or end is noticed. Prints TAP."""

import os
import struct
import sys
import tempfile

import decode

GOLDEN = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                      "../unit/golden.txt")
# Neither the module nor stock Linux sends it.
NOT_SENT = {"clc_proposal_v1_rfc7609_ipv4": "tshark looks for an area of version 2"}
MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")


def golden():
    """{name: (kind, message)} of what goes over TCP or a queue pair."""
    found, name, kind = {}, None, None
    with open(GOLDEN) as file:
        for line in file:
            key, _, value = line.strip().partition(" = ")
            if line.startswith("["):
                name = line.strip()[1:-1]
            elif key == "kind":
                kind = value
                if kind in ("clc", "llc", "cdc"):
                    found[name] = (kind, b"")
            elif key == "hex" and name in found:
                found[name] = (kind, found[name][1] + bytes.fromhex(value))
    return found


def ip_packet(protocol, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000,
                         64, protocol, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2]))
    ether = bytes.fromhex("525400000002" "525400000001" "0800")
    return ether + header + payload


def frame(kind, message, port):
    if kind == "clc":
        tcp = struct.pack(">HHIIBBHHH", port, 7000, 1, 1, 0x50, 0x18, 500, 0, 0)
        return ip_packet(6, tcp + message)
    bth = struct.pack(">BBHII", decode.RC_SEND_ONLY, 0, 0xFFFF, 17, port)
    body = bth + message + bytes(4)
    return ip_packet(17, struct.pack(">HHHH", 50000, decode.ROCE_PORT,
                                     8 + len(body), 0) + body)


def bad_in(messages):
    """decode.decode() of these (kind, message): kinds, and bad ones."""
    with tempfile.TemporaryDirectory(prefix="smcr-decode-") as where:
        path = os.path.join(where, "golden.pcap")
        with open(path, "wb") as file:
            file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, 1))
            for number, (kind, message) in enumerate(messages):
                data = frame(kind, message, 30000 + number)
                file.write(struct.pack("<IIII", number, 0, len(data), len(data)))
                file.write(data)
        return decode.decode(path, MACS)


def broken(messages):
    """(what was done, kind, message) with one thing wrong."""
    for name in ("clc_proposal_v21_smcr_one_ueid", "clc_accept_v21_smcr_first_contact",
                 "clc_decline_v2_no_device"):
        kind, data = messages[name]
        yield f"{name}: length too large", kind, data[:6] + bytes([data[6] + 8]) + data[7:]
        yield f"{name}: length too small", kind, data[:6] + bytes([data[6] - 8]) + data[7:]
        yield f"{name}: cut", kind, data[:-4]
    for name in ("llc_confirm_link_v2_req", "llc_confirm_rkey_v2_req",
                 "llc_test_link_v1_req"):
        kind, data = messages[name]
        at = 1
        yield f"{name}: length too small", kind, data[:at] + bytes([40]) + data[at + 1:]
        yield f"{name}: unknown type", kind, bytes([data[0] | 0x4C]) + data[1:]
        yield f"{name}: cut", kind, data[:-4]
    kind, data = messages["llc_add_link_v2_req_two_rkeys"]
    yield "rkeys that are not there", kind, data[:70] + bytes([9]) + data[71:]
    kind, data = messages["cdc_closed"]
    yield "cdc_closed: cut", kind, data[:-4]


def main():
    messages = golden()
    number = failed = 0

    def point(good, name):
        nonlocal number, failed
        number += 1
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - decode: {name}")

    kinds, bad = bad_in(messages.values())
    numbers = {int(line.split()[1].rstrip(",")): line for line in bad}
    for at, name in enumerate(messages, 1):
        if name in NOT_SENT:
            point(at in numbers, f"{name}: {NOT_SENT[name]}")
            continue
        point(at not in numbers, name)
        if at in numbers:
            print("#", numbers[at])
    point(kinds.total() == len(messages) - len(bad), "each is counted once")

    wrong = list(broken(messages))
    kinds, bad = bad_in([(kind, message) for _, kind, message in wrong])
    numbers = {int(line.split()[1].rstrip(",")) for line in bad}
    for at, (name, _, _) in enumerate(wrong, 1):
        point(at in numbers, name)
    point(not kinds, "none of these is counted")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
