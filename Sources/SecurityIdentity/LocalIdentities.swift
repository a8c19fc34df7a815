/// Numbers that only this node knows: of ranges of addresses, and of other nodes. No store has them; a number goes with its
/// last user, and is used again as late as possible.
public struct LocalIdentities {
    private var cidr = NumberChoice(NumericIdentity.firstCIDR + 1...NumericIdentity.firstRemoteNode - 1)
    private var remoteNode = NumberChoice(
        NumericIdentity.firstRemoteNode + 1...NumericIdentity.firstRemoteNode + 0xff_ffff)
    /// What is bound, and how many use it.
    public private(set) var table = IdentityTable()

    public init() {}

    /// The number of labels, with one more user; nil where the labels are not local, or all numbers are in use.
    public mutating func acquire(_ labels: LabelSet) -> NumericIdentity? {
        if let number = table.number(of: labels) {
            table.use(number, 1)
            return number
        }
        guard let number = choose(labels.scope) else { return nil }
        table.bind(number, labels)
        table.use(number, 1)
        return number
    }

    private mutating func choose(_ scope: NumericIdentity.Scope) -> NumericIdentity? {
        switch scope {
        case .cidr: cidr.take { !table.contains($0) }
        case .remoteNode: remoteNode.take { !table.contains($0) }
        case .reserved, .cluster, .unknown: nil
        }
    }

    /// A user less.
    public mutating func release(_ number: NumericIdentity) {
        if table.contains(number), table.use(number, -1) == 0 { table.unbind(number) }
    }
}
