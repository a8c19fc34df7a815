import LinuxSystem
import Testing

/// Which hierarchy of cgroups tells workloads, by what /proc says of mounts.
@Suite struct CgroupMountsTests {
    private static let others = """
        22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
        23 22 0:22 / /proc rw,nosuid - proc proc rw
        30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755

        """
    private static let legacyMounts = """
        31 30 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:8 - cgroup cgroup rw,xattr,name=systemd
        32 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
        33 30 0:31 / /sys/fs/cgroup/memory rw,nosuid shared:10 master:2 - cgroup cgroup rw,memory
        34 30 0:32 / /sys/fs/cgroup/pids rw,nosuid - cgroup cgroup rw,pids

        """
    private static let unifiedMount =
        "40 30 0:38 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    /// Of the first process under systemd: it is in a cgroup of each hierarchy.
    private static let numbers = """
        12:memory:/init.scope
        9:pids:/init.scope
        4:cpu,cpuacct:/
        1:name=systemd:/init.scope
        0::/init.scope

        """

    private static let pids = CgroupHierarchy(
        root: "/sys/fs/cgroup/pids", number: 9, controllers: ["pids"])

    @Test func v2AloneIsTaken() {
        let mounts = CgroupMounts(
            mounts: "26 22 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
            numbers: "0::/user.slice\n")
        #expect(mounts.all == [CgroupHierarchy(unified: "/sys/fs/cgroup")])
        #expect(mounts.workloads(first: "0::/init.scope\n") == mounts.unified)
        #expect(mounts.workloads(first: "0::/\n") == mounts.unified)
        #expect(mounts.legacy == nil)
    }

