import AgentModel
import ControlAPI
import ControlCommands
import Foundation
import Synchronization
import Testing

/// A daemon that fails some times, and then answers.
private final class LateDaemon: Daemon {
    private let failures: Mutex<[ClientError]>
    let calls = Mutex(0)
    /// What a stream ends with after its first events.
    let streamEnd = Mutex<ClientError?>(nil)

    init(_ failures: ClientError...) {
        self.failures = Mutex(failures)
    }

    private func answer() throws {
        calls.withLock { $0 += 1 }
        if let failure = failures.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { throw failure }
    }

    func events(_ request: EventRequest, _ body: (EventLines) async throws -> Bool) async throws {
        try answer()
        _ = try await body(EventLines(bytes: [0x7b, 0x7d], ends: [2]))
        if let end = streamEnd.withLock({ $0 }) { throw end }
    }

    func status() async throws -> AgentStatus { throw ClientError("none") }
    func processes() async throws -> [ProcessListing] { [] }
    func sockets() async throws -> [SocketListing] { [] }
    func workloads() async throws -> WorkloadReport { WorkloadReport(workloads: [], providers: [:]) }
    func identities() async throws -> IdentityReport { IdentityReport(store: "") }
    func mechanisms() async throws -> [MechanismListing] { [] }
    func configuration() async throws -> [String: String] {
        try answer()
        return ["a": "b"]
    }
}

@Suite struct RetryTests {
    private static let absent = ClientError("no daemon listens on /x", isUnreachable: true)

    @Test func aDaemonThatComesLateIsFound() async throws {
        let late = LateDaemon(Self.absent, Self.absent)
        let daemon = RetryingDaemon(late, retries: 2, firstWait: .milliseconds(1))
        #expect(try await daemon.configuration() == ["a": "b"])
        #expect(late.calls.withLock { $0 } == 3)
    }

    @Test func liveEventsWaitLikewise() async throws {
        let late = LateDaemon(Self.absent)
        let batches = Mutex(0)
        try await RetryingDaemon(late, retries: 1, firstWait: .milliseconds(1)).events(EventRequest()) { _ in
            batches.withLock { $0 += 1 }
            return true
        }
        #expect(late.calls.withLock { $0 } == 2)
        #expect(batches.withLock { $0 } == 1)
    }

    /// A daemon that was killed is not there either; whether to wait for its successor is another question.
    @Test func aStreamThatBreaksOffIsNotTriedAgain() async {
        let late = LateDaemon()
        late.streamEnd.withLock { $0 = Self.absent }
        let daemon = RetryingDaemon(late, retries: 5, firstWait: .milliseconds(1))
        await #expect(throws: ClientError.self) { try await daemon.events(EventRequest()) { _ in true } }
        #expect(late.calls.withLock { $0 } == 1)
    }

    @Test func afterTheLastRetryTheErrorIsPassedOn() async {
        let late = LateDaemon(Self.absent, Self.absent, Self.absent)
        let daemon = RetryingDaemon(late, retries: 1, firstWait: .milliseconds(1))
        await #expect(throws: ClientError.self) { try await daemon.configuration() }
        #expect(late.calls.withLock { $0 } == 2)
    }

    /// A daemon that answers with a refusal is there: asking again changes nothing.
    @Test func anAnswerIsNotAskedForAgain() async {
        let late = LateDaemon(ClientError("no permission to use /x"))
        let daemon = RetryingDaemon(late, retries: 5, firstWait: .milliseconds(1))
        await #expect(throws: ClientError.self) { try await daemon.configuration() }
        #expect(late.calls.withLock { $0 } == 1)
    }

    @Test func whatDoesNotListenIsUnreachable() async {
        let error = await #expect(throws: ClientError.self) {
            try await AgentClient(socketPath: "/no/such/secd.sock").configuration()
        }
        #expect(error?.isUnreachable == true)
    }
}
