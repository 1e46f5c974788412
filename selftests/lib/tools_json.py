#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""JSON of the tools, from standard input.

    tools_json.py check              it is one line and what tools/schema.json says
    tools_json.py get EXPRESSION     a value of it, in Python: d["sockets"][0]["mode"]

Exit status: 0, or 1 and the reason on standard output.
"""

import json
import os
import sys

SCHEMA = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                      "../../tools/schema.json")


def check(text):
    # it takes more time than all else, and values need it not
    import jsonschema  # pylint: disable=import-outside-toplevel

    if text.count("\n") != 1:
        return f"{text.count(chr(10))} lines"
    with open(SCHEMA) as file:
        validator = jsonschema.Draft202012Validator(json.load(file))
    problems = [f"{'/'.join(str(p) for p in e.absolute_path)}: {e.message}"
                for e in validator.iter_errors(json.loads(text))]
    return "\n".join(problems)


def main():
    text = sys.stdin.read()
    try:
        if sys.argv[1] == "check":
            problem = check(text)
            if problem:
                print(problem)
            return 1 if problem else 0
        value = eval(sys.argv[2], {"d": json.loads(text)})  # pylint: disable=eval-used
        print(value if isinstance(value, str) else json.dumps(value))
        return 0
    except (ValueError, LookupError, TypeError) as error:
        print(f"{type(error).__name__}: {error} in: {text[:500]}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
