/// A number and what it stands for.
public struct IdentityBinding: Sendable, Hashable {
    /// Of the scope that the labels ask for.
    public var number: NumericIdentity
    /// All that make the identity.
    public var labels: LabelSet

    public init(_ number: NumericIdentity, _ labels: LabelSet) {
        self.number = number
        self.labels = labels
    }
}

/// What others did to bindings.
public enum IdentityChange: Sendable, Equatable {
    /// A number was bound.
    case bound(IdentityBinding)
    /// A number was given back.
    case unbound(NumericIdentity)
    /// All that there are follow, as `bound`.
    case listBegins
    /// These were all: what was not among them is gone.
    case listEnds
    /// What this node had claimed counts no more (its lease ended): each claim has to be made again.
    case claimsLost
}

/// Why a store did not do something.
public enum IdentityStoreError: Error, Equatable, CustomStringConvertible {
    /// It cannot be asked now; asking again may help.
    case unavailable(String)
    /// The number stands for something else by now.
    case taken
    /// The store is full, or refuses for good.
    case refused(String)

    public var description: String {
        switch self {
        case .unavailable(let reason), .refused(let reason): reason
        case .taken: "the number was given to other labels"
        }
    }
}

/// Where numbers are kept: a file for one node, etcd for many. All calls come from one thread.
public protocol IdentityStore: AnyObject {
    /// For people: where it is.
    var name: String { get }
    /// What is wrong with it now; nil = nothing.
    var problem: String? { get }

    /// What is known without asking anybody: what this node used last.
    func open(_ take: (IdentityBinding) -> Void)
    /// Binds a number to labels for this node, on stable storage when it returns.
    /// - Parameter binding: the number that is wanted.
    /// - Returns: the number that the labels have: another one where they had one before.
    /// - Throws: `taken` where the number stands for other labels: another has to be chosen.
    func claim(_ binding: IdentityBinding) throws(IdentityStoreError) -> NumericIdentity
    /// This node does not use a binding any more. It stays bound.
    func release(_ binding: IdentityBinding) throws(IdentityStoreError)
    /// Gives a number back for good, unless somebody uses it.
    /// - Returns: false where somebody does.
    func remove(_ binding: IdentityBinding) throws(IdentityStoreError) -> Bool
    /// Numbers that anybody may use, where it is on this node to give back all others; nil = it is not.
    func used() throws(IdentityStoreError) -> Set<NumericIdentity>?
    /// What others did since the last call.
    func changes(_ take: (IdentityChange) -> Void)
}
