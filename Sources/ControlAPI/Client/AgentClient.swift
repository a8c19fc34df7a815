public import AgentModel

/// Talks to a running daemon. A value without connection: every call connects, asks and closes,
/// so that a client survives restarts of the daemon.
///
/// All calls throw `ClientError`, whose description says what to do, except where `events` passes
/// on what its body throws.
public struct AgentClient: Sendable {
    let target: ClientTarget

    /// A daemon on this machine.
    public init(socketPath: String = "/run/secd/secd.sock") {
        target = .unix(path: socketPath)
    }

    /// A daemon that listens on TCP, `host:port`.
    /// - Throws: `ClientError` where the address cannot be read.
    public init(address: String, tls: ClientTLS? = nil) throws {
        target = try .tcp(address, tls: tls)
    }

    /// Gives batches of live events to `body` until it returns false, the daemon stops (the call
    /// returns) or the task is cancelled. The subscription's format and peer are not sent.
    public func events(
        _ subscription: Subscription, _ body: (EventLines) async throws -> Bool
    ) async throws {
        throw ClientError("not implemented yet")
    }

    public func status() async throws -> AgentStatus {
        throw ClientError("not implemented yet")
    }

    public func processes() async throws -> [ProcessListing] {
        throw ClientError("not implemented yet")
    }

    public func sockets() async throws -> [SocketListing] {
        throw ClientError("not implemented yet")
    }

    public func mechanisms() async throws -> [MechanismListing] {
        throw ClientError("not implemented yet")
    }

    public func configuration() async throws -> [String: String] {
        throw ClientError("not implemented yet")
    }
}
