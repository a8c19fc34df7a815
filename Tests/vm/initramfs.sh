#!/usr/bin/env bash
# Builds one initramfs: a small Debian userland, a kernel's modules, and files with the libraries they need.
#
#     Tests/vm/initramfs.sh KERNEL-FOLDER OUTPUT COMMAND-FILE [FILE[=GUEST-PATH]]...
#
# Every FILE (or folder) keeps its absolute path in the guest unless a GUEST-PATH is given, so run paths and
# paths compiled into test programs stay valid.
set -euo pipefail

kernel=${1:?kernel folder}
output=${2:?output}
command_file=${3:?command file}
shift 3
here=$(cd "$(dirname "$0")" && pwd)

# Tests start these by path and expect the real program as the executable, not busybox.
tools="bash sh true false cat echo ls sleep id env kill mkdir rmdir touch rm mv cp ln chmod chown mkfifo dd
    head tail wc sort tr date stat sync timeout nohup readlink sha256sum
    mount umount unshare nsenter setsid setpriv flock ps pgrep ip tc bpftool runc"

# Loaded at boot, with what they depend on.
# overlay, veth, bridge: containers; sch_ingress, cls_bpf: tc programs before tcx (6.6); *_diag: ss.
modules="overlay veth bridge dummy sch_ingress cls_bpf inet_diag tcp_diag udp_diag"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# Debian's merged layout: /bin is /usr/bin. A file placed below /bin then lands in /usr/bin.
mkdir -p "$stage"/{usr/{bin,sbin,lib,lib64},dev,proc,sys,run,tmp,root,etc,var/{lib,log,tmp},mnt,home,secd-vm/tmp}
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$stage/$folder"; done
ln -s ../run "$stage/var/run"
chmod 1777 "$stage/tmp" "$stage/var/tmp"

# place FILE GUEST-PATH: a copy, without debug information, which only costs boot time.
place() {
    local target=$stage$2
    [ ! -e "$target" ] || return 0
    mkdir -p "$(dirname "$target")"
    cp -L --preserve=mode,timestamps "$1" "$target"
    if [ "$(stat -c %s "$target")" -gt 4000000 ] && [ "$(head -c 4 "$target" | tail -c 3)" = ELF ]; then
        strip --strip-debug "$target" 2>/dev/null || true
    fi
}

# The shared libraries of ELF files, loader included, one path a line. Only dynamic programs have any.
libraries() {
    ldd "$@" 2>/dev/null | sed -n 's/^\t\(.* => \)\?\(\/[^ ]*\) (0x.*/\2/p' | sort -u
}

add() {
    local source=${1%%=*} target=${1#*=} file
    [ -e "$source" ] || { echo "initramfs.sh: no such file: $source" >&2; exit 1; }
    source=$(realpath -s "$source")
    [ "${1#*=}" != "$1" ] || target=$source
    if [ -d "$source" ]; then
        while IFS= read -r -d '' file; do place "$source/$file" "$target/$file"; done \
            < <(cd "$source" && find . \( -type f -o -type l \) -print0)
    else
        place "$source" "$target"
        for file in $(libraries "$source"); do place "$file" "$file"; done
    fi
}

for tool in $tools; do
    path=$(PATH=/usr/sbin:/usr/bin command -v "$tool") || path=
    # "command -v" names a builtin without a path.
    case $path in /*) ;; *) path=/usr/bin/$tool ;; esac
    if [ -x "$path" ]; then add "$path"; fi
done
for file in "$@"; do add "$file"; done

# busybox covers everything else that a shell script may call.
place "$(command -v busybox)" /usr/bin/busybox
for applet in $("$stage/usr/bin/busybox" --list); do
    if [ ! -e "$stage/usr/bin/$applet" ] && [ ! -e "$stage/usr/sbin/$applet" ]; then
        ln -s busybox "$stage/usr/bin/$applet"
    fi
done

# Users by name, and name resolution without a network.
printf '%s\n' root:x:0:0:root:/root:/bin/bash daemon:x:1:1:daemon:/:/bin/false \
    nobody:x:65534:65534:nobody:/:/bin/false > "$stage/etc/passwd"
printf '%s\n' root:x:0: daemon:x:1: nogroup:x:65534: > "$stage/etc/group"
printf '%s\n' '127.0.0.1 localhost' '::1 localhost' > "$stage/etc/hosts"
echo 'hosts: files' > "$stage/etc/nsswitch.conf"
echo 0123456789abcdef0123456789abcdef > "$stage/etc/machine-id"

# Modules in load order, decompressed here: decompressing under emulation is slow, and the order spares
# the guest a modprobe with its index files.
release=$(ls "$kernel/lib/modules")
load_order=$(for module in $modules; do
    modprobe -d "$kernel" -S "$release" --show-depends "$module" 2>/dev/null || true
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
for module in $load_order; do
    name=$(basename "$module")
    name=${name%.xz}
    case $module in
        *.xz) xz -dc "$module" > "$stage/secd-vm/$name" ;;
        *) cp "$module" "$stage/secd-vm/$name" ;;
    esac
    echo "/secd-vm/$name"
done > "$stage/secd-vm/modules"

install -m 755 "$here/init" "$stage/init"
install -m 755 "$command_file" "$stage/secd-vm/command"

# Not compressed: QEMU copies the archive into memory at once, the guest would decompress for seconds.
(cd "$stage" && find . -print0 | cpio --null --create --format=newc --owner=0:0 --quiet) > "$output"
