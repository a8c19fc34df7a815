import CEventABI
import EventModel

/// A record of the policy engine, checked: everything that follows the fixed part lies inside it.
struct PolicyRecord: ~Escapable {
    /// The fixed part.
    let fixed: secd_policy_event
    private let bytes: RawSpan
    /// Where the values begin, and behind them the stacks.
    private let valuesStart: Int
    private let framesStart: Int
    private let setStarts: InlineArray<4, Int>

    /// - Returns: nil where a part of the record would lie outside of it.
    @_lifetime(copy record)
    init?(_ record: borrowing RecordView) {
        guard let fixed = record.load(secd_policy_event.self) else { return nil }
        var position = MemoryLayout<secd_policy_event>.size
        var starts = InlineArray<4, Int>(repeating: 0)
        for set in 0..<Int(SECD_POLICY_SETS) {
            starts[set] = position
            position += Self.summary(fixed, set).nonzeroBitCount * MemoryLayout<UInt64>.size
        }
        let values = position
        position += Int(fixed.values) * MemoryLayout<secd_policy_value>.size
        let frames = position
        position += (Int(fixed.kernel_frames) + Int(fixed.user_frames)) * MemoryLayout<UInt64>.size
        guard position <= record.bytes.byteCount else { return nil }
        self.fixed = fixed
        bytes = record.bytes
        valuesStart = values
        framesStart = frames
        setStarts = starts
    }

    private static func summary(_ fixed: secd_policy_event, _ set: Int) -> UInt64 {
        switch set {
        case 0: fixed.summary.0
        case 1: fixed.summary.1
        case 2: fixed.summary.2
        default: fixed.summary.3
        }
    }

    /// Calls the closure with each rule of a set, in order.
    func forEachRule(in set: Int32, _ body: (Int) -> Void) {
        var summary = Self.summary(fixed, Int(set))
        var position = setStarts[Int(set)]
        while summary != 0 {
            let first = summary.trailingZeroBitCount << 6
            summary &= summary &- 1
            var word = load(position, UInt64.self) ?? 0
            position += MemoryLayout<UInt64>.size
            while word != 0 {
                body(first + word.trailingZeroBitCount)
                word &= word &- 1
            }
        }
    }

    /// A value by its position.
    func value(_ index: Int) -> secd_policy_value? {
        load(valuesStart + index * MemoryLayout<secd_policy_value>.size, secd_policy_value.self)
    }

    /// The bytes of a value; nil where they would lie outside.
    @_lifetime(copy self)
    func content(_ value: secd_policy_value) -> RawSpan? {
        let start = Int(value.offset)
        let length = Int(value.length)
        guard length > 0 else { return bytes.extracting(0..<0) }
        guard start <= bytes.byteCount, length <= bytes.byteCount - start else { return nil }
        return bytes.extracting(start..<start + length)
    }

    /// Addresses of the kernel's stack, then those of the program's.
    func frame(_ index: Int) -> UInt64 {
        load(framesStart + index * MemoryLayout<UInt64>.size, UInt64.self) ?? 0
    }

    private func load<Value: BitwiseCopyable>(_ position: Int, _ type: Value.Type) -> Value? {
        guard position >= 0, position <= bytes.byteCount else { return nil }
        return bytes.extracting(position..<bytes.byteCount).loadRecord(type)
    }
}
