import CEventABI
import EventDecoder
import TestSupport
import Testing

@Suite struct RecordViewTests {
    /// A record head with `extra` bytes behind it.
    private func record(size: UInt32, version: UInt8 = UInt8(SECD_ABI_VERSION), ring: UInt8 = 0, extra: Int)
        -> [UInt8]
    {
        var head = secd_record()
        head.size = size
        head.kind = UInt16(SECD_KIND_EXIT)
        head.ring = ring
        head.version = version
        head.sequence = 0x0102_0304_0506_0708
        head.time_ns = 99
        head.cpu = 3
        return unsafe withUnsafeBytes(of: &head) { unsafe Array($0) } + Array(repeating: 0xee, count: extra)
    }

    private func isRecord(_ bytes: [UInt8]) -> Bool {
        guard let view = unsafe RecordView(bytes.span.bytes) else { return false }
        return view.bytes.byteCount > 0
    }

    /// Size that the record claims, bytes that the ring delivered, whether it is one.
    @Test(
        arguments: [
            (32, 32, true), (32, 40, true), (40, 40, true), (41, 40, false), (31, 40, false), (0, 40, false),
            (UInt32.max, 40, false), (32, 31, false), (32, 0, false),
        ] as [(UInt32, Int, Bool)])
    func theSizeMustFit(_ claimed: UInt32, _ delivered: Int, _ accepted: Bool) {
        let bytes = Array(record(size: claimed, extra: 8).prefix(delivered))
        guard let view = unsafe RecordView(bytes.span.bytes) else { return #expect(!accepted) }
        #expect(accepted)
        #expect(view.bytes.byteCount == Int(claimed))
        #expect(view.head.sequence == 0x0102_0304_0506_0708)
        #expect(view.head.cpu == 3)
    }

    @Test(arguments: [
        (UInt8(0), false), (UInt8(SECD_ABI_VERSION), true), (UInt8(SECD_ABI_VERSION) + 1, false),
        (255, false),
    ])
    func otherVersionsAreRefused(_ version: UInt8, _ accepted: Bool) {
        let bytes = record(size: 32, version: version, extra: 0)
        #expect(isRecord(bytes) == accepted)
    }

    @Test(arguments: [(UInt8(0), true), (2, true), (3, false), (255, false)])
    func otherRingsAreRefused(_ ring: UInt8, _ accepted: Bool) {
        let bytes = record(size: 32, ring: ring, extra: 0)
        #expect(isRecord(bytes) == accepted)
    }

    @Test func aRecordShorterThanItsKindGivesNothing() {
        let size = MemoryLayout<secd_exit>.size
        let short = record(size: UInt32(size - 1), extra: size - 32)
        guard let view = unsafe RecordView(short.span.bytes) else { return #expect(Bool(false)) }
        #expect(view.load(secd_exit.self) == nil)
        #expect(view.tail(after: secd_exit.self).byteCount == 0)
    }

    @Test func theTailEndsWithTheRecord() {
        let size = MemoryLayout<secd_exit>.size
        let bytes = record(size: UInt32(size + 5), extra: size - 32 + 50)
        guard let view = unsafe RecordView(bytes.span.bytes) else { return #expect(Bool(false)) }
        #expect(view.load(secd_exit.self)?.head.time_ns == 99)
        #expect(view.tail(after: secd_exit.self).byteCount == 5)
    }

    /// A damaged record must not hold up what lies behind it until its time comes.
    @Test func whatIsNoRecordIsTakenAtOnce() {
        func turn(_ bytes: [UInt8], now: UInt64) -> UInt64 {
            unsafe RecordView.turn(of: bytes.span.bytes, now: now)
        }
        let whole = record(size: 40, extra: 8)
        #expect(turn(whole, now: 1) == 99)
        #expect(turn(whole, now: 1000) == 99)

        var future = whole
        future.replaceSubrange(16..<24, with: Array(repeating: 0x7f, count: 8))
        #expect(turn(future, now: 1000) == 0)
        future.replaceSubrange(16..<24, with: Array(repeating: 0xff, count: 8))
        #expect(turn(future, now: 1000) == 0)
        // Of another version, with a size beyond the ring's, too short: whatever stands where the time is.
        for damaged in [
            record(size: 40, version: 0, extra: 8), record(size: 41, extra: 8),
            record(size: 40, ring: 3, extra: 8),
            Array(whole.prefix(31)), [],
        ] {
            #expect(turn(damaged, now: 1000) == 0)
        }
    }

    @Test func noBytesCrashIt() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            var bytes = random.bytes(Int.random(in: 0..<96, using: &random))
            if bytes.count > 8 { (bytes[6], bytes[7]) = (bytes[6] % 4, UInt8(SECD_ABI_VERSION)) }
            if bytes.count > 4, Bool.random(using: &random) { (bytes[1], bytes[2], bytes[3]) = (0, 0, 0) }
            if let view = unsafe RecordView(bytes.span.bytes) {
                #expect(view.bytes.byteCount <= bytes.count)
                #expect(
                    (view.load(secd_fork.self) != nil)
                        == (view.bytes.byteCount >= MemoryLayout<secd_fork>.size))
            }
        }
    }
}
