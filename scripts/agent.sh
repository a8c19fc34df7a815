#!/usr/bin/env bash
# Runs secd on this machine for a look at it, with all its files in a private folder, so that it never
# meets an installed daemon. Where there is journald, it gets the events, too.
#
#     scripts/agent.sh run BIN-FOLDER                     shows events live until Ctrl-C
#     scripts/agent.sh demo BIN-FOLDER [SECONDS] [FILE]   collects for 10 seconds into ./demo-events.json
set -euo pipefail

usage="usage: agent.sh run BIN-FOLDER | demo BIN-FOLDER [SECONDS] [FILE]"
mode=${1:?$usage}
bin=${2:?$usage}
seconds=${3:-10}
root=$(cd "$(dirname "$0")/.." && pwd)
result=${4:-$root/demo-events.json}
case $mode in run | demo) ;; *) echo "agent.sh: $usage" >&2; exit 2 ;; esac

say() { echo "agent.sh: $*" >&2; }

if [ "$(id -u)" != 0 ]; then
    # Only this part: what the build writes stays the user's.
    command -v sudo > /dev/null || { say "loading BPF programs needs root"; exit 1; }
    say "loading BPF programs needs root; asking sudo"
    exec sudo "$0" "$@"
fi
"$root/scripts/prepare-machine.sh"

# No dot in the name: the BPF file system refuses those.
private=$(mktemp -d "${XDG_RUNTIME_DIR:-/tmp}/secd-XXXXXX")
pins=/sys/fs/bpf/${private##*/}
socket=$private/secd.sock
events=$private/events.json
log=$private/secd.log

# The one place that knows the daemon's options. The shipped configuration, but that one file is easier to look
# at than five, and that nobody waits for a journald that is not there.
arguments=(--socket "$socket" --state-dir "$private/state" --pin-dir "$pins" --export-file "$events")
arguments+=(--config "$private/secd.yaml")
mkdir "$private/state" "$private/files"
{
    cat "$root/export/secd.yaml"
    # Somewhere for the activity to write to, and to be seen doing it.
    printf 'events:\n  files:\n    - path: %s\n' "$private/files"
} > "$private/secd.yaml"
export SECD_EXPORT_FILE_MAX_SIZE=0 SECD_EXPORT_JOURNALD=true
sinks="$events and journald (journalctl -t secd -f)"
if [ ! -S /run/systemd/journal/socket ]; then
    SECD_EXPORT_JOURNALD=false
    sinks="$events; not to journald, which does not run here"
fi

daemon=
activity=
viewer=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    trap '' INT TERM
    trap - EXIT
    for pid in $viewer $activity; do kill "$pid" 2>/dev/null || true; done
    for pid in $viewer $activity; do wait "$pid" 2>/dev/null || true; done
    if [ -n "$daemon" ]; then stop_daemon; fi
    rm -rf "$private"
    rmdir "$pins" 2>/dev/null || true
}
trap cleanup EXIT
# Ctrl-C is the way to end it, and no failure.
trap 'exit 0' INT TERM

# A graceful stop writes what is still in the rings; ten seconds bound it.
stop_daemon() {
    local pid=$daemon
    daemon=
    kill -TERM "$pid" 2>/dev/null || true
    timeout 10 tail --pid="$pid" -f /dev/null || kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || say "secd ended with code $?"
}

# What it said, without what is no news to somebody who looks at it for the first time.
complain() {
    say "$1; its log:"
    tail -n 40 "$log" >&2
    exit 1
}

# Sessions of their own: Ctrl-C is for this script, which ends the others in order.
setsid "$bin/secd" "${arguments[@]}" < /dev/null > "$log" 2>&1 &
daemon=$!

# Ready when it answers; a daemon that cannot start says why in its log.
ready=
for _ in $(seq 200); do
    if [ -S "$socket" ]; then
        # 1: it answers and has a problem, which is shown.
        code=0
        "$bin/secctl" status --socket "$socket" > "$private/status" 2>&1 || code=$?
        if [ "$code" -le 1 ]; then
            ready=1
            break
        fi
    fi
    kill -0 "$daemon" 2>/dev/null || break
    sleep 0.05
done
[ -n "$ready" ] || complain "secd did not become ready"

# Programs, files and connections of somebody: without it an idle machine shows nothing.
start_activity() {
    TMPDIR=$private/files setsid "$root/scripts/activity.sh" 0 < /dev/null > "$private/activity" 2>&1 &
    activity=$!
}

# What runs on this kernel, in two lines: each sensor with the kinds of hooks that it found, and the sinks.
head -n 1 "$private/status"
awk '
    / sensor on$/ { sensor = $1; order[++count] = sensor; next }
    !/^  / { sensor = "" }
    sensor == "" || /^  not seen/ { next }
    {
        for (i = 2; i <= NF; i++)
            if (split($i, part, "/") > 1 && !seen[sensor, part[1]]++)
                kinds[sensor] = kinds[sensor] (kinds[sensor] == "" ? "" : ", ") part[1]
    }
    END {
        for (i = 1; i <= count; i++)
            line = line (i > 1 ? "; " : "") order[i] " by " kinds[order[i]]
        print "sensors: " line
    }' "$private/status"
echo "exporting to $sinks"

case $mode in
    run)
        cat << TEXT
A little activity is made each second, and everything that happens on this machine is shown until Ctrl-C.
In another terminal:  export SECD_SOCKET=$socket
                      $bin/secctl tree | sockets | top | status | doctor
Log: $log

TEXT
        # Background and wait: a trap runs at once in wait, but only after a foreground program ends.
        setsid "$bin/secctl" events --live --socket "$socket" < /dev/null &
        viewer=$!
        start_activity
        wait "$viewer" || complain "the display ended with code $?"
        ;;
    demo)
        echo "Collecting for $seconds seconds …"
        start_activity
        # Bounded by the clock: it shows what one machine does in that time, however much it is.
        sleep "$seconds" &
        wait $!
        kill "$activity" 2>/dev/null || true
        wait "$activity" 2>/dev/null || true
        activity=
        stop_daemon
        [ -s "$events" ] || complain "no event was written"
        cp "$events" "$result"
        chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$result"
        "$bin/secctl" verify "$result"
        echo "$result is what a sink gets: JSON lines. Look at it with"
        echo "    $bin/secctl events $result"
        ;;
esac
