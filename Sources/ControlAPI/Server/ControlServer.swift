import GRPCCore
import GRPCNIOTransportCore
import GRPCNIOTransportHTTP2Posix
import Glibc
public import Logging

/// The daemon's API: `tetragon.FineGuidanceSensors` and `secd.v1.Control` over gRPC, on a Unix
/// socket and, where configured, on TCP with mutual TLS.
public struct ControlServer: Sendable {
    /// Where to listen, and what to say about oneself.
    public struct Configuration: Sendable {
        /// A TCP address with certificates: PEM files. Clients must show a certificate of one of
        /// `clientAuthoritiesFile`'s authorities.
        public struct TCP: Sendable {
            /// An IPv4 or IPv6 address.
            public var host: String
            /// 0 = any free one.
            public var port: Int
            /// PEM: the server's chain, its own certificate first.
            public var certificateFile: String
            /// PEM: the key to it.
            public var keyFile: String
            /// PEM: a client whose certificate none of them signed is refused.
            public var clientAuthoritiesFile: String
            /// Clients that may change policies: subjects of their certificates (`CN=ops,O=Example`), or common
            /// names alone (`ops`). All others only read.
            public var administrators: Set<String>

            public init(
                host: String, port: Int, certificateFile: String, keyFile: String,
                clientAuthoritiesFile: String, administrators: Set<String> = []
            ) {
                self.administrators = administrators
                self.host = host
                self.port = port
                self.certificateFile = certificateFile
                self.keyFile = keyFile
                self.clientAuthoritiesFile = clientAuthoritiesFile
            }
        }

        /// Taken over where it was left behind; refused where somebody still serves it.
        public var socketPath: String
        /// Its members may use the socket beside root. Empty, or a group that does not exist: root only.
        public var socketGroup: String
        /// secd's version.
        public var version: String
        /// nil = no TCP.
        public var tcp: TCP?
        /// Users who may change policies, through the Unix socket; all others only read.
        public var changers: Set<UInt32>

        /// - Parameter changers: nil = root and the daemon's own user.
        public init(
            socketPath: String, socketGroup: String, version: String, tcp: TCP? = nil,
            changers: Set<UInt32>? = nil
        ) {
            self.socketPath = socketPath
            self.socketGroup = socketGroup
            self.version = version
            self.tcp = tcp
            self.changers = changers ?? [0, geteuid()]
        }
    }

    /// How long a stop waits for clients to take their last messages.
    private static let grace = Duration.milliseconds(1500)

    private let socket: SocketFile
    private let streams: OpenStreams
    private let listeners: [Listener]
    private let tasks: [Task<Void, Never>]
    /// The TCP port; nil where only the Unix socket is served.
    public let tcpPort: Int?

    /// Listens; returns when clients can connect.
    /// - Parameter lock: of the socket, where somebody has taken it already; nil = it is taken now.
    /// - Throws: `ServerError`.
    public static func start(
        _ configuration: Configuration, lock: SocketLock? = nil, agent: some AgentControl, logger: Logger
    ) async throws -> ControlServer {
        let streams = OpenStreams()
        let subscriptions = Subscriptions(agent: agent, streams: streams)
        let services: [any RegistrableRPCService] = [
            SensorsService(
                agent: agent, version: configuration.version, subscriptions: subscriptions,
                authority: ChangeAuthority(
                    users: configuration.changers, administrators: configuration.tcp?.administrators ?? [])),
            ControlService(agent: agent, subscriptions: subscriptions),
        ]
        let socket = try SocketFile(
            lock ?? SocketLock(configuration.socketPath), group: configuration.socketGroup, logger: logger)
        let onSocket = Listener(services: services, logger: logger) {
            Listener.Transport(
                listeningSocketDescriptor: try socket.descriptorForTransport(), transportSecurity: .plaintext,
                config: Listener.configuration(PeerMark.markUser), eventLoopGroup: EventLoops.shared)
        }
        var listeners = [onSocket]
        var tasks: [Task<Void, Never>] = []
        var tcpPort: Int?
        do {
            tasks.append(try await onSocket.start().task)
            try socket.widenQueue()
            if let tcp = configuration.tcp {
                let onTCP = Listener(services: services, logger: logger) { try transport(tcp) }
                listeners.append(onTCP)
                let (task, port) = try await onTCP.start()
                tasks.append(task)
                tcpPort = port
            }
        } catch {
            for listener in listeners { listener.stop() }
            for task in tasks { task.cancel() }
            socket.close()
            throw startError(error, configuration, listenedOnSocket: !tasks.isEmpty)
        }
        return ControlServer(
            socket: socket, streams: streams, listeners: listeners, tasks: tasks, tcpPort: tcpPort)
    }

    /// Ends all streams in order, lets running calls finish, and after a moment cuts the rest off.
    public func stop() async {
        // First, so that new clients are told at once that nobody listens.
        socket.remove()
        streams.endAll()
        for listener in listeners { listener.stop() }
        let force = Task {
            try? await Task.sleep(for: Self.grace)
            guard !Task.isCancelled else { return }
            for task in tasks { task.cancel() }
        }
        for task in tasks { await task.value }
        force.cancel()
        socket.close()
    }

    private static func transport(_ tcp: Configuration.TCP) throws -> Listener.Transport {
        let security = Listener.Transport.TransportSecurity.mTLS(
            certificateChain: [.file(path: tcp.certificateFile, format: .pem)],
            privateKey: .file(path: tcp.keyFile, format: .pem)
        ) { tls in
            tls.trustRoots = .certificates([.file(path: tcp.clientAuthoritiesFile, format: .pem)])
        }
        return Listener.Transport(
            address: tcp.host.contains(":")
                ? .ipv6(host: tcp.host, port: tcp.port) : .ipv4(host: tcp.host, port: tcp.port),
            transportSecurity: security, config: Listener.configuration(PeerMark.markNobody),
            eventLoopGroup: EventLoops.shared)
    }

    private static func startError(
        _ error: any Error, _ configuration: Configuration, listenedOnSocket: Bool
    ) -> ServerError {
        let reason: String
        if let error = error as? RuntimeError {
            reason = error.cause.map { "\($0)" } ?? error.message
        } else {
            reason = "\(error)"
        }
        guard listenedOnSocket, let tcp = configuration.tcp else {
            return ServerError("cannot serve \(configuration.socketPath): \(reason)")
        }
        return ServerError(
            "cannot serve \(tcp.host):\(tcp.port): \(reason): check the address, and that the certificate files exist"
        )
    }
}
