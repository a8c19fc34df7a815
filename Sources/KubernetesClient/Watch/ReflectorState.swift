package import KubernetesObjects

/// How well a collection is known.
package struct ReflectorState: Sendable, Hashable {
    /// Whether a whole list was read once.
    package var isSynced = false
    /// Since when changes may be missing, nanoseconds since 1970; nil = what is known is what there is.
    package var staleSince: UInt64?
    /// What went wrong last, in words; empty = nothing did.
    package var lastError = ""
    /// The status of HTTP that the server refused with last; 0 = it did not, or is asked again with success.
    package var refusal = 0
    /// Lists that were read to their ends.
    package var lists: UInt64 = 0
    /// Watches that a server took.
    package var watches: UInt64 = 0
    /// Objects that came, changed or went by a watch.
    package var events: UInt64 = 0
    /// Bookmarks: nothing happened up to a version.
    package var bookmarks: UInt64 = 0
    /// Versions that were too old (410): a list each.
    package var expired: UInt64 = 0
    /// Objects that are not known, since they could not be read or were too long, or too many.
    package var skipped: UInt64 = 0
    /// Why the last one was.
    package var lastSkipped = ""

    package init() {}
}

/// What a reflector tells, in order.
package enum ReflectorReport<Object: KubernetesObject>: Sendable {
    /// All objects that there are: what is not among them is gone, unless some are `missing` here, which could not be
    /// read or were too many.
    case all([Object], missing: Int = 0)
    /// One came or changed.
    case set(Object)
    /// One went; its last state.
    case removed(Object)
    /// How well the collection is known has changed.
    case state(ReflectorState)
}
