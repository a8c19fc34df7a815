import AgentCore
import Testing

/// The daemon's own memory, told apart from the rings' pages, which are mapped twice.
@Suite struct ResidentMemoryTests {
    private static let smaps = """
        55d0c0000000-55d0c0400000 r-xp 00000000 08:01 1048601                    /usr/lib/secd/secd
        Size:               4096 kB
        Rss:                 100 kB
        Pss:                  50 kB
        VmFlags: rd ex mr mw me
        7f0000000000-7f0001001000 rw-s 00001000 00:0e 9                          anon_inode:bpf-map
        Size:              16388 kB
        Rss:                  24 kB
        Pss:                  12 kB
        7f0002000000-7f0003000000 r--s 00002000 00:0e 9                          anon_inode:bpf-map
        Rss:                  16 kB
        7f0004000000-7f0004021000 rw-p 00000000 00:00 0
        Rss:                   8 kB
        7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
        Rss:                   4 kB

        """

    @Test func pagesOfMapsAreCountedApart() {
        let memory = ResidentMemory(smaps: Self.smaps)
        #expect(memory.all == 152 * 1024)
        #expect(memory.kernelMaps == 40 * 1024)
    }

    @Test func nothingIsNothing() {
        let memory = ResidentMemory(smaps: "")
        #expect(memory.all == 0 && memory.kernelMaps == 0)
    }
}
