import JSONTree

/// What each object of Kubernetes has.
package struct ObjectMetadata: Sendable, Hashable {
    /// Empty for objects of the whole cluster.
    package var namespace = ""
    /// Unique in the namespace, for objects of a kind.
    package var name = ""
    /// Unique for ever; empty in manifests.
    package var uid = ""
    /// Opaque: what a watch goes on from. Empty in manifests.
    package var resourceVersion = ""
    /// What the name was drawn from; empty where somebody chose it.
    package var generateName = ""
    /// What selectors look at.
    package var labels: [String: String] = [:]
    /// What nobody selects by.
    package var annotations: [String: String] = [:]
    /// What made it.
    package var owners: [OwnerReference] = []
    /// Whether its deletion was asked for; it may go on for a while.
    package var isDeleted = false

    package init(namespace: String = "", name: String = "", uid: String = "") {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// Reads `metadata` of an object. A name is needed.
    /// - Throws: `ObjectError` with the place.
    package init(_ object: ObjectReader) throws(ObjectError) {
        guard let metadata = try object.optional("metadata") else {
            throw ObjectError(path: object.path, reason: "\"metadata\" is missing")
        }
        // The API's bounds: DNS-1123 names have 253 bytes, uids are UUIDs.
        namespace = try metadata.text("namespace", longest: 253)
        name = try metadata.text("name", longest: 253)
        uid = try metadata.text("uid", longest: 253)
        resourceVersion = try metadata.text("resourceVersion", longest: 253)
        generateName = try metadata.text("generateName", longest: 253)
        labels = try metadata.texts("labels")
        annotations = try metadata.texts("annotations")
        for owner in try metadata.list("ownerReferences", most: 1000) {
            owners.append(try OwnerReference(owner))
        }
        isDeleted = try !metadata.text("deletionTimestamp").isEmpty
        guard !name.isEmpty else {
            throw ObjectError(path: metadata.path, reason: "\"name\" is missing")
        }
    }
}

/// What made an object.
package struct OwnerReference: Sendable, Hashable {
    /// `apps/v1`.
    package var apiVersion = ""
    /// `ReplicaSet`.
    package var kind = ""
    /// In the namespace of the object.
    package var name = ""
    /// Of the owner.
    package var uid = ""
    /// Whether it is the one owner that looks after the object.
    package var isController = false

    package init(apiVersion: String = "", kind: String, name: String, isController: Bool = true) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.isController = isController
    }

    init(_ reader: ObjectReader) throws(ObjectError) {
        apiVersion = try reader.text("apiVersion", longest: 512)
        kind = try reader.text("kind", longest: 253)
        name = try reader.text("name", longest: 253)
        uid = try reader.text("uid", longest: 253)
        isController = try reader.bool("controller") ?? false
    }
}
