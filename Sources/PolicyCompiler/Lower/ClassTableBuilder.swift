internal import PolicyModel

/// A part of a condition: conditions are unions of atoms.
enum Atom: Hashable {
    case equal([UInt8])
    case prefix([UInt8])
    case postfix([UInt8])
    case range(NumberRange)
    case network(AddressPrefix)

    /// All bytes of a text at once: thousands are looked for whenever policies change.
    func hash(into hasher: inout Hasher) {
        switch self {
        case .equal(let text): Self.combine(0, text, &hasher)
        case .prefix(let text): Self.combine(1, text, &hasher)
        case .postfix(let text): Self.combine(2, text, &hasher)
        case .range(let range): hasher.combine(range)
        case .network(let network): hasher.combine(network)
        }
    }

    private static func combine(_ kind: UInt8, _ text: [UInt8], _ hasher: inout Hasher) {
        hasher.combine(kind)
        unsafe text.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }
}

/// Builds a class table, and tells which atoms hold in each class.
///
/// Keys are visited so that a key comes after those that include it (a shorter prefix, a wider network). A
/// stack holds the including ones: that is the closure that lets the kernel stop at the longest key.
struct ClassTableBuilder {
    private(set) var table: ClassTable
    /// Atoms by class, as positions in the list that was given; class 0 has none unless intervals say so.
    private(set) var classes: [[Int]] = []

    enum Family: Hashable {
        case numbers(NumberOrder)
        case text, endings, networks
    }

    init(_ family: Family, _ atoms: [Atom]) {
        table = .text(TextTable(exact: KeyedClasses(), prefixes: KeyedClasses(), lengths: []))
        classes = [[]]
        switch family {
        case .numbers(let order): table = .numbers(numbers(atoms, order))
        case .text: table = .text(text(atoms))
        case .endings: table = .endings(endings(atoms))
        case .networks: table = .networks(networks(atoms))
        }
    }

    /// A class of its own: no other key has just these atoms.
    private mutating func add(_ atoms: [Int]) -> UInt32 {
        classes.append(atoms)
        return UInt32(classes.count - 1)
    }

    private mutating func numbers(_ atoms: [Atom], _ order: NumberOrder) -> IntervalTable {
        var begins: [UInt64: [Int]] = [:]
        var ends: [UInt64: [Int]] = [:]
        for (index, atom) in atoms.enumerated() {
            guard case .range(let range) = atom else { continue }
            begins[range.low, default: []].append(index)
            if range.high < .max { ends[range.high + 1, default: []].append(index) }
        }
        var active: Set<Int> = []
        // Ranges end, so the same atoms can come again.
        var ids: [[Int]: UInt32] = [[]: 0]
        var result = IntervalTable(order: order, starts: [], classes: [])
        for start in Set([0]).union(begins.keys).union(ends.keys).sorted() {
            active.subtract(ends[start] ?? [])
            active.formUnion(begins[start] ?? [])
            let held = active.sorted()
            let id = ids[held] ?? add(held)
            ids[held] = id
            if result.classes.last == id { continue }
            result.starts.append(start)
            result.classes.append(id)
        }
        return result
    }

    private mutating func text(_ atoms: [Atom]) -> TextTable {
        // Beginnings first: of two equal texts the beginning then comes before the whole, which includes it.
        var keys: [[UInt8]] = []
        var owners: [Int] = []
        for (index, atom) in atoms.enumerated() {
            guard case .prefix(let bytes) = atom else { continue }
            keys.append(bytes)
            owners.append(index)
        }
        let prefixes = keys.count
        for (index, atom) in atoms.enumerated() {
            guard case .equal(let bytes) = atom else { continue }
            keys.append(bytes)
            owners.append(index)
        }
        var result = TextTable(exact: KeyedClasses(), prefixes: KeyedClasses(), lengths: [])
        var stack: [[UInt8]] = []
        var held: [Int] = []
        for position in ByteOrder.positions(keys) {
            let key = keys[position]
            while let top = stack.last, !ByteOrder.begins(key, with: top) {
                stack.removeLast()
                held.removeLast()
            }
            if position < prefixes {
                stack.append(key)
                held.append(owners[position])
                result.prefixes.append(key, add(held))
            } else {
                result.exact.append(key, add(held + [owners[position]]))
            }
        }
        result.lengths = Set(result.prefixes.keys.map(\.count)).sorted(by: >)
        return result
    }

    private mutating func endings(_ atoms: [Atom]) -> EndingTable {
        var reversed: [[UInt8]: Int] = [:]
        for (index, atom) in atoms.enumerated() {
            if case .postfix(let bytes) = atom { reversed[bytes.reversed()] = index }
        }
        var result = EndingTable(endings: [:], lengths: [])
        var stack: [(key: [UInt8], atom: Int)] = []
        for (key, atom) in reversed.sorted(by: { ByteOrder.precedes($0.key, $1.key) }) {
            while let top = stack.last, !ByteOrder.begins(key, with: top.key) { stack.removeLast() }
            stack.append((key, atom))
            result.endings[key.reversed()] = add(stack.map(\.atom))
        }
        result.lengths = Set(reversed.keys.map(\.count)).sorted(by: >)
        return result
    }

    private mutating func networks(_ atoms: [Atom]) -> NetworkTable {
        var found: [AddressPrefix: Int] = [:]
        for (index, atom) in atoms.enumerated() {
            if case .network(let network) = atom { found[network] = index }
        }
        let sorted = found.sorted { left, right in
            if left.key.bytes.count != right.key.bytes.count {
                return left.key.bytes.count < right.key.bytes.count
            }
            if left.key.bytes != right.key.bytes {
                return left.key.bytes.lexicographicallyPrecedes(right.key.bytes)
            }
            return left.key.length < right.key.length
        }
        var result = NetworkTable(classes: [:], lengths: [:])
        var stack: [(key: AddressPrefix, atom: Int)] = []
        for (key, atom) in sorted {
            while let top = stack.last, !top.key.contains(key) { stack.removeLast() }
            stack.append((key, atom))
            result.classes[key] = add(stack.map(\.atom))
        }
        for key in found.keys { result.lengths[key.bytes.count, default: []].append(key.length) }
        result.lengths = result.lengths.mapValues { Set($0).sorted(by: >) }
        return result
    }
}
