#!/usr/bin/env bash
# Prints the folder of the programs of a containerd with NRI (1.7), unpacked and never installed.
#
#     Tests/engines/containerd.sh
#
# Debian 12 has 1.6, so it is Debian 13's, from the mirror that apt has for this system; its programs need no newer
# library of C than Debian 12 has. Once unpacked it is kept, like the kernels of the vm tier.
set -euo pipefail

suite=trixie
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${SECD_CACHE:-$root/.cache}/engines
folder=$cache/containerd-$suite
keys=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "containerd.sh: $*" >&2
    exit 1
}

if [ -x "$folder/containerd" ]; then
    echo "$folder"
    exit 0
fi

command -v apt-get > /dev/null || fail "no apt-get: not a Debian system"
# The first one of Debian's own; security updates come from elsewhere and have other suites.
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(ORIGIN) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2> /dev/null |
    sed -n '/-security/d; s/^Debian main //p' | head -n 1)
[ -n "$mirror" ] || fail "apt has no mirror of Debian, or no lists of it yet (apt-get update)"
[ -r "$keys" ] || fail "$keys is missing (package debian-archive-keyring)"

mkdir -p "$cache"
# Unpacked beside its final name and moved at the end, so that what is interrupted leaves no half-filled folder.
work=$(mktemp -d "$cache/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,sources}
echo "deb [signed-by=$keys] $mirror $suite main" > "$work/sources/$suite.list"
# Lists of its own: nothing of this suite is ever offered to the system. As root, apt would hand the download to a
# user who cannot write here.
apt=(apt-get --quiet -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources"
    -o Dir::State::lists="$work/lists" -o Dir::Cache::archives="$work/archives" -o Dir::Cache::pkgcache=
    -o Dir::Cache::srcpkgcache= -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)")
"${apt[@]}" update >&2 || fail "the lists of $suite could not be fetched"
(cd "$work" && "${apt[@]}" download containerd >&2) || fail "containerd of $suite could not be fetched"
dpkg-deb -x "$work"/containerd_*.deb "$work/files"
"$work/files/usr/bin/containerd" --version >&2 || fail "containerd of $suite does not run here"
mv -T "$work/files/usr/bin" "$folder" 2> /dev/null || [ -x "$folder/containerd" ] || fail "cannot move into $folder"
echo "$folder"
