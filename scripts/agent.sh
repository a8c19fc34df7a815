#!/usr/bin/env bash
# Runs secd on this machine for a look at it, with all its files in a private folder, so that it never
# meets an installed daemon.
#
#     scripts/agent.sh run BIN-FOLDER               shows events live until Ctrl-C
#     scripts/agent.sh demo BIN-FOLDER [SECONDS]    collects for 10 seconds into ./demo-events.json
set -euo pipefail

mode=${1:?usage: agent.sh run|demo BIN-FOLDER [SECONDS]}
bin=${2:?folder of secd and secctl}
seconds=${3:-10}
root=$(cd "$(dirname "$0")/.." && pwd)

if [ "$(id -u)" != 0 ]; then
    # Only this part: what the build writes stays the user's.
    command -v sudo > /dev/null || { echo "agent.sh: loading BPF programs needs root" >&2; exit 1; }
    echo "agent.sh: loading BPF programs needs root; asking sudo"
    exec sudo "$0" "$@"
fi
"$root/scripts/prepare-machine.sh"

# No dot in the name: the BPF file system refuses those.
private=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/secd-XXXXXX")
pins=/sys/fs/bpf/${private##*/}
socket=$private/secd.sock
events=$private/events.json
log=$private/secd.log

# The one place that knows the daemon's options.
arguments=(--socket "$socket" --state-dir "$private/state" --pin-dir "$pins" --export-file "$events")
if [ -e "$root/export/secd.yaml" ]; then arguments=(--config "$root/export/secd.yaml" "${arguments[@]}"); fi

daemon=
activity=
viewer=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    trap - INT TERM EXIT
    if [ -n "$viewer" ]; then kill "$viewer" 2>/dev/null || true; fi
    if [ -n "$activity" ]; then kill "$activity" 2>/dev/null || true; fi
    if [ -n "$daemon" ]; then stop_daemon; fi
    rm -rf "$private" "$pins"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

# A graceful stop flushes what is still in the rings; ten seconds bound it.
stop_daemon() {
    local pid=$daemon
    daemon=
    kill -TERM "$pid" 2>/dev/null || return 0
    timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || echo "agent.sh: secd ended with code $?" >&2
}

mkdir "$private/state"
"$bin/secd" "${arguments[@]}" > "$log" 2>&1 &
daemon=$!

# Ready when it answers; a daemon that cannot start says why in its log.
ready=
for _ in $(seq 100); do
    if [ -S "$socket" ] && "$bin/secctl" status --socket "$socket" > "$private/status" 2>&1; then
        ready=1
        break
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.1
done
if [ -z "$ready" ]; then
    echo "agent.sh: secd did not become ready; its log:" >&2
    tail -n 40 "$log" >&2
    exit 1
fi

case $mode in
    run)
        cat "$private/status"
        echo
        echo "secd is process $daemon, socket $socket, log $log; Ctrl-C ends it."
        "$root/scripts/activity.sh" 0 > /dev/null 2>&1 &
        activity=$!
        # Background and wait: a trap runs at once in wait, but only after a foreground program ends.
        "$bin/secctl" events --socket "$socket" &
        viewer=$!
        wait "$viewer" || true
        ;;
    demo)
        # Bounded by the clock: it shows what one machine does in that time, however much it is.
        timeout "$seconds" "$root/scripts/activity.sh" 0 > /dev/null 2>&1 || true
        stop_daemon
        [ -s "$events" ] || {
            echo "agent.sh: no event was written; the daemon's log:" >&2
            tail -n 40 "$log" >&2
            exit 1
        }
        cp "$events" "$root/demo-events.json"
        chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$root/demo-events.json"
        echo "$root/demo-events.json: $(wc -l < "$root/demo-events.json") events"
        ;;
    *)
        echo "agent.sh: unknown mode '$mode' (run, demo)" >&2
        exit 2
        ;;
esac
