/// The sequence numbers of one ring and CPU as they arrive: finds what is missing.
///
/// A number is taken before the ring is asked for space, so an interrupt between the two can turn
/// two records around. A hole therefore counts as a gap only when `window` later numbers have
/// arrived, or when the owner says so (`close`, after the kernel's own counter confirmed it).
public struct SequenceTracker: Sendable {
    /// Later numbers that may arrive before a hole is declared. Nesting on one CPU (task, softirq,
    /// hardirq, NMI) is four deep; preemptible kernels add tasks.
    public static let window = 64

    /// Missing numbers, both ends included.
    public struct Gap: Sendable, Equatable {
        /// Of the missing numbers.
        public var first: UInt64
        /// Not below `first`.
        public var last: UInt64
        /// How many numbers are missing; at least 1.
        public var count: UInt64 { last - first + 1 }

        public init(first: UInt64, last: UInt64) {
            self.first = first
            self.last = last
        }
    }

    /// The number that should come next.
    public private(set) var next: UInt64 = 1
    /// Numbers that came early, ascending.
    private var early: [UInt64] = []
    /// Records that were read.
    public private(set) var received: UInt64 = 0
    /// Records that never came.
    public private(set) var missing: UInt64 = 0
    /// Numbers that came twice or after their gap was declared.
    public private(set) var strays: UInt64 = 0

    public init() {
        early.reserveCapacity(Self.window + 1)
    }

    /// The highest number seen; 0 = none.
    public var highest: UInt64 { early.last ?? next - 1 }

    /// Takes a number. Returns a gap where one is now certain.
    @inline(__always)
    public mutating func take(_ number: UInt64) -> Gap? {
        received += 1
        if number == next, early.isEmpty {
            next += 1
            return nil
        }
        return takeOutOfOrder(number)
    }

    private mutating func takeOutOfOrder(_ number: UInt64) -> Gap? {
        if number < next {
            strays += 1
            return nil
        }
        if number == next {
            next += 1
            absorb()
            return nil
        }
        var index = early.count
        while index > 0, early[index - 1] > number { index -= 1 }
        if index > 0, early[index - 1] == number {
            strays += 1
            return nil
        }
        early.insert(number, at: index)
        return early.count > Self.window ? declare(through: early[0] - 1) : nil
    }

    /// Declares the hole before the early numbers, or up to `last` where nothing came behind it:
    /// for a hole that the kernel's counter has confirmed. Returns nil where nothing is missing.
    public mutating func close(through last: UInt64) -> Gap? {
        guard last >= next else { return nil }
        return declare(through: min(last, (early.first ?? UInt64.max) - 1))
    }

    private mutating func declare(through last: UInt64) -> Gap? {
        guard last >= next else { return nil }
        let gap = Gap(first: next, last: last)
        missing += gap.count
        next = last + 1
        absorb()
        return gap
    }

    private mutating func absorb() {
        var used = 0
        while used < early.count, early[used] == next {
            next += 1
            used += 1
        }
        if used > 0 { early.removeFirst(used) }
    }
}
