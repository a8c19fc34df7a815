import CEventABI

/// A record of the policy engine, put together as its programs do.
struct PolicyRecordBytes {
    var fixed = secd_policy_event()
    /// Rules of each set.
    var sets: [Set<Int>] = [[0], [], [], []]
    /// Values, and their bytes.
    var values: [(value: secd_policy_value, content: [UInt8])] = []
    var kernelFrames: [UInt64] = []
    var userFrames: [UInt64] = []

    init(generation: UInt32 = 5, hook: UInt32 = 1) {
        fixed.head.kind = UInt16(SECD_KIND_POLICY)
        fixed.head.ring = UInt8(SECD_RING_VERDICT)
        fixed.head.version = UInt8(SECD_ABI_VERSION)
        fixed.head.time_ns = 1_000_000
        fixed.image = secd_image(start_ns: 7, pid: 42, reserved: 0)
        fixed.generation = generation
        fixed.hook = hook
        fixed.tid = 43
    }

    mutating func add(
        _ column: UInt16, _ kind: Int32, _ content: [UInt8] = [], number: UInt64 = 0,
        state: Int32 = SECD_POLICY_VALUE_PRESENT, pathFlags: UInt32 = 0
    ) {
        values.append(
            (
                secd_policy_value(
                    column: column, state: UInt8(state), kind: UInt8(kind), length: UInt32(content.count),
                    number: number, offset: 0, path_flags: UInt16(pathFlags), root: 0), content
            ))
    }

    /// The whole record.
    var bytes: [UInt8] {
        var fixed = fixed
        let words = sets.map { set in (0..<64).map { word in Self.word(word, of: set) } }
        fixed.summary = (
            Self.summary(words[0]), Self.summary(words[1]), Self.summary(words[2]), Self.summary(words[3])
        )
        fixed.values = UInt16(values.count)
        fixed.kernel_frames = UInt16(kernelFrames.count)
        fixed.user_frames = UInt16(userFrames.count)
        let stored = words.flatMap { $0 }.filter { $0 != 0 }
        let frames = kernelFrames + userFrames
        var offset =
            MemoryLayout<secd_policy_event>.size + (stored.count + frames.count) * 8
            + values.count * MemoryLayout<secd_policy_value>.size
        var table: [UInt8] = []
        for (value, content) in values {
            var placed = value
            placed.offset = UInt32(offset)
            table += Self.raw(placed)
            offset += content.count
        }
        fixed.head.size = UInt32(offset)
        return Self.raw(fixed) + stored.flatMap { Self.raw($0) } + table
            + frames.flatMap { Self.raw($0) } + values.flatMap(\.content)
    }

    private static func word(_ index: Int, of set: Set<Int>) -> UInt64 {
        set.reduce(0) { $1 >> 6 == index ? $0 | 1 << UInt64($1 & 63) : $0 }
    }

    private static func summary(_ words: [UInt64]) -> UInt64 {
        words.indices.reduce(0) { words[$1] != 0 ? $0 | 1 << UInt64($1) : $0 }
    }

    static func raw<Value: BitwiseCopyable>(_ value: Value) -> [UInt8] {
        var value = value
        return unsafe withUnsafeBytes(of: &value) { unsafe Array($0) }
    }
}
