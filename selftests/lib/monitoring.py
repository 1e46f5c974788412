#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What tools/monitoring/ asks of `smcr metrics`.

    monitoring.py rules              expressions of the dashboard, as a file of
                                     rules for promtool
    monitoring.py check METRICS      what dashboard, alerts and the test of the
                                     alerts name and METRICS, which is what
                                     `smcr metrics` printed, has not

The second prints nothing, and its exit status is 0, if there is no such thing.
"""

import itertools
import json
import os
import re
import sys

SELFTESTS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..")
MONITORING = os.path.join(SELFTESTS, "../tools/monitoring")
# Those that Prometheus adds.
OF_TARGET = {"instance", "job"}
# What Grafana puts in, and something like it.
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$instance": ".*"}

SAMPLE = re.compile(r"(smc_[a-z_]+)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r"(\w+)=\"((?:[^\"\\]|\\.)*)\"")
METRIC = re.compile(r"\b(smc_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)(=~?)\"([^\"]*)\"")
BY = re.compile(r"\bby \(([^)]*)\)")


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def targets():
    for panel in json.loads(read(MONITORING, "dashboard.json"))["panels"]:
        yield from panel["targets"]


def rules():
    found = []
    for number, target in enumerate(targets()):
        expr = target["expr"]
        for name, value in VARIABLES.items():
            expr = expr.replace(name, value)
        found.append({"record": f"dashboard:{number}", "expr": expr})
    print(json.dumps({"groups": [{"name": "dashboard", "rules": found}]}))


def read_samples(metrics):
    """{metric: [labels of each]}"""
    found = {}
    for line in metrics.splitlines():
        sample = SAMPLE.match(line)
        if sample:
            labels = dict(LABEL.findall(sample[2] or ""))
            found.setdefault(sample[1], []).append(labels)
    return found


def is_selected(labels, matchers):
    return all(label in labels and
               (re.fullmatch(value, labels[label]) if operator == "=~"
                else value == labels[label])
               for label, operator, value in matchers if label not in OF_TARGET)


def alternatives(matchers):
    """The same matchers without "|", each combination."""
    return itertools.product(*([(label, operator, value) for value in values.split("|")]
                               for label, operator, values in matchers))


def missing(samples, expr):
    """Metrics without a sample that the expression selects, and labels, by
    which it sums, that they have not."""
    wanted = {label for by in BY.findall(expr) for label in re.split(r", *", by)}
    for name, selector in METRIC.findall(expr):
        real = samples.get(name, [])
        for matchers in alternatives(MATCHER.findall(selector)):
            if not any(is_selected(labels, matchers) for labels in real):
                yield f"{name}{{{selector}}}"
        for labels in real[:1]:
            yield from (f"{name}: {label}" for label in wanted - labels.keys() - OF_TARGET)


def missing_of_legend(samples, target):
    """Labels of the legend that the expression does not leave."""
    expr = target["expr"]
    left = {label for by in BY.findall(expr) for label in re.split(r", *", by)}
    if not left:
        left = OF_TARGET.union(*(labels for name, _ in METRIC.findall(expr)
                                 for labels in samples.get(name, [])))
    return (f"legend of {expr}: {label}"
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            if label not in left)


def missing_of_series(samples, line):
    """A series of the test has the same labels as a real one."""
    for name, selector in METRIC.findall(line):
        labels = {label for label, _ in LABEL.findall(selector)} - OF_TARGET
        if not any(labels == set(real) for real in samples.get(name, [])):
            yield f"series {name}: {' '.join(sorted(labels))}"


def check(metrics):
    samples = read_samples(read(metrics))
    problems = []
    for target in targets():
        problems += missing(samples, target["expr"])
        problems += missing_of_legend(samples, target)
    for alert in read(MONITORING, "alerts.yml").split("- alert: ")[1:]:
        problems += missing(samples, alert.split("for:")[0])
    for line in read(SELFTESTS, "progs/alerts_test.yml").splitlines():
        if "series: " in line:
            problems += missing_of_series(samples, line)
    for problem in dict.fromkeys(problems):
        print(problem)
    return 1 if problems else 0


def main():
    if sys.argv[1:] == ["rules"]:
        return rules()
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        return check(sys.argv[2])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
