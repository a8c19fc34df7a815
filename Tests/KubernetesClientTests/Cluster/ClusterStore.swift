import JSONTree

/// Objects as an API server keeps them: each change has a number, and the last changes are remembered.
struct ClusterStore {
    /// A change, as watches tell it.
    struct Change {
        let version: Int
        /// ADDED, MODIFIED, DELETED.
        let type: String
        let resource: String
        let object: JSONValue
    }

    /// By resource, namespace and name.
    private(set) var objects: [String: JSONValue] = [:]
    private(set) var version = 100
    private(set) var changes: [Change] = []
    /// Changes up to this version are forgotten.
    private(set) var compacted = 100
    private var nextUID = 1

    /// Writes an object, new or not; the server's fields are its own.
    mutating func put(_ object: JSONValue, resource: String, namespace: String?) -> (JSONValue, isNew: Bool) {
        version += 1
        let name = object["metadata"]["name"].textOrEmpty
        let key = Self.key(resource, namespace, name)
        let known = objects[key]
        var metadata = object["metadata"].setting("resourceVersion", .string(String(version)))
        if let namespace { metadata = metadata.setting("namespace", .string(namespace)) }
        let uid = known?["metadata"]["uid"].text ?? metadata["uid"].text ?? "uid-\(nextUID)"
        nextUID += 1
        metadata = metadata.setting("uid", .string(uid))
            .setting("creationTimestamp", .string("2026-11-22T08:00:00Z"))
        let stored = object.setting("metadata", metadata)
        objects[key] = stored
        let type = known == nil ? "ADDED" : "MODIFIED"
        changes.append(Change(version: version, type: type, resource: resource, object: stored))
        return (stored, known == nil)
    }

    /// Takes an object away; nil where there is none.
    mutating func remove(resource: String, namespace: String?, name: String) -> JSONValue? {
        let key = Self.key(resource, namespace, name)
        guard let object = objects.removeValue(forKey: key) else { return nil }
        version += 1
        // A deletion has a version of its own.
        let metadata = object["metadata"].setting("resourceVersion", .string(String(version)))
        let last = object.setting("metadata", metadata)
        changes.append(Change(version: version, type: "DELETED", resource: resource, object: last))
        return last
    }

    func object(resource: String, namespace: String?, name: String) -> JSONValue? {
        objects[Self.key(resource, namespace, name)]
    }

    /// Those of a resource that selectors take, by name.
    func list(_ resource: String, _ namespace: String?, _ selector: FieldSelector) -> [JSONValue] {
        objects.filter { $0.key.hasPrefix(resource + "/" + (namespace.map { $0 + "/" } ?? "")) }
            .sorted { $0.key < $1.key }.map(\.value).filter(selector.takes)
    }

    /// Forgets all changes: whoever wants to go on from before is too late.
    mutating func compact() {
        version += 1
        compacted = version
        changes = []
    }

    private static func key(_ resource: String, _ namespace: String?, _ name: String) -> String {
        "\(resource)/\(namespace.map { $0 + "/" } ?? "")\(name)"
    }
}

/// `spec.nodeName=node1,metadata.name!=x`.
struct FieldSelector {
    private let terms: [(path: [Substring], wanted: Substring)]

    init(_ text: String) {
        terms = text.split(separator: ",").map { term in
            let sides = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (sides[0].split(separator: "."), sides.count == 2 ? sides[1].drop { $0 == "=" } : "")
        }
    }

    func takes(_ object: JSONValue) -> Bool {
        terms.allSatisfy { term in
            term.path.reduce(object) { $0[String($1)] }.textOrEmpty == term.wanted
        }
    }
}

extension JSONValue {
    /// The object with a member replaced or added.
    func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        .object(members.filter { $0.key != name } + [(key: name, value: value)])
    }

    /// The object without these members.
    func without(_ names: String...) -> JSONValue {
        .object(members.filter { !names.contains($0.key) })
    }

    /// The object after a merge patch (RFC 7396).
    func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = members
        for change in changes {
            let known = result.first { $0.key == change.key }?.value ?? .null
            result.removeAll { $0.key == change.key }
            if change.value.exists {
                result.append((key: change.key, value: known.merged(with: change.value)))
            }
        }
        return .object(result)
    }
}
