/// Random numbers that are the same in every run: a property test that fails, fails again.
///
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// Bytes of which every value is as likely.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    /// Bytes such as hostile text has: plain characters, quotes, controls, whole and broken UTF-8.
    public mutating func text(_ count: Int) -> [UInt8] {
        let parts: [[UInt8]] = [
            Array("a/b".utf8), [0x20], [0x22], [0x5c], [0x09], [0x1f], [0x7f], Array("ä€😀".utf8),
            [0xc0, 0xaf],
            [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0xff], Array("=x".utf8),
        ]
        var text: [UInt8] = []
        while text.count < count { text += parts.randomElement(using: &self) ?? [] }
        return Array(text.prefix(count))
    }
}
