#!/usr/bin/env bash
# Runs a command on a stock Debian kernel, in a virtual machine that lives as long as the command.
# Prints what the command prints and ends with its exit code; see README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
series=6.12
command_text=
results=
timeout=300
memory=2G
files=()

usage() {
    cat <<'END'
usage: Tests/vm/run.sh [--kernel 6.1|6.12] [option]... --command 'SHELL COMMAND'

  --add FILE[=PATH]   copy a file (with its shared libraries) or a folder into the guest,
                      to PATH or to the same absolute path; repeatable
  --results FILE      store here what the command writes to /dev/ttyS2
  --timeout SECONDS   give up after that time (default 300)
  --memory SIZE       of the guest (default 2G)

Exit code: the command's; 125 when the guest did not finish (its console's end is shown).
END
}

while [ $# -gt 0 ]; do
    case $1 in
        --kernel) series=$2; shift 2 ;;
        --command) command_text=$2; shift 2 ;;
        --add) files+=("$2"); shift 2 ;;
        --results) results=$2; shift 2 ;;
        --timeout) timeout=$2; shift 2 ;;
        --memory) memory=$2; shift 2 ;;
        --help|-h) usage; exit 0 ;;
        *) echo "run.sh: unknown argument '$1'" >&2; usage >&2; exit 2 ;;
    esac
done
[ -n "$command_text" ] || { usage >&2; exit 2; }

command -v qemu-system-x86_64 > /dev/null || {
    echo "run.sh: no qemu-system-x86_64 here (Debian: qemu-system-x86); SECD_VM=skip leaves these tests out" >&2
    exit 125
}
kernel=$("$here/kernel.sh" "$series")

work=$(mktemp -d)
machine=
follower=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
    # Only what this script started, by process id; timeout(1) passes the signal on to QEMU.
    if [ -n "$machine" ]; then kill -TERM "$machine" 2>/dev/null || true; fi
    if [ -n "$follower" ]; then kill "$follower" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

printf '%s\n' "$command_text" > "$work/command"
"$here/initramfs.sh" "$kernel" "$work/initramfs" "$work/command" ${files[@]+"${files[@]}"}
: > "$work/output"
: > "$work/results"

# thread=single: with a thread for each virtual processor Linux 6.12 died of an int3 that it did not know any more,
# in a static call, as they change whenever programs are attached. Probably (not proved) one processor ran code that
# the other had patched meanwhile.
# lsm=: both kernels are built with BPF LSM; naming the list keeps it active whatever the default is.
# panic=-1 and -no-reboot: a panic ends the machine at once instead of running into the timeout.
# erms=off, fsrm=off: the kernel clears and copies by bytes where they are fast, and emulation does them one at a time.
# init_on_alloc=0: the default of Debian's kernels clears all memory, too. (actions' effects on 6.12: 305 to 188 s)
# mitigations=off: slow under emulation and no test looks at them. tsc=reliable: the kernel else may judge
# an emulated TSC unstable and read a much slower clock.
timeout --kill-after=5 "$timeout" qemu-system-x86_64 \
    -accel tcg,thread=single -cpu max,erms=off,fsrm=off -smp 2 -m "$memory" \
    -nodefaults -display none -no-reboot \
    -kernel "$kernel/vmlinuz" -initrd "$work/initramfs" \
    -append "console=ttyS0 loglevel=5 panic=-1 mitigations=off tsc=reliable init_on_alloc=0 \
lsm=landlock,lockdown,yama,integrity,apparmor,bpf" \
    -serial "file:$work/console" -serial "file:$work/output" -serial "file:$work/results" \
    < /dev/null > "$work/qemu" 2>&1 &
machine=$!

# Shows the output as it comes; the last line, which carries the exit code, is not for the reader.
tail --pid="$machine" --sleep-interval=0.2 -n +1 -f "$work/output" | sed -u '/^secd-vm-exit [0-9]*$/d' &
follower=$!

finished=0
wait "$machine" || finished=$?
machine=
wait "$follower" || true
follower=

if [ -n "$results" ]; then cp "$work/results" "$results"; fi

code=$(sed -n 's/^secd-vm-exit \([0-9]*\)$/\1/p' "$work/output" | tail -n 1)
if [ -z "$code" ]; then
    if [ "$finished" = 124 ]; then
        echo "run.sh: no end after $timeout s on Linux $series; the console's last lines:" >&2
    else
        echo "run.sh: the machine stopped before the command ended (Linux $series); its last lines:" >&2
    fi
    cat "$work/qemu" >&2
    tail -n 40 "$work/console" >&2 || true
    exit 125
fi
exit "$code"
