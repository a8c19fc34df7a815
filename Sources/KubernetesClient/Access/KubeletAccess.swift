/// How the kubelet of this node is reached, and by what right: what an operator named, and the cluster's own access for
/// what was not named.
package struct KubeletAccess: Sendable {
    /// Where it listens; without TLS it is the port that answers everybody, and nothing is proved there.
    package var server: ServerAddress
    /// The name in its certificate: that of the node, since nobody vouches for the address of a machine by itself.
    package var serverName: String
    /// PEM file: who may have signed its certificate; empty = the cluster's authority.
    package var authority = ""
    /// Whether its certificate is not checked.
    package var isUnverified = false
    /// File of a bearer token; empty = another credential.
    package var token = ""
    /// PEM file: our certificate chain; empty = another credential.
    package var certificate = ""
    /// PEM file: the key to `certificate`.
    package var key = ""
    /// The access to the API; nil = there is none.
    package var cluster: (@Sendable () throws(APIFailure) -> ClusterAccess)?

    package init(server: ServerAddress, serverName: String) {
        self.server = server
        self.serverName = serverName
    }

    /// The access as files say it now.
    /// - Throws: `APIFailure.credentials` where something is missing.
    package func access() throws(APIFailure) -> ClusterAccess {
        var access = ClusterAccess(server: server)
        guard server.isSecure else { return access }
        access.serverName = serverName
        access.isUnverified = isUnverified
        let hasCredential = !token.isEmpty || !certificate.isEmpty
        let hasAuthority = isUnverified || !authority.isEmpty
        // Asked only where it is needed: it may be what is wrong with the API.
        var known: ClusterAccess?
        if let cluster, !hasCredential || !hasAuthority { known = try cluster() }
        access.authority = authority.isEmpty ? known?.authority : .file(authority)
        guard access.authority != nil || isUnverified else {
            throw .credentials(
                "nobody vouches for the kubelet: name the authority of its certificate in workloads.kubelet.ca"
            )
        }
        if !token.isEmpty { access.token = .file(token) }
        if !certificate.isEmpty {
            access.identity = ClusterAccess.Identity(certificate: .file(certificate), key: .file(key))
        }
        if !hasCredential { (access.token, access.identity) = (known?.token, known?.identity) }
        return access
    }
}
