import KubernetesObjects
package import LinuxSystem
import YAMLReader

/// What all manifests say together.
package struct ManifestContent: Sendable {
    /// Pods of this node.
    package var pods = DeclaredPods()
    /// Labels of this node; empty where no manifest says them.
    package var nodeLabels: [String: String] = [:]
    /// Labels of namespaces, by name.
    package var namespaceLabels: [String: [String: String]] = [:]
    /// Objects of kinds that nothing acts by, counted.
    package var unused: [ManifestKind: Int] = [:]
    /// Sentences about what is wrong.
    package var problems: [String] = []
}

/// The files of manifests: each is used whole, or stays what it was. What they say together does not depend on the
/// order in which they came: they count in the order of their paths.
package struct ManifestSet: Sendable {
    /// Pods that are known at most.
    package static let mostPods = 16_384

    fileprivate struct File {
        /// Of the newest text that could be used.
        var objects: [ManifestObject] = []
        /// Of the newest text.
        var errors: [String] = []
    }

    private var files: [String: File] = [:]

    package init() {}

    /// Takes what a file holds now.
    package mutating func take(_ path: String, _ content: ConfiguredFiles.Content) {
        var file = files[path] ?? File()
        switch content {
        case .bytes(let bytes):
            let text = ManifestText(file: path, bytes: bytes)
            file.errors = text.errors
            if text.errors.isEmpty { file.objects = text.objects }
        case .unreadable(let reason): file.errors = ["cannot read \(path): \(reason)"]
        }
        files[path] = file
    }

    /// Forgets all files but these.
    package mutating func keep(_ paths: [String]) {
        let kept = Set(paths)
        files = files.filter { kept.contains($0.key) }
    }

    /// Whether a file was taken.
    package func has(_ path: String) -> Bool { files[path] != nil }

    /// Those of a namespace, with the one that API servers give it.
    private static func labels(_ namespace: ObjectMetadata) -> [String: String] {
        var labels = namespace.labels
        labels["kubernetes.io/metadata.name"] = namespace.name
        return labels
    }

    /// What the files say.
    /// - Parameter node: the name of this node; pods that are given to another one are not of it.
    package func content(node: String) -> ManifestContent {
        var content = ManifestContent()
        var places: [ManifestObject.Key: String] = [:]
        var pods: [DeclaredPods.Entry] = []
        var surplus = 0
        for (path, file) in files.sorted(by: { $0.key < $1.key }) {
            if let problem = file.problem { content.problems.append(problem) }
            for object in file.objects {
                let place = "\(path):\(object.position.line):\(object.position.column)"
                if let first = places[object.key] {
                    content.problems.append(
                        "\(place): error: \(object.key) stands here for the second time: that at \(first) counts"
                    )
                    continue
                }
                places[object.key] = place
                if !object.key.kind.isUsed { content.unused[object.key.kind, default: 0] += 1 }
                switch object.value {
                case .pod(let pod) where pod.nodeName.isEmpty || pod.nodeName == node:
                    if pods.count < Self.mostPods {
                        pods.append(DeclaredPods.Entry(pod: pod, place: place))
                    } else {
                        surplus += 1
                    }
                case .node(let one) where one.metadata.name == node:
                    content.nodeLabels = one.metadata.labels
                case .namespace(let namespace):
                    content.namespaceLabels[namespace.metadata.name] = Self.labels(namespace.metadata)
                default: break
                }
            }
        }
        if surplus > 0 {
            content.problems.append(
                "manifests: \(surplus) pods beyond \(Self.mostPods) are not known: have fewer on a node")
        }
        content.pods = DeclaredPods(pods)
        content.problems += content.pods.problems
        return content
    }
}

extension ManifestSet.File {
    /// One sentence, however many errors there are.
    fileprivate var problem: String? {
        guard let first = errors.first else { return nil }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        return first + more + (objects.isEmpty ? "" : "; the objects that the file had before stay")
    }
}
