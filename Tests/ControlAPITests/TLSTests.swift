import AgentModel
import ControlAPI
import ControlProtos
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Logging
import Testing

/// A server on TCP with certificates on both sides.
private struct TLSFixture {
    let agent = FakeAgent()
    let folder: URL
    let authority: TestAuthority
    let stranger: TestAuthority
    let server: ControlServer
    let port: Int

    private init(serverHost: String) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "secd-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        authority = try TestAuthority("authority", in: folder)
        stranger = try TestAuthority("stranger", in: folder)
        let own = try authority.issue("server", host: serverHost)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        server = try await ControlServer.start(
            .init(
                socketPath: folder.appending(path: "s.sock").path, socketGroup: "", version: "1.2.3",
                tcp: .init(
                    host: "127.0.0.1", port: 0, certificateFile: own.certificate, keyFile: own.key,
                    clientAuthoritiesFile: authority.file,
                    administrators: ["operator", "CN=deputy"])),
            agent: agent, logger: logger)
        port = server.tcpPort ?? 0
    }

    static func run(serverHost: String = "localhost", _ body: (TLSFixture) async throws -> Void) async throws
    {
        let fixture = try await TLSFixture(serverHost: serverHost)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(fixture))
        } catch {
            result = .failure(error)
        }
        await fixture.server.stop()
        try? FileManager.default.removeItem(at: fixture.folder)
        try result.get()
    }

    /// A client that shows a certificate, or none at all without TLS.
    func client(_ identity: TestAuthority.Identity?, trusting authority: TestAuthority) throws -> AgentClient
    {
        try AgentClient(
            address: "localhost:\(port)",
            tls: identity.map {
                ClientTLS(caFiles: [authority.file], certificateFile: $0.certificate, keyFile: $0.key)
            })
    }

    /// Whether somebody with the right certificate still gets an answer.
    func serves() async throws -> Bool {
        try await client(try authority.issue("operator"), trusting: authority).status().pid == 42
    }
}

@Suite(.hangGuard) struct TLSTests {
    @Test func certificatesOnBothSidesLetIn() async throws {
        try await TLSFixture.run { fixture in
            #expect(try await fixture.serves())
            let client = try fixture.client(
                try fixture.authority.issue("reader"), trusting: fixture.authority)
            async let reading: Void = client.events(Subscription(format: .json, peer: "")) { lines in
                lines.count == 0
            }
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish([Array("{}".utf8)])
            try await reading
            #expect(fixture.agent.subscribers[0].subscription.peer.contains("127.0.0.1"))
        }
    }

    enum Stranger: CaseIterable {
        case otherAuthority, expired, notYetValid, plaintext
    }

    @Test(arguments: Stranger.allCases) func othersAreRefused(_ who: Stranger) async throws {
        try await TLSFixture.run { fixture in
            let identity: TestAuthority.Identity? =
                switch who {
                case .otherAuthority: try fixture.stranger.issue("client")
                case .expired: try fixture.authority.issue("client", validity: TestAuthority.expired)
                case .notYetValid: try fixture.authority.issue("client", validity: TestAuthority.future)
                case .plaintext: nil
                }
            let client = try fixture.client(identity, trusting: fixture.authority)
            let error = await #expect(throws: ClientError.self) { _ = try await client.status() }
            #expect(error?.description.contains("localhost:\(fixture.port)") == true)
            #expect(fixture.agent.subscribers.isEmpty)
            #expect(try await fixture.serves())
        }
    }

    @Test func aClientWithoutCertificateIsRefused() async throws {
        try await TLSFixture.run { fixture in
            let authority = fixture.authority.file
            let transport = try HTTP2ClientTransport.Posix(
                target: .dns(host: "localhost", port: fixture.port),
                transportSecurity: .tls {
                    $0.trustRoots = .certificates([.file(path: authority, format: .pem)])
                })
            await #expect(throws: RPCError.self) {
                try await withGRPCClient(transport: transport) { client in
                    var options = CallOptions.defaults
                    options.waitForReady = false
                    _ = try await client.unary(
                        request: ClientRequest(message: Tetragon_GetVersionRequest()),
                        descriptor: MethodDescriptor(
                            fullyQualifiedService: "tetragon.FineGuidanceSensors", method: "GetVersion"),
                        serializer: ProtobufSerializer<Tetragon_GetVersionRequest>(),
                        deserializer: ProtobufDeserializer<Tetragon_GetVersionResponse>(), options: options
                    ) { try $0.message }
                }
            }
            #expect(try await fixture.serves())
        }
    }

    @Test(arguments: ["operator", "deputy"]) func namedAdministratorsChangePolicies(_ name: String)
        async throws
    {
        try await TLSFixture.run { fixture in
            fixture.agent.book.set([FakePolicies.status("keys")])
            let client = try fixture.client(try fixture.authority.issue(name), trusting: fixture.authority)
            try await client.configure(PolicyKey(name: "keys"), enabled: false)
            #expect(try await client.policies().map(\.name) == ["keys"])
        }
    }

    /// Neither others nor those whose names only look alike.
    @Test(arguments: ["reader", "Operator", "operator,CN=operator", "operators"])
    func othersReadPoliciesOnly(_ name: String) async throws {
        try await TLSFixture.run { fixture in
            fixture.agent.book.set([FakePolicies.status("keys")])
            let client = try fixture.client(try fixture.authority.issue(name), trusting: fixture.authority)
            let error = await #expect(throws: ClientError.self) {
                try await client.configure(PolicyKey(name: "keys"), enabled: false)
            }
            #expect(error?.description.contains("tcp.administrators") == true)
            #expect(try await client.policies().map(\.name) == ["keys"])
        }
    }

    /// The client, too, looks whom it talks to.
    @Test func aForeignServerIsNotAsked() async throws {
        try await TLSFixture.run { fixture in
            let client = try fixture.client(
                try fixture.authority.issue("operator"), trusting: fixture.stranger)
            await #expect(throws: ClientError.self) { _ = try await client.status() }
        }
        try await TLSFixture.run(serverHost: "other.example") { fixture in
            let own = try fixture.authority.issue("operator")
            await #expect(throws: ClientError.self) {
                _ = try await fixture.client(own, trusting: fixture.authority).status()
            }
            let named = try AgentClient(
                address: "localhost:\(fixture.port)",
                tls: ClientTLS(
                    caFiles: [fixture.authority.file], certificateFile: own.certificate, keyFile: own.key,
                    serverName: "other.example"))
            #expect(try await named.status().pid == 42)
        }
    }

    @Test func missingCertificatesAreASentence() async throws {
        let path = Fixture.newPath()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let error = await #expect(throws: ServerError.self) {
            _ = try await ControlServer.start(
                .init(
                    socketPath: path, socketGroup: "", version: "1.2.3",
                    tcp: .init(
                        host: "127.0.0.1", port: 0, certificateFile: "/none.pem", keyFile: "/none.key",
                        clientAuthoritiesFile: "/none.ca")),
                agent: FakeAgent(), logger: logger)
        }
        #expect(
            error?.description.contains("check the address, and that the certificate files exist") == true)
        #expect(!FileManager.default.fileExists(atPath: path))
        try? FileManager.default.removeItem(
            at: URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent())
    }
}
