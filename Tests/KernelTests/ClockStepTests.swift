import AgentCore
import LinuxSystem
import Sensors
import Synchronization
import Testing

/// A wall clock that the test sets; the machine's own stays as it is.
private final class SteppedClock: Sendable {
    private let step = Atomic<Int>(0)

    var offset: UInt64 {
        BootClock.realtimeOffset &+ UInt64(bitPattern: Int64(step.load(ordering: .relaxed)))
    }

    func set(ahead seconds: Int) {
        step.store(seconds * 1_000_000_000, ordering: .relaxed)
    }
}

extension KernelSuite {
    @Suite("a wall clock that is set") struct ClockStepTests {
        private let clock = SteppedClock()
        private let agent: LiveAgent

        init() throws {
            let clock = clock
            agent = try LiveAgent {
                $0.sensors.sockets = false
                $0.clockOffset = { clock.offset }
            }
            try agent.start()
        }

        /// Lets processes end until one is told with a time that is so far from the machine's clock.
        private func expectTimes(ahead seconds: ClosedRange<Double>) throws {
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            var told = 0.0
            repeat {
                let before = Double(RealtimeClock.now) / 1e9
                let time = try agent.run(.exit(0)).exit().json["time"].text
                told = (try #require(secondsSince1970(time))) - before
                if seconds.contains(told) { return }
            } while MonotonicClock.now < deadline
            Issue.record("events are \(told) s ahead of the machine's clock, not \(seconds)")
        }

        /// `2026-11-21T16:18:47.123456789Z`, by Howard Hinnant's days_from_civil.
        private func secondsSince1970(_ time: String) -> Double? {
            let parts = time.dropLast().split { "-T:".contains($0) }.compactMap { Double($0) }
            guard parts.count == 6 else { return nil }
            let (month, day) = (Int(parts[1]), Int(parts[2]))
            let year = Int(parts[0]) - (month <= 2 ? 1 : 0)
            let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
            let ofEra = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + ofYear
            let days = year / 400 * 146_097 + ofEra - 719_468
            return Double(days * 86_400) + parts[3] * 3600 + parts[4] * 60 + parts[5]
        }

        @Test("forward: events follow within a second or two")
        func forward() throws {
            try expectTimes(ahead: -5...60)
            clock.set(ahead: 3600)
            try expectTimes(ahead: 3595...3660)
            agent.stop()
        }

        @Test("back: times of the stream go on, at half speed, and the daemon says how far ahead they are")
        func back() async throws {
            try expectTimes(ahead: -5...60)
            clock.set(ahead: -3600)
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            while await agent.engine.clockAhead() == 0, MonotonicClock.now < deadline {
                try agent.settle()
            }
            #expect(await agent.engine.clockAhead() > 3_500_000_000_000)
            try expectTimes(ahead: -60...60)
            agent.stop()

            let times = agent.capture.all.compactMap { secondsSince1970($0.json["time"].text) }
            #expect(times.count == agent.capture.count)
            // Neighbours of different CPUs may be turned around by an instant, never by the step.
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 > $0 - 1 })
        }
    }
}
