import GRPCCore
import GRPCNIOTransportCore
import GRPCNIOTransportHTTP2Posix

extension ClientTarget {
    /// Largest answer: a machine with a hundred thousand processes lists some 50 MiB.
    private static var largestAnswer: Int { 256 << 20 }

    static func method(_ name: String, of service: String = ControlService.name) -> MethodDescriptor {
        MethodDescriptor(fullyQualifiedService: service, method: name)
    }

    var callOptions: CallOptions {
        var options = CallOptions.defaults
        // A daemon that does not run is an answer: the user decides whether to try again.
        options.waitForReady = false
        options.maxResponseMessageBytes = Self.largestAnswer
        // The transport (grpc-swift-nio-transport 2.9) bounds answers by the limit for requests.
        options.maxRequestMessageBytes = Self.largestAnswer
        return options
    }

    func transport() throws -> HTTP2ClientTransport.Posix {
        switch self {
        case .unix(let path):
            return try HTTP2ClientTransport.Posix(
                target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext,
                config: Self.configuration(), eventLoopGroup: EventLoops.shared)
        case .tcp(let host, let port, let tls):
            return try HTTP2ClientTransport.Posix(
                target: .dns(host: host, port: port), transportSecurity: Self.security(tls),
                config: Self.configuration(authority: tls?.serverName), eventLoopGroup: EventLoops.shared)
        }
    }

    private static func configuration(authority: String? = nil) -> HTTP2ClientTransport.Posix.Config {
        .defaults { config in
            config.http2.authority = authority
            // What waits unread in a client is late already; the daemon reports what did not fit.
            config.http2.targetWindowSize = 1 << 20
        }
    }

    private static func security(_ tls: ClientTLS?) -> HTTP2ClientTransport.Posix.TransportSecurity {
        guard let tls else { return .plaintext }
        return .mTLS(
            certificateChain: [.file(path: tls.certificateFile, format: .pem)],
            privateKey: .file(path: tls.keyFile, format: .pem)
        ) { config in
            config.trustRoots = .certificates(tls.caFiles.map { .file(path: $0, format: .pem) })
        }
    }
}
