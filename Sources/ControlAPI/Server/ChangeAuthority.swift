import GRPCCore
import GRPCNIOTransportHTTP2Posix
import X509

/// Who may change policies: some users of this machine, through the Unix socket, and over the network those whose
/// certificates the operator has named.
struct ChangeAuthority: Sendable {
    /// Effective user ids.
    let users: Set<UInt32>
    /// Subjects of certificates (`CN=ops,O=Example`), or common names alone (`ops`).
    let administrators: Set<String>

    /// - Parameters:
    ///   - metadata: of a call; `PeerMark` has put the caller there.
    ///   - context: of the call: over the network it has the client's certificate, which was verified.
    /// - Throws: PERMISSION_DENIED with what to do.
    func check(_ metadata: Metadata, _ context: ServerContext) throws(RPCError) {
        guard
            let user = metadata[stringValues: PeerMark.header].first(where: { _ in true }).flatMap(
                UInt32.init)
        else {
            let transport = context.transportSpecific as? HTTP2ServerTransport.Posix.Context
            return try check(transport?.peerCertificate?.subject)
        }
        guard users.contains(user) else {
            throw RPCError(
                code: .permissionDenied, message: "only root may change policies; user \(user) may read them")
        }
    }

    private func check(_ subject: DistinguishedName?) throws(RPCError) {
        guard let subject else {
            throw RPCError(
                code: .permissionDenied,
                message: "policies are changed through the Unix socket of the node, not over the network")
        }
        let names = [subject.description, subject.onlyCommonName].compactMap(\.self)
        guard names.contains(where: administrators.contains) else {
            throw RPCError(
                code: .permissionDenied,
                message: "\(subject) may read policies; those in tcp.administrators may change them, "
                    + "and root through the Unix socket of the node")
        }
    }
}

extension DistinguishedName {
    /// The common name; nil where there is none, or several: which one is meant is then open.
    var onlyCommonName: String? {
        let names = self.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }
        return names.count == 1 ? names.first.map { String(describing: $0.value) } : nil
    }
}
