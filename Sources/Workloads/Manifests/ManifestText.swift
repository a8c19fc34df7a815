import JSONTree
import KubernetesObjects
package import YAMLReader

/// A file of manifests, read: one or more documents, each an object or a list of objects.
package struct ManifestText: Sendable {
    /// Bounds of a file: some thousand pods.
    package static let limits = YAMLLimits(bytes: 8 << 20, depth: 64, nodes: 500_000)
    /// Errors that are kept of a file.
    private static let mostErrors = 20

    /// In the order of the file, without policies, which have a reader of their own. All that could be read, also
    /// where there are errors.
    package private(set) var objects: [ManifestObject] = []
    /// What is wrong, each with file, line and column; empty = the file can be used.
    package let errors: [String]

    package init(file: String, bytes: [UInt8]) {
        guard bytes.count <= Self.limits.bytes else {
            errors = ["\(file): error: it has \(bytes.count) bytes; at most \(Self.limits.bytes) are read"]
            return
        }
        let collector = DiagnosticCollector(SourceText(file: file, bytes: bytes), limit: Self.mostErrors)
        if let documents = YAMLReader.documents(collector, limits: Self.limits) {
            let present = documents.filter { !$0.isNull }
            for document in present { Self.read(NodeCursor(document, collector), &objects) }
            if present.isEmpty {
                // An editor that empties a file before it writes must not cost what the file says.
                collector.report(
                    "there is no object in this file",
                    at: YAMLNode.Range(start: SourcePosition(line: 1, column: 1), length: 1),
                    hint: "remove the file where nothing of it is wanted any more")
            }
        }
        errors = collector.sortedDiagnostics.filter { $0.severity == .error }.map { $0.rendered() }
    }

    // MARK: Objects

    /// - Parameter implied: what the items of a list are that do not say it themselves.
    private static func read(
        _ cursor: NodeCursor, implied: ManifestKind? = nil, isItem: Bool = false,
        _ objects: inout [ManifestObject]
    ) {
        guard case .mapping = cursor.node.content else {
            return cursor.report("expected an object of Kubernetes, found \(cursor.node.summary)")
        }
        if let implied, cursor.optional("kind") == nil, cursor.optional("apiVersion") == nil {
            return read(implied, cursor, &objects)
        }
        guard let versionCursor = cursor.required("apiVersion"), let version = versionCursor.string(),
            let kindCursor = cursor.required("kind"), let name = kindCursor.string()
        else { return }
        if let list = listed(name, version) {
            guard !isItem else { return kindCursor.report("a list in a list is not read") }
            for item in cursor.optional("items")?.each() ?? [] {
                read(item, implied: list.items, isItem: true, &objects)
            }
            return
        }
        guard let kind = ManifestKind(rawValue: name) else {
            return kindCursor.report(
                "unknown kind \(quoted(name)) of \(quoted(version))", hint: hint(name))
        }
        // Versions of policies are judged by their own reader.
        let isExpected = kind.isPolicy ? version.hasPrefix("cilium.io/") : version == kind.apiVersion
        guard isExpected else {
            return versionCursor.report(
                "\(name) of \(quoted(version)) is not known", hint: "write \(kind.apiVersion)")
        }
        if !kind.isPolicy { read(kind, cursor, &objects) }
    }

    private struct Listed {
        /// What the items are; nil = they say it themselves.
        var items: ManifestKind?
    }

    /// Nil where the kind is no list.
    private static func listed(_ name: String, _ version: String) -> Listed? {
        guard name.hasSuffix("List") else { return nil }
        if name == "List", version == "v1" { return Listed() }
        guard let kind = ManifestKind(rawValue: String(name.dropLast("List".count))), !kind.isPolicy,
            kind.apiVersion == version
        else { return nil }
        return Listed(items: kind)
    }

    private static func hint(_ name: String) -> String {
        if makers.contains(name) { return "pods are read, not what makes them: write the Pod that runs here" }
        let known = ManifestKind.allCases.map(\.rawValue)
        return Spelling.suggestion(for: name, among: known) ?? "known here: "
            + known.joined(separator: ", ") + ", and List"
    }

    private static let makers: Set<String> = [
        "Deployment", "ReplicaSet", "ReplicationController", "DaemonSet", "StatefulSet", "Job", "CronJob",
    ]

    private static func read(
        _ kind: ManifestKind, _ cursor: NodeCursor, _ objects: inout [ManifestObject]
    ) {
        do throws(ObjectError) {
            let reader = ObjectReader(JSONValue(cursor.node))
            let value: ManifestObject.Value
            var metadata: ObjectMetadata
            switch kind {
            case .pod:
                var pod = try KubernetesPod(reader)
                try check(pod)
                if pod.metadata.namespace.isEmpty { pod.metadata.namespace = "default" }
                (value, metadata) = (.pod(pod), pod.metadata)
            case .namespace:
                let namespace = try KubernetesNamespace(reader)
                (value, metadata) = (.namespace(namespace), namespace.metadata)
            case .node:
                let node = try KubernetesNode(reader)
                (value, metadata) = (.node(node), node.metadata)
            default: (value, metadata) = (.other, try ObjectMetadata(reader))
            }
            if !kind.isNamespaced {
                metadata.namespace = ""
            } else if metadata.namespace.isEmpty {
                metadata.namespace = "default"
            }
            try check(metadata)
            objects.append(
                ManifestObject(
                    key: ManifestObject.Key(
                        kind: kind, namespace: metadata.namespace, name: metadata.name),
                    value: value, position: cursor.node.range.start))
        } catch {
            let prefix = cursor.path.isEmpty ? "" : cursor.path + (error.path.isEmpty ? "" : ".")
            let text = prefix + error.path
            cursor.collector.report(
                text.isEmpty ? error.reason : "\(text): \(error.reason)",
                at: cursor.node.nearest(to: error.path).range)
        }
    }

    /// Names go into events and messages: as the API has them.
    private static func check(_ metadata: ObjectMetadata) throws(ObjectError) {
        try check(metadata.name, "metadata.name")
        if !metadata.namespace.isEmpty { try check(metadata.namespace, "metadata.namespace") }
    }

    private static func check(_ name: String, _ path: String) throws(ObjectError) {
        guard !isName(name) else { return }
        throw ObjectError(
            path: path,
            reason: "\(quoted(name)) is no name: lower-case letters, digits, - and . are allowed")
    }

    private static func check(_ pod: KubernetesPod) throws(ObjectError) {
        var names: Set<String> = []
        for container in pod.containers {
            guard isName(container.name) else {
                throw ObjectError(
                    path: "spec.containers",
                    reason: container.name.isEmpty
                        ? "a container has no name"
                        : "\(quoted(container.name)) is no name of a container")
            }
            guard names.insert(container.name).inserted else {
                throw ObjectError(
                    path: "spec.containers", reason: "two containers are called \"\(container.name)\"")
            }
        }
    }

    /// In quotes, and fit for a line of a log.
    private static func quoted(_ text: String) -> String { String(text.prefix(80)).debugDescription }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }
}
