import KubernetesClient
import KubernetesObjects
import NIOSSL
import Testing

/// Who is believed: a server by the configured authority alone, a client by its certificate.
@Suite(.timeLimit(.minutes(5))) struct TLSTests {
    private let authority: TestAuthority
    private let client: TestAuthority.Identity
    /// Of a server that has proof of its name and of this machine's address; of one that has its name alone.
    private let context: NIOSSLContext
    private let named: NIOSSLContext

    init() throws {
        authority = try TestAuthority("cluster")
        client = try authority.issue("secd", isLocal: false)
        context = try Self.context(authority, authority.issue("kubernetes"))
        named = try Self.context(authority, authority.issue("kubernetes", isLocal: false))
    }

    private static func context(
        _ authority: TestAuthority, _ server: TestAuthority.Identity
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(server.certificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(server.key.utf8), format: .pem)))
        configuration.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(authority.certificate.utf8)))
        configuration.certificateVerification = .noHostnameVerification
        return try NIOSSLContext(configuration: configuration)
    }

    private func follow(
        authority: String, identity: TestAuthority.Identity?, name: String = "",
        by server: NIOSSLContext? = nil
    ) async throws -> Following {
        try await Following(
            pods: [pod("web")], tls: server ?? context,
            access: { port in
                var access = ClusterAccess(
                    server: ServerAddress(isSecure: true, host: "127.0.0.1", port: port))
                access.authority = .inline(Array(authority.utf8))
                access.serverName = name
                access.identity = identity.map {
                    ClusterAccess.Identity(
                        certificate: .inline(Array($0.certificate.utf8)), key: .inline(Array($0.key.utf8)))
                }
                return access
            })
    }

    @Test func listsAndWatchesWithACertificate() async throws {
        var following = try await follow(authority: authority.certificate, identity: client)
        #expect(await following.nextList() == ["web"])
        _ = await following.nextWatch()
        try following.cluster.put(pod("db"))
        #expect(await following.nextSet()?.metadata.name == "db")
        await following.stop()
    }

    @Test func believesTheNameThatIsConfigured() async throws {
        var following = try await follow(
            authority: authority.certificate, identity: client, name: "kubernetes", by: named)
        #expect(await following.nextList() == ["web"])
        await following.stop()
    }

    @Test func doesNotBelieveAnotherName() async throws {
        var following = try await follow(
            authority: authority.certificate, identity: client, name: "elsewhere", by: named)
        let state = await following.nextState { $0.lastError.hasPrefix("TLS: ") }
        #expect(state.lastError.hasPrefix("TLS: ") && !state.isSynced)
        await following.stop()
    }

    @Test func doesNotBelieveAnotherAuthority() async throws {
        var following = try await follow(
            authority: try TestAuthority("other").certificate, identity: client)
        let state = await following.nextState { $0.lastError.hasPrefix("TLS: ") }
        #expect(state.lastError.hasPrefix("TLS: ") && !state.isSynced)
        await following.stop()
    }

    @Test func isNotBelievedWithoutACertificate() async throws {
        var following = try await follow(authority: authority.certificate, identity: nil)
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(!state.isSynced)
        await following.stop()
    }

    @Test func saysWhichFileHasNoCertificate() async throws {
        var following = try await follow(authority: "nothing", identity: nil)
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError.contains("of the server's authority"))
        await following.stop()
    }
}
