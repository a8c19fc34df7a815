/// A Kubernetes label selector: `app=web,tier!=cache,env in (prod,test),!debug`.
public struct LabelSelector: Sendable {
    private enum Condition: Sendable {
        case exists
        case missing
        case isIn(Set<String>)
        /// Also true where the label is missing, as in Kubernetes.
        case isNotIn(Set<String>)
        case greater(Int64)
        case less(Int64)
    }

    static let longestSelector = 4096

    private let requirements: [(key: String, condition: Condition)]

    /// - Throws: `FilterError` with the position of what is wrong.
    public init(_ text: String, field: String = "labels") throws(FilterError) {
        do throws(SyntaxError) {
            var reader = Reader(scalars: Array(text.unicodeScalars.prefix(Self.longestSelector + 1)))
            requirements = try reader.requirements()
        } catch {
            throw error.inField(field, text)
        }
    }

    /// Whether all requirements hold.
    public func matches(_ labels: [String: String]) -> Bool {
        for (key, condition) in requirements where !Self.holds(condition, labels[key]) { return false }
        return true
    }

    private static func holds(_ condition: Condition, _ value: String?) -> Bool {
        switch condition {
        case .exists: value != nil
        case .missing: value == nil
        case .isIn(let values): value.map(values.contains) ?? false
        case .isNotIn(let values): value.map { !values.contains($0) } ?? true
        case .greater(let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
        case .less(let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
        }
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        var index = 0

        init(scalars: [Unicode.Scalar]) {
            self.scalars = scalars
        }

        mutating func requirements() throws(SyntaxError) -> [(key: String, condition: Condition)] {
            guard scalars.count <= longestSelector else {
                throw SyntaxError(
                    "the selector is longer than \(longestSelector) characters", at: longestSelector)
            }
            var result: [(key: String, condition: Condition)] = []
            skipSpace()
            if index == scalars.count { return [] }
            while true {
                result.append(try requirement())
                skipSpace()
                if index == scalars.count { return result }
                guard take(",") else { throw SyntaxError("a comma is missing", at: index) }
            }
        }

        private mutating func requirement() throws(SyntaxError) -> (key: String, condition: Condition) {
            skipSpace()
            if take("!") { return (try key(), .missing) }
            let key = try key()
            skipSpace()
            guard index < scalars.count, scalars[index] != "," else { return (key, .exists) }
            if take("!") {
                guard take("=") else { throw SyntaxError("= is missing behind !", at: index) }
                return (key, .isNotIn([try value()]))
            }
            if take("=") {
                _ = take("=")
                return (key, .isIn([try value()]))
            }
            if take(">") { return (key, .greater(try number())) }
            if take("<") { return (key, .less(try number())) }
            let place = index
            switch word() {
            case "in": return (key, .isIn(try values()))
            case "notin": return (key, .isNotIn(try values()))
            default: throw SyntaxError("an operator is missing (=, !=, in, notin)", at: place)
            }
        }

        private mutating func key() throws(SyntaxError) -> String {
            skipSpace()
            let place = index
            let text = word(slash: true)
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let name = parts.last, (1...63).contains(name.utf8.count),
                edgesAreAlphanumeric(name),
                parts.count == 1
                    || ((1...253).contains(parts[0].utf8.count) && edgesAreAlphanumeric(parts[0]))
            else {
                throw SyntaxError(
                    text.isEmpty ? "a label's name is missing" : "\(text) is not a label's name", at: place)
            }
            return text
        }

        private mutating func value() throws(SyntaxError) -> String {
            skipSpace()
            let place = index
            let text = word()
            guard text.isEmpty || (text.utf8.count <= 63 && edgesAreAlphanumeric(text[...])) else {
                throw SyntaxError("\(text) is not a label's value", at: place)
            }
            return text
        }

        private mutating func number() throws(SyntaxError) -> Int64 {
            let place = index
            guard let number = Int64(try value()) else { throw SyntaxError("a number is missing", at: place) }
            return number
        }

        private mutating func values() throws(SyntaxError) -> Set<String> {
            skipSpace()
            guard take("(") else { throw SyntaxError("( is missing", at: index) }
            var result: Set<String> = []
            repeat {
                result.insert(try value())
                skipSpace()
            } while take(",")
            guard take(")") else { throw SyntaxError(") is missing", at: index) }
            return result
        }

        private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard index < scalars.count, scalars[index] == scalar else { return false }
            index += 1
            return true
        }

        private mutating func skipSpace() {
            while take(" ") || take("\t") || take("\n") || take("\r") {}
        }

        private mutating func word(slash: Bool = false) -> String {
            var text = ""
            while index < scalars.count {
                let scalar = scalars[index]
                guard
                    isAlphanumeric(scalar) || "-_.".unicodeScalars.contains(scalar)
                        || (slash && scalar == "/")
                else {
                    break
                }
                text.unicodeScalars.append(scalar)
                index += 1
            }
            return text
        }

        private func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
        }

        private func edgesAreAlphanumeric(_ text: Substring) -> Bool {
            guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else {
                return false
            }
            return isAlphanumeric(first) && isAlphanumeric(last)
        }
    }
}
