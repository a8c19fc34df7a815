/// Who says that a label holds. Any text of letters, digits and dashes; those below have a meaning.
public struct LabelSource: RawRepresentable, Sendable, Hashable {
    /// As it is written before the colon.
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Pods and namespaces of Kubernetes.
    public static let k8s = LabelSource(rawValue: "k8s")
    /// Containers without Kubernetes.
    public static let container = LabelSource(rawValue: "container")
    /// Identities with fixed numbers: the key is the name.
    public static let reserved = LabelSource(rawValue: "reserved")
    /// Ranges of addresses: the key is the prefix, with dashes for the colons of IPv6.
    public static let cidr = LabelSource(rawValue: "cidr")
    /// Groups of ranges of addresses.
    public static let cidrGroup = LabelSource(rawValue: "cidrgroup")
    /// Names of DNS that policies select.
    public static let fqdn = LabelSource(rawValue: "fqdn")
    /// Nodes of a cluster.
    public static let node = LabelSource(rawValue: "node")
    /// In selectors: whoever says it.
    public static let any = LabelSource(rawValue: "any")
    /// A label that was written without a source.
    public static let unspecified = LabelSource(rawValue: "unspec")
}

/// Something that is said of a workload: `k8s:app=web`.
public struct Label: Sendable, Hashable {
    /// Who says it.
    public var source: LabelSource
    /// As Kubernetes or the engine writes it, without a source.
    public var key: String
    /// Empty where there is only a key.
    public var value: String

    public init(_ source: LabelSource, _ key: String, _ value: String = "") {
        self.source = source
        self.key = key
        self.value = value
    }

    /// Reads `source:key=value`, `key=value`, `source:key` or `key`; nil without a key.
    /// - Parameter standard: the source where none is written: `unspecified` for labels, `any` for selectors.
    public init?(parsing text: String, standard: LabelSource = .unspecified) {
        let head = text.prefix { $0 != "=" }
        var key = head[...]
        source = standard
        // A colon behind the equals sign belongs to the value.
        if let colon = head.firstIndex(of: ":") {
            if colon > head.startIndex { source = LabelSource(rawValue: String(head[..<colon])) }
            key = head[head.index(after: colon)...]
        }
        guard !key.isEmpty else { return nil }
        self.key = String(key)
        value = head.endIndex == text.endIndex ? "" : String(text[text.index(after: head.endIndex)...])
    }

    /// `k8s:app=web`; without the equals sign where there is no value.
    public var text: String {
        value.isEmpty ? "\(source.rawValue):\(key)" : "\(source.rawValue):\(key)=\(value)"
    }

    /// Whether a label of a workload is what this one, of a selector, asks for.
    public func selects(_ other: Label) -> Bool {
        key == other.key && value == other.value && (source == .any || source == other.source)
    }
}

extension Label: Comparable {
    /// The order of a canonical set: by the bytes of the key, then by source and value.
    public static func < (left: Label, right: Label) -> Bool {
        if left.key != right.key { return precedes(left.key, right.key) }
        if left.source != right.source { return precedes(left.source.rawValue, right.source.rawValue) }
        return precedes(left.value, right.value)
    }

    /// By bytes: the same on every node, whatever version of Unicode its Swift knows.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
