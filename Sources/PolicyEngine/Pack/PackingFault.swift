package import PolicyModel

/// Why a generation does not fit into the maps: who is one too many, where, and what the limit is.
package struct PackingFault: Error, Hashable, CustomStringConvertible {
    /// Position of the policy in the generation; nil = no single one is to blame.
    package var policy: Int?
    /// Position of its entry.
    package var hook: Int?
    /// Where the rules of all policies meet; nil = it is about all attach points together.
    package var point: AttachPoint?
    /// What does not fit, and how much would.
    package var reason: String

    package var description: String { (point.map { "\($0.name): " } ?? "") + reason }
}

/// A limit, before it is known whose rules go beyond it.
struct PackingLimit: Error, Hashable {
    var reason: String

    init(_ reason: String) { self.reason = reason }

    /// `what` has `count`; `limit` fit.
    static func check(_ count: Int, _ limit: Int, _ what: String) throws(PackingLimit) {
        guard count <= limit else {
            throw PackingLimit("\(what): \(count) of all policies together; there is room for \(limit)")
        }
    }
}
