package import Logging
import SystemPackage

/// Labels of namespaces on their way: from manifests and the cluster to those who make identities of them, and to the disk.
package final class NamespaceKeeper: Sendable {
    private let labels: NamespaceLabels
    private let kept: KeptNamespaceLabels?
    private let logger: Logger
    private let adopt: @Sendable ([String: [String: String]]) -> Void

    /// Hands over what is known from the start.
    /// - Parameters:
    ///   - manifests: what manifests say, by name.
    ///   - kept: where what the cluster says outlives this; nil = there is no cluster.
    ///   - adopt: is told the labels of namespaces that have others now; must not wait.
    package init(
        manifests: [String: [String: String]], _ kept: KeptNamespaceLabels?, logger: Logger,
        adopt: @escaping @Sendable ([String: [String: String]]) -> Void
    ) {
        labels = NamespaceLabels(manifests: manifests, cluster: kept?.read() ?? [:])
        self.kept = kept
        self.logger = logger
        self.adopt = adopt
        let known = labels.merged
        if !known.isEmpty { adopt(known) }
    }

    /// Manifests say this now, by name.
    package func set(manifests: [String: [String: String]]) { labels.set(manifests: manifests, adopt) }

    /// The cluster says this.
    package func take(_ change: NamespaceChange) {
        guard labels.take(change, adopt), let kept else { return }
        report { () throws(Errno) in try kept.keep(labels.ofCluster) }
    }

    /// Puts on the disk what is not there yet.
    package func finish() {
        if let kept { report { () throws(Errno) in try kept.finish() } }
    }

    private func report(_ write: () throws(Errno) -> Void) {
        do throws(Errno) {
            try write()
        } catch {
            logger.error(
                "labels of namespaces are not kept in \(kept?.path ?? "") (\(error)): after a restart without the API of the cluster pods would have other identities"
            )
        }
    }
}