    @Test func v1AloneTellsByPidsWhereSystemdAndRuntimesPutEverything() {
        let mounts = CgroupMounts(mounts: Self.others + Self.legacyMounts, numbers: Self.numbers)
        #expect(mounts.workloads(first: Self.numbers) == Self.pids)
        #expect(mounts.unified == nil)
        #expect(
            mounts.all.map(\.description) == [
                "cgroup v1 (name=systemd) at /sys/fs/cgroup/systemd",
                "cgroup v1 (cpu,cpuacct) at /sys/fs/cgroup/cpu,cpuacct",
                "cgroup v1 (memory) at /sys/fs/cgroup/memory", "cgroup v1 (pids) at /sys/fs/cgroup/pids",
            ])
    }

    @Test(
        arguments: [
            ("memory,cpu,name=systemd", "memory"), ("cpuacct,cpu", "cpu"), ("freezer,devices", "devices"),
            ("name=systemd", nil), ("", nil),
        ] as [(String, String?)])
    func theControllerThatMostProcessesArePlacedBy(_ mounted: String, _ expected: String?) {
        let names = mounted.split(separator: ",").map(String.init)
        let mounts = names.map { "1 2 0:1 / /c/\($0) rw - cgroup cgroup rw,\($0)\n" }.joined()
        let numbers = names.enumerated().map { "\($0.offset + 1):\($0.element):/\n" }.joined()
        #expect(CgroupMounts(mounts: mounts, numbers: numbers).legacy?.controllers == expected.map { [$0] })
    }

    @Test func inHybridSetupsV2IsTaken() {
        let mounts = CgroupMounts(
            mounts: Self.others + Self.legacyMounts + Self.unifiedMount, numbers: Self.numbers)
        #expect(mounts.workloads(first: Self.numbers) == CgroupHierarchy(unified: "/sys/fs/cgroup/unified"))
        // No systemd: the first process is in no cgroup at all.
        #expect(mounts.workloads(first: "9:pids:/\n0::/\n") == mounts.unified)
        #expect(mounts.workloads(first: "") == mounts.unified)
        #expect(mounts.legacy == Self.pids)
    }

    @Test func v2ThatInitDoesNotUseIsNotTaken() {
        let mounts = CgroupMounts(
            mounts: Self.others + Self.legacyMounts + Self.unifiedMount, numbers: Self.numbers)
        #expect(mounts.workloads(first: "9:pids:/init.scope\n0::/\n") == Self.pids)
    }

    @Test func v2ThatSomebodyMountedForHimselfIsNotTakenBesideV1() {
        let own = "50 22 0:38 / /run/cilium/cgroupv2 rw - cgroup2 none rw\n"
        let mounts = CgroupMounts(mounts: own + Self.others + Self.legacyMounts, numbers: Self.numbers)
        #expect(mounts.workloads(first: Self.numbers) == Self.pids)
        #expect(mounts.unified?.root == "/run/cilium/cgroupv2")
        // Without v1 it is all that there is.
        #expect(CgroupMounts(mounts: own, numbers: "0::/\n").workloads(first: "0::/\n") == mounts.unified)
        // And the usual place goes before it.
        let both = CgroupMounts(mounts: own + Self.unifiedMount, numbers: "0::/\n")
        #expect(both.unified?.root == "/sys/fs/cgroup/unified")
    }

    @Test func whereNothingIsMountedNothingIsTaken() {
        for text in ["", Self.others, "garbage\n1 2 3 4 5 6 -\n- cgroup cgroup rw,pids\n"] {
            let mounts = CgroupMounts(mounts: text, numbers: Self.numbers)
            #expect(mounts.all.isEmpty)
            #expect(mounts.workloads(first: Self.numbers) == nil)
        }
        // A hierarchy without a number is none that programs could know.
        #expect(CgroupMounts(mounts: Self.legacyMounts, numbers: "").all.isEmpty)
    }

    @Test func aWholeMountGoesBeforeThatOfAPart() {
        let part = "60 22 0:32 /docker/0123 /mnt/pids ro - cgroup cgroup rw,pids\n"
        let mounts = CgroupMounts(mounts: part + Self.legacyMounts, numbers: Self.numbers)
        #expect(mounts.legacy == Self.pids)
        #expect(CgroupMounts(mounts: part, numbers: Self.numbers).legacy?.root == "/mnt/pids")
    }

    @Test func blanksInPathsAreRead() {
        let mounts = CgroupMounts(
            mounts: "60 22 0:32 / /mnt/my\\040pids\\134x rw - cgroup cgroup rw,pids\n", numbers: Self.numbers)
        #expect(mounts.all.map(\.root) == ["/mnt/my pids\\x"])
    }

    @Test func aDirectoryIsOfTheMountThatItIsBelow() {
        let mounts = CgroupMounts(
            mounts: Self.others + Self.legacyMounts + Self.unifiedMount, numbers: Self.numbers)
        #expect(mounts.hierarchy(of: "/sys/fs/cgroup/pids/docker") == Self.pids)
        #expect(mounts.hierarchy(of: "/sys/fs/cgroup/pids") == Self.pids)
        #expect(mounts.hierarchy(of: "/sys/fs/cgroup/unified/a")?.isUnified == true)
        #expect(mounts.hierarchy(of: "/sys/fs/cgroup/pidsx") == nil)
        #expect(mounts.hierarchy(of: "/sys/fs/cgroup") == nil)
    }

    @Test func theCgroupOfAProcessIsOnTheLineOfTheHierarchy() {
        let text = "12:memory:/other\n9:pids:/docker/a:b\n1:name=systemd:/x\n0::/y\n"
        #expect(Self.pids.path(in: text) == "/docker/a:b")
        #expect(CgroupHierarchy(unified: "/sys/fs/cgroup").path(in: text) == "/y")
        #expect(Self.pids.path(in: "99:pids:/a\n") == nil)
        #expect(Self.pids.path(in: "9:pids\n9:pids:relative\n\n:::\n") == nil)
        #expect(Self.pids.path(ofProcess: 0) == nil)
    }

    @Test func thisMachinesHierarchyHasThisProcess() throws {
        guard let hierarchy = CgroupMounts.ofThisProcess.workloads else { return }
        let path = try #require(hierarchy.path(in: try text("/proc/self/cgroup")))
        #expect(try FileStatus(path: hierarchy.root + path).kind == .directory)
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try #require(BoundedFile.read(path, limit: 65_536)), as: UTF8.self)
    }
}
