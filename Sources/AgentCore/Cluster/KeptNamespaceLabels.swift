import JSONTree
import KubernetesObjects
import LinuxSystem
import Synchronization
package import SystemPackage

/// The labels that a cluster gave its namespaces, in a file of the state directory: pods have the same identities after a
/// restart, also while the API of the cluster is away.
package final class KeptNamespaceLabels: Sendable {
    private struct Books {
        /// What the file lacks; nil = nothing.
        var waiting: [String: [String: String]]?
        /// When it may be written again, of a clock that never goes back.
        var next: UInt64 = 0
    }

    /// Bytes; some ten thousand namespaces.
    private static let longest = 32 << 20
    /// Between writes, nanoseconds: namespaces of tests come and go by the second.
    private static let interval: UInt64 = 60_000_000_000

    /// Of the file.
    package let path: String
    private let books = Mutex(Books())

    package init(stateDirectory: String) { path = stateDirectory + "/cluster-namespaces.json" }

    /// What was kept, by name; empty where there is nothing.
    package func read() -> [String: [String: String]] {
        guard let bytes = BoundedFile.read(path, limit: Self.longest),
            let tree = try? JSONScanner.parse(bytes.span)
        else { return [:] }
        let reader = ObjectReader(tree)
        var found: [String: [String: String]] = [:]
        for member in tree.members { found[member.key] = try? reader.texts(member.key) }
        return found
    }

    /// Keeps these from now on; the file has them a minute later at the latest where more changes come, else with `finish`.
    /// - Throws: `Errno` where they cannot be written.
    package func keep(
        _ labels: [String: [String: String]], at now: UInt64 = MonotonicClock.now
    ) throws(Errno) {
        let isDue = books.withLock { books in
            guard now >= books.next else {
                books.waiting = labels
                return false
            }
            books.waiting = nil
            books.next = now &+ Self.interval
            return true
        }
        if isDue { try write(labels) }
    }

    /// Writes what waits.
    /// - Throws: `Errno` where it cannot be written.
    package func finish() throws(Errno) {
        if let labels = books.withLock({ $0.waiting.take() }) { try write(labels) }
    }

    private func write(_ labels: [String: [String: String]]) throws(Errno) {
        let members = labels.sorted { $0.key < $1.key }.map { name, labels in
            (key: name, value: JSONValue.texts(labels))
        }
        try KeptFile.replace(path, with: ObjectText.written(.object(members)))
    }
}
