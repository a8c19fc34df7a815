#!/usr/bin/env bash
# Installs the Debian packages that a make target needs and that are missing.
#
#     scripts/packages.sh build|test|check...
#
# As root it installs without questions; otherwise it prints the one line to run and fails.
set -euo pipefail

# libelf and zlib: of libbpf; libyaml: configuration; libsystemd: journal and service notification.
build="libbpf-dev libelf-dev zlib1g-dev libsystemd-dev libyaml-dev pkg-config"
# systemd: journald, journalctl; runc, containerd, podman: real containers; etcd: identities of many nodes; strace: what the unit
# must allow; kubectl: it must understand the server of the Kubernetes tests; the rest boots other kernels (Tests/vm).
test="bpftool systemd iproute2 procps util-linux runc containerd podman etcd-server strace python3
    qemu-system-x86 busybox-static cpio kmod xz-utils binutils"
check="clang-format shellcheck python3"

wanted=
for group in "$@"; do
    case $group in
        build)
            wanted+=" $build"
            # Any clang with a BPF backend will do, so the Swift toolchain's own when it is in PATH.
            command -v clang > /dev/null || wanted+=" clang"
            command -v swift > /dev/null || {
                echo "packages.sh: no 'swift' in PATH; Swift 6.3 or later is needed (not a Debian package)" >&2
                exit 1
            }
            ;;
        test)
            wanted+=" $test"
            # Any kubectl will do; two packages with one do not go together.
            command -v kubectl > /dev/null || wanted+=" kubernetes-client"
            ;;
        check) wanted+=" $check" ;;
        *) echo "packages.sh: unknown group '$group' (build, test, check)" >&2; exit 2 ;;
    esac
done

command -v dpkg-query > /dev/null || {
    echo "packages.sh: not a Debian system; make sure that the equivalents are installed of:$wanted" >&2
    exit 0
}

missing=()
for package in $wanted; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "packages.sh: missing Debian packages; run" >&2
    echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
echo "installing: ${missing[*]}"
install=(apt-get install --yes --quiet --no-install-recommends "${missing[@]}")
# The lists are refreshed only now that something is missing; a mirror that is away is no reason to
# stop while the lists on disk still resolve.
apt-get update --quiet > /dev/null || echo "packages.sh: apt-get update failed, trying with the lists at hand" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${install[@]}" < /dev/null > "$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
