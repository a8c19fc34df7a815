package import CEventABI

/// Text → keys, as the programs hash it (bpf/trace/hash.h; docs/policy-engine.md, "Keys").
package struct KeyHash: Sendable {
    /// Two lanes of a text, or of the components of a path so far.
    package struct Lanes: Hashable {
        var first: UInt64
        var second: UInt64
    }

    private static let factor: UInt64 = 0xd6e8_feb8_6659_fd93
    private static let block = 32

    /// Eight factors for each lane, then their first states.
    package let seed: [UInt64]

    /// - Parameter seed: as many numbers as `secd_policy_setup.seed` has.
    package init(seed: [UInt64]) {
        precondition(seed.count == Int(SECD_POLICY_SEEDS))
        self.seed = seed
    }

    static func mix(_ number: UInt64) -> UInt64 {
        let turned = (number ^ number >> 32) &* factor
        return turned ^ turned >> 29
    }

    /// The state of nothing.
    var begin: Lanes { Lanes(first: seed[16], second: seed[17]) }

    /// The state behind a text.
    package func text(_ bytes: [UInt8]) -> Lanes { text(bytes, in: bytes.indices) }

    /// The state behind a part of a text.
    private func text(_ bytes: [UInt8], in part: Range<Int>) -> Lanes {
        var lanes = begin
        var start = part.lowerBound
        while start < part.upperBound {
            let end = min(start + Self.block, part.upperBound)
            add(bytes, start..<end, to: &lanes)
            start = end
        }
        return lanes
    }

    /// The same of bytes that are no array.
    package func text(_ bytes: some Collection<UInt8>) -> Lanes { text(Array(bytes)) }

    /// A block as words of four bytes; what is missing is 0.
    private func add(_ bytes: [UInt8], _ block: Range<Int>, to lanes: inout Lanes) {
        var first: UInt64 = 0
        var second: UInt64 = 0
        var word: UInt64 = 0
        var position = 0
        for index in block {
            word |= UInt64(bytes[index]) << UInt64(8 * (position & 3))
            position += 1
            if position & 3 == 0 || index == block.upperBound - 1 {
                let factor = (position - 1) >> 2
                first &+= word &* seed[factor]
                second &+= word &* seed[8 + factor]
                word = 0
            }
        }
        lanes.first = Self.mix(lanes.first &+ first)
        lanes.second = Self.mix(lanes.second &+ second)
    }

    /// The state behind a path of components from the root.
    package func components(_ names: [[UInt8]]) -> Lanes {
        var lanes = begin
        for name in names { add(name, in: name.indices, to: &lanes) }
        return lanes
    }

    /// The same of a path as it is written, or of its beginning; it begins with a slash, and no name in it is
    /// empty.
    package func path(_ text: [UInt8]) -> Lanes {
        var lanes = begin
        var start = 1
        for index in 1...text.count where index == text.count || text[index] == UInt8(ascii: "/") {
            if start < index { add(text, in: start..<index, to: &lanes) }
            start = index + 1
        }
        return lanes
    }

    private func add(_ bytes: [UInt8], in name: Range<Int>, to lanes: inout Lanes) {
        let own = text(bytes, in: name)
        lanes.first = Self.mix(lanes.first &+ own.first)
        lanes.second = Self.mix(lanes.second &+ own.second)
    }

    /// The key in a table; `length` is in bytes, or in components.
    package static func key(_ lanes: Lanes, table: UInt32, length: Int) -> secd_policy_key {
        let salt = UInt64(table) << 32 | UInt64(UInt32(truncatingIfNeeded: length))
        return secd_policy_key(hash: (mix(lanes.first ^ salt), mix(lanes.second &+ salt)))
    }
}
