#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the tools print, value for value, against what the kernel answers.

    tools_values.py WHAT FILE [BEFORE]

FILE has what commands printed in a guest, each behind a line "@@@ COMMAND".
WHAT is sockets, groups, links, devices, stats, text, metrics or top. What
differs is printed, a line each. BEFORE is another such file: statistics are
those since then.

The kernel is asked by `smcdiag` and `genlraw`, which know no names of tools.
"""

import json
import re
import sys
from itertools import zip_longest

DUMP = "genlraw SMC_GEN_NETLINK {} dump"

# --- what the kernel says ---

TOKEN = re.compile(r'(\d+)=(\[|"[^"]*"|\S+)|(\])')


def parse_message(line):
    """The attributes of a line of genlraw: {type: text or number or the same}."""
    top = {}
    stack = [top]
    for kind, value, end in TOKEN.findall(line):
        if end:
            stack.pop()
        elif value == "[":
            stack.append(stack[-1].setdefault(int(kind), {}))
        elif value[0] == '"':
            stack[-1][int(kind)] = value[1:-1].rstrip()
        else:
            stack[-1][int(kind)] = int(value)
    return top


def attribute(message, path):
    """By types, from the outermost nest in: "7.1"; None if there is none."""
    for kind in path.split("."):
        message = message.get(int(kind)) if message is not None else None
    return message


class Guest:
    """Output of each command, and the messages that `genlraw` printed."""

    def __init__(self, name):
        self.out = {}
        with open(name) as file:
            for part in re.split(r"^@@@ ", file.read(), flags=re.M)[1:]:
                command, _, text = part.partition("\n")
                self.out[command] = text

    def messages(self, command):
        lines = self.out[DUMP.format(command)].splitlines()
        assert lines.pop() == "ok"
        return [parse_message(line) for line in lines]

    def json(self, command, member):
        return json.loads(self.out[command])[member]


# --- forms: the kernel's value as JSON has it, and as a table has it ---

def number(value):
    return value, str(value)


def text_of(value):
    # an empty string is a byte that is zero
    return (value or ""), (value or "")


def hexadecimal(digits):
    return lambda value: (int(value), f"{int(value):0{digits}x}")


def only_hex(digits):
    return lambda value: (f"{int(str(value), 0):0{digits}x}",) * 2


def swapped(value):
    """Of a number in network order, read by a host that is little-endian."""
    return (value.to_bytes(4, "little").hex(),) * 2


def one_of(*names):
    return lambda value: (names[value],) * 2


def truth(value):
    return bool(value), "Yes" if value else "No"


def cursor(value):
    wrap, at = value.split(":")
    return (f"{int(wrap):04x}:{int(at):08x}",) * 2


# Member of JSON, heading of the table, the kernel's name for it, form.
GROUPS = [
    ("lg_id", "LG-ID", "2.1", only_hex(8)),
    ("role", "LG-Role", "2.2", one_of("CLNT", "SERV")),
    ("type", "LG-Type", "2.3", one_of("NONE", "SINGLE", "SYM", "ASYMP", "ASYML")),
    ("vlan", "VLAN", "2.5", lambda value: (value, hex(value) if value else "0")),
    ("pnetid", "PNET-ID", "2.4", text_of),
    ("version", "Version", "2.7.0", number),
    ("peer_release", "Peer-Rel", "2.7.1", number),
    ("peer_host", "Peer-Host", "2.7.4", text_of),
    ("peer_os", "Peer-OS", "2.7.2", one_of("unknown", "z/OS", "Linux", "AIX")),
    ("direct", "Direct", "2.8.1", truth),
    ("eid", "EID", "2.7.3", text_of),
    ("max_conns", None, "2.8.2", number),
    ("max_links", None, "2.8.3", number),
    ("conns", "#Conns", "2.6", number),
    ("net_cookie", None, "2.9", number),
    ("buf_type", None, "2.11", one_of("physical", "virtual", "mixed")),
    ("sndbuf_bytes", "Sndbuf", "2.12", number),
    ("rmb_bytes", "RMB", "2.13", number),
]
LINKS = GROUPS[:3] + [
    ("link_id", None, "3.1", number),
    ("net_dev", "Net-Dev", "3.7", None),
    ("state", "Link-State", "3.10",
     one_of("LINK_UNUSED", "LINK_INACTIVE", "LINK_ACTIVATING", "LINK_ACTIVE")),
    ("conns", "#Conns", "3.6", number),
    ("link_uid", "Link-UID", "3.8", swapped),
    ("peer_uid", "Peer-UID", "3.9", swapped),
    ("ib_dev", "IB-Dev", "3.2", text_of),
    ("ib_port", "IB-P", "3.3", number),
    ("gid", "Local-GID", "3.4", text_of),
    ("peer_gid", "Peer-GID", "3.5", text_of),
]
DEVICES = [
    ("net_dev", "Net-Dev", "3", None),
    ("ib_dev", "IB-Dev", "6.10", text_of),
    ("ib_port", "IB-P", "number", number),
    ("state", "IB-State", "4", one_of("INACTIVE", "ACTIVE")),
    ("pci_device", "Type", "6.6", lambda value: (value, f"0x{value:04x}")),
    ("critical", "Crit", "6.2", truth),
    ("pci_fid", "FID", "6.3", hexadecimal(4)),
    ("pci_id", "PCI-ID", "6.7", lambda value: (value or "", value or "n/a")),
    ("pci_chid", "PCHID", "6.4", hexadecimal(4)),
    ("links", "#Links", "6", number),
    ("pnetid", "PNET-ID", "2", None),
    ("pnetid_by_user", None, "1", lambda value: (bool(value), None)),
    ("pci_vendor", None, "6.5", number),
]
SOCKETS = [
    ("state", "State", "state", text_of),
    ("uid", "UID", "uid", lambda value: (int(value), f"{int(value):05}")),
    ("inode", "Inode", "inode", lambda value: (int(value), f"{int(value):07}")),
    ("ifindex", "Intf", "if", hexadecimal(4)),
    ("shutdown", "Shutd", "shutdown",
     lambda value: (int(value), ["<->", "R->", "<-W", "R-W"][int(value)])),
    ("token", "Token", "token", only_hex(8)),
    ("sndbuf", "Sndbuf", "tx", hexadecimal(8)),
    ("rcvbuf", "Rcvbuf", "rx", hexadecimal(8)),
    ("peerbuf", "Peerbuf", "peer_rx", hexadecimal(8)),
    ("rx_prod", "rxprod-Cursor", "rx_prod", cursor),
    ("rx_cons", "rxcons-Cursor", "rx_cons", cursor),
    ("rx_flags", "rxFlags", "rx_flags", text_of),
    ("tx_prod", "txprod-Cursor", "tx_prod", cursor),
    ("tx_cons", "txcons-Cursor", "tx_cons", cursor),
    ("tx_flags", "txFlags", "tx_flags", text_of),
    ("tx_prep", "txprep-Cursor", "prep", cursor),
    ("tx_sent", "txsent-Cursor", "sent", cursor),
    ("tx_fin", "txfin-Cursor", "fin", cursor),
    ("role", "Role", "role", lambda value: ({"client": "CLNT", "server": "SERV"}[value],) * 2),
    ("ib_dev", "IB-device", "dev", text_of),
    ("ib_port", "Port", "port", hexadecimal(2)),
    ("link_id", "Linkid", "link", hexadecimal(2)),
    ("gid", "GID", "gid", text_of),
    ("peer_gid", "Peer-GID", "peer_gid", text_of),
]
# The order of columns; scripts count them.
SOCKET_BASE = "State UID Inode Local-Address Peer-Address Intf Mode"
SOCKET_MORE = "Shutd Token Sndbuf Rcvbuf Peerbuf rxprod-Cursor rxcons-Cursor rxFlags " \
    "txprod-Cursor txcons-Cursor txFlags txprep-Cursor txsent-Cursor txfin-Cursor " \
    "Role IB-device Port Linkid GID Peer-GID"
GROUP_TABLE = "LG-ID LG-Role LG-Type VLAN #Conns PNET-ID"
GROUP_BLOCK = "LG-ID LG-Role LG-Type VLAN PNET-ID Version Peer-Rel Peer-Host Peer-OS Direct EID " \
    "#Conns Sndbuf RMB"
LINK_TABLE = "LG-ID LG-Role LG-Type Net-Dev Link-State #Conns Link-UID Peer-UID IB-Dev IB-P " \
    "Local-GID Peer-GID"
DEVICE_TABLE = "Net-Dev IB-Dev IB-P IB-State Type Crit FID PCI-ID PCHID #Links PNET-ID"


def both_forms(table, values):
    """A row as JSON has it, and by headings."""
    row, cells = {}, {}
    for member, heading, name, form in table:
        if form and values.get(name) is not None:
            row[member], cells[heading] = form(values[name])
    cells.pop(None, None)
    return row, cells


def taken(table, message):
    return {name: attribute(message, name) for _, _, name, _ in table if name[0].isdigit()}


# --- comparing ---

def compare(name, expected, found):
    """Two dicts; what is missing, too much, or another value."""
    for key in sorted(expected.keys() | found.keys(), key=str):
        if expected.get(key) != found.get(key):
            print(f"{name}: {key}: the kernel has {expected.get(key)!r}, "
                  f"printed is {found.get(key)!r}")


def by_key(rows, *keys):
    found = {tuple(str(row.get(key, "")) for key in keys): row for row in rows}
    if len(found) != len(rows):
        print(f"{keys}: not each row has its own")
    return found


def join(name, keys, expected, found):
    """Rows that have the same values of these."""
    expected, found = by_key(expected, *keys), by_key(found, *keys)
    if not expected:
        print(f"{name}: nothing to compare")
    for key in expected.keys() | found.keys():
        compare(f"{name} {key}", expected.get(key, {}), found.get(key, {}))


def table_rows(text, headings):
    """Rows of a table by these headings, which must be there in this order."""
    lines = [re.sub(r"(Local|Peer) Address", r"\1-Address", line).replace("TCP 0x", "TCP_0x")
             for line in text.splitlines()]
    if lines[0].split() != headings.split():
        print(f"other headings: {lines[0]}")
    return [{heading: cell for heading, cell in zip_longest(headings.split(), line.split()) if cell}
            for line in lines[1:]]


def only(headings, cells):
    return {heading: cells[heading] for heading in headings.split() if cells.get(heading)}


def groups(guest):
    rows = [taken(GROUPS, message) for message in guest.messages(2)]
    for row in rows:
        if row["2.7.0"] is None:
            row["2.7.0"] = 1
    both = [both_forms(GROUPS, row) for row in rows]
    join("JSON", ["lg_id"], [row for row, _ in both],
         guest.json("smcr --json linkgroup", "linkgroups"))
    join("table", ["LG-ID"], [only(GROUP_TABLE, cells) for _, cells in both],
         table_rows(guest.out["smcr linkgroup"], GROUP_TABLE))
    blocks = [[line.split(":", 1) for line in block.splitlines()]
              for block in guest.out["smcr -d linkgroup"].split("\n\n")]
    for block in blocks:
        found = [heading.strip() for heading, _ in block]
        if found != [heading for heading in GROUP_BLOCK.split() if heading in found]:
            print(f"another order: {found}")
    join("block", ["LG-ID"], [only(GROUP_BLOCK, cells) for _, cells in both],
         [{heading.strip(): cell.strip() for heading, cell in block if cell.strip()}
          for block in blocks])
    if rows[0]["2.4"]:
        filtered(guest, "smcr --json linkgroup pnetid NETA", "linkgroups", "pnetid", "NETA")


def filtered(guest, command, member, key, value):
    """A condition leaves the rows that meet it."""
    rows = [row for row in guest.json(" ".join(command.split()[:3]), member) if row[key] == value]
    if not rows or guest.json(command, member) != rows:
        print(f"{command}: {guest.out[command]}")


def interfaces(guest):
    return {int(number): name for number, name in
            re.findall(r"^(\d+): ([^:@]+)", guest.out["ip -o link"], re.M)}


def with_interface(both, name):
    row, cells = both
    row["net_dev"] = cells["Net-Dev"] = name
    return row, cells


def links(guest):
    names = interfaces(guest)
    both, group = [], {}
    for message in guest.messages(3):
        group = message if 2 in message else group
        if 3 in message:
            forms = both_forms(LINKS, {**taken(GROUPS, group), **taken(LINKS[3:], message)})
            both.append(with_interface(forms, names[attribute(message, "3.7")]))
    join("JSON", ["lg_id", "link_id"], [row for row, _ in both],
         guest.json("smcr --json link", "links"))
    join("table", ["Link-UID"], [only(LINK_TABLE, cells) for _, cells in both],
         table_rows(guest.out["smcr -dd link"], LINK_TABLE))
    if any(row["ib_dev"] == "rxe1" for row, _ in both):
        filtered(guest, "smcr --json link ibdev rxe1", "links", "ib_dev", "rxe1")


def devices(guest):
    names = interfaces(guest)
    both = []
    for message in guest.messages(6):
        for port in (1, 2):
            values = {str(kind): value for kind, value in message[6][7 + port].items()}
            if not values["5"]:
                continue
            row, cells = with_interface(
                both_forms(DEVICES, {**taken(DEVICES, message), **values, "number": port}),
                names[values["3"]])
            row["pnetid"] = values["2"] or ""
            cells["PNET-ID"] = ("*" if values["2"] and values["1"] else "") + row["pnetid"]
            both.append((row, cells))
    join("JSON", ["ib_dev", "ib_port"], [row for row, _ in both],
         guest.json("smcr --json device", "devices"))
    join("table", ["IB-Dev", "IB-P"], [only(DEVICE_TABLE, cells) for _, cells in both],
         table_rows(guest.out["smcr -d device"], DEVICE_TABLE))


def parse_socket(line):
    words = line.split()
    values = dict(zip(words[::2], words[1::2]))
    if "flags" in values:
        flags = values["flags"].split(":")
        values["rx_flags"], values["tx_flags"] = ":".join(flags[:2]), ":".join(flags[2:])
    return values


def end_of(values, name):
    """Address and port."""
    address, _, port = values[name].rpartition(":")
    return address, int(port)


def mode_of(values):
    if values["mode"] != "tcp":
        return {"mode": values["mode"].upper()}, values["mode"].upper()
    row = {"mode": "TCP", "reason": values["reason"]}
    if int(values["peer"], 16):
        row["peer_reason"] = values["peer"]
    return row, "TCP_" + "/".join(value for key, value in row.items() if key != "mode")


def shown_end(address, port, is_wide):
    text = f"{address}:{port}"
    if is_wide or len(text) <= 23:
        return text
    tail = f"..:{port}"
    return address[:23 - len(tail)] + tail


def expected_socket(values, is_wide):
    """As JSON and as a table have it; what there is depends on the state."""
    row, cells = both_forms(SOCKETS, values)
    state = values["state"]
    if state != "INIT":
        (row["local_address"], row["local_port"]) = end_of(values, "src")
        cells["Local-Address"] = shown_end(*end_of(values, "src"), is_wide)
    if state in ("INIT", "LISTEN"):
        more = ("ifindex", "Intf"), ("shutdown", "Shutd")
    else:
        (row["peer_address"], row["peer_port"]) = end_of(values, "dst")
        cells["Peer-Address"] = shown_end(*end_of(values, "dst"), is_wide)
        mode, cells["Mode"] = mode_of(values)
        row.update(mode)
        more = (("shutdown", "Shutd"),) if mode["mode"] == "TCP" else ()
    for member, heading in more:
        row.pop(member)
        cells.pop(heading)
    return row, cells


def sockets(guest):
    values = [parse_socket(line) for line in guest.out["smcdiag -e 3"].splitlines()]
    values = [value for value in values if value["inode"] != "0"]
    wide = [expected_socket(value, True) for value in values]
    short = [expected_socket(value, False)[1] for value in values]
    rows = [{key: value for key, value in row.items() if not key.endswith("_text")}
            for row in guest.json("smcss -a --json", "sockets") if row["inode"]]
    join("JSON", ["inode"], [row for row, _ in wide], rows)
    all_headings = f"{SOCKET_BASE} {SOCKET_MORE}"
    of_smc = [only(all_headings, cells) for row, cells in wide if row.get("mode") == "SMCR"]
    of_all = [only(SOCKET_BASE, cells) for cells in short]
    for command, headings, cells in (("smcss -d -R -W", all_headings, of_smc),
                                     ("smcss -a", SOCKET_BASE, of_all)):
        found = table_rows(guest.out[command], headings)
        join(command, ["Inode"], cells, [row for row in found if int(row["Inode"])])


# --- statistics ---

SIZES = "8K 16K 32K 64K 128K 256K 512K 1024K G_1024K".split()
EVENTS = [("too_small_peer", "SIZE_SM_PEER_CNT"), ("too_small", "SIZE_SM_CNT"),
          ("full_peer", "FULL_PEER_CNT"), ("full", "FULL_CNT"), ("reused", "REUSE_CNT"),
          ("allocated", "ALLOC_CNT"), ("downgraded", "DGRADE_CNT")]
# Member of "smcr --json stats", name in "smcr stats json", attribute.
COUNTERS = [
    (f"{member}.{key}", f"{prefix}{name}", f"{nest}.{index}")
    for member, prefix, nest, keys in (
        ("tx_buf_sizes", "SMC_INT_TX_BUF_", 1, zip(SIZES, SIZES)),
        ("rx_buf_sizes", "SMC_INT_RX_BUF_", 2, zip(SIZES, SIZES)),
        ("tx_request_sizes", "SMC_USR_TX_BUF_", 3, zip(SIZES, SIZES)),
        ("rx_request_sizes", "SMC_USR_RX_BUF_", 4, zip(SIZES, SIZES)),
        ("tx_buf", "SMC_INT_TX_BUF_", 5, EVENTS), ("rx_buf", "SMC_INT_RX_BUF_", 6, EVENTS))
    for index, (key, name) in enumerate(keys, 1)
] + [
    ("client_v1", "SMC_CLNT_V1_SUCC_CNT", "7"), ("client_v2", "SMC_CLNT_V2_SUCC_CNT", "8"),
    ("server_v1", "SMC_SRV_V1_SUCC_CNT", "9"), ("server_v2", "SMC_SRV_V2_SUCC_CNT", "10"),
    ("sendpage", "SMC_SENDPAGE_CNT", "11"), ("urgent", "SMC_URG_DATA_CNT", "15"),
    ("splice", "SMC_SPLICE_CNT", "12"), ("cork", "SMC_CORK_CNT", "13"),
    ("nodelay", "SMC_NDLY_CNT", "14"),
    ("rx_bytes", "SMC_RX_BYTES", "16"), ("tx_bytes", "SMC_TX_BYTES", "17"),
    ("rx_requests", "SMC_RX_CNT", "18"), ("tx_requests", "SMC_TX_CNT", "19"),
    ("rx_buf_bytes", "SMC_RX_RMB_USAGE", "20"), ("tx_buf_bytes", "SMC_TX_RMB_USAGE", "21"),
]
GAUGES = ("20", "21")


class Stats:
    """The kernel's counters, those of an earlier time taken off."""

    def __init__(self, guest):
        top = guest.messages(7)[0][7]
        self.counters = {path: attribute(top[2], path) for _, _, path in COUNTERS}
        self.errors = {"client": top[3], "server": top[4]}
        self.fallbacks = {"client": 0, "server": 0}
        self.reasons = {}
        for message in guest.messages(8):
            slot = message[8]
            self.fallbacks["server"] = slot.get(2, self.fallbacks["server"])
            self.fallbacks["client"] = slot.get(3, self.fallbacks["client"])
            if slot.get(5):
                self.reasons["server" if slot[1] else "client", f"0x{slot[4]:08x}"] = slot[5]

    def since(self, before):
        for path in self.counters.keys() - set(GAUGES):
            self.counters[path] -= before.counters[path]
        for side in ("client", "server"):
            self.errors[side] -= before.errors[side]
            self.fallbacks[side] -= before.fallbacks[side]
        self.reasons = {key: count - before.reasons.get(key, 0)
                        for key, count in self.reasons.items()
                        if count != before.reasons.get(key, 0)}
        return self

    def of(self, member):
        return next(self.counters[path] for name, _, path in COUNTERS if name == member)


