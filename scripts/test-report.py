#!/usr/bin/env python3
"""Sums up the tiers of a test run; the last line is `N passed, N failed, N skipped`.

A folder holds NAME.xml (xUnit, as swift-testing writes it) and NAME.end (exit code and seconds) of each
tier. One test may run in several tiers and counts once: failed if any tier saw it fail, passed if at least
one ran it, skipped otherwise. With the vm tier in the run every mechanism is available somewhere, so a
test that no tier could run is a hole in the test plan and counts as failed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def cases(file):
    """Yields name, outcome and message of each test of one xUnit file."""
    for case in ElementTree.parse(file).iter("testcase"):
        name = f"{case.get('classname')}/{case.get('name')}"
        failures = [f.get("message") or f.text or "" for f in case.findall("failure") + case.findall("error")]
        skipped = case.find("skipped")
        if failures:
            yield name, FAILED, "; ".join(failures)
        elif skipped is not None:
            yield name, SKIPPED, skipped.text or "no reason given"
        else:
            yield name, PASSED, ""


def read_tier(end):
    """The tests of one tier, with an entry of its own when the tier as a whole went wrong."""
    code, seconds = (int(word) for word in end.read_text().split())
    tests = {}
    try:
        for name, outcome, message in cases(end.with_suffix(".xml")):
            # Two tests of one name: the worse outcome stands.
            if tests.get(name, (None,))[0] != FAILED:
                tests[name] = (outcome, message)
    except (OSError, ElementTree.ParseError) as error:
        tests[f"the {end.stem} tier itself"] = (FAILED, f"exit code {code}, no results: {error}")
    if code != 0 and not any(outcome == FAILED for outcome, _ in tests.values()):
        tests[f"the {end.stem} tier itself"] = (FAILED, f"exit code {code}, although no test failed")
    if not tests:
        tests[f"the {end.stem} tier itself"] = (FAILED, "no test ran")
    return tests, seconds


def main(folder):
    tiers = {}
    ends = sorted(folder.glob("*.end"), key=lambda path: path.stat().st_mtime)
    print()
    for end in ends:
        tiers[end.stem], seconds = read_tier(end)
        outcomes = [outcome for outcome, _ in tiers[end.stem].values()]
        counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in (PASSED, FAILED, SKIPPED))
        print(f"tier {end.stem}: {counts} ({seconds} s)")

    everywhere = {}
    for tier, tests in tiers.items():
        for name, (outcome, message) in tests.items():
            everywhere.setdefault(name, []).append((outcome, tier, message))

    totals = {PASSED: 0, FAILED: 0, SKIPPED: 0}
    complete = "native" in tiers and any(tier.startswith("vm-") for tier in tiers)
    for name, runs in sorted(everywhere.items()):
        outcomes = {outcome for outcome, _, _ in runs}
        if FAILED in outcomes:
            totals[FAILED] += 1
            for outcome, tier, message in runs:
                if outcome == FAILED:
                    print(f"failed: {name} [{tier}]: {message}")
        elif PASSED in outcomes:
            totals[PASSED] += 1
        else:
            totals[FAILED if complete else SKIPPED] += 1
            reasons = "; ".join(sorted({f"{tier}: {message}" for _, tier, message in runs}))
            print(f"{'failed: no tier could run' if complete else 'skipped:'} {name} ({reasons})")

    for note in sorted(folder.glob("*.skipped")):
        print(note.read_text().removeprefix("=== ").strip())
    print(f"{totals[PASSED]} passed, {totals[FAILED]} failed, {totals[SKIPPED]} skipped")
    return 1 if totals[FAILED] or not tiers else 0


sys.exit(main(Path(sys.argv[1])))
