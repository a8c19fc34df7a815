import AgentCore
import CEventABI
import EventModel
import Glibc
import PolicyCompiler
import PolicyModel
import ProcessTree
import Testing

/// Names for the addresses of stacks.
@Suite struct StackNameTests {
    private static let maps = """
        5581c0000000-5581c0001000 r--p 00000000 fe:00 1234                       /usr/bin/cat
        5581c0001000-5581c0005000 r-xp 00001000 fe:00 1234                       /usr/bin/cat
        7f0000000000-7f0000001000 rw-p 00000000 00:00 0
        7f0000002000-7f0000003000 r-xp 00000000 fe:00 77   /tmp/a name with spaces (deleted)
        7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]

        """

    private static func event(kernel: [UInt64] = [], user: [UInt64] = []) -> PolicyEvent {
        let frame = { (address: UInt64) in
            PolicyStackFrame(address: address, offset: 0, symbol: "", module: "")
        }
        var event = PolicyEvent(
            hook: PolicyHook(.function("f"), mechanism: "kprobe", effect: .observe), matches: [],
            generation: 1)
        event.kernelStack = kernel.map(frame)
        event.userStack = user.map(frame)
        return event
    }

    // MARK: Maps

    @Test func onlyCodeOfAMapIsKept() {
        let map = MemoryMap(Array(Self.maps.utf8))

        #expect(
            map.regions.map { String(decoding: $0.path, as: UTF8.self) } == [
                "/usr/bin/cat", "/tmp/a name with spaces (deleted)", "[vdso]", "[vsyscall]",
            ])
        #expect(map.regions.map(\.inode) == [1234, 77, 0, 0])
        #expect(map.regions.map(\.offset) == [0x1000, 0, 0, 0])
    }

    @Test(
        arguments: [
            (0x5581_c000_0fff, nil), (0x5581_c000_1000, 1234), (0x5581_c000_4fff, 1234),
            (0x5581_c000_5000, nil),
            (0x7f00_0000_0000, nil), (0x7f00_0000_2fff, 77), (0xffff_ffff_ff60_0000, 0), (UInt64.max, nil),
        ] as [(UInt64, UInt64?)])
    func anAddressBelongsToTheRegionThatItLiesIn(_ address: UInt64, _ inode: UInt64?) {
        #expect(MemoryMap(Array(Self.maps.utf8)).region(of: address)?.inode == inode)
    }

    @Test(arguments: [
        "", "\n\n", "5581c0001000-5581c0005000 r-xp", "x-y r-xp 0 0 0 /a", "2000-1000 r-xp 0 0 5 /a",
        "1000 r-xp 0 0 5 /a", "1000-2000 r-xp 0 0 many /a",
        "10000000000000000-20000000000000000 r-xp 0 0 5 /a",
    ])
    func whatIsNoLineOfAMapIsPassedOver(_ text: String) {
        #expect(MemoryMap(Array(text.utf8)).regions == [])
    }

    // MARK: Names

    @Test func functionsOfTheKernelHaveNamesInPlaceOfAddresses() {
        let symbols = """
            ffffffff81000000 T first
            ffffffff81000100 t second
            ffffffffc0000000 t third\t[module]

            """
        var names = StackNames()
        names.kernel = SymbolTable(kallsyms: Array(symbols.utf8))
        var event = Self.event(kernel: [0xffff_ffff_8100_0010, 0xffff_ffff_8100_0100, 0x1000])

        names.name(&event, of: nil)

        #expect(event.kernelStack.map(\.symbol) == ["first", "second", ""])
        #expect(event.kernelStack.map(\.offset) == [0x10, 0, 0])
        // Where the kernel lies is not told where a name is.
        #expect(event.kernelStack.map(\.address) == [0, 0, 0x1000])
    }

    @Test func withoutTheKernelsSymbolsAddressesStay() {
        var names = StackNames()
        var event = Self.event(kernel: [0xffff_ffff_8100_0010])

        names.name(&event, of: nil)

        #expect(event.kernelStack.map(\.address) == [0xffff_ffff_8100_0010])
        #expect(event.kernelStack.map(\.symbol) == [""])
    }

    @Test func aProcessThatHasThePidOfOneThatEndedGivesItNoNames() throws {
        let tree = ProcessTree(
            context: EncodingContext(nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 0))
        var image = ProcessImage()
        // This process, but begun at another time.
        image.head.image = secd_image(start_ns: 5, pid: UInt32(getpid()), reserved: 0)
        image.head.flags = SECD_IMAGE_SEEDED
        image.head.process_start_ns = 5
        tree.seed(image)
        let process = try #require(tree.find(image.head.image))
        let own = MemoryMap(Array(Self.text("/proc/self/maps").utf8)).regions.first?.range.lowerBound ?? 0
        var names = StackNames()
        var event = Self.event(user: [own])

        names.name(&event, of: process)

        #expect(own != 0 && event.userStack.map(\.address) == [own])
        #expect(event.userStack.map(\.module) == [""])
    }

    private static func text(_ path: String) -> String {
        guard let file = unsafe fopen(path, "re") else { return "" }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
