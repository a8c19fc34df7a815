/// One row of `secctl identity list`.
public struct IdentityListing: Codable, Sendable, Hashable {
    /// The number, as packets and policies have it.
    public var number: UInt32
    /// reserved, cluster, cidr or remoteNode.
    public var scope: String
    /// `source:key=value`, by key.
    public var labels: [String]
    /// Cgroups of this node that have it; 0 = only other nodes, or nobody for the moment.
    public var users: Int

    public init(number: UInt32, scope: String, labels: [String], users: Int) {
        self.number = number
        self.scope = scope
        self.labels = labels
        self.users = users
    }
}

/// What the daemon knows of identities, and where they are kept.
public struct IdentityReport: Codable, Sendable, Hashable {
    /// By number.
    public var identities: [IdentityListing]
    /// `file PATH`, or etcd with its endpoints.
    public var store: String
    /// What is wrong with the store, or why labels have no number; empty = nothing.
    public var problem: String
    /// Cgroups whose labels have no number yet.
    public var waiting: Int
    /// Numbers in use that the store has yet to confirm.
    public var unconfirmed: Int
    /// Cgroups whose number became another one while they ran.
    public var changed: UInt64
    /// Cgroups whose labels cannot be an identity: too many, or too long.
    public var unusable: Int

    /// The rest is set afterwards, where there is something.
    public init(store: String) {
        identities = []
        self.store = store
        problem = ""
        waiting = 0
        unconfirmed = 0
        changed = 0
        unusable = 0
    }
}
