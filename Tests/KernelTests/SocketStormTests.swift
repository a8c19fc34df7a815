import AgentCore
import AgentModel
import CEventABI
import EventModel
import Glibc
import LinuxSystem
import Logging
import Sensors
import Testing

extension KernelSuite {
    @Suite("many sockets") struct SocketStormTests {
        @Test("20,000 connections by two threads: exactly one event of each kind for each, nothing lost")
        func storm() async throws {
            let shared = LiveAgent.shared
            let counter = LineCounter()
            var agent = secd_agent()
            agent.pid = UInt32(getpid())
            agent.wake_bytes = 1 << 20
            let engine = try AgentEngine(
                EngineOptions(
                    sensors: SensorOptions(
                        // Two cores make the storm and read it, twice: the whole of it has room.
                        agent: agent, observationRing: 64 << 20, cgroupRoot: Kernel.cgroupRoot),
                    nodeName: "node"),
                logger: Logger(label: "kernel-tests"))
            engine.add(lines: counter)
            try engine.start(version: "test")
            let count = Kernel.scaled(10_000) * 2

            let activity = try Activity([.wait, Step("connect-often", count, 2)])
            counter.watch(activity.pid)
            shared.capture.ignore(activity.pid)
            activity.release()
            #expect(try activity.wait() == .exited(0))
            // `stop` reads everything that happened before it.
            engine.stop(reason: "test")

            let counts = counter.counts
            #expect(counts["socket_create"] == count + 2)
            #expect(counts["socket_bind"] == 2)
            #expect(counts["socket_listen"] == 2)
            #expect(counts["socket_connect"] == 2 * count)
            #expect(counts["socket_accept"] == count)
            #expect(counts["socket_close"] == 2 * count + 2)
            #expect(counts["socket_handover"] == nil)
            #expect(counter.gaps == 0)
            // The next test finds nothing of it waiting.
            try shared.settle()
            shared.capture.ignore(nil)
        }

        @Test("closes that were lost: the list of open sockets becomes right all the same")
        func lostCloses() async throws {
            let agent = try LiveAgent { $0.sensors.observationRing = 1 << 16 }
            // Nobody reads yet: the ring holds about two hundred records.
            let sockets = 0..<50
            let activity = try Activity(
                sockets.map { .socket($0, Net.inet, Net.datagram) } + [Step("connect-often", 100, 1)]
                    + sockets.dropFirst().map { .close(socket: $0) } + [.report, .wait])
            _ = try activity.report()
            try agent.start()
            _ = try agent.expect("stream_gap") { $0.body["ring"].text == "observation" }
            let pid = UInt32(activity.pid)
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            var open = await agent.engine.sockets().filter { $0.pid == pid }
            while open.count > 1, MonotonicClock.now < deadline {
                try await Task.sleep(for: .milliseconds(50))
                open = await agent.engine.sockets().filter { $0.pid == pid }
            }
            activity.release()
            try activity.wait()
            agent.stop()

            #expect(open.map(\.kind) == ["udp"])
        }
    }
}

/// Counts the lines of one process by kind, without reading the rest of them.
private final class LineCounter: EventConsumer, @unchecked Sendable {
    // @unchecked: `condition` guards everything.
    private let condition = Condition()
    private var pid: [UInt8] = []
    private var byKind: [String: Int] = [:]
    private var gapLines = 0

    var counts: [String: Int] { locked { byKind } }
    var gaps: Int { locked { gapLines } }

    func watch(_ pid: Int) {
        locked { self.pid = Array("\"pid\":\(pid),".utf8) }
    }

    func deliver(_ batch: consuming EventBatch) -> EventBatch {
        condition.lock()
        for index in batch.entries.indices { count(batch.bytes[batch.range(of: index)]) }
        condition.unlock()
        return EventBatch()
    }

    private func count(_ line: ArraySlice<UInt8>) {
        // `{"socket_create":{"process":{"exec_id":"…","pid":…`
        guard let end = line.dropFirst(2).firstIndex(of: UInt8(ascii: "\"")) else { return }
        let kind = String(decoding: line[(line.startIndex + 2)..<end], as: UTF8.self)
        if kind == "stream_gap" { gapLines += 1 }
        if !pid.isEmpty, line.begins(with: pid) { byKind[kind, default: 0] += 1 }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        condition.lock()
        defer { condition.unlock() }
        return body()
    }
}
