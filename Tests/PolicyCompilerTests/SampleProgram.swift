import PolicyCompiler

/// An ELF file in memory: code at 0x401000, data at 0x402000, symbols and notes as a test wants them.
struct SampleProgram: ProgramBytes, ProgramFiles {
    struct Symbol {
        var name: String
        var address: UInt64
        /// STT_*
        var kind: UInt8 = 2
        var isLocal = false
        /// Belongs to another file.
        var isForeign = false
    }

    struct Probe {
        var provider = "app"
        var name: String
        var address: UInt64 = 0x401010
        var base: UInt64 = 0
        var counter: UInt64 = 0
        var arguments = ""
    }

    static let code: UInt64 = 0x401000
    static let data: UInt64 = 0x402000

    var bytes: [UInt8] = []
    var path = "/bin/app"
    /// Other names → the file that they lead to.
    var links: [String: String] = [:]

    var size: UInt64 { UInt64(bytes.count) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(
        symbols: [Symbol] = [], probes: [Probe] = [], buildID: [UInt8] = [], machine: UInt16 = 62,
        stapBase: UInt64? = nil
    ) {
        var file = [UInt8](repeating: 0x90, count: 0x2000)
        // Code at 0x1000 of the file, data behind it.
        var names: [UInt8] = [0]
        var table = [UInt8](repeating: 0, count: 24)
        for symbol in symbols {
            table += Self.number(UInt64(names.count), 4)
            table += [symbol.kind | (symbol.isLocal ? 0 : 1 << 4), 0]
            table += Self.number(symbol.isForeign ? 0 : 1, 2)
            table += Self.number(symbol.address, 8) + Self.number(16, 8)
            names += Array(symbol.name.utf8) + [0]
        }
        let notes = probes.flatMap { probe in
            Self.note(
                "stapsdt", 3,
                Self.number(probe.address, 8) + Self.number(probe.base, 8) + Self.number(probe.counter, 8)
                    + Array(probe.provider.utf8) + [0] + Array(probe.name.utf8) + [0]
                    + Array(probe.arguments.utf8) + [0])
        }
        var sectionNames: [UInt8] = [0]
        func section(
            _ name: String, kind: UInt32, address: UInt64 = 0, _ content: [UInt8], link: UInt32 = 0
        ) -> [UInt8] {
            let nameAt = sectionNames.count
            sectionNames += Array(name.utf8) + [0]
            let offset = file.count
            file += content
            return Self.number(UInt64(nameAt), 4) + Self.number(UInt64(kind), 4) + Self.number(0, 8)
                + Self.number(address, 8) + Self.number(UInt64(offset), 8)
                + Self.number(UInt64(content.count), 8) + Self.number(UInt64(link), 4) + Self.number(0, 4)
                + Self.number(1, 8) + Self.number(24, 8)
        }
        var headers = [UInt8](repeating: 0, count: 64)
        headers += section(".symtab", kind: 2, table, link: 2)
        headers += section(".strtab", kind: 3, names)
        headers += section(".note.stapsdt", kind: 7, notes)
        if let stapBase { headers += section(".stapsdt.base", kind: 1, address: stapBase, [0]) }
        let noteAt = file.count
        let build = buildID.isEmpty ? [] : Self.note("GNU", 3, buildID)
        file += build
        let last = UInt64(headers.count / 64)
        headers += section(".shstrtab", kind: 3, sectionNames + Array(".shstrtab\0".utf8))
        let sectionsAt = file.count
        file += headers

        var head: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8)
        head += Self.number(3, 2) + Self.number(UInt64(machine), 2) + Self.number(1, 4)
        head += Self.number(Self.code, 8) + Self.number(64, 8) + Self.number(UInt64(sectionsAt), 8)
        head += Self.number(0, 4) + Self.number(64, 2) + Self.number(56, 2) + Self.number(3, 2)
        head += Self.number(64, 2) + Self.number(last + 1, 2) + Self.number(last, 2)
        head += Self.segment(kind: 1, flags: 5, offset: 0x1000, address: Self.code, size: 0x800)
        head += Self.segment(kind: 1, flags: 6, offset: 0x1800, address: Self.data, size: 0x800)
        head += Self.segment(kind: 4, flags: 4, offset: UInt64(noteAt), address: 0, size: UInt64(build.count))
        file.replaceSubrange(0..<head.count, with: head)
        bytes = file
    }

    private static func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }

    private static func padded(_ bytes: [UInt8]) -> [UInt8] {
        bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    private static func note(_ owner: String, _ kind: UInt64, _ content: [UInt8]) -> [UInt8] {
        let name = Array(owner.utf8) + [0]
        return number(UInt64(name.count), 4) + number(UInt64(content.count), 4) + number(kind, 4)
            + padded(name)
            + padded(content)
    }

    private static func segment(
        kind: UInt64, flags: UInt64, offset: UInt64, address: UInt64, size: UInt64
    ) -> [UInt8] {
        number(kind, 4) + number(flags, 4) + number(offset, 8) + number(address, 8) + number(address, 8)
            + number(size, 8) + number(size, 8) + number(4096, 8)
    }

    func read(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
        return Array(bytes[Int(offset)..<Int(offset) + count])
    }

    func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
        guard path == self.path else { throw ProgramObstacle(.file, "is not there") }
        return OpenProgram(
            image: try ELFImage(self), identity: ProgramIdentity(device: 1, inode: 2, changed: 3, size: size),
            path: path)
    }

    func resolved(_ path: String) -> String? { path == self.path ? path : links[path] }

    func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes {
        throw ProgramObstacle(.file, "is not there")
    }
}
