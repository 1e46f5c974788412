#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""sites.py with an object file in the place of a module: each call is found, by
the place that it returns to. Prints TAP."""

import os
import re
import subprocess
import sys
import tempfile

import sites

# as it may look when a compiler is done with it
SOURCE = """
	.globl first
	.type first, @function
first:
	nop
	call __kmalloc
	call kfree
	call __kmalloc
	ret
	.type local, @function
local:
	call sk_alloc
	ret
	.globl init, init_alias
	.type init, @function
	.type init_alias, @function
registers:
	jmp register_it
	.globl registers
	.type registers, @function
	.section .init.text, "ax"
init:
init_alias:
	nop
	call registers
	call unregister_it
	call smcr_llc_alloc
	ret
	.globl nobody
	.type nobody, @function
nobody:
	jmp dup_it
"""
FOUND = [("__kmalloc", "first+0x6"), ("__kmalloc", "first+0x10"), ("dup_it", "nobody"),
         ("register_it", "init+0x6"), ("sk_alloc", "local+0x5"),
         ("smcr_llc_alloc", "init+0x10")]


def main():
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "module.o")
        subprocess.run(["gcc", "-c", "-x", "assembler", "-o", path, "-"], check=True,
                       input=SOURCE, text=True)
        found = sites.sites(path)
    good = sorted(found) == sorted(FOUND)
    print(f"{'ok' if good else 'not ok'} 1 - calls that allocate are found")
    if not good:
        print(re.sub("^", "# ", f"found {found}", flags=re.M))
    print("1..1")
    return not good


if __name__ == "__main__":
    sys.exit(main())
