import KubernetesClient

/// How well a collection of a cluster is followed, for people.
enum ClusterAccount: Equatable {
    /// Nothing is known yet.
    case silent
    case good
    case note(String)
    case problem(String)

    /// - Parameter known: policies that are in force whatever happens there.
    static func policies(_ state: ReflectorState, _ name: String, known: Int) -> ClusterAccount {
        let stay = known > 0 ? "; the \(known) that it had stay in force" : ""
        if state.refusal == 404 {
            return .note(
                "kubernetes: the cluster knows no \(name).cilium.io (404), so no policies come from there\(stay): install the custom resource definition to have them; it is asked again every minute or two"
            )
        }
        let role = state.refusal == 403 ? "; let secd's role list and watch \(name) of cilium.io" : ""
        if !state.lastError.isEmpty {
            return .problem("kubernetes: \(name): \(state.lastError)\(role)\(stay)")
        }
        if state.skipped > 0 {
            return .problem(
                "kubernetes: \(name): \(state.skipped) objects could not be taken, the last since \(state.lastSkipped)\(stay)"
            )
        }
        return state.isSynced ? .good : .silent
    }

    /// - Parameter known: labels that the cluster gave the node.
    static func node(_ state: ReflectorState, known: Int) -> ClusterAccount {
        guard state.lastError.isEmpty else {
            let role = state.refusal == 403 ? "; let secd's role list and watch nodes" : ""
            let rest =
                known > 0
                ? "; the labels that it gave this node stay in use"
                : "; nodeSelector is judged without labels that it gives this node"
            return .note("kubernetes: nodes: \(state.lastError)\(role)\(rest)")
        }
        return state.isSynced ? .good : .silent
    }

    static func namespaces(_ state: ReflectorState) -> ClusterAccount {
        guard state.lastError.isEmpty else {
            let role = state.refusal == 403 ? "; let secd's role list and watch namespaces" : ""
            return .note(
                "kubernetes: namespaces: \(state.lastError)\(role); identities are made with the labels of namespaces that are known"
            )
        }
        guard state.skipped > 0 else { return state.isSynced ? .good : .silent }
        return .note(
            "kubernetes: namespaces: \(state.skipped) are not known, the last since \(state.lastSkipped): identities of their pods are made without their labels"
        )
    }
}
