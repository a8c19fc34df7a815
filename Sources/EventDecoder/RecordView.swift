public import CEventABI

/// A record of a ring, in place: the head is checked, everything behind it is read on demand and
/// never beyond its end.
public struct RecordView: ~Escapable {
    /// The whole record, head included, exactly `head.size` bytes.
    public let bytes: RawSpan
    /// A copy of the record's first bytes (bpf/abi/record.h): kind, size, CPU, sequence, time.
    public let head: secd_record

    /// Checks the head.
    ///
    /// - Returns: nil for bytes that are no record of this ABI: too short, of another version, or
    ///   with a size beyond what the ring delivered. The caller counts it.
    @_lifetime(copy bytes)
    @inline(__always)
    public init?(_ bytes: RawSpan) {
        guard let head = bytes.loadRecord(secd_record.self) else { return nil }
        let size = Int(head.size)
        guard size >= MemoryLayout<secd_record>.size, size <= bytes.byteCount,
            Int32(head.version) == SECD_ABI_VERSION, Int32(head.ring) < SECD_RING_COUNT
        else { return nil }
        self.bytes = bytes.extracting(0..<size)
        self.head = head
    }

    /// When it is the turn of what lies next in a ring: the record's time. Bytes that are no record, or whose
    /// time cannot be, come at once (0): they must not hold up what lies behind them, or other rings.
    ///
    /// - Parameter now: CLOCK_BOOTTIME, nanoseconds, of the last look.
    @inline(__always)
    public static func turn(of bytes: RawSpan, now: UInt64) -> UInt64 {
        guard let record = RecordView(bytes), record.head.time_ns < now &+ Self.latest else { return 0 }
        return record.head.time_ns
    }

    /// A program may stamp after the reader looked at the clock: so long ago no look is, nanoseconds.
    private static let latest: UInt64 = 60_000_000_000

    /// The fixed part of the record, or nil where it is shorter.
    @inline(__always)
    public func load<Record: BitwiseCopyable>(_ type: Record.Type = Record.self) -> Record? {
        bytes.loadRecord(type)
    }

    /// What follows the fixed part.
    @_lifetime(copy self)
    @inline(__always)
    public func tail<Record: BitwiseCopyable>(after type: Record.Type) -> RawSpan {
        let size = MemoryLayout<Record>.size
        return size <= bytes.byteCount ? bytes.extracting(size..<bytes.byteCount) : bytes.extracting(0..<0)
    }
}

extension RawSpan {
    /// Loads a value at the start, or nil where the bytes do not suffice. The only unchecked load
    /// of this target: the ABI's structs are plain integers, any bytes are valid ones.
    @inline(__always)
    func loadRecord<Record: BitwiseCopyable>(_ type: Record.Type) -> Record? {
        guard byteCount >= MemoryLayout<Record>.size else { return nil }
        return unsafe unsafeLoadUnaligned(fromByteOffset: 0, as: type)
    }
}
