#!/usr/bin/env bash
# Prints the folder of one stock Debian kernel, unpacked and never installed: vmlinuz, config and modules/.
#
#     Tests/vm/kernel.sh 6.1 | 6.12
#
# The newest build of the series is asked of apt each time, so that a security update is tested on the day
# it appears; where it cannot be fetched, the newest one already in the cache serves, and this is said.
set -euo pipefail

series=${1:?usage: kernel.sh 6.1|6.12}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${SECD_CACHE:-$root/.cache/vm}/kernels
# For a checkout that cannot be written to.
spare=${TMPDIR:-/tmp}/secd-vm-$(id -u)/kernels

fail() {
    echo "kernel.sh: $*" >&2
    exit 1
}

# The cloud flavour: everything for virtio and nothing for real hardware, so it boots soonest.
case $series in
    6.1) meta=linux-image-cloud-amd64 ;;
    6.12) meta=linux-image-6.12-cloud-amd64 ;;
    *) fail "unknown kernel series '$series' (6.1, 6.12)" ;;
esac

newest() {
    apt-cache depends "$meta" 2>/dev/null | sed -n "s/.*Depends: \(linux-image-${series//./\\.}\..*\)/\1/p"
}

# The folder of the newest kernel of the series that is here already.
unpacked() {
    local file
    for file in "$cache/linux-image-$series."*/vmlinuz "$spare/linux-image-$series."*/vmlinuz; do
        if [ -e "$file" ]; then dirname "$file"; fi
    done | sort -V | tail -n 1
}

# Unpacked beside its final name and moved at the end: two runs at once, or one that is interrupted, never
# leave a half-filled folder.
fetch() {
    local package=$1 folder=$2
    work=$(mktemp -d "$(dirname "$folder")/unpack.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # As root, apt would hand the download to a user who cannot write here.
    (cd "$work" && apt-get -o APT::Sandbox::User="$(id -un)" -q download "$package" >&2) || return 1
    dpkg-deb -x "$work/$package"_*.deb "$work/files"
    mkdir "$work/kernel"
    mv "$work"/files/boot/vmlinuz-* "$work/kernel/vmlinuz"
    mv "$work"/files/boot/config-* "$work/kernel/config"
    # Kept as lib/modules/RELEASE, the layout that depmod and modprobe want.
    mkdir "$work/kernel/lib"
    mv "$work/files/lib/modules" "$work/kernel/lib/modules"
    depmod -b "$work/kernel" "$(ls "$work/kernel/lib/modules")"
    mv -T "$work/kernel" "$folder" 2>/dev/null || [ -e "$folder/vmlinuz" ] || fail "cannot move into $folder"
}

package=$(newest)
if [ -z "$package" ] && [ "$(id -u)" = 0 ]; then
    # A fresh machine has no package lists yet.
    apt-get update -qq >&2 || true
    package=$(newest)
fi
if [ -n "$package" ]; then
    for folder in "$cache/$package" "$spare/$package"; do
        if [ -e "$folder/vmlinuz" ]; then
            echo "$folder"
            exit 0
        fi
    done
    if ! { mkdir -p "$cache" && [ -w "$cache" ]; } 2> /dev/null; then
        echo "kernel.sh: cannot write to $cache; using $spare" >&2
        cache=$spare
        mkdir -p "$cache"
    fi
    if fetch "$package" "$cache/$package"; then
        echo "$cache/$package"
        exit 0
    fi
    why="$package could not be downloaded"
else
    why="apt does not know $meta"
fi
folder=$(unpacked)
[ -n "$folder" ] || fail "no package of Linux $series: $why, and $cache has none"
echo "kernel.sh: $why; using ${folder##*/}, which is here" >&2
echo "$folder"
