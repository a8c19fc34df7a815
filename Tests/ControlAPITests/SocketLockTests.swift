import AgentModel
import ControlAPI
import Foundation
import Logging
import Testing

@Suite struct SocketLockTests {
    private func withPath(_ body: (String) async throws -> Void) async throws {
        let path = Fixture.newPath()
        defer {
            try? FileManager.default.removeItem(
                at: URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent())
        }
        try await body(path)
    }

    @Test func oneHasIt() async throws {
        try await withPath { path in
            let first = try SocketLock(path)
            let error = #expect(throws: (any Error).self) { _ = try SocketLock(path) }
            #expect(
                "\(try #require(error))" == "another secd serves \(path): stop it, or choose another --socket"
            )
            #expect(first.path == path)
        }
    }

    @Test func whoIsLeavingIsWaitedFor() async throws {
        try await withPath { path in
            var leaving: SocketLock? = try SocketLock(path)
            var looksWhileHeld = 0
            let next = try SocketLock(path) { _ in
                // Asked once more where another test forks meanwhile: its child has the lock until it executes.
                guard leaving != nil else { return true }
                looksWhileHeld += 1
                if looksWhileHeld == 3 { leaving = nil }
                return true
            }
            #expect(looksWhileHeld == 3 && next.path == path)
        }
    }

    /// Taken before the server is made, and given back with it.
    @Test func aServerServesBehindItsLock() async throws {
        try await withPath { path in
            let lock = try SocketLock(path)
            #expect(!FileManager.default.fileExists(atPath: path))
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let configuration = ControlServer.Configuration(
                socketPath: path, socketGroup: "", version: "1")
            let server = try await ControlServer.start(
                configuration, lock: lock, agent: FakeAgent(), logger: logger)
            #expect(try await AgentClient(socketPath: path).status().version == "1.2.3")
            await server.stop()
            _ = try SocketLock(path)
        }
    }
}
