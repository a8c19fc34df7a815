import AgentModel
import ControlAPI
import EventFilters
import Foundation
import Synchronization
import TestSupport
import Testing

extension DaemonSuite {
    /// Clients that do not read, do not speak the protocol, or come in crowds.
    @Suite struct ClientFaultTests {
        /// What one client got.
        private final class Received: Sendable {
            private let state = Mutex((events: 0, lost: 0, open: true))
            var events: Int { state.withLock { $0.events } }
            var lost: Int { state.withLock { $0.lost } }
            func take(_ lines: EventLines) {
                state.withLock { ($0.events, $0.lost) = ($0.events + lines.count, $0.lost + Int(lines.lost)) }
            }
        }

        /// Opens when the test lets it.
        private final class Gate: Sendable {
            private let isOpen = Mutex(false)
            func open() { isOpen.withLock { $0 = true } }
            func pass() async {
                while !isOpen.withLock({ $0 }) { try? await Task.sleep(for: .milliseconds(5)) }
            }
        }

        private func await30(_ condition: () async throws -> Bool) async throws -> Bool {
            let deadline = ContinuousClock.now + .seconds(60)
            while try await !condition() {
                if ContinuousClock.now > deadline { return false }
                try await Task.sleep(for: .milliseconds(10))
            }
            return true
        }

        @Test func aClientThatDoesNotReadLosesAloneAndIsToldHowMuch() async throws {
            let daemon = try TestDaemon.started()
            let client = AgentClient(socketPath: daemon.socket)
            let (stalled, reading, gate) = (Received(), Received(), Gate())
            let first = Task {
                try await client.events(Subscription(format: .json, peer: "")) { lines in
                    stalled.take(lines)
                    await gate.pass()
                    return true
                }
            }
            let second = Task {
                try await client.events(Subscription(format: .json, peer: "")) { lines in
                    reading.take(lines)
                    return true
                }
            }
            #expect(try await await30 { try await client.status().subscribers.count == 2 })
            // Until its queue is full: what does not fit is counted for it alone.
            var lost: UInt64 = 0
            for _ in 0..<60 where lost == 0 {
                try Run.processes(100)
                lost = try await client.status().subscribers.map(\.lost).max() ?? 0
            }
            #expect(lost > 0)
            let status = try await client.status()
            #expect(
                status.subscribers.count { $0.lost == 0 } == 1 && status.sinks.allSatisfy { $0.lost == 0 })
            #expect(status.problems.isEmpty)
            gate.open()
            #expect(try await await30 { stalled.lost > 0 })
            try daemon.settle()
            // In order: the streams end with what waits in them.
            try daemon.stop()
            _ = await first.result
            _ = await second.result
            let written = try daemon.lines.count
            #expect(reading.lost == 0)
            // Not seen: what came before it subscribed, and stream_stop, which comes after the API has ended.
            #expect(reading.events > 1000 && reading.events < written)
            #expect(try daemon.secctl("verify", daemon.exportFile).output.hasSuffix("\ncomplete\n"))
        }

        @Test func garbageCrowdsAndHalfOpenConnectionsAreSurvived() async throws {
            let daemon = try TestDaemon.started()
            let client = AgentClient(socketPath: daemon.socket)
            let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            var generator = SystemRandomNumberGenerator()
            for round in 0..<100 {
                let wire = try #require(Wire(unix: daemon.socket))
                if round % 2 == 0 { wire.send(preface) }
                wire.send((0..<(1 + round * 50)).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            // HTTP/2 begun and never gone on with; and connections that say nothing at all.
            var held: [Wire] = []
            for number in 0..<400 {
                guard let wire = Wire(unix: daemon.socket) else { break }
                if number % 2 == 0 { wire.send(preface) }
                if number % 4 == 0 { wire.send([0, 0, 0, 4, 0, 0, 0, 0, 0]) }
                held.append(wire)
            }
            #expect(held.count == 400)
            #expect(try await client.status().pid == daemon.pid)
            try daemon.settle()
            // They do not hold up the end either.
            try daemon.stop()
            #expect(!daemon.log.contains("listener failed"))
            withExtendedLifetime(held) {}
        }

        @Test func aRequestThatIsTooLargeIsRefused() async throws {
            let daemon = try TestDaemon.started()
            let client = AgentClient(socketPath: daemon.socket)
            var filter = FilterSpec()
            filter.binaryRegex = [String(repeating: "a", count: 2 << 20)]
            let huge = Subscription(allow: [filter], format: .json, peer: "")
            await #expect(throws: ClientError.self) { try await client.events(huge) { _ in false } }
            filter.binaryRegex = ["("]
            let wrong = Subscription(allow: [filter], format: .json, peer: "")
            let error = await #expect(throws: ClientError.self) {
                try await client.events(wrong) { _ in false }
            }
            #expect(error?.description.contains("a ( without its )") == true, "\(error?.description ?? "")")
            #expect(try await client.status().subscribers.isEmpty)
            try daemon.stop()
        }

        @Test func metricsAnswerWhileSlowClientsHoldOn() throws {
            let port = try FreePort.tcp()
            let daemon = try TestDaemon.started(["--metrics", "127.0.0.1:\(port)"])
            var slow: [Wire] = []
            for _ in 0..<30 {
                let wire = try #require(Wire(port: port))
                wire.send("GET /metrics HTTP/1.1\r\nHo")
                slow.append(wire)
            }
            try Run.processes(5)
            try daemon.settle()
            let metrics = try #require(Wire(port: port))
            metrics.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            let text = metrics.readAll()
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(
                text.contains("\nsecd_healthy 1\n")
                    && text.contains("secd_events_total{kind=\"process_exec\"} "))
            let health = try #require(Wire(port: port))
            health.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(health.readAll().hasSuffix("\r\n\r\nok\n"))
            let long = try #require(Wire(port: port))
            long.send("GET /metrics HTTP/1.1\r\nX: " + String(repeating: "a", count: 64 << 10))
            #expect(long.readAll().isEmpty)
            // A connection that does not go on is closed by the daemon.
            #expect(slow[0].readAll().isEmpty)
            let second = try TestDaemon(["--metrics", "127.0.0.1:\(port)"])
            #expect(second.program.wait() == .code(69))
            #expect(second.log.contains("secd: cannot serve metrics on 127.0.0.1:\(port): "))
            try daemon.stop()
        }
    }
}