def stats_of(guest, before):
    stats = Stats(guest)
    return stats.since(Stats(before)) if before else stats


def flat(found):
    """Nests by "outer.inner"."""
    return {f"{key}.{inner}" if isinstance(value, dict) else key: number
            for key, value in found.items()
            for inner, number in (value.items() if isinstance(value, dict) else [(None, value)])}


def stats_command(command, before):
    return command if before else command.replace("smcr ", "smcr -a ")


def stats(guest, before=None):
    kernel = stats_of(guest, before)
    numbers = guest.json(stats_command("smcr stats json", before), "SMCR")
    compare("numbers", {name: kernel.counters[path] for _, name, path in COUNTERS}, numbers)
    if list(numbers) != [name for _, name, _ in COUNTERS]:
        print("numbers: another order")
    found = guest.json(stats_command("smcr --json stats", before), "stats")
    compare("JSON", {name: kernel.counters[path] for name, _, path in COUNTERS},
            flat(found["smcr"]))
    compare("errors", kernel.errors,
            {side: found[f"{side}_handshake_errors"] for side in kernel.errors})
    compare("fallbacks", kernel.fallbacks,
            {side: found[f"{side}_fallbacks"] for side in kernel.fallbacks})
    compare("reasons", kernel.reasons,
            {(r["side"], r["code"]): r["count"] for r in found["fallback_reasons"]})


