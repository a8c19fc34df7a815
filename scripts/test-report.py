#!/usr/bin/env python3
"""Sums up the tiers of a test run; the last line is `N passed, N failed, N skipped`.

A folder holds NAME.xml (xUnit, as swift-testing writes it), NAME.log (what it printed) and NAME.end (exit
code and seconds) of each tier, and plan.txt, the names of all tests where none were left out by a filter.
One test may run in several tiers and counts once: failed if any tier saw it fail, passed if at least one
ran it, skipped otherwise. With the vm tier in the run every mechanism is available somewhere, so a
test that no tier could run, a planned one that no tier names and a kernel program that no kernel verified are
holes in the test plan and count as failed. Excepted is what has to be fetched and could not be (ABSENT), and what reads
../shared where a clone stands alone: both count as skipped.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

# Suites whose program no package of Debian 12 has, and which; they run where it is installed or could be fetched.
ABSENT = {"DaemonTests.DaemonSuite.RuntimePluginTests": "containerd 1.7, the first with NRI (Tests/engines)"}

# Reference texts and policies of the field, beside the checkout; a clone alone has none.
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"

# Characters of a message in the list of failures at the end.
MESSAGE_LENGTH = 200


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


def planned(folder):
    """Names of all tests, as `cases` spells them; none where a filter was set."""
    plan = folder / "plan.txt"
    if not plan.exists():
        return set()
    # Module.Suite/Inner/test() stands in results as Module.Suite.Inner, test().
    names = re.findall(r"^(\S+)/([^/\n]+)$", plan.read_text(), re.MULTILINE)
    return {f"{suite.replace('/', '.')}/{test}" for suite, test in names}


def verified(folder, tiers):
    """Prints the instructions that each kernel's verifier walked; returns the programs that none loaded."""
    walked = {}
    for tier in tiers:
        log = folder / f"{tier}.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        for outcome, name, program, count in re.findall(
            r"^(verified|skipped) (\w+) (\w+)(?:: (\d+)| \()", text, re.MULTILINE
        ):
            row = walked.setdefault((name.removesuffix("Probe"), program), {})
            if outcome == "verified":
                row[tier, name.endswith("Probe")] = count
    if not walked:
        return []
    columns = [(tier, probe) for tier in tiers for probe in (False, True)]
    print("\nVerified instructions (probe: the build for kernels without bpf_rdonly_cast):")
    print(f"{'':40}" + "".join(f"{tier + (' probe' if probe else ''):>16}" for tier, probe in columns))
    for (name, program), row in sorted(walked.items()):
        print(f"{name + ' ' + program:40}" + "".join(f"{row.get(column, '-'):>16}" for column in columns))
    return [f"{name} {program}" for (name, program), row in sorted(walked.items()) if not row]


def shortened(message):
    """A message on one line and not longer than that a few fit on a screen; it stood whole further up."""
    line = " ".join(message.split())
    return line if len(line) <= MESSAGE_LENGTH else line[: MESSAGE_LENGTH - 1] + "…"


def excused(name, runs):
    """Whether nobody could have run a test here, and that is no hole in the plan."""
    needs_shared = all("../shared/" in message for _, _, message in runs)
    return name.split("/")[0] in ABSENT or needs_shared and not SHARED.is_dir()


def judged(tiers, complete):
    """Counts of the outcomes over all tiers, and the lines that name what failed; prints what went wrong, whole."""
    everywhere = {}
    for tier, tests in tiers.items():
        for name, (outcome, message) in tests.items():
            everywhere.setdefault(name, []).append((outcome, tier, message))
    totals = {PASSED: 0, FAILED: 0, SKIPPED: 0}
    failures = []
    for name, runs in sorted(everywhere.items()):
        outcomes = {outcome for outcome, _, _ in runs}
        if FAILED in outcomes:
            totals[FAILED] += 1
            for outcome, tier, message in runs:
                if outcome == FAILED:
                    print(f"failed: {name} [{tier}]: {message}")
                    failures.append(f"failed: {name} [{tier}]: {shortened(message)}")
        elif PASSED in outcomes:
            totals[PASSED] += 1
        else:
            is_hole = complete and not excused(name, runs)
            totals[FAILED if is_hole else SKIPPED] += 1
            reasons = "; ".join(sorted({f"{tier}: {message}" for _, tier, message in runs}))
            line = f"{'failed: no tier could run' if is_hole else 'skipped:'} {name} ({reasons})"
            print(line)
            if is_hole:
                failures.append(line)
    return everywhere, totals, failures


def main(folder):
    ends = sorted(folder.glob("*.end"), key=lambda path: path.stat().st_mtime)
    read = {end.stem: read_tier(end) for end in ends}
    tiers = {tier: tests for tier, (tests, _) in read.items()}
    complete = "native" in tiers and any(tier.startswith("vm-") for tier in tiers)
    unloaded = verified(folder, tiers)
    print()
    everywhere, totals, failures = judged(tiers, complete)
    if complete:
        missing = [f"failed: no tier ran {name}" for name in sorted(planned(folder) - everywhere.keys())]
        missing += [f"failed: no kernel loaded the program {program}" for program in unloaded]
        totals[FAILED] += len(missing)
        failures += missing

    # Last, and short, because the end is what is read of a long log.
    print()
    for note in sorted(folder.glob("*.skipped")):
        print(note.read_text().removeprefix("=== ").strip())
    for tier, (tests, seconds) in read.items():
        outcomes = [outcome for outcome, _ in tests.values()]
        counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in (PASSED, FAILED, SKIPPED))
        print(f"tier {tier}: {counts} ({seconds} s)")
    print(*failures, sep="\n", end="\n" if failures else "")
    print(f"{totals[PASSED]} passed, {totals[FAILED]} failed, {totals[SKIPPED]} skipped")
    return 1 if totals[FAILED] or not tiers else 0


sys.exit(main(Path(sys.argv[1])))
