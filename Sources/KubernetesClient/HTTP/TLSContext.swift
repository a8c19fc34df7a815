import NIOSSL

/// How a server proves itself, and we ourselves: made anew for each connection, since files are renewed.
struct TLSContext: Sendable {
    let context: NIOSSLContext
    /// The name that the certificate must have; nil = the address that was connected to.
    let serverName: String?

    /// - Throws: `APIFailure.credentials` where certificates or keys cannot be read.
    init(_ access: ClusterAccess) throws(APIFailure) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if access.isUnverified {
            configuration.certificateVerification = .none
        } else {
            guard let authority = access.authority else {
                throw .credentials("the server's authority is not named")
            }
            configuration.certificateVerification = .fullVerification
            // Instead of those of the machine, not beside them.
            configuration.trustRoots = .certificates(
                try Self.certificates(try authority.bytes(), "of the server's authority"))
        }
        if let identity = access.identity {
            configuration.certificateChain = try Self.certificates(
                try identity.certificate.bytes(), "of the client"
            ).map { .certificate($0) }
            let key = try identity.key.bytes()
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            } catch {
                throw .credentials("the client's key is no key in PEM: \(error)")
            }
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .credentials("certificates and keys do not fit: \(error)")
        }
        let name = access.serverName.isEmpty ? access.server.host : access.serverName
        serverName = Self.isAddress(name) ? nil : name
    }

    private static func certificates(
        _ bytes: [UInt8], _ whose: String
    ) throws(APIFailure) -> [NIOSSLCertificate] {
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            if !certificates.isEmpty { return certificates }
        } catch {
            throw .credentials("the certificate \(whose) is none in PEM: \(error)")
        }
        throw .credentials("there is no certificate \(whose) in PEM")
    }

    /// Addresses are no names of TLS: certificates have them elsewhere.
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.contains(":") || (parts.count == 4 && parts.allSatisfy { UInt8($0) != nil })
    }
}
