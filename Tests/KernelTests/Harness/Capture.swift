import CTestActivity
import EventModel
import Foundation
import Glibc
import LinuxSystem
import Synchronization

/// A consumer that keeps every line, holds it against the schema, and lets tests wait for what they expect.
final class Capture: EventConsumer, @unchecked Sendable {
    // @unchecked: `condition` guards what the worker brings, `reading` what has been read of it.

    /// The worker waits for it, so it is held for moments only: parsing may take seconds.
    private let condition = Condition()
    private var batches: [EventBatch] = []
    /// Batches that can be found, whoever has parsed them.
    private var delivered = 0
    private var ignored: [UInt8] = []

    private let reading = NSRecursiveLock()
    /// Whoever captures in this process, most of them for all tests.
    private static let living = Mutex<[WeakCapture]>([])

    private struct WeakCapture {
        weak var capture: Capture?
    }

    init() {
        let this = WeakCapture(capture: self)
        Self.living.withLock { $0 = $0.filter { $0.capture != nil } + [this] }
    }

    /// What earlier tests did is of no use to the next, and every process that a test forks would copy the tables of
    /// its memory: a fork took 30 ms at the end of a run.
    static func forgetAll() {
        let captures = living.withLock { $0.compactMap(\.capture) }
        for capture in captures {
            capture.reading.withLock {
                capture.condition.locked { capture.batches.removeAll() }
                capture.events.removeAll()
                capture.byPid.removeAll()
            }
        }
        activity_trim_memory()
    }

    private var events: [CapturedEvent] = []
    private var byPid: [Int: [Int]] = [:]
    private var schema = LineSchema()

    /// Keeps nothing of what a process does: a storm would fill the memory of a capture that nobody asks.
    /// nil = keeps everything again: another process will have that number.
    func ignore(_ pid: Int?) {
        condition.locked { ignored = pid.map { Array("\"pid\":\($0),".utf8) } ?? [] }
    }

    func deliver(_ batch: consuming EventBatch) -> EventBatch {
        condition.locked {
            // Never parsed here: the worker would wait for it, and the rings would fill.
            batches.append(ignored.isEmpty ? batch : batch.without(ignored))
            delivered += 1
            condition.broadcast()
        }
        return EventBatch()
    }

    /// Lines so far.
    var count: Int { locked { events.count } }

    /// Everything so far.
    var all: [CapturedEvent] { locked { events } }

    /// What a process did, in the order of the stream.
    func events(of pid: Int, from mark: Int = 0) -> [CapturedEvent] {
        locked { (byPid[pid] ?? []).filter { $0 >= mark }.map { events[$0] } }
    }

    /// Waits for an event: of a process, or among those from line `mark` on.
    /// - Parameter patience: how long nothing may come at all, seconds; ten times that in all.
    func wait(
        _ patience: Double, of pid: Int? = nil, from mark: Int = 0, where matches: (CapturedEvent) -> Bool
    ) -> CapturedEvent? {
        let end = MonotonicClock.now + UInt64(10 * patience * 1e9)
        var next = mark
        while true {
            let seen = condition.locked { delivered }
            let found = locked { () -> CapturedEvent? in
                if let pid {
                    let index = byPid[pid]?.first { $0 >= mark && matches(events[$0]) }
                    return index.map { events[$0] }
                }
                while next < events.count {
                    if matches(events[next]) { return events[next] }
                    next += 1
                }
                return nil
            }
            if let found { return found }
            let deadline = min(end, MonotonicClock.now + UInt64(patience * 1e9))
            let isOver = condition.locked {
                while delivered == seen {
                    guard condition.wait(until: deadline) else { return true }
                }
                return MonotonicClock.now >= end
            }
            if isOver { return nil }
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        reading.withLock {
            let waiting = condition.locked {
                defer { batches.removeAll() }
                return batches
            }
            parse(waiting)
            return body()
        }
    }

    private func parse(_ waiting: [EventBatch]) {
        for batch in waiting {
            for index in batch.entries.indices {
                let range = batch.range(of: index)
                guard let event = try? CapturedEvent(line: Array(batch.bytes[range])) else {
                    fatalError("not JSON: \(String(decoding: batch.bytes[range], as: UTF8.self))")
                }
                schema.check(event, batch.bytes[range])
                byPid[event.pid, default: []].append(events.count)
                events.append(event)
            }
        }
    }
}

extension EventBatch {
    /// The same lines but those of a process, which comes first in a line.
    fileprivate func without(_ process: [UInt8]) -> EventBatch {
        var kept = EventBatch()
        for index in entries.indices where !bytes[range(of: index)].begins(with: process) {
            kept.bytes += bytes[range(of: index)]
            var entry = entries[index]
            entry.end = kept.bytes.count
            kept.entries.append(entry)
        }
        return kept
    }
}

extension ArraySlice<UInt8> {
    /// Whether some bytes stand among the first 256 of a line: where every line has its process.
    func begins(with needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        let last = startIndex + Swift.min(count, 256) - needle.count
        var index = startIndex
        while index <= last {
            if self[index] == first, self[index..<index + needle.count].elementsEqual(needle) { return true }
            index += 1
        }
        return false
    }
}

/// A lock with a condition variable.
@safe
final class Condition: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let variable = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(variable, &attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(variable)
        unsafe pthread_mutex_destroy(mutex)
        unsafe variable.deallocate()
        unsafe mutex.deallocate()
    }

    func locked<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }

    func lock() { unsafe pthread_mutex_lock(mutex) }
    func unlock() { unsafe pthread_mutex_unlock(mutex) }
    func broadcast() { unsafe pthread_cond_broadcast(variable) }

    /// Waits with the lock held; false = the deadline (`MonotonicClock`) passed.
    func wait(until deadline: UInt64) -> Bool {
        var time = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        return unsafe pthread_cond_timedwait(variable, mutex, &time) == 0
    }
}
