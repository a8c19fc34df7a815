/// Certificates for a daemon that listens on TCP; paths of PEM files.
public struct ClientTLS: Sendable {
    /// Certificate authorities of the daemon's certificate.
    public var caFiles: [String]
    /// The client's own certificate and key.
    public var certificateFile: String
    /// Of the key to `certificateFile`.
    public var keyFile: String
    /// The name in the daemon's certificate where it is not the address's host.
    public var serverName: String?

    public init(caFiles: [String], certificateFile: String, keyFile: String, serverName: String? = nil) {
        self.caFiles = caFiles
        self.certificateFile = certificateFile
        self.keyFile = keyFile
        self.serverName = serverName
    }
}

/// Where a daemon is.
enum ClientTarget: Sendable {
    case unix(path: String)
    case tcp(host: String, port: Int, tls: ClientTLS?)

    static func tcp(_ address: String, tls: ClientTLS?) throws -> Self {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (1...65_535).contains(port), colon != address.startIndex
        else {
            throw ClientError("\"\(address)\" is not an address: write HOST:PORT, or [IPV6]:PORT")
        }
        var host = address[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        }
        return .tcp(host: String(host), port: port, tls: tls)
    }
}
