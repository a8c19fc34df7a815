import Synchronization

/// What a cluster says of its namespaces.
package enum NamespaceChange: Sendable, Equatable {
    /// The labels of all, by name; others are gone where it is whole.
    case all([String: [String: String]], isWhole: Bool)
    /// Those of one; none where it is gone.
    case one(String, [String: String])
}

/// The labels of namespaces, of all who know some: what the API of the cluster says, and before it what a manifest on this
/// machine says.
package final class NamespaceLabels: Sendable {
    private struct Sources {
        var manifests: [String: [String: String]]
        var cluster: [String: [String: String]]

        /// Of one namespace.
        func merged(_ name: String) -> [String: String] {
            (cluster[name] ?? [:]).merging(manifests[name] ?? [:]) { $1 }
        }
    }

    private let sources: Mutex<Sources>

    /// - Parameters:
    ///   - manifests: what manifests say, by name.
    ///   - cluster: what the API of a cluster said.
    package init(
        manifests: [String: [String: String]] = [:], cluster: [String: [String: String]] = [:]
    ) {
        sources = Mutex(Sources(manifests: manifests, cluster: cluster))
    }

    /// Of all namespaces, by name.
    package var merged: [String: [String: String]] {
        sources.withLock { $0.cluster.merging($0.manifests) { $0.merging($1) { $1 } } }
    }

    /// What the cluster said, by name.
    package var ofCluster: [String: [String: String]] { sources.withLock { $0.cluster } }

    /// Takes what manifests say now, and hands over the labels of namespaces that it changed; what is handed over last is
    /// the newest.
    package func set(manifests: [String: [String: String]], _ adopt: ([String: [String: String]]) -> Void) {
        sources.withLock { sources in
            let names = Set(sources.manifests.keys).union(manifests.keys)
            change(names, of: &sources, adopt) { $0.manifests = manifests }
        }
    }

    /// Takes what the cluster says; likewise.
    /// - Returns: whether it says something new.
    package func take(_ word: NamespaceChange, _ adopt: ([String: [String: String]]) -> Void) -> Bool {
        sources.withLock { sources in
            switch word {
            case .one(let name, let labels):
                guard sources.cluster[name] ?? [:] != labels else { return false }
                change([name], of: &sources, adopt) { $0.cluster[name] = labels.isEmpty ? nil : labels }
            case .all(let all, let isWhole):
                let known = isWhole ? all : sources.cluster.merging(all) { $1 }
                guard known != sources.cluster else { return false }
                let names = Set(sources.cluster.keys).union(known.keys)
                change(names, of: &sources, adopt) { $0.cluster = known }
            }
            return true
        }
    }

    private func change(
        _ names: Set<String>, of sources: inout Sources, _ adopt: ([String: [String: String]]) -> Void,
        _ body: (inout Sources) -> Void
    ) {
        let before = names.map { (name: $0, labels: sources.merged($0)) }
        body(&sources)
        var changed: [String: [String: String]] = [:]
        for (name, labels) in before {
            let now = sources.merged(name)
            if now != labels { changed[name] = now }
        }
        // Inside: who is told twice is told in the order of the changes.
        if !changed.isEmpty { adopt(changed) }
    }
}
