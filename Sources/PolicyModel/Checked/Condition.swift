/// One filter of a selector, resolved: a subject, a test, and whether the test must fail.
public struct Condition: Sendable, Hashable {
    /// What is looked at.
    public var subject: Subject
    /// What must hold of it, unless `isNegated`.
    public var test: ValueTest
    /// The condition holds where the test does not.
    public var isNegated: Bool
    /// The filter in words: `matchArgs[0]`.
    public var field: String
    public var place: SourcePlace

    public init(
        subject: Subject, test: ValueTest, isNegated: Bool, field: String = "", place: SourcePlace = .nowhere
    ) {
        self.subject = subject
        self.test = test
        self.isNegated = isNegated
        self.field = field
        self.place = place
    }
}

/// What a condition looks at.
public enum Subject: Sendable, Hashable {
    /// A facet of a column of the hook, by position in `CheckedHook.columns`.
    case column(Int, Facet)
    /// Bits that the first column has and the second has not.
    case gained(new: Int, old: Int)
    /// The columns that an expression names.
    case expression
    case process(ProcessFact)
}

/// Something about the process that makes the call.
public enum ProcessFact: Sendable, Hashable {
    case binary
    case parentBinary
    /// Argument by position behind the program's name, below `commandArguments`.
    case commandArgument(Int)
    case pid(inNamespace: Bool)
    /// Any of a line of processes: this one and all above, or only those above.
    case lineage(LineageFact, includesSelf: Bool)
    case namespace(NamespaceKind)
    case namespaceChanges
    /// Where `onlyInitial`, capabilities inside another user namespace do not count.
    case capabilities(CapabilitySet, onlyInitial: Bool)
    case capabilityChanges(CapabilitySet, onlyInitial: Bool)
    case workload
}

extension ProcessFact {
    /// Whether it is a file that runs: a script may stand beside it.
    public var isFile: Bool { self == .binary || self == .parentBinary }

    /// Arguments that can be compared, from the one behind the program's name on: the kernel's programs look
    /// through no more.
    public static let commandArguments = 31
}

/// Something about each process of a line.
public enum LineageFact: Sendable, Hashable {
    case binary
    case pid(inNamespace: Bool)
}

/// A predicate on one value.
public enum ValueTest: Sendable, Hashable {
    /// In one of the ranges, which are sorted and do not touch.
    case numbers([NumberRange])
    /// Has a bit of these.
    case anyBit(UInt64)
    case equal([[UInt8]])
    case prefix([[UInt8]])
    case postfix([[UInt8]])
    case contains([[UInt8]], ignoringCase: Bool)
    case inNetwork([AddressPrefix])
    case workload(WorkloadTest)
    case expression(Expression)
}

/// Numbers from `low` through `high`, both in sort order (`NumberOrder`).
public struct NumberRange: Sendable, Hashable {
    /// Included.
    public var low: UInt64
    /// Included; not below `low`.
    public var high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }
}

/// Maps numbers to keys that sort as the numbers do.
public enum NumberOrder: Sendable, Hashable {
    case unsigned, signed

    /// `raw` is extended to 64 bits by its own sign.
    public func key(_ raw: UInt64) -> UInt64 {
        self == .signed ? raw ^ (1 << 63) : raw
    }
}

/// A network: the first `length` bits of 4 or 16 bytes.
public struct AddressPrefix: Sendable, Hashable {
    /// Most significant first.
    public var bytes: [UInt8]
    /// Bits, 0 to 32 or 128.
    public var length: Int

    /// Bits behind `length` become zero.
    public init(bytes: [UInt8], length: Int) {
        self.length = length
        self.bytes = bytes.enumerated().map { index, byte in
            let kept = min(max(length - index * 8, 0), 8)
            return kept == 8 ? byte : byte & ~(UInt8.max >> UInt8(kept))
        }
    }

    /// Whether an address of the same family lies inside.
    public func contains(_ address: [UInt8]) -> Bool {
        address.count == bytes.count && AddressPrefix(bytes: address, length: length).bytes == bytes
    }

    /// Whether `other` lies inside, or is the same.
    public func contains(_ other: AddressPrefix) -> Bool {
        other.length >= length && contains(other.bytes)
    }
}

extension Condition {
    /// Whether the value is known only when the call returns.
    public func needsReturn(in columns: [Column]) -> Bool {
        switch subject {
        case .column(let index, _): columns[index].atReturn
        case .gained(let new, let old): columns[new].atReturn || columns[old].atReturn
        case .expression:
            if case .expression(let expression) = test {
                expression.columns.contains { columns[$0].atReturn }
            } else {
                false
            }
        case .process: false
        }
    }
}
