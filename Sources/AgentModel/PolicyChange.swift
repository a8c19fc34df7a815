/// A policy by name; unique on a node.
public struct PolicyKey: Codable, Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Empty for cluster-wide policies.
    public var namespace: String
    /// `metadata.name`.
    public var name: String

    public init(name: String, namespace: String = "") {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (left: PolicyKey, right: PolicyKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// What a client asks for beside the text of the policies that it adds.
public struct PolicyAddition: Sendable, Equatable {
    /// One policy, or several that `---` parts: all are added, or none.
    public var yaml: [UInt8]
    /// How messages call the text: the client's file; empty = not said.
    public var source: String
    /// Policies of the same names that the API brought are replaced.
    public var replaces: Bool
    /// Also where the daemon or the first process would be killed.
    public var isForced: Bool
    /// Goes before the text's own mode.
    public var mode: PolicyRunMode?

    public init(
        yaml: [UInt8], source: String = "", replaces: Bool = false, isForced: Bool = false,
        mode: PolicyRunMode? = nil
    ) {
        self.yaml = yaml
        self.source = source
        self.replaces = replaces
        self.isForced = isForced
        self.mode = mode
    }
}

/// Why a change of policies was not made; everything is as it was before.
public struct PolicyChangeError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What a client can do about it.
    public enum Kind: Sendable {
        /// The request or the text is wrong.
        case invalid
        case notFound
        case alreadyExists
        /// The text is right, and cannot run here, or not so.
        case refused
        /// The daemon cannot do it now: it stops, its disk is full, it has no engine.
        case unavailable
    }

    /// What a client can do about it.
    public let kind: Kind
    /// For people; several lines where several things are wrong with a text.
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
