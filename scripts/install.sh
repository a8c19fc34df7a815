#!/usr/bin/env bash
# Copies the programs to where a system keeps them (make install).
#
#     scripts/install.sh BIN-FOLDER DESTDIR PREFIX UNIT-FOLDER
set -euo pipefail

bin=${1:?folder of the built programs}
destination=$2
prefix=${3:?prefix}
units=${4:?folder of systemd units}
root=$(cd "$(dirname "$0")/.." && pwd)

# Programs look for the Swift runtime beside themselves, so both live in one folder of their own
# and bin/ holds links: nothing to configure, and no clash with a toolchain's libraries.
library=$destination$prefix/lib/secd
install -d "$library" "$destination$prefix/bin" "$destination$prefix/sbin" "$destination$units" \
    "$destination/etc/secd"
install -m 755 "$bin/secd" "$bin/secctl" "$library"
ln -sf ../lib/secd/secd "$destination$prefix/sbin/secd"
ln -sf ../lib/secd/secctl "$destination$prefix/bin/secctl"

# The toolchain's libraries are those below a folder lib/swift; the others are Debian's.
ldd "$bin/secd" "$bin/secctl" | sed -n 's/.* => \(\/[^ ]*\/lib\/swift\/[^ ]*\) (.*/\1/p' | sort -u |
    while IFS= read -r file; do install -m 644 "$file" "$library"; done

# The administrator's configuration is never overwritten.
if [ -e "$root/export/secd.yaml" ] && [ ! -e "$destination/etc/secd/secd.yaml" ]; then
    install -m 644 "$root/export/secd.yaml" "$destination/etc/secd/secd.yaml"
fi
sed "s|/usr/local/sbin/secd|$prefix/sbin/secd|" "$root/export/systemd/secd.service" \
    > "$destination$units/secd.service"
echo "installed in $destination$prefix; start with: systemctl daemon-reload && systemctl enable --now secd"
