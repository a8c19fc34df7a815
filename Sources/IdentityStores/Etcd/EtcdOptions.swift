import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// How etcd is reached.
public struct EtcdOptions: Sendable {
    /// A member of the cluster.
    public struct Endpoint: Sendable, Equatable, CustomStringConvertible {
        /// A name or an address without brackets.
        public var host: String
        /// 2379 where none is said.
        public var port: Int
        /// `https`.
        public var isSecure: Bool

        /// Reads `http://HOST:PORT`, `https://HOST:PORT`; nil where it is neither.
        public init?(_ text: String) {
            let rest: Substring
            if text.hasPrefix("https://") {
                (rest, isSecure) = (text.dropFirst(8), true)
            } else if text.hasPrefix("http://") {
                (rest, isSecure) = (text.dropFirst(7), false)
            } else {
                return nil
            }
            var address = rest.hasSuffix("/") ? rest.dropLast() : rest
            port = 2379
            let bracket = address.lastIndex(of: "]")
            if let colon = address.lastIndex(of: ":"), bracket.map({ colon > $0 }) ?? true {
                guard let number = UInt16(address[address.index(after: colon)...]), number > 0 else {
                    return nil
                }
                port = Int(number)
                address = address[..<colon]
            }
            if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
            guard !address.isEmpty, !address.contains(where: { "/[]@?# ".contains($0) }) else { return nil }
            host = String(address)
        }

        public var description: String {
            "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    /// Members; when one does not answer, the next is asked.
    public var endpoints: [Endpoint]
    /// This node; unique in the cluster.
    public var node: String
    /// Before all keys, without a slash at its end.
    public var prefix = "cilium/state/identities/v1"
    /// Seconds after which the claims of a node that is gone end.
    public var leaseSeconds: UInt64 = 900
    /// PEM files; empty = none. Authorities of the servers; those of the system where there are none.
    public var authorities = ""
    /// This client's chain.
    public var certificate = ""
    /// The key to `certificate`.
    public var key = ""

    public init(endpoints: [Endpoint], node: String) {
        self.endpoints = endpoints
        self.node = node
    }

    func transport(to endpoint: Endpoint) throws -> HTTP2ClientTransport.Posix {
        try HTTP2ClientTransport.Posix(
            target: .dns(host: endpoint.host, port: endpoint.port),
            transportSecurity: endpoint.isSecure ? security : .plaintext,
            config: .defaults { config in
                // Pages of a thousand label sets.
                config.http2.targetWindowSize = 1 << 20
            })
    }

    private var security: HTTP2ClientTransport.Posix.TransportSecurity {
        let roots: TLSConfig.TrustRootsSource =
            authorities.isEmpty ? .systemDefault : .certificates([.file(path: authorities, format: .pem)])
        guard !certificate.isEmpty else { return .tls { $0.trustRoots = roots } }
        return .mTLS(
            certificateChain: [.file(path: certificate, format: .pem)],
            privateKey: .file(path: key, format: .pem)
        ) { $0.trustRoots = roots }
    }
}
