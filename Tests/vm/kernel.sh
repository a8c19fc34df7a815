#!/usr/bin/env bash
# Prints the folder of one stock Debian kernel, unpacked and never installed: vmlinuz, config and modules/.
#
#     Tests/vm/kernel.sh 6.1 | 6.12
#
# The newest build of the series is asked of apt each time, so that a security update is tested on the day
# it appears; without apt the newest one already in the cache serves.
set -euo pipefail

series=${1:?usage: kernel.sh 6.1|6.12}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${SECD_CACHE:-$root/.cache/vm}/kernels

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

package=$(newest)
if [ -z "$package" ] && [ "$(id -u)" = 0 ]; then
    # A fresh machine has no package lists yet.
    apt-get update -qq >&2 || true
    package=$(newest)
fi
if [ -z "$package" ]; then
    for folder in "$cache/linux-image-$series."*; do
        if [ -e "$folder/vmlinuz" ]; then package=${folder##*/}; fi
    done
fi
[ -n "$package" ] || fail "no package of Linux $series: apt does not know $meta, and $cache has none"

folder=$cache/$package
if [ ! -e "$folder/vmlinuz" ]; then
    mkdir -p "$cache"
    # Unpacked beside its final name and moved at the end: two runs at once, or one that is
    # interrupted, never leave a half-filled folder.
    work=$(mktemp -d "$cache/unpack.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    # As root, apt would hand the download to a user who cannot write here.
    (cd "$work" && apt-get -o APT::Sandbox::User="$(id -un)" -q download "$package" >&2) || fail "apt-get download $package failed"
    dpkg-deb -x "$work/$package"_*.deb "$work/files"
    mkdir "$work/kernel"
    mv "$work"/files/boot/vmlinuz-* "$work/kernel/vmlinuz"
    mv "$work"/files/boot/config-* "$work/kernel/config"
    # Kept as lib/modules/RELEASE, the layout that depmod and modprobe want.
    mkdir "$work/kernel/lib"
    mv "$work/files/lib/modules" "$work/kernel/lib/modules"
    depmod -b "$work/kernel" "$(ls "$work/kernel/lib/modules")"
    mv -T "$work/kernel" "$folder" 2>/dev/null || [ -e "$folder/vmlinuz" ] || fail "cannot move into $folder"
fi
echo "$folder"
