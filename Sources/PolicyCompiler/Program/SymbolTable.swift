/// Functions by their addresses: of the kernel, or of a program by their places in its file.
///
/// Names lie in one run of bytes, because there are 200,000 of them.
public struct SymbolTable: Sendable {
    /// A function that has an address.
    public struct Function: Sendable, Hashable {
        /// Its symbol.
        public var name: String
        /// Kernel module; empty = the kernel itself, or a program.
        public var module: String
        /// From the function's begin.
        public var offset: UInt64

        public init(name: String, module: String, offset: UInt64) {
            self.name = name
            self.module = module
            self.offset = offset
        }
    }

    private struct Entry {
        var start: UInt64
        /// 0 = up to the next function.
        var size: UInt64
        var name: UInt32
    }

    /// Bytes of names; what comes later has none.
    private static let nameLimit = 32 << 20

    private var entries: [Entry] = []
    private var names: [UInt8] = []

    public init() {}

    /// How many functions there are.
    public var count: Int { entries.count }
    /// What it takes, bytes.
    public var bytes: Int { names.count + entries.count * MemoryLayout<Entry>.stride }

    /// Adds a function. `finish` follows the last one.
    mutating func add(_ name: some Collection<UInt8>, start: UInt64, size: UInt64 = 0) {
        guard names.count + name.count < Self.nameLimit, !name.isEmpty else { return }
        entries.append(Entry(start: start, size: size, name: UInt32(names.count)))
        names.append(contentsOf: name)
        names.append(0)
    }

    mutating func finish() {
        // The first of several names stays: a stable order.
        entries.sort { ($0.start, $0.name) < ($1.start, $1.name) }
        var last: UInt64?
        entries.removeAll { entry in
            defer { last = entry.start }
            return entry.start == last
        }
    }

    /// The function at an address; nil where none is known there.
    public func function(at address: UInt64) -> Function? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let entry = entries[low - 1]
        let offset = address - entry.start
        guard entry.size == 0 || offset < entry.size else { return nil }
        let text = names[Int(entry.name)...].prefix { $0 != 0 }
        // `name\t[module]`, as the kernel lists it.
        let parts = text.split(separator: UInt8(ascii: "\t"))
        let module = parts.count > 1 ? parts[1].drop { $0 == UInt8(ascii: "[") }.dropLast() : []
        return Function(
            name: String(decoding: parts.first ?? [], as: UTF8.self),
            module: String(decoding: module, as: UTF8.self), offset: offset)
    }

    // MARK: The kernel

    /// Functions of `/proc/kallsyms`: lines of address, kind, name, and module in brackets. Empty where the kernel
    /// hides its addresses.
    public init(kallsyms text: [UInt8]) {
        var position = 0
        while position < text.count {
            let end = text[position...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            addLine(text[position..<end])
            position = end + 1
        }
        finish()
    }

    private mutating func addLine(_ line: ArraySlice<UInt8>) {
        var address: UInt64 = 0
        var at = line.startIndex
        while at < line.endIndex, let digit = Self.digit(line[at]) {
            address = address << 4 | UInt64(digit)
            at += 1
        }
        // ` T name`
        guard address != 0, at + 3 < line.endIndex else { return }
        switch line[at + 1] | 0x20 {
        case UInt8(ascii: "t"), UInt8(ascii: "w"): add(line[(at + 3)...], start: address)
        default: break
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

extension ELFImage {
    // elf(5): SHT_SYMTAB, SHT_DYNSYM; STT_FUNC, STT_GNU_IFUNC
    private static let tableKinds: [UInt32] = [2, 11]
    private static let kinds: Set<UInt8> = [2, 10]
    private static let length = 24
    /// Bytes of symbols and of names that are read; larger tables are for debuggers.
    private static let readLimit: UInt64 = 32 << 20

    /// The functions of the program, by their places in its file: of the table for debuggers, else of that for
    /// linkers. Empty where it has neither.
    public func functions() -> SymbolTable {
        for kind in Self.tableKinds {
            var table = SymbolTable()
            for section in sections where section.kind == kind { read(section, into: &table) }
            table.finish()
            if table.count > 0 { return table }
        }
        return SymbolTable()
    }

    private func read(_ section: Section, into table: inout SymbolTable) {
        guard Int(section.link) < sections.count,
            let symbols = contents(of: section, limit: Self.readLimit).map(LittleEndian.init),
            let names = contents(of: sections[Int(section.link)], limit: Self.readLimit)
        else { return }
        for index in 0..<symbols.bytes.count / Self.length {
            let at = index * Self.length
            let name = Int(symbols.u32(at))
            guard Self.kinds.contains(symbols.bytes[at + 4] & 15), name < names.count,
                symbols.u16(at + 6) != 0,
                let start = offset(of: symbols.u64(at + 8), executable: true)
            else { continue }
            table.add(names[name...].prefix { $0 != 0 }, start: start, size: symbols.u64(at + 16))
        }
    }
}
