#!/usr/bin/env bash
# Rewrites Swift sources as `make check` wants them. C stays by hand: its tables are aligned by their authors.
#
#     scripts/format.sh [FILE]...     (default: everything)
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then
    swift format format --in-place "$@"
else
    swift format format --in-place --recursive --parallel Sources Tests Plugins Package.swift
fi
