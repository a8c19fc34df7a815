import CEventABI
import PolicyCompiler

/// A table of texts as one of paths, component by component: then the kernel need not write a path down to
/// look it up.
struct PathTable {
    /// Components of a whole path → class.
    private(set) var whole: [(names: [[UInt8]], number: UInt32)] = []
    /// Beginning → class.
    private(set) var beginnings: [(key: PathKey, number: UInt32)] = []
    /// Distinct shapes of beginnings, longest first.
    private(set) var lengths: [(bytes: Int, whole: Int)] = []

    private struct Shape: Hashable {
        var whole: Int
        var bytes: Int
    }

    /// Nil where a text is no path as the kernel writes it, or shapes are too many.
    init?(_ table: TextTable) {
        let root = [UInt8(ascii: "/")]
        // The root has no component that could follow; as text it begins with a slash like any other.
        if table.exact[root] == nil, let number = table.prefixes[root] { whole.append(([], number)) }
        for (text, number) in zip(table.exact.keys, table.exact.classes) {
            guard let names = Self.names(text) else { return nil }
            whole.append((names, number))
        }
        var shapes: Set<Shape> = []
        for (text, number) in zip(table.prefixes.keys, table.prefixes.classes) {
            guard let key = PathKey(prefix: text), !key.components.contains([]),
                key.components.count < Int(SECD_POLICY_COMPONENTS_MAX)
            else { return nil }
            shapes.insert(Shape(whole: key.components.count, bytes: key.rest.count))
            if shapes.count > Int(SECD_POLICY_LENGTHS_MAX) { return nil }
            beginnings.append((key, number))
        }
        let sorted = shapes.sorted { ($0.whole, $0.bytes) > ($1.whole, $1.bytes) }
        lengths = sorted.map { (bytes: $0.bytes, whole: $0.whole) }
    }

    private static func names(_ text: [UInt8]) -> [[UInt8]]? {
        guard text.first == UInt8(ascii: "/") else { return nil }
        if text.count == 1 { return [] }
        let parts = text.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !parts.contains(where: \.isEmpty), parts.count <= Int(SECD_POLICY_COMPONENTS_MAX) else {
            return nil
        }
        return parts.map { Array($0) }
    }
}
