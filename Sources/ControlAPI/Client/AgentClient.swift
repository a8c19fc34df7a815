public import AgentModel
import ControlProtos
import FoundationEssentials
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf

/// Talks to a running daemon. A value without connection: every call connects, asks and closes,
/// so that a client survives restarts of the daemon.
///
/// All calls throw `ClientError`, whose description says what to do, except where `events` passes
/// on what its body throws.
public struct AgentClient: Sendable {
    let target: ClientTarget
    /// How long a daemon may take to answer; nil = 30 seconds for a question, any time for the begin of a stream.
    private let timeout: Duration?

    private static let usualTimeout = Duration.seconds(30)

    /// A daemon on this machine.
    public init(socketPath: String = "/run/secd/secd.sock", timeout: Duration? = nil) {
        target = .unix(path: socketPath)
        self.timeout = timeout
    }

    /// A daemon that listens on TCP, `host:port`.
    /// - Throws: `ClientError` where the address cannot be read.
    public init(address: String, tls: ClientTLS? = nil, timeout: Duration? = nil) throws {
        target = try .tcp(address, tls: tls)
        self.timeout = timeout
    }

    /// Gives batches of live events to `body` until it returns false, the daemon stops (the call
    /// returns) or the task is cancelled. The subscription's format and peer are not sent.
    public func events(
        _ subscription: Subscription, _ body: (EventLines) async throws -> Bool
    ) async throws {
        try await EventReader(
            target: target, request: Secd_V1_EventsRequest(subscription), timeout: timeout
        ).run(body)
    }

    /// The daemon's account of itself, as `secctl status` shows it.
    public func status() async throws -> AgentStatus {
        try await ask("Status", Secd_V1_StatusRequest())
    }

    /// Living processes and the ended ancestors that are kept for them, by pid and start.
    public func processes() async throws -> [ProcessListing] {
        try await ask("Processes", Secd_V1_ProcessesRequest())
    }

    /// Open sockets that the daemon knows, by cookie.
    public func sockets() async throws -> [SocketListing] {
        try await ask("Sockets", Secd_V1_SocketsRequest())
    }

    /// Containers, units and sessions, and how the sources of their names do.
    public func workloads() async throws -> WorkloadReport {
        try await ask("Workloads", Secd_V1_WorkloadsRequest())
    }

    /// Numbers of sets of labels, reserved ones included, and how their store does.
    public func identities() async throws -> IdentityReport {
        try await ask("Identities", Secd_V1_IdentitiesRequest())
    }

    /// What the kernel offers and what stands in: the rows of `secctl doctor`.
    public func mechanisms() async throws -> [MechanismListing] {
        try await ask("Mechanisms", Secd_V1_MechanismsRequest())
    }

    /// The settings in force, by name; values as the file would have them.
    public func configuration() async throws -> [String: String] {
        try await ask("Configuration", Secd_V1_ConfigurationRequest())
    }

    /// Every policy, wanted or running, in the order in which names count.
    public func policies() async throws -> [PolicyStatus] {
        try await ask("Policies", Secd_V1_PoliciesRequest())
    }

    /// Makes one call; what goes wrong becomes a sentence.
    func call<Response: Message>(
        _ method: MethodDescriptor, _ request: some Message, metadata: Metadata = [:], _: Response.Type
    ) async throws -> Response {
        var options = target.callOptions
        options.timeout = timeout ?? Self.usualTimeout
        do {
            let call = options
            return try await withGRPCClient(transport: try target.transport()) { client in
                try await client.unary(
                    request: ClientRequest(message: request, metadata: metadata), descriptor: method,
                    serializer: ProtobufSerializer(), deserializer: ProtobufDeserializer<Response>(),
                    options: call
                ) { try $0.message }
            }
        } catch {
            throw target.sentence(for: error)
        }
    }

    private func ask<Answer: Decodable>(_ method: String, _ request: some Message) async throws -> Answer {
        let document = try await call(ClientTarget.method(method), request, Secd_V1_Document.self)
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try decoder.decode(Answer.self, from: document.json)
        } catch {
            throw ClientError(
                "the daemon's answer to \(method) cannot be read: are secctl and secd of the same version? (\(error))"
            )
        }
    }
}

extension Secd_V1_EventsRequest {
    fileprivate init(_ subscription: Subscription) {
        self.init()
        allowList = subscription.allow.map(\.message)
        denyList = subscription.deny.map(\.message)
        fieldFilters = subscription.fieldFilters.map(\.message)
    }
}
