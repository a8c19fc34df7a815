/// A function of a program by its name.
extension ELFImage {
    /// What a name stands for.
    enum SymbolLookup: Hashable {
        /// Address of the code.
        case found(UInt64)
        /// The program chooses the code when it starts.
        case chosenAtStart
        /// Several functions have the name: static ones of several sources.
        case ambiguous([UInt64])
        /// Not there, but these are.
        case absent(similar: [String])
    }

    /// Bytes that are looked at in one piece.
    private static let piece = 1 << 20
    /// Bytes of names and of symbols; the largest programs with debug information have some 200 MiB.
    private static let tableLimit: UInt64 = 1 << 30
    /// Places of one name among all names: ends of longer ones count, because linkers share them.
    private static let placeLimit = 65_536
    private static let similarLimit = 4096
    private static let longestName = 1024
    private static let symbolLength = 24
    // elf(5): SHT_SYMTAB, SHT_DYNSYM; STT_NOTYPE, STT_FUNC, STT_GNU_IFUNC; STB_LOCAL
    private static let symbolTables: Set<UInt32> = [2, 11]
    private static let functionKinds: Set<UInt8> = [0, 2]
    private static let chosenKind: UInt8 = 10

    private struct Matches {
        var global: Set<UInt64> = []
        var local: Set<UInt64> = []
        var isChosen = false
    }

    /// Looks a function up, first in what the linker of programs uses, then in what debuggers use.
    func symbol(_ name: String) -> SymbolLookup {
        let wanted = Array(name.utf8)
        guard !wanted.isEmpty, wanted.count <= Self.longestName, !wanted.contains(0) else {
            return .absent(similar: [])
        }
        var matches = Matches()
        var similar: Set<String> = []
        for table in sections where Self.symbolTables.contains(table.kind) {
            guard Int(table.link) < sections.count, table.size <= Self.tableLimit else { continue }
            let places = places(of: wanted, in: sections[Int(table.link)], &similar)
            if !places.isEmpty { scan(table, places, &matches) }
        }
        if matches.isChosen { return .chosenAtStart }
        if let address = matches.global.min(), matches.global.count == 1 { return .found(address) }
        if matches.global.count > 1 { return .ambiguous(matches.global.sorted()) }
        if let address = matches.local.min(), matches.local.count == 1 { return .found(address) }
        if matches.local.count > 1 { return .ambiguous(matches.local.sorted()) }
        return .absent(similar: similar.sorted())
    }

    /// Where a name stands among the names of a table: each place may be that of a symbol.
    private func places(of name: [UInt8], in names: Section, _ similar: inout Set<String>) -> Set<UInt32> {
        var places: Set<UInt32> = []
        let size = min(names.size, UInt64(UInt32.max))
        guard names.kind != Self.noBits, names.size <= Self.tableLimit else { return [] }
        // Pieces overlap, so that no name is cut.
        let step = Self.piece - Self.longestName - 2
        var start: UInt64 = 0
        while start < size {
            let length = Int(min(UInt64(Self.piece), size - start))
            guard let bytes = bytes.read(at: names.offset &+ start, count: length) else { break }
            let isLast = start + UInt64(length) >= size
            let end = isLast ? length : step
            for at in 0..<end where bytes[at] == name[0] {
                if matches(bytes, at, name), places.count < Self.placeLimit {
                    places.insert(UInt32(truncatingIfNeeded: start) &+ UInt32(at))
                } else if at > 0, bytes[at - 1] == 0, similar.count < Self.similarLimit {
                    note(bytes, at, near: name, &similar)
                }
            }
            if isLast { break }
            start += UInt64(step)
        }
        return places
    }

    /// Whether a name stands there, whole or before the name of its version.
    private func matches(_ bytes: [UInt8], _ at: Int, _ name: [UInt8]) -> Bool {
        guard at + name.count < bytes.count else { return false }
        for index in name.indices where bytes[at + index] != name[index] { return false }
        let next = bytes[at + name.count]
        return next == 0 || next == UInt8(ascii: "@")
    }

    /// Keeps a name that begins alike and is about as long: it may be meant.
    private func note(_ bytes: [UInt8], _ at: Int, near name: [UInt8], _ similar: inout Set<String>) {
        let head = name.prefix(2)
        guard bytes[at...].prefix(head.count) == head else { return }
        let found = bytes[at...].prefix(name.count + 6).prefix { $0 != 0 && $0 != UInt8(ascii: "@") }
        guard found.count < name.count + 5, found.count + 5 > name.count else { return }
        similar.insert(String(decoding: found, as: UTF8.self))
    }

    private func scan(_ table: Section, _ places: Set<UInt32>, _ matches: inout Matches) {
        let perPiece = Self.piece / Self.symbolLength
        let count = table.size / UInt64(Self.symbolLength)
        var first: UInt64 = 0
        while first < count {
            let here = Int(min(UInt64(perPiece), count - first))
            guard
                let piece = bytes.read(
                    at: table.offset &+ first * UInt64(Self.symbolLength), count: here * Self.symbolLength)
            else { return }
            let symbols = LittleEndian(piece)
            for index in 0..<here {
                let at = index * Self.symbolLength
                guard places.contains(symbols.u32(at)) else { continue }
                // An index of 0: the symbol belongs to another file.
                guard symbols.u16(at + 6) != 0 else { continue }
                take(symbols, at, &matches)
            }
            first += UInt64(here)
        }
    }

    private func take(_ symbols: LittleEndian, _ at: Int, _ matches: inout Matches) {
        let info = symbols.bytes[at + 4]
        let address = symbols.u64(at + 8)
        if info & 15 == Self.chosenKind {
            matches.isChosen = true
            return
        }
        // Without a kind: assembler.
        guard Self.functionKinds.contains(info & 15), offset(of: address, executable: true) != nil else {
            return
        }
        if info >> 4 == 0 { matches.local.insert(address) } else { matches.global.insert(address) }
    }
}
