#!/usr/bin/env bash
# The vm tier on one kernel: boots it once, runs the package's kernel tests there, brings the results back.
#
#     Tests/vm/tier.sh SERIES BIN-FOLDER RESULTS.xml
#
# VM_TEST_FILTER (default: KernelTests, all of them) chooses the tests, SECD_VM_TIMEOUT (default 3000) bounds
# the seconds, SECD_TEST_SCALE (default 0.1) is the part of the usual counts: a process takes 50 ms here.
set -euo pipefail

series=${1:?kernel series}
bin=${2:?folder of the built programs}
results=${3:?file for the results}
root=$(cd "$(dirname "$0")/../.." && pwd)
filter=${VM_TEST_FILTER:-KernelTests}

# A test bundle is an executable on Linux and carries swift-testing.
bundle=$bin/secdPackageTests.xctest
files=(--add "$bundle")
for file in "$bin"/secd "$bin"/secctl "$bin"/*.resources "$root/export" "$root/tracingpolicies" \
    "$root/docs/effects.md" "$root/../shared/corpus/tracing-policies"; do
    if [ -e "$file" ]; then files+=(--add "$file"); fi
done

# Once more, with cgroup v1 alone: the tests of workloads that can tell. Last, because a controller leaves v2 only where
# nobody uses it there.
legacy='KernelSuite.LegacyCgroupTests'
if [ -n "${VM_TEST_FILTER:-}" ]; then legacy=; fi

# The same working directory as natively. The results leave through a port of their own because the
# output shows what the tests print, too.
exec "$root/Tests/vm/run.sh" --kernel "$series" --timeout "${SECD_VM_TIMEOUT:-3000}" --results "$results" \
    "${files[@]}" --command "
mkdir -p '$root' && cd '$root'
export SECD_TEST_SCALE=${SECD_TEST_SCALE:-0.1}
run() { '$bundle' --testing-library swift-testing --filter \"\$1\" --xunit-output \"\$2\"; }
run '$filter' /tmp/results.xml
code=\$?
if [ -n '$legacy' ]; then
    echo '=== the same kernel with cgroup v1 alone'
    umount /sys/fs/cgroup && mount -t tmpfs cgroup /sys/fs/cgroup && for controller in pids cpu devices freezer; do
        mkdir /sys/fs/cgroup/\$controller && mount -t cgroup -o \$controller cgroup /sys/fs/cgroup/\$controller || exit 1
    done
    run '$legacy' /tmp/legacy.xml || code=\$?
    # One file of results: the cases of the second stand behind those of the first.
    sed '/<.testsuite>/,\$d' /tmp/results.xml > /tmp/both.xml
    sed -n '/<testcase/,\$p' /tmp/legacy.xml >> /tmp/both.xml
    mv /tmp/both.xml /tmp/results.xml
fi
cat /tmp/results.xml > /dev/ttyS2
exit \$code"
