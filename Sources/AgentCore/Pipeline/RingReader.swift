import BPFRuntime
import CEventABI
import EventDecoder
import Glibc

/// The three rings as one stream in the order of kernel time.
///
/// Records are handled in place: the rings themselves are the queue, so nothing is copied, and what
/// the reader cannot keep up with is counted where it is lost, in the kernel. A record is taken only
/// when it is older than `settle`: by then every record with an earlier time is visible, whatever
/// ring it is in.
final class RingReader {
    /// Age from which records are taken, nanoseconds. A program stamps its record at its start and
    /// submits it within tens of microseconds (130 µs for a 2 MiB argv).
    static let settle: UInt64 = 1_000_000
    /// Part of a ring that may be read before it is given back to the kernel.
    private static let commitFraction = 4

    /// One ring with its next record.
    @safe
    final class Source {
        let number: Int
        var ring: RingBuffer
        var record: UnsafeRawBufferPointer?
        var time = UInt64.max

        init(number: Int, ring: consuming RingBuffer) {
            self.number = number
            self.ring = ring
            unsafe record = nil
        }

        /// Looks at the next record; its time decides the order.
        @inline(__always)
        func look(_ now: UInt64) {
            unsafe record = ring.peek()
            guard let record = unsafe record else {
                time = .max
                return
            }
            time = unsafe RecordView.turn(of: RawSpan(_unsafeBytes: record), now: now)
        }

        @inline(__always)
        func step(_ now: UInt64) {
            ring.advance()
            if ring.uncommitted > ring.size / RingReader.commitFraction { ring.commit() }
            look(now)
        }
    }

    let sources: [Source]

    init(_ rings: [Source]) {
        sources = rings
    }

    /// Hands the records that are due to `body`, oldest first, at most `limit`. Returns how many.
    ///
    /// - Parameter now: CLOCK_BOOTTIME, nanoseconds, read before the call.
    func drain(now: UInt64, limit: Int, _ body: (RawSpan) -> Void) -> Int {
        for source in sources {
            source.ring.refresh()
            source.look(now)
        }
        let horizon = now &- Self.settle
        var count = 0
        while count < limit {
            var best = sources[0]
            // The pieces of an argv (observation) must be there when their exec (lifecycle) is handled: it is
            // stamped after them, and of equal times the last source (observation) goes first.
            for source in sources where source.time <= best.time { best = source }
            guard best.time <= horizon, let record = unsafe best.record else { break }
            unsafe body(RawSpan(_unsafeBytes: record))
            best.step(now)
            count += 1
        }
        for source in sources { source.ring.commit() }
        return count
    }

    /// Bytes that wait in a ring.
    func waiting(_ index: Int) -> Int {
        sources[index].ring.waiting
    }

    /// Whether any ring holds something that was not read.
    var hasMore: Bool {
        sources.contains { $0.ring.hasMore() }
    }
}
