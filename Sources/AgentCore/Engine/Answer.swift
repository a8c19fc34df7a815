import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// Something that happens once, and that a thread can wait for with a deadline.
final class Answer: Sendable {
    private let happened = Atomic(false)
    private let event: EventFD?

    init() {
        event = try? EventFD()
    }

    func set() {
        happened.store(true, ordering: .releasing)
        event?.signal()
    }

    /// Returns whether it happened by `deadline` (CLOCK_MONOTONIC, nanoseconds).
    func wait(until deadline: UInt64) -> Bool {
        _ = try? event?.wait(until: deadline)
        return happened.load(ordering: .acquiring)
    }
}
