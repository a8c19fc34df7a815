/// Namespaces of Kubernetes as a setting lists them: names; `*` = all; `-` = what is in no pod; `!name` = all but this.
public struct NamespaceList: Sendable, Equatable {
    private let names: Set<String>

    /// - Parameter entries: as `check` accepts them.
    public init(_ entries: [String]) { names = Set(entries) }

    /// Whether none is meant.
    public var isEmpty: Bool { !names.contains { !$0.hasPrefix("!") } }

    /// Whether a namespace is meant; empty = what is in no pod. A `!` goes before all others.
    public func holds(_ namespace: String) -> Bool {
        let name = namespace.isEmpty ? "-" : namespace
        return !names.contains("!" + name) && (names.contains(name) || names.contains("*"))
    }

    /// Why something is no entry; nil = it is one.
    public static func problem(of entry: String) -> String? {
        let name = entry.hasPrefix("!") ? entry.dropFirst() : entry[...]
        if name == "-" || entry == "*" { return nil }
        let isName =
            !name.isEmpty && name.utf8.count <= 63
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
            }
        return isName ? nil : "expected a namespace, *, - or !namespace, found \"\(entry)\""
    }
}