def short_form(value):
    for unit in " KMGTPE":
        if value < 1000:
            break
        value /= 1000
    return f"{value:.3f}{unit}" if unit != " " else str(value)


def sides(label, counts):
    return f"{label} {sum(counts.values())} (client {counts['client']}, server {counts['server']})"


def expected_direction(kernel, direction):
    requests = kernel.of(f"{direction}_requests")

    def share(label, event):
        count = kernel.of(f"{direction}_buf.{event}")
        return f"{label} {count} ({100 * count / requests if requests else 0:.2f}%)"

    def row(label, nest):
        cells = [kernel.of(f"{direction}_{nest}.{size}") for size in SIZES]
        return " ".join(map(str, [label] + cells[:7] + [cells[7] + cells[8]]))

    lines = [f"{direction.upper()} Stats"]
    for label, member in (("Data transmitted (Bytes)", "bytes"), ("Total requests", "requests"),
                          ("Buffer usage (Bytes)", "buf_bytes")):
        count = kernel.of(f"{direction}_{member}")
        lines.append(f"{label} {count}" + (f" ({short_form(count)})" if "Bytes" in label else ""))
    lines.append(share("Buffer full", "full"))
    if direction == "tx":
        lines += [share("Buffer full (remote)", "full_peer"),
                  share("Buffer too small", "too_small"),
                  share("Buffer too small (remote)", "too_small_peer")]
    return lines + [f"Buffer downgrades {kernel.of(direction + '_buf.downgraded')}",
                    f"Buffer reuses {kernel.of(direction + '_buf.reused')}",
                    "8KB 16KB 32KB 64KB 128KB 256KB 512KB >512KB",
                    row("Bufs", "buf_sizes"), row("Reqs", "request_sizes")]


