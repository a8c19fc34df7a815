#!/usr/bin/env bash
# Runs the test tiers on a package that is built already (make test does both).
#
#     scripts/test.sh native|vm...
#
#   native  everything, on the running kernel; as tiers of their own those of the programs in it (kernel), of the
#           whole programs (daemon) and with real servers (servers)
#   vm      the kernel tests again, on stock Debian kernels under emulation (Tests/vm)
#
# Ends with one line of counts over all tiers: a test passed when a tier ran it and none saw it fail.
#
#   CONFIG      build configuration (release)
#   SECD_KERNELS  kernels of the vm tier ("6.1 6.12")
#   SECD_VM=skip  leave the vm tier out, for machines without QEMU
#   TEST_FILTER   a regular expression of test names, as for swift test --filter
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
config=${CONFIG:-release}
kernels=${SECD_KERNELS:-6.1 6.12}
cd "$root"

bin=$(swift build -c "$config" --show-bin-path)
results=$root/.build/test-results
rm -rf "$results"
mkdir -p "$results"
# What there is to run: the report finds tests that vanish.
if [ -z "${TEST_FILTER:-}${VM_TEST_FILTER:-}" ]; then
    "$bin/secdPackageTests.xctest" --testing-library swift-testing --list-tests > "$results/plan.txt" 2> /dev/null
fi

# tier NAME COMMAND...: runs one tier, which leaves its results in NAME.xml; keeps what it printed in NAME.log
# and notes how it ended.
tier() {
    local name=$1 started=$SECONDS code=0
    shift
    echo "=== tier $name"
    "$@" < /dev/null 2>&1 | tee "$results/$name.log" || code=$?
    echo "$code $((SECONDS - started))" > "$results/$name.end"
    echo "=== tier $name ended with $code after $((SECONDS - started)) s"
}

# Tests with servers: they wait for threads of the concurrency runtime, which long tests beside them hold for a minute.
servers='^(IdentityStoresTests|KubernetesClientTests)\.|^WorkloadsTests\.(CRIStreamTests|NRITests)/'

# selected NAME OPTION...: a selection of the tests on the running kernel.
selected() {
    local name=$1
    shift
    scripts/prepare-machine.sh
    swift test -c "$config" --skip-build --disable-xctest --xunit-output "$results/$name.xml" "$@"
}

for group in "$@"; do
    case $group in
        native)
            if [ -n "${TEST_FILTER:-}" ]; then
                tier native selected native --filter "$TEST_FILTER"
                continue
            fi
            # A process for each: those of the kernel and of the whole programs start many others, and a child
            # between fork and exec holds files and locks of its parent, which other tests have closed and wait
            # for; the kernel's count descriptors and load; those with real servers wait on threads.
            tier native selected native --skip "^(KernelTests|DaemonTests)\\.|$servers"
            tier kernel selected kernel --filter '^KernelTests\.'
            tier servers selected servers --filter "$servers"
            # Debian 12's containerd asks no plugins; tests of them say so where there is no other.
            if folder=$(Tests/engines/containerd.sh); then export SECD_TEST_CONTAINERD_NRI=$folder; fi
            tier daemon selected daemon --filter '^DaemonTests\.'
            ;;
        vm)
            if [ "${SECD_VM:-}" = skip ]; then
                echo "=== tier vm skipped: SECD_VM=skip is set" | tee "$results/vm.skipped"
                continue
            fi
            # One after another: both are fetched into one folder.
            for series in $kernels; do Tests/vm/kernel.sh "$series" > /dev/null || true; done
            # At once, because each emulates on one thread; what they print comes one after another.
            machines=()
            for series in $kernels; do
                tier "vm-$series" Tests/vm/tier.sh "$series" "$bin" "$results/vm-$series.xml" \
                    > "$results/vm-$series.out" 2>&1 &
                machines+=("$!")
            done
            for series in $kernels; do
                wait "${machines[0]}" || true
                machines=("${machines[@]:1}")
                cat "$results/vm-$series.out"
            done
            ;;
        *) echo "test.sh: unknown tier '$group' (native, vm)" >&2; exit 2 ;;
    esac
done

python3 scripts/test-report.py "$results"
