import Glibc

/// How the API of a cluster is reached, and by what right.
package struct ClusterAccess: Sendable, Hashable {
    /// Where it listens.
    package var server: ServerAddress
    /// PEM: who may have signed the server's certificate. Nobody else is believed, not those that the machine
    /// trusts either; nil only without TLS.
    package var authority: Secret?
    /// Whether whoever answers there is believed, and gets the token: somebody wanted it so.
    package var isUnverified = false
    /// The name in the server's certificate where it is not that of the address; empty = the address.
    package var serverName = ""
    /// PEM: certificate chain and key that say who we are; nil = a token, or nobody.
    package var identity: Identity?
    /// A bearer token; nil = a certificate, or nobody.
    package var token: Secret?

    /// What proves who a client is.
    package struct Identity: Sendable, Hashable {
        /// Its certificate, and those between it and the authority.
        package var certificate: Secret
        /// The key of the certificate.
        package var key: Secret

        package init(certificate: Secret, key: Secret) {
            self.certificate = certificate
            self.key = key
        }
    }

    package init(server: ServerAddress) { self.server = server }

    /// Those variables of this process that name the server in a pod.
    package static var ownEnvironment: [String: String] {
        var found: [String: String] = [:]
        for name in ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"] {
            guard let value = unsafe getenv(name) else { continue }
            found[name] = unsafe String(cString: value)
        }
        return found
    }

    /// What a pod finds about its own cluster: two variables, and files that the kubelet renews.
    /// - Parameters:
    ///   - environment: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
    ///   - folder: where the kubelet mounts the service account.
    /// - Throws: `APIFailure.credentials` outside of a pod.
    package static func inCluster(
        environment: [String: String] = ownEnvironment,
        folder: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws(APIFailure) -> ClusterAccess {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ UInt16($0) }), port > 0
        else {
            throw .credentials(
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: secd does not run in a pod;"
                    + " name a kubeconfig instead of in-cluster")
        }
        var access = ClusterAccess(server: ServerAddress(isSecure: true, host: host, port: Int(port)))
        access.authority = .file(folder + "/ca.crt")
        access.token = .file(folder + "/token")
        return access
    }
}
