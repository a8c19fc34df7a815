import ControlAPI
import ControlProtos
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Logging
import SwiftProtobuf
import Testing

extension Trait where Self == TimeLimitTrait {
    /// Only what hangs exceeds it: no test measures time by it. Long, because all tests of the process run at
    /// once, on few cores.
    static var hangGuard: Self { .timeLimit(.minutes(5)) }
}

typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

/// A server on a socket of its own, with an agent that the test drives.
struct Fixture: Sendable {
    let agent = FakeAgent()
    let socket: String
    let server: ControlServer

    /// - Parameter changers: users who may change policies; nil = as a daemon decides.
    init(socket: String? = nil, changers: Set<UInt32>? = nil) async throws {
        self.socket = socket ?? Self.newPath()
        server = try await Self.start(self.socket, agent, changers: changers)
    }

    static func newPath() -> String {
        "/tmp/secd-api-\(getpid())-\(UInt32.random(in: 0 ... .max))/run/secd.sock"
    }

    static func start(
        _ socket: String, _ agent: FakeAgent, changers: Set<UInt32>? = nil
    ) async throws -> ControlServer {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try await ControlServer.start(
            .init(
                socketPath: socket, socketGroup: "no-such-group", version: "1.2.3", changers: changers),
            agent: agent, logger: logger)
    }

    var client: AgentClient { AgentClient(socketPath: socket) }

    func cleanUp() async {
        await server.stop()
        try? FileManager.default.removeItem(
            at: URL(filePath: socket).deletingLastPathComponent().deletingLastPathComponent())
    }

    /// Runs a test with a server and stops it afterwards.
    static func run(
        changers: Set<UInt32>? = nil, _ body: (Fixture) async throws -> Void
    ) async throws {
        let fixture = try await Fixture(changers: changers)
        do {
            try await body(fixture)
        } catch {
            await fixture.cleanUp()
            throw error
        }
        await fixture.cleanUp()
    }

    /// Calls a method of Tetragon's service with its own messages.
    func tetragon<Request: Message, Response: Message>(
        _ method: String, _ request: Request, _: Response.Type = Response.self, metadata: Metadata = [:]
    ) async throws -> Response {
        try await withGRPCClient(transport: transport()) { client in
            try await client.unary(
                request: ClientRequest(message: request, metadata: metadata), descriptor: Self.method(method),
                serializer: ProtobufSerializer<Request>(), deserializer: ProtobufDeserializer<Response>(),
                options: .defaults
            ) { try $0.message }
        }
    }

    /// Reads `count` messages of GetEvents.
    func getEvents(
        _ request: Tetragon_GetEventsRequest = .init(), count: Int, timeout: Duration? = nil
    ) async throws -> [Tetragon_GetEventsResponse] {
        var options = CallOptions.defaults
        options.timeout = timeout
        let call = options
        return try await withGRPCClient(transport: transport()) { client in
            try await client.serverStreaming(
                request: ClientRequest(message: request), descriptor: Self.method("GetEvents"),
                serializer: ProtobufSerializer<Tetragon_GetEventsRequest>(),
                deserializer: ProtobufDeserializer<Tetragon_GetEventsResponse>(), options: call
            ) { response in
                var events: [Tetragon_GetEventsResponse] = []
                for try await event in response.messages {
                    events.append(event)
                    if events.count == count { break }
                }
                return events
            }
        }
    }

    private func transport() throws -> HTTP2ClientTransport.Posix {
        try .http2NIOPosix(
            target: .unixDomainSocket(path: socket, authority: "localhost"), transportSecurity: .plaintext)
    }

    private static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: "tetragon.FineGuidanceSensors", method: name)
    }
}

/// An encoded exec event.
func execEvent(_ binary: String) throws -> [UInt8] {
    var event = Tetragon_GetEventsResponse()
    event.processExec.process.binary = binary
    return try event.serializedBytes()
}

extension EventLines {
    var texts: [String] { (0..<count).map { String(decoding: self[$0], as: UTF8.self) } }
}

/// Collects from concurrent code.
actor Collected<Element: Sendable> {
    private(set) var all: [Element] = []
    func append(_ elements: [Element]) { all += elements }
}
