import GRPCCore

/// Who may change policies: some users of this machine, through the Unix socket.
struct ChangeAuthority: Sendable {
    /// Effective user ids.
    let users: Set<UInt32>

    /// - Parameter metadata: of a call; `PeerMark` has put the caller there.
    /// - Throws: PERMISSION_DENIED with what to do.
    func check(_ metadata: Metadata) throws(RPCError) {
        guard
            let user = metadata[stringValues: PeerMark.header].first(where: { _ in true }).flatMap(
                UInt32.init)
        else {
            throw RPCError(
                code: .permissionDenied,
                message: "policies are changed through the Unix socket of the node, not over the network")
        }
        guard users.contains(user) else {
            throw RPCError(
                code: .permissionDenied, message: "only root may change policies; user \(user) may read them")
        }
    }
}