def expected_reasons(kernel, names):
    for side in ("server", "client"):
        found = [(code, count) for (of, code), count in kernel.reasons.items() if of == side]
        found.sort(key=lambda row: -row[1])
        if found:
            yield side.capitalize()
        yield from (f"{names[code][0]} {count} ({code} {names[code][1]})"
                    for code, count in found[:3])


def text(guest, before=None):
    """All lines of "smcr -d stats", but for blanks."""
    kernel = stats_of(guest, before)
    names = {r["code"]: (r["label"], r["text"])
             for r in guest.json("smcr -a --json stats", "stats")["fallback_reasons"]}
    conns = {side: kernel.of(f"{side}_v1") + kernel.of(f"{side}_v2")
             for side in ("client", "server")}
    versions = {v: kernel.of(f"client_{v}") + kernel.of(f"server_{v}") for v in ("v1", "v2")}
    total = sum(conns.values())
    requests = kernel.of("rx_requests") + kernel.of("tx_requests")
    calls = [("cork", "cork"), ("nodelay", "nodelay"), ("sendpage", "sendpage"),
             ("splice", "splice"), ("urgent data", "urgent")]
    handled = total + sum(kernel.errors.values()) + sum(kernel.fallbacks.values())
    expected = ["SMC-R Connections Summary", f"Total connections handled {handled}",
                sides("SMC connections", conns), f"v1 {versions['v1']}", f"v2 {versions['v2']}",
                sides("Handshake errors", kernel.errors),
                f"Avg requests per SMC conn {requests / total if total else 0:.1f}",
                sides("TCP fallback", kernel.fallbacks), *expected_reasons(kernel, names),
                *expected_direction(kernel, "rx"), *expected_direction(kernel, "tx"),
                "Extras", f"Special socket calls {sum(kernel.of(member) for _, member in calls)}",
                *(f"{label} {kernel.of(member)}" for label, member in calls)]
    found = [" ".join(line.split()) for line in
             guest.out[stats_command("smcr -d stats", before)].splitlines() if line.strip()]
    for line, other in zip_longest(expected, found):
        if line != other:
            print(f"text: the kernel has {line!r}, printed is {other!r}")


