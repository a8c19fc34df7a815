/// A kind of object that can be read from its tree.
package protocol KubernetesObject: Sendable, Hashable {
    /// As `apiVersion` has it: `v1`.
    static var apiVersion: String { get }
    /// As `kind` has it: `Pod`.
    static var kind: String { get }
    /// Its name, and what else every object has.
    var metadata: ObjectMetadata { get }

    /// Reads an object; what it does not know is skipped. `apiVersion` and `kind` are not looked at: items of a
    /// list have none.
    /// - Throws: `ObjectError` with the place.
    init(_ object: ObjectReader) throws(ObjectError)
}

/// What an object says of its kind, read before the rest.
package struct ObjectType: Sendable, Hashable, CustomStringConvertible {
    /// `v1`, `cilium.io/v1alpha1`.
    package let apiVersion: String
    /// `Pod`.
    package let kind: String

    package init(apiVersion: String, kind: String) {
        self.apiVersion = apiVersion
        self.kind = kind
    }

    /// - Throws: `ObjectError` where one of the two is missing or no text.
    package init(_ object: ObjectReader) throws(ObjectError) {
        apiVersion = try object.text("apiVersion", longest: 512)
        kind = try object.text("kind", longest: 253)
        guard !apiVersion.isEmpty else {
            throw ObjectError(path: object.path, reason: "\"apiVersion\" is missing")
        }
        guard !kind.isEmpty else {
            throw ObjectError(path: object.path, reason: "\"kind\" is missing")
        }
    }

    /// The type of a kind that is known here.
    package init<Object: KubernetesObject>(of _: Object.Type) {
        apiVersion = Object.apiVersion
        kind = Object.kind
    }

    package var description: String { "\(apiVersion) \(kind)" }
}

/// A namespace: what matters of it are its labels.
package struct KubernetesNamespace: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "Namespace"

    package var metadata: ObjectMetadata

    package init(metadata: ObjectMetadata) { self.metadata = metadata }

    package init(_ object: ObjectReader) throws(ObjectError) { metadata = try ObjectMetadata(object) }
}

/// A node: likewise.
package struct KubernetesNode: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "Node"

    package var metadata: ObjectMetadata

    package init(metadata: ObjectMetadata) { self.metadata = metadata }

    package init(_ object: ObjectReader) throws(ObjectError) { metadata = try ObjectMetadata(object) }
}
