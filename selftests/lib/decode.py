#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Does tshark decode what a guest has sent as SMC?

    decode.py PCAP MAC...       of these senders; prints how many messages of
                                each kind, and "bad: ..." for each that tshark
                                does not take for what it is

CLC messages are what a TCP connection begins with, LLC and CDC messages what
is sent over a queue pair (RDMA writes are payload). tshark has to know each of
them by its type, with the length it has, and call none of them malformed.

Where tshark is wrong about a message that is right:

- Two numbers of LLC version 2 have the sender's byte order, as stock Linux
  sends and reads them: the length, and the number of rkeys of ADD LINK (both
  recorded in golden.txt, where they begin with 2c 00 and 01 00). tshark knows
  big endian only: it does not take the first for SMC at all, and of the second
  it reads 256 rkeys. They are exchanged before it gets them.
- What goes to queue pairs 0 and 1 is management to it, whatever it is. Scripted
  peers may name these as theirs.
- Bundles (Documentation/imm.md) are an extension that it cannot know. They are
  left out; net/bundle.sh looks at them.
"""

import collections
import os
import re
import struct
import subprocess
import sys
import tempfile

EYECATCHERS = (b"\xe2\xd4\xc3\xd9", b"\xe2\xd4\xc3\xc4")
ROCE_PORT = 4791
BTH_LEN = 12
ICRC_LEN = 4
RC_SEND_ONLY = 4
LLC_V2 = 2
ADD_LINK_V2 = 0x22
SHORT_LEN = 44
BUNDLE = 0xf5
RKEY_COUNT_AT = 70
# These guess that what is sent over a queue pair is theirs.
GUESSERS = ("rpcordma", "smb_direct", "nvme-rdma", "lnet", "iser",
            "infiniband_sdp", "fcoib", "infiniband.eoib")
# By content first: a port may be known for something else.
TSHARK = ["tshark", "-n", "-o", "tcp.try_heuristic_first:TRUE"] + [word for name in GUESSERS
                             for word in ("--disable-protocol", name)]
# What tshark calls a message, in a line about its packet.
KIND = re.compile(r"\[(SMC[^\]]*)\](?: ([A-Z][\w ()]*\w\)?))?")
FIELDS = ("frame.number", "smc.clc_msg", "smc.llc_msg", "smc.length",
          "_ws.malformed", "_ws.col.Info")

# segment: ports and sequence number of TCP, None for others
Message = collections.namedtuple("Message", "number type length segment")


def frames(path):
    """(number, header, bytes) of each; the last may be half written."""
    with open(path, "rb") as file:
        yield 0, file.read(24), b""
        number = 0
        while True:
            header = file.read(16)
            if len(header) < 16:
                return
            size = struct.unpack("<I", header[8:12])[0]
            data = file.read(size)
            if len(data) < size:
                return
            number += 1
            yield number, header, data


def transport(frame):
    """(protocol, offset of its header, end of the packet) or None."""
    at = 12
    while frame[at:at + 2] == b"\x81\x00":
        at += 4
    kind, at = frame[at:at + 2], at + 2
    if kind == b"\x08\x00":
        total = struct.unpack_from(">H", frame, at + 2)[0]
        return frame[at + 9], at + (frame[at] & 15) * 4, at + total
    if kind == b"\x86\xdd":
        total = struct.unpack_from(">H", frame, at + 4)[0]
        return frame[at + 6], at + 40, at + 40 + total
    return None


def swap(frame, at):
    """Exchange the bytes of a 16 bit number."""
    return frame[:at] + frame[at + 1:at + 2] + frame[at:at + 1] + frame[at + 2:]


def find_message(number, frame):
    """The SMC message of a frame and the frame as tshark wants it, or None."""
    where = transport(frame)
    if where is None:
        return None
    protocol, at, end = where
    if protocol == 6:
        payload = at + (frame[at + 12] >> 4) * 4
        if frame[payload:payload + 4] not in EYECATCHERS:
            return None
        return Message(number, frame[payload + 4], end - payload,
                       frame[at:at + 8]), frame
    if protocol != 17 or struct.unpack_from(">H", frame, at + 2)[0] != ROCE_PORT:
        return None
    if frame[at + 8] != RC_SEND_ONLY:
        return None
    payload = at + 8 + BTH_LEN
    queue_pair = int.from_bytes(frame[at + 13:at + 16], "big")
    if frame[payload] == BUNDLE or queue_pair <= 1:
        return None
    message = Message(number, frame[payload], end - ICRC_LEN - payload, None)
    if message.type >> 4 == LLC_V2:
        frame = swap(frame, payload + 1)
        if message.type == ADD_LINK_V2 and message.length > SHORT_LEN:
            frame = swap(frame, payload + RKEY_COUNT_AT)
    return message, frame


def extract(path, macs, target):
    """Copy the messages of these senders; returns them in order. tshark does
    not look into what TCP sends again."""
    messages = []
    segments = set()
    with open(target, "wb") as out:
        for number, header, frame in frames(path):
            if not number:
                out.write(header)
                continue
            if frame[6:12] not in macs:
                continue
            found = find_message(number, frame)
            if not found or found[0].segment in segments:
                continue
            if found[0].segment:
                segments.add(found[0].segment)
            messages.append(found[0])
            out.write(header + found[1])
    return messages


def what_is_bad(message, seen):
    """A word for what tshark did not like, or None."""
    if seen["_ws.malformed"]:
        return "malformed"
    type_field = "smc.clc_msg" if message.segment else "smc.llc_msg"
    if not seen[type_field]:
        return "not known as SMC"
    if int(seen[type_field].split(",")[0], 0) != message.type:
        return f"taken for {seen[type_field]}"
    length = int(seen["smc.length"].split(",")[0] or "0")
    if length != message.length:
        return f"says {length} bytes, has {message.length}"
    return None


def kind_of(seen):
    """As tshark says it: "SMC-Rv2-Proposal", "SMC-Rv2 Confirm Link (v2)(Resp)"."""
    return " ".join(filter(None, KIND.search(seen["_ws.col.Info"]).groups()))


def decode(path, macs):
    """(Counter of kinds, lines about bad ones)."""
    kinds = collections.Counter()
    bad = []
    macs = {bytes.fromhex(mac.replace(":", "")) for mac in macs}
    with tempfile.TemporaryDirectory(prefix="smcr-decode-") as where:
        target = os.path.join(where, "messages.pcap")
        messages = extract(path, macs, target)
        cmd = [*TSHARK, "-r", target, "-T", "fields"]
        for field in FIELDS:
            cmd += ["-e", field]
        output = subprocess.run(cmd, text=True, check=True, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL).stdout
    lines = output.splitlines()
    if len(lines) != len(messages):
        bad.append(f"{len(messages)} messages, tshark has {len(lines)}")
    for message, line in zip(messages, lines):
        seen = dict(zip(FIELDS, line.split("\t")))
        word = what_is_bad(message, seen)
        if not word:
            kinds[kind_of(seen)] += 1
        else:
            bad.append(f"frame {message.number}, type {message.type:#x}: {word}")
    return kinds, bad


def main():
    kinds, bad = decode(sys.argv[1], sys.argv[2:])
    for kind, count in sorted(kinds.items()):
        print(count, kind)
    for line in bad[:20]:
        print("bad:", line)
    return 1 if bad or not kinds else 0


if __name__ == "__main__":
    sys.exit(main())