# --- metrics ---

SIZE_BYTES = [str(8192 << i) for i in range(8)] + ["+Inf"]


def labelled(name, **labels):
    return f"{name}{{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def expected_stats(guest):
    kernel = Stats(guest)
    texts = {(r["side"], r["code"]): r["text"]
             for r in guest.json("smcr -a --json stats", "stats")["fallback_reasons"]}
    for role in ("client", "server"):
        for version in "12":
            yield (labelled("connections_total", role=role, version=version),
                   kernel.of(f"{role}_v{version}"))
        yield labelled("handshake_errors_total", role=role), kernel.errors[role]
        yield labelled("fallbacks_total", role=role), kernel.fallbacks[role]
    for (side, code), count in kernel.reasons.items():
        yield labelled("fallback_reasons_total", role=side, code=code,
                       reason=texts[side, code]), count
    for way in ("rx", "tx"):
        yield labelled("bytes_total", direction=way), kernel.of(f"{way}_bytes")
        yield labelled("requests_total", direction=way), kernel.of(f"{way}_requests")
        yield labelled("ring_bytes", direction=way), kernel.of(f"{way}_buf_bytes")
        yield labelled("request_size_bytes_sum", direction=way), kernel.of(f"{way}_bytes")
        total = 0
        for size, limit in zip(SIZES, SIZE_BYTES):
            total += kernel.of(f"{way}_request_sizes.{size}")
            yield labelled("request_size_bytes_bucket", direction=way, le=limit), total
            yield (labelled("rings_total", direction=way, size=limit),
                   kernel.of(f"{way}_buf_sizes.{size}"))
        yield labelled("request_size_bytes_count", direction=way), total
        for event, _ in EVENTS:
            yield (labelled("ring_events_total", direction=way, event=event),
                   kernel.of(f"{way}_buf.{event}"))
    for call in ("cork", "nodelay", "sendpage", "splice", "urgent"):
        yield labelled("special_calls_total", call=call), kernel.of(call)


