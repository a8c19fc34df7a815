import JSONTree
import KubernetesObjects
import LinuxSystem
package import SystemPackage

/// The labels that a cluster gave this node, in a file of the state directory: policies with a `nodeSelector` are in
/// force from the start, also while the API of the cluster is away.
package struct KeptNodeLabels: Sendable {
    /// Bytes; a Kubernetes object has no more.
    private static let longest = 4 << 20

    /// Of the file.
    package let path: String
    private let node: String

    /// - Parameter node: its name; labels of another one do not count.
    package init(stateDirectory: String, node: String) {
        path = stateDirectory + "/cluster-node.json"
        self.node = node
    }

    /// What was kept; empty where there is nothing, or of another node.
    package func read() -> [String: String] {
        guard let bytes = BoundedFile.read(path, limit: Self.longest),
            let tree = try? JSONScanner.parse(bytes.span), tree["node"].text == node
        else { return [:] }
        return (try? ObjectReader(tree).texts("labels")) ?? [:]
    }

    /// Replaces what is kept, whole.
    /// - Throws: `Errno` where it cannot be written.
    package func write(_ labels: [String: String]) throws(Errno) {
        let text = ObjectText.written(
            .object([(key: "node", value: .string(node)), (key: "labels", value: .texts(labels))]))
        try KeptFile.replace(path, with: text)
    }
}
