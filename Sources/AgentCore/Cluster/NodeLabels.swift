import Glibc
import Synchronization

/// The labels of this node, of all who know some: what Kubernetes gives every node, what the API of the cluster says, and
/// before both what a manifest on this machine says.
package final class NodeLabels: Sendable {
    private struct Sources {
        var manifests: [String: String]
        var cluster: [String: String]
    }

    private let given: [String: String]
    private let sources: Mutex<Sources>

    /// - Parameters:
    ///   - node: its name.
    ///   - manifests: what manifests say.
    ///   - cluster: what the API of a cluster says, or said.
    package init(node: String, manifests: [String: String] = [:], cluster: [String: String] = [:]) {
        var name = utsname()
        _ = unsafe uname(&name)
        let machine = unsafe withUnsafeBytes(of: &name.machine) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let architecture = ["x86_64": "amd64", "aarch64": "arm64"][machine] ?? machine
        given = [
            "kubernetes.io/hostname": node, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture,
        ]
        sources = Mutex(Sources(manifests: manifests, cluster: cluster))
    }

    /// As policies are judged by.
    package var merged: [String: String] { sources.withLock { merge($0) } }

    /// Takes what manifests say now, and hands all labels over; what is handed over last is the newest.
    package func set(manifests: [String: String], _ adopt: ([String: String]) -> Void) {
        sources.withLock { sources in
            sources.manifests = manifests
            adopt(merge(sources))
        }
    }

    /// Takes what the cluster says now; likewise.
    package func set(cluster: [String: String], _ adopt: ([String: String]) -> Void) {
        sources.withLock { sources in
            sources.cluster = cluster
            adopt(merge(sources))
        }
    }

    private func merge(_ sources: Sources) -> [String: String] {
        given.merging(sources.cluster) { $1 }.merging(sources.manifests) { $1 }
    }
}
