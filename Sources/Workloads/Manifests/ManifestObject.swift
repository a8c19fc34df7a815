package import KubernetesObjects
package import YAMLReader

/// The kinds of objects that manifests may have.
package enum ManifestKind: String, Sendable, CaseIterable {
    case pod = "Pod"
    case namespace = "Namespace"
    case node = "Node"
    case service = "Service"
    case endpointSlice = "EndpointSlice"
    case networkPolicy = "NetworkPolicy"
    case ciliumNetworkPolicy = "CiliumNetworkPolicy"
    case ciliumClusterwideNetworkPolicy = "CiliumClusterwideNetworkPolicy"
    case tracingPolicy = "TracingPolicy"
    case tracingPolicyNamespaced = "TracingPolicyNamespaced"

    /// Group and version that are read.
    var apiVersion: String {
        switch self {
        case .pod, .namespace, .node, .service: "v1"
        case .endpointSlice: "discovery.k8s.io/v1"
        case .networkPolicy: "networking.k8s.io/v1"
        case .ciliumNetworkPolicy, .ciliumClusterwideNetworkPolicy: "cilium.io/v2"
        case .tracingPolicy, .tracingPolicyNamespaced: "cilium.io/v1alpha1"
        }
    }

    /// Whether an object of this kind belongs to a namespace.
    var isNamespaced: Bool {
        switch self {
        case .namespace, .node, .ciliumClusterwideNetworkPolicy, .tracingPolicy: false
        default: true
        }
    }

    /// Whether the policies' own reader reads it.
    var isPolicy: Bool { self == .tracingPolicy || self == .tracingPolicyNamespaced }

    /// Whether something acts by it; the others are known, and wait for the part that needs them.
    var isUsed: Bool { self == .pod || self == .node || self == .namespace || isPolicy }
}

/// An object of a manifest, and where it stands.
package struct ManifestObject: Sendable {
    /// What was read of it.
    package enum Value: Sendable {
        case pod(KubernetesPod)
        case namespace(KubernetesNamespace)
        case node(KubernetesNode)
        /// Its name alone.
        case other
    }

    /// What tells objects apart.
    package struct Key: Sendable, Hashable, CustomStringConvertible {
        package var kind: ManifestKind
        /// Empty for kinds that belong to none.
        package var namespace: String
        package var name: String

        package var description: String {
            namespace.isEmpty ? "\(kind.rawValue) \(name)" : "\(kind.rawValue) \(namespace)/\(name)"
        }
    }

    package var key: Key
    package var value: Value
    /// Of its first character.
    package var position: SourcePosition
}
