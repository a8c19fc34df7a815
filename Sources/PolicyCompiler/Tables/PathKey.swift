/// The beginning of a path as the kernel's walk meets it: whole components, then the start of one more.
///
/// The walk hashes component by component; a lookup at depth `components.count` finds the directory, and `rest` is
/// compared with the name that follows. `/etc/` has an empty rest: anything below. `/etc` is the rest of a name in the
/// root, because it is the beginning of `/etcetera`, too.
public struct PathKey: Sendable, Hashable {
    /// Names of directories from the root, without slashes.
    public var components: [[UInt8]]
    /// Beginning of the next name; empty = any.
    public var rest: [UInt8]

    /// The key of a beginning; nil where it is no absolute path.
    public init?(prefix: [UInt8]) {
        guard prefix.first == UInt8(ascii: "/") else { return nil }
        let parts = prefix.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        components = parts.dropLast().map { Array($0) }
        rest = Array(parts.last ?? [])
    }

    /// Whether a path begins so, component by component.
    public func holds(for path: [UInt8]) -> Bool {
        guard let other = PathKey(prefix: path) else { return false }
        let names = other.components + [other.rest]
        return names.count > components.count && names.starts(with: components)
            && names[components.count].starts(with: rest)
    }
}
