import JSONTree

/// Which policies: those of the whole cluster, or those of a namespace each.
package protocol TracingPolicyScope: Sendable {
    /// `TracingPolicy`, `TracingPolicyNamespaced`.
    static var kind: String { get }
    /// As paths of the API have it.
    static var collection: String { get }
}

/// Policies about everything.
package enum ClusterScope: TracingPolicyScope {
    package static let kind = "TracingPolicy"
    package static let collection = "tracingpolicies"
}

/// Policies about the pods of their own namespace.
package enum NamespaceScope: TracingPolicyScope {
    package static let kind = "TracingPolicyNamespaced"
    package static let collection = "tracingpoliciesnamespaced"
}

/// A policy, as a text for those who read policies: what is in it they judge, and say at which line it is wrong.
package struct KubernetesTracingPolicy<Scope: TracingPolicyScope>: KubernetesObject {
    package static var apiVersion: String { "cilium.io/v1alpha1" }
    package static var kind: String { Scope.kind }

    /// Name, namespace, uid and version alone: wrong labels must not hide that there is a policy.
    package let metadata: ObjectMetadata
    /// The object without what the server keeps in it: it changes when somebody changes the policy.
    package let text: [UInt8]

    /// Members of `metadata` that somebody wrote.
    private static var written: [String] { ["name", "namespace", "labels", "annotations"] }
    /// kubectl's own copy of the object.
    private static var copy: String { "kubectl.kubernetes.io/last-applied-configuration" }

    package init(_ object: ObjectReader) throws(ObjectError) {
        guard let reader = try object.optional("metadata") else {
            throw ObjectError(path: object.path, reason: "\"metadata\" is missing")
        }
        let name = try reader.text("name", longest: 253)
        guard !name.isEmpty else { throw ObjectError(path: reader.path, reason: "\"name\" is missing") }
        let namespace = try reader.text("namespace", longest: 63)
        // They become names of files.
        guard Self.isName(name), namespace.isEmpty || Self.isName(namespace) else {
            throw ObjectError(
                path: reader.path,
                reason: "\(namespace.debugDescription)/\(name.debugDescription) is no name of an object")
        }
        var metadata = ObjectMetadata(
            namespace: namespace, name: name, uid: try reader.text("uid", longest: 253))
        metadata.resourceVersion = try reader.text("resourceVersion", longest: 253)
        self.metadata = metadata
        text = Array(ObjectText.written(Self.plain(object.value)).utf8)
    }

    private static func isName(_ text: String) -> Bool {
        func isPlain(_ byte: UInt8?) -> Bool {
            byte.map { (97...122).contains($0) || (48...57).contains($0) } ?? false
        }
        let bytes = text.utf8
        return isPlain(bytes.first) && isPlain(bytes.last)
            && bytes.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func plain(_ object: JSONValue) -> JSONValue {
        let metadata = object["metadata"].members.filter { written.contains($0.key) }.map { member in
            guard member.key == "annotations", case .object(let all) = member.value else { return member }
            return (key: member.key, value: .object(all.filter { $0.key != copy }))
        }
        // Items of a list do not say what they are; the status is what others wrote.
        let rest = object.members.filter { !["apiVersion", "kind", "metadata", "status"].contains($0.key) }
        return .object(
            [
                (key: "apiVersion", value: .string(apiVersion)), (key: "kind", value: .string(kind)),
                (key: "metadata", value: .object(metadata)),
            ] + rest)
    }
}
