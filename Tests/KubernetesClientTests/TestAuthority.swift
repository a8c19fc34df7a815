import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A certificate authority for one test; everything is PEM.
struct TestAuthority {
    /// A certificate and its key.
    struct Identity {
        let certificate: String
        let key: String
    }

    private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    private let name: DistinguishedName
    /// Its own certificate.
    let certificate: String

    init(_ name: String) throws {
        self.name = try DistinguishedName { CommonName(name) }
        certificate = try Self.certificate(
            of: key.publicKey, self.name, issuer: self.name, key,
            try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            }
        ).serializeAsPEM().pemString
    }

    /// A certificate for either end of a connection: of a name, and of 127.0.0.1 where it is a server's.
    func issue(_ subject: String, isLocal: Bool = true) throws -> Identity {
        let own = Certificate.PrivateKey(P256.Signing.PrivateKey())
        var names = [GeneralName.dnsName(subject)]
        if isLocal { names.append(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))) }
        let certificate = try Self.certificate(
            of: own.publicKey, try DistinguishedName { CommonName(subject) }, issuer: name, key,
            try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
            })
        return Identity(
            certificate: try certificate.serializeAsPEM().pemString,
            key: try own.serializeAsPEM().pemString)
    }

    /// A server of a name, which asks nobody for a certificate.
    func server(_ subject: String) throws -> NIOSSLContext {
        let identity = try issue(subject, isLocal: false)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(identity.certificate.utf8)).map {
                    .certificate($0)
                },
                privateKey: .privateKey(
                    try NIOSSLPrivateKey(bytes: Array(identity.key.utf8), format: .pem))))
    }

    private static func certificate(
        of key: Certificate.PublicKey, _ subject: DistinguishedName, issuer: DistinguishedName,
        _ issuerKey: Certificate.PrivateKey, _ extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
            notValidBefore: Date(timeIntervalSinceNow: -3600),
            notValidAfter: Date(timeIntervalSinceNow: 3600), issuer: issuer, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions, issuerPrivateKey: issuerKey)
    }
}
