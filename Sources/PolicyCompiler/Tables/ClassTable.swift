public import PolicyModel

/// Values → classes. Values of one class satisfy the same conditions; class 0 is everything that no rule names.
public enum ClassTable: Sendable, Hashable {
    case numbers(IntervalTable)
    /// Whole text and beginnings.
    case text(TextTable)
    /// Ends of text.
    case endings(EndingTable)
    case networks(NetworkTable)

    /// Entries that the kernel would hold.
    public var entryCount: Int {
        switch self {
        case .numbers(let table): table.starts.count
        case .text(let table): table.exact.count + table.prefixes.count
        case .endings(let table): table.endings.count
        case .networks(let table): table.classes.count
        }
    }
}

/// Sorted starts of intervals; each reaches to the next.
public struct IntervalTable: Sendable, Hashable {
    /// How numbers become keys that sort.
    public var order: NumberOrder
    /// The first is 0.
    public var starts: [UInt64]
    /// Class of the interval at the same position of `starts`.
    public var classes: [UInt32]

    /// The class of a number.
    public func find(_ raw: UInt64) -> UInt32 {
        let key = order.key(raw)
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= key { low = middle } else { high = middle }
        }
        return classes[low]
    }
}

/// Whole texts, and beginnings of which the longest wins: the class of a longer one includes the shorter.
public struct TextTable: Sendable, Hashable {
    /// Whole text → class.
    public var exact: KeyedClasses
    /// Beginning → class.
    public var prefixes: KeyedClasses
    /// Lengths of beginnings, longest first.
    public var lengths: [Int]

    /// The class of a text; of a truncated one only the beginning is known, and it is longer than any key.
    public func find(_ text: [UInt8], isTruncated: Bool) -> UInt32 {
        if !isTruncated, let found = exact[text] { return found }
        for length in lengths where length <= text.count {
            if let found = prefixes[Array(text.prefix(length))] { return found }
        }
        return 0
    }
}

/// Ends of text, the longest wins.
public struct EndingTable: Sendable, Hashable {
    /// Ending → class.
    public var endings: [[UInt8]: UInt32]
    /// Longest first.
    public var lengths: [Int]

    /// The class of a whole text.
    public func find(_ text: [UInt8]) -> UInt32 {
        for length in lengths where length <= text.count {
            if let found = endings[Array(text.suffix(length))] { return found }
        }
        return 0
    }
}

/// Networks of both families, the longest wins.
public struct NetworkTable: Sendable, Hashable {
    /// Network → class.
    public var classes: [AddressPrefix: UInt32]
    /// Longest first, by bytes of the family.
    public var lengths: [Int: [Int]]

    /// The class of an address.
    public func find(_ address: [UInt8]) -> UInt32 {
        for length in lengths[address.count] ?? [] {
            if let found = classes[AddressPrefix(bytes: address, length: length)] { return found }
        }
        return 0
    }
}
