import CEventABI
import PolicyCompiler

/// A table of texts as one of paths, component by component: then the kernel need not write a path down to
/// look it up. Nothing is cut into pieces for it: thousands of paths are packed whenever policies change.
struct PathTable {
    /// A path, or the beginning of one.
    struct Path {
        var text: [UInt8]
        /// Names in it; a beginning of a name counts.
        var names: Int
        /// Whether the last name is the beginning of one.
        var isCut: Bool
        /// Class.
        var number: UInt32
    }

    /// Whole paths.
    private(set) var whole: [Path] = []
    /// Beginnings.
    private(set) var beginnings: [Path] = []
    /// Distinct shapes of beginnings, longest first.
    private(set) var lengths: [(bytes: Int, whole: Int)] = []

    private struct Shape: Hashable {
        var whole: Int
        var bytes: Int
    }

    private static let slash = UInt8(ascii: "/")

    /// Nil where a text is no path as the kernel writes it, or shapes are too many.
    init?(_ table: TextTable) {
        let root = [Self.slash]
        let limit = Int(SECD_POLICY_COMPONENTS_MAX)
        whole.reserveCapacity(table.exact.count + 1)
        beginnings.reserveCapacity(table.prefixes.count)
        // The root has no component that could follow; as text it begins with a slash like any other.
        if table.exact[root] == nil, let number = table.prefixes[root] {
            whole.append(Path(text: root, names: 0, isCut: false, number: number))
        }
        for (text, number) in zip(table.exact.keys, table.exact.classes) {
            guard let shape = Self.shape(text), text.count == 1 || shape.bytes > 0, shape.whole < limit else {
                return nil
            }
            let names = text.count == 1 ? 0 : shape.whole + 1
            whole.append(Path(text: text, names: names, isCut: false, number: number))
        }
        var shapes: Set<Shape> = []
        for (text, number) in zip(table.prefixes.keys, table.prefixes.classes) {
            guard let shape = Self.shape(text), shape.whole < limit else { return nil }
            shapes.insert(shape)
            if shapes.count > Int(SECD_POLICY_LENGTHS_MAX) { return nil }
            let isCut = shape.bytes > 0
            let names = shape.whole + (isCut ? 1 : 0)
            beginnings.append(Path(text: text, names: names, isCut: isCut, number: number))
        }
        let sorted = shapes.sorted { ($0.whole, $0.bytes) > ($1.whole, $1.bytes) }
        lengths = sorted.map { (bytes: $0.bytes, whole: $0.whole) }
    }

    /// Names that a slash follows, and bytes behind the last slash; nil where it is no path from the root, or
    /// a name is empty.
    private static func shape(_ text: [UInt8]) -> Shape? {
        guard text.first == slash else { return nil }
        var last = 0
        var whole = 0
        for index in 1..<text.count where text[index] == slash {
            if index == last + 1 { return nil }
            last = index
            whole += 1
        }
        return Shape(whole: whole, bytes: text.count - last - 1)
    }
}
