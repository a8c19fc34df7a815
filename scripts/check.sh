#!/usr/bin/env bash
# Everything about the source that a machine can judge without running it; lists all findings, then fails.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

status=0

# step NAME COMMAND...
step() {
    local name=$1
    shift
    echo "--- $name"
    "$@" || { status=1; echo "    $name: not clean"; }
}

swift_format() {
    local folders=()
    for folder in Sources Tests Plugins; do [ ! -d "$folder" ] || folders+=("$folder"); done
    swift format lint --recursive --strict --parallel "${folders[@]}" Package.swift
}

# What clang-format judges well, it judges: indentation, braces, breaks. It cannot keep hand-made columns
# (tables of constants, comments beside struct fields), so runs of blanks inside a line count as one; and
# up to version 15 it breaks each asm statement before its colons, so both sides are joined there.
normalised() {
    sed -E 's/([^[:space:]])[[:space:]]+/\1 /g' | sed -zE 's/[[:space:]\\]*\n[[:space:]]*: / : /g'
}

c_format() {
    local file clean=0
    while IFS= read -r file; do
        diff --unified=0 --label "$file" --label "$file, formatted" \
            <(normalised < "$file") <(clang-format "$file" | normalised) || clean=1
    done < <(find bpf Sources -name '*.[ch]' ! -path 'Sources/*/generated/*')
    return "$clean"
}

shell_scripts() {
    git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run Tests/vm/init | xargs shellcheck --exclude=SC2317 # called through step and traps
}

step "swift format" swift_format
step "clang-format" c_format
step "shellcheck" shell_scripts
step "conventions" python3 scripts/check-conventions.py
exit "$status"
