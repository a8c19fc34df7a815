#!/usr/bin/env bash
# Mounts the kernel file systems that the daemon reads, where a container or a minimal system lacks them.
# Starts nothing and changes nothing else; without root it only says what is missing.
set -euo pipefail

# ensure TYPE FOLDER WHY
ensure() {
    if [ "$(stat --file-system --format=%T "$2" 2>/dev/null)" = "$4" ]; then return; fi
    if [ "$(id -u)" = 0 ]; then
        mount -t "$1" "$1" "$2" && return
    fi
    echo "prepare-machine.sh: $1 is not mounted at $2 ($3); as root: mount -t $1 $1 $2" >&2
}

ensure tracefs /sys/kernel/tracing "names and formats of tracepoints" tracefs
ensure bpf /sys/fs/bpf "pinned maps and links" bpf_fs