def expected_now(guest):
    system = guest.messages(1)[0][1]
    yield labelled("info", module="smc_r", version=system[1], release=system[2]), 1
    for row in guest.json("smcr --json linkgroup", "linkgroups"):
        yield labelled("link_group_connections", group=row["lg_id"], role=row["role"],
                       type=row["type"], peer=row.get("peer_host", "")), row["conns"]
    for row in guest.json("smcr --json link", "links"):
        yield labelled("link_active", group=row["lg_id"], link=row["link_id"],
                       device=row["ib_dev"], port=row["ib_port"],
                       netdev=row["net_dev"]), int(row["state"] == "LINK_ACTIVE")
    for row in guest.json("smcr --json device", "devices"):
        yield labelled("device_port_active", device=row["ib_dev"], port=row["ib_port"],
                       netdev=row["net_dev"]), int(row["state"] == "ACTIVE")
    kinds = {}
    for line in guest.out["smcdiag -e 3"].splitlines():
        values = parse_socket(line)
        kind = values["state"]
        if kind not in ("INIT", "LISTEN", "CLOSED"):
            kind = mode_of(values)[0]["mode"]
        kinds[kind] = kinds.get(kind, 0) + 1
    for kind, count in kinds.items():
        yield labelled("sockets", kind=kind), count


