import Crypto
import Foundation
import SwiftASN1
import X509

/// A certificate authority for one test; what it signs is written to PEM files.
struct TestAuthority {
    /// A certificate and its key, by path.
    struct Identity {
        let certificate: String
        let key: String
    }

    private let folder: URL
    private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    private let name: DistinguishedName
    /// Its own certificate.
    let file: String

    static let valid = Date(timeIntervalSinceNow: -3600)...Date(timeIntervalSinceNow: 3600)
    static let expired = Date(timeIntervalSinceNow: -7200)...Date(timeIntervalSinceNow: -3600)
    static let future = Date(timeIntervalSinceNow: 3600)...Date(timeIntervalSinceNow: 7200)

    init(_ name: String, in folder: URL) throws {
        self.folder = folder
        self.name = try DistinguishedName { CommonName(name) }
        let own = try Self.certificate(
            of: key.publicKey, self.name, Self.valid, issuer: self.name, key,
            try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            })
        file = try Self.write(try own.serializeAsPEM().pemString, folder, "\(name).ca.pem")
    }

    /// A certificate for both ends of a connection on this machine.
    func issue(
        _ subject: String, host: String = "localhost", validity: ClosedRange<Date> = valid
    ) throws -> Identity {
        let own = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let certificate = try Self.certificate(
            of: own.publicKey, try DistinguishedName { CommonName(subject) }, validity, issuer: name, key,
            try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames([.dnsName(host)])
            })
        return Identity(
            certificate: try Self.write(
                try certificate.serializeAsPEM().pemString, folder, "\(subject).\(host).pem"),
            key: try Self.write(try own.serializeAsPEM().pemString, folder, "\(subject).\(host).key"))
    }

    private static func certificate(
        of key: Certificate.PublicKey, _ subject: DistinguishedName, _ validity: ClosedRange<Date>,
        issuer: DistinguishedName, _ issuerKey: Certificate.PrivateKey, _ extensions: Certificate.Extensions
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key,
            notValidBefore: validity.lowerBound, notValidAfter: validity.upperBound, issuer: issuer,
            subject: subject, signatureAlgorithm: .ecdsaWithSHA256, extensions: extensions,
            issuerPrivateKey: issuerKey)
    }

    private static func write(_ text: String, _ folder: URL, _ name: String) throws -> String {
        let file = folder.appending(path: name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }
}
