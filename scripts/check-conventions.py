#!/usr/bin/env python3
"""Conventions of this repository that no formatter knows; prints FILE:LINE: finding, exits 1 on any.

  * no notes to self: what is open is in docs/, not in the code
  * no path of the machine that somebody worked on
  * files stay small enough to read in one sitting
  * kernel programs carry their double licence
  * the targets of Package.swift import only downwards, and only what they declare
  * what a module offers to others has a `///` that says more than its name
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Lines; generated sources are exempt because nobody reads them.
FILE_LIMIT = {".swift": 350, ".c": 350, ".h": 350, ".sh": 300, ".py": 300}
C_COLUMNS = 110
GENERATED = re.compile(r"\.(pb|grpc)\.swift$|/fixtures/|/golden/", re.IGNORECASE)
# In two pieces, so that this file passes its own check.
NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
BPF_LICENCE = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"

# Swift, formatted: one declaration a line, so that its indentation tells what it belongs to.
MODIFIERS = r"(?:@\w+(?:\([^)]*\))?\s+)*(?:[a-z]+(?:\(set\))?\s+)*?"
PUBLIC = re.compile(
    rf"^ *{MODIFIERS}public\s+{MODIFIERS}"
    r"(func|struct|enum|class|protocol|init|var|let|typealias|subscript|actor)\b\s*([<=>+-]+|\w*)")
SCOPE = re.compile(rf"^ *{MODIFIERS}(?:protocol|extension|struct|enum|class|actor) (\w.*)")
# Requirements of protocols from elsewhere: those of our own are read from the sources.
REQUIREMENTS = {
    "AsyncParsableCommand": {"configuration", "run", "validate"},
    "ParsableCommand": {"configuration", "run", "validate"}, "ParsableArguments": {"validate"},
    "Comparable": {"<"}, "Equatable": {"=="}, "Hashable": {"==", "hash"},
    "CustomStringConvertible": {"description"},
    "ExpressibleByDictionaryLiteral": {"init"},
    "OptionSet": {"rawValue"},
    "RandomNumberGenerator": {"next"},
}
# Names that their types explain.
SELF_EVIDENT = {"place"}

findings = []


def found(file, line, text):
    findings.append(f"{file}:{line}: {text}")


def tracked_files():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in names.split("\0") if name and (ROOT / name).is_file())


def machine_paths():
    """Folders of this very machine that have no business in a file: the checkout, the toolchain."""
    ordinary = {Path(p) for p in "/ /usr /usr/local /tmp /var/tmp /root /home /srv /opt".split()}
    folders = {ROOT, ROOT.parent, Path.home()}
    swift = shutil.which("swift")
    if swift:
        prefix = Path(swift).resolve().parent.parent
        folders |= {prefix, prefix.parent}
    folders -= ordinary
    if not folders:
        return None
    alternatives = "|".join(re.escape(str(folder)) for folder in sorted(folders))
    return re.compile(rf"(?<![\w.$}}-])({alternatives})(?=[/\s\"'`:]|$)")


def check_text(file, text, paths):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if note := NOTES.search(line):
            found(file, number, f"a note to self ({note[1]}): do it, or write it down in docs/")
        if paths and (path := paths.search(line)):
            found(file, number, f"a path of this machine: {path[1]}")
        if file.startswith("bpf/") and file.endswith((".c", ".h")) and len(line.expandtabs(8)) > C_COLUMNS:
            found(file, number, f"{len(line.expandtabs(8))} columns, at most {C_COLUMNS}")
    limit = FILE_LIMIT.get(Path(file).suffix)
    if limit and len(lines) > limit and not GENERATED.search(file):
        found(file, len(lines), f"{len(lines)} lines, at most {limit}: split it by reason to change")
    if file.startswith("bpf/") and file.endswith((".c", ".h")) and not (lines and BPF_LICENCE in lines[0]):
        found(file, 1, f"the first line must hold '{BPF_LICENCE}'")


def targets():
    """(name, declared dependencies, line) of each target, in the order of Package.swift.

    Read as text: asking SwiftPM takes seconds and waits for a build that is under way.
    """
    text = (ROOT / "Package.swift").read_text()
    kinds = r"library|program|tests|\.(?:target|executableTarget|testTarget|systemLibrary)"
    head = re.compile(rf"(?<![\w.])(?:{kinds})\(\s*(?:name:\s*)?\"([\w-]+)\"")
    body = text[text.index("    targets: ["):]
    offset = len(text) - len(body)
    for match in head.finditer(body):
        depth, end = 1, body.index("(", match.start()) + 1
        while depth:
            depth += {"(": 1, ")": -1}.get(body[end], 0)
            end += 1
        quoted = set(re.findall(r"\"([\w-]+)\"", re.sub(r"\.product\([^)]*\)", "", body[match.end():end])))
        yield match[1], quoted, text.count("\n", 0, offset + match.start()) + 1


def check_imports(files):
    declared = list(targets())
    order = {name: position for position, (name, _, _) in enumerate(declared)}
    importing = re.compile(
        r"^(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate) )?"
        r"import (?:(?:struct|class|enum|protocol|func|typealias|var) )?(\w+)", re.MULTILINE)
    for name, dependencies, line in declared:
        for dependency in sorted(dependencies & order.keys()):
            if order[dependency] >= order[name]:
                found("Package.swift", line, f"{name} depends on {dependency}, declared after it: arrows point down")
        for file in files:
            if not file.endswith(".swift") or not file.startswith((f"Sources/{name}/", f"Tests/{name}/")):
                continue
            text = (ROOT / file).read_text()
            for match in importing.finditer(text):
                if match[1] in order and match[1] != name and match[1] not in dependencies:
                    found(file, text.count("\n", 0, match.start()) + 1, f"{name} does not declare {match[1]}")


def indentation(line):
    return len(line) - len(line.lstrip())


def requirements(sources):
    """Protocol → names of its members; what fulfils one is described where it is required."""
    result = dict(REQUIREMENTS)
    for lines in sources.values():
        members = None
        for line in lines:
            if start := re.match(r"(?:public |package )?protocol (\w+)", line):
                members = result.setdefault(start[1], set())
            elif line == "}":
                members = None
            elif members is not None and (member := re.match(r" {4}(?:\w+ )*?(?:func|var) (\w+)", line)):
                members.add(member[1])
    return result


def only_stores(lines, start):
    """Whether an initialiser takes nothing, or only keeps what it is given: the properties say it all."""
    if "init()" in lines[start]:
        return True
    text = lines[start]
    for line in lines[start + 1:]:
        if re.search(r"\{.*\}$", lines[start]):
            break
        text += "\n" + line
        if line.strip() == "}" and indentation(line) == indentation(lines[start]):
            break
    body = re.search(r"\{([^{}]*)\}$", text)
    statements = [part.strip() for part in body[1].splitlines() if part.strip()] if body else ["?"]
    return all(re.fullmatch(r"(?:self\.)?(\w+) = \1", statement) for statement in statements)


def check_documentation(files):
    sources = {
        file: (ROOT / file).read_text().splitlines()
        for file in files
        if file.startswith("Sources/") and file.endswith(".swift") and not GENERATED.search(file)
    }
    required = requirements(sources)
    for file, lines in sources.items():
        scopes = []  # (indentation, what stands behind the keyword) of what is open
        for number, line in enumerate(lines):
            code = line.strip()
            if not code or code.startswith("//"):
                continue
            if not code.startswith(("}", ")", "]", "{")):
                while scopes and scopes[-1][0] >= indentation(line):
                    scopes.pop()
            if match := PUBLIC.match(line):
                kind, name = match[1], match[2]
                inherited = re.findall(r"\w+", scopes[-1][1]) if scopes else []
                exempt = (
                    name in SELF_EVIDENT
                    or any((name or kind) in required.get(protocol, ()) for protocol in inherited)
                    # Described by its last argument.
                    or re.search(r" = Field\((?:$|\")", line)
                    or kind == "init" and only_stores(lines, number)
                )
                above = number - 1
                while lines[above].strip().startswith("@"):
                    above -= 1
                if not exempt and not lines[above].strip().startswith("///"):
                    found(file, number + 1, f"public {kind} {name}".rstrip() + " without ///")
            if scope := SCOPE.match(line):
                head = scope[1]
                for more in lines[number + 1:number + 4]:
                    if "{" in head:
                        break
                    head += " " + more
                scopes.append((indentation(line), head.split("{")[0]))


files = tracked_files()
paths = machine_paths()
for file in files:
    try:
        text = (ROOT / file).read_text()
    except UnicodeDecodeError:
        continue  # a binary file, such as a golden record
    check_text(file, text, paths)
check_imports(files)
check_documentation(files)

print("\n".join(findings) or "    clean")
sys.exit(1 if findings else 0)
