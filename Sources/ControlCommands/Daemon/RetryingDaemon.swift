package import AgentModel
package import ControlAPI

/// A daemon that is asked again while nobody answers where it should be: it is just being started.
///
/// Events that came already are not asked for again: what breaks off later is `--reconnect`'s.
package struct RetryingDaemon: Daemon {
    /// With doubled waits more than half an hour.
    package static let mostRetries = 10

    private let daemon: any Daemon
    private let retries: Int
    private let firstWait: Duration

    package init(_ daemon: any Daemon, retries: Int, firstWait: Duration = .seconds(1)) {
        self.daemon = daemon
        self.retries = retries
        self.firstWait = firstWait
    }

    private func retried<Answer>(
        unless isPointless: () -> Bool = { false }, _ ask: () async throws -> Answer
    ) async throws -> Answer {
        var wait = firstWait
        for left in stride(from: retries, to: 0, by: -1) {
            do {
                return try await ask()
            } catch let error as ClientError where error.isUnreachable && !isPointless() {
                Output.remark("\(error); trying again in \(wait) (\(left) left)")
                try await Task.sleep(for: wait)
                wait *= 2
            }
        }
        return try await ask()
    }

    package func events(_ request: EventRequest, _ body: (EventLines) async throws -> Bool) async throws {
        var began = false
        func ask() async throws {
            try await daemon.events(request) { lines in
                began = true
                return try await body(lines)
            }
        }
        try await retried(unless: { began }, ask)
    }

    package func status() async throws -> AgentStatus { try await retried { try await daemon.status() } }

    package func processes() async throws -> [ProcessListing] {
        try await retried { try await daemon.processes() }
    }

    package func sockets() async throws -> [SocketListing] {
        try await retried { try await daemon.sockets() }
    }

    package func workloads() async throws -> WorkloadReport {
        try await retried { try await daemon.workloads() }
    }

    package func identities() async throws -> IdentityReport {
        try await retried { try await daemon.identities() }
    }

    package func mechanisms() async throws -> [MechanismListing] {
        try await retried { try await daemon.mechanisms() }
    }

    package func configuration() async throws -> [String: String] {
        try await retried { try await daemon.configuration() }
    }
}