def metrics(guest):
    expected = {"smc_" + name: value
                for part in (expected_stats, expected_now) for name, value in part(guest)}
    found = {}
    for line in guest.out["smcr metrics"].splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = int(value)
    compare("metrics", expected, found)


# --- top ---

def top(guest):
    """Rates are what the kernel counted meanwhile, but for a factor of ten."""
    # painted anew when the terminal got another size
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f]", " ",
                   guest.out["smcr top"].split("\x1b[H\x1b[J")[-1])
    counts = [dict(line.split() for line in guest.out[name].splitlines())
              for name in ("before", "after")]
    seconds = float(guest.out["seconds"])
    for label, direction in (("received", "rx"), ("sent", "tx")):
        found = re.search(rf" {label} +([0-9.]+) MB/s +([0-9]+) calls/s", shown)
        if not found:
            print(f"no line of what is {label}: {shown}")
            continue
        for value, key in ((float(found[1]) * 1e6, "bytes"), (float(found[2]), "calls")):
            key = f"{direction}_{key}"
            real = (int(counts[1][key]) - int(counts[0][key])) / seconds
            if not real / 10 < value < real * 10:
                print(f"{key}: {value} each second on the screen, {real} in the kernel")


def main():
    what = {f.__name__: f for f in (sockets, groups, links, devices, stats, text, metrics, top)}
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in what:
        print(__doc__, file=sys.stderr)
        return 2
    what[sys.argv[1]](*(Guest(name) for name in sys.argv[2:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
