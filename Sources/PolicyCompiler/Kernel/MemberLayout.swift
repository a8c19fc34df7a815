internal import PolicyModel

/// How a reader walks from a pointer to a member: with the pointer p and offsets a, b, c the member lies at
/// `*(*(p + a) + b) + c`.
public struct MemberLayout: Sendable, Hashable {
    /// In bytes; behind each but the last a pointer is followed.
    public var offsets: [UInt32]
    /// Of the member; nil = no bit field.
    public var bits: Range<Int>?
    /// The type of the member itself.
    public var type: KernelType

    /// - Parameter bits: counted from the lowest of the number at the last offset.
    public init(offsets: [UInt32], bits: Range<Int>? = nil, type: KernelType) {
        self.offsets = offsets
        self.bits = bits
        self.type = type
    }
}

extension BTFKernelTypes {
    /// The `format` file of a tracepoint.
    public func tracepointText(_ subsystem: String, _ event: String) -> TracepointFormatText {
        tracepointFormat(subsystem, event)
    }

    /// The way from a pointer to a value of `type`, or from a value that is such a pointer, to a member.
    /// - Parameter path: as a policy writes it: `mm.owner.comm`, `list[2].next`.
    /// - Returns: nil where the path does not lead anywhere.
    public func layout(of path: String, in type: KernelType) -> MemberLayout? {
        guard case .success(let steps) = MemberPath.parse(path) else { return nil }
        var walk = Walk(id: type.handle)
        for step in steps {
            switch step {
            case .member(let name): guard take(name, &walk) else { return nil }
            case .element(let index): guard take(index, &walk) else { return nil }
            }
        }
        return MemberLayout(
            offsets: walk.offsets + [walk.offset], bits: walk.bits, type: self.type(walk.id))
    }

    private struct Walk {
        var id: UInt32
        /// Behind each of these a pointer is followed.
        var offsets: [UInt32] = []
        /// From the last pointer.
        var offset: UInt32 = 0
        var bits: Range<Int>?
        /// The pointer that the walk begins with is in hand already.
        var isFirst = true
    }

    /// Goes behind a pointer.
    private func enter(_ target: UInt32, _ walk: inout Walk) {
        if !walk.isFirst {
            walk.offsets.append(walk.offset)
            walk.offset = 0
        }
        walk.id = target
    }

    private func take(_ name: String, _ walk: inout Walk) -> Bool {
        if let (_, record) = bare(walk.id), record.kind == .pointer { enter(record.value, &walk) }
        walk.isFirst = false
        guard let (_, structure) = bare(walk.id), let found = place(of: name, in: structure, depth: 0) else {
            return false
        }
        let number = bare(found.id)?.1
        if let width = found.bitCount, let size = number?.value, size > 0 {
            // The number that holds the bit field, as C would load it.
            let unit = found.bit / (Int(size) * 8)
            walk.offset += UInt32(unit) * size
            let low = found.bit - unit * Int(size) * 8
            walk.bits = low..<low + width
        } else {
            walk.offset += UInt32(found.bit / 8)
        }
        walk.id = found.id
        return true
    }

    private func take(_ index: UInt32, _ walk: inout Walk) -> Bool {
        guard let (_, record) = bare(walk.id) else { return false }
        let element: UInt32
        switch record.kind {
        case .array: element = image.word(record, 0)
        case .pointer:
            element = record.value
            enter(element, &walk)
        default: return false
        }
        walk.isFirst = false
        guard let size = size(element, depth: 0) else { return false }
        let (distance, overflow) = size.multipliedReportingOverflow(by: index)
        guard !overflow, distance < 1 << 30 else { return false }
        walk.offset += distance
        walk.id = element
        return true
    }

    private struct Place {
        var id: UInt32
        /// From the structure's first bit.
        var bit: Int
        var bitCount: Int?
    }

    /// Anonymous structures inside each other are looked into this deep.
    private static let nesting = 8

    private func place(of name: String, in record: BTFImage.Record, depth: Int) -> Place? {
        guard depth < Self.nesting, record.kind == .structure || record.kind == .union else { return nil }
        var inner: [(id: UInt32, bit: Int)] = []
        for index in 0..<record.count {
            let word = image.word(record, index * 3 + 2)
            // With the flag, the upper eight bits are the width of a bit field.
            let bit = Int(record.flag ? word & 0xff_ffff : word)
            let width = record.flag ? Int(word >> 24) : 0
            let id = image.word(record, index * 3 + 1)
            let own = image.string(image.word(record, index * 3))
            if own == name { return Place(id: id, bit: bit, bitCount: width > 0 ? width : nil) }
            if own.isEmpty { inner.append((id, bit)) }
        }
        for (id, bit) in inner {
            guard let (_, structure) = bare(id),
                let found = place(of: name, in: structure, depth: depth + 1)
            else { continue }
            return Place(id: found.id, bit: bit + found.bit, bitCount: found.bitCount)
        }
        return nil
    }

    private func size(_ id: UInt32, depth: Int) -> UInt32? {
        guard depth < Self.nesting, let (_, record) = bare(id) else { return nil }
        switch record.kind {
        case .pointer: return 8
        case .array:
            guard let element = size(image.word(record, 0), depth: depth + 1) else { return nil }
            let (total, overflow) = element.multipliedReportingOverflow(by: image.word(record, 2))
            return overflow ? nil : total
        case .int, .structure, .union, .enumeration, .enumeration64, .float: return record.value
        default: return nil
        }
    }
}
