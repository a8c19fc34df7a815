/// Reads RE2's syntax (github.com/google/re2/wiki/Syntax) without named Unicode classes.
struct RegexParser {
    struct Flags {
        var foldsCase = false
        var multiline = false
        var dotMatchesLineBreak = false
        var swapsLaziness = false
    }

    /// RE2's own limits.
    static let longestPattern = 4096
    private static let deepestNesting = 100
    private static let highestRepeat = 1000

    let scalars: [Unicode.Scalar]
    var index = 0
    var flags = Flags()
    private var depth = 0
    /// Capturing groups so far, where they are kept; nil = groups only group.
    private var groups: Int?

    static func parse(_ pattern: String) throws(SyntaxError) -> RegexNode {
        var parser = RegexParser(scalars: Array(pattern.unicodeScalars.prefix(longestPattern + 1)))
        return try parser.whole()
    }

    /// The same with the groups that capture, and how many there are.
    static func parseCapturing(_ pattern: String) throws(SyntaxError) -> (node: RegexNode, groups: Int) {
        var parser = RegexParser(scalars: Array(pattern.unicodeScalars.prefix(longestPattern + 1)))
        parser.groups = 0
        let node = try parser.whole()
        return (node, parser.groups ?? 0)
    }

    private mutating func whole() throws(SyntaxError) -> RegexNode {
        guard scalars.count <= Self.longestPattern else {
            throw SyntaxError(
                "the pattern is longer than \(Self.longestPattern) characters", at: Self.longestPattern)
        }
        let node = try choice()
        if index < scalars.count { throw SyntaxError("a ) without its (", at: index) }
        return node
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        index += 1
        return true
    }

    private mutating func choice() throws(SyntaxError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else {
            throw SyntaxError("groups are nested deeper than \(Self.deepestNesting)", at: index)
        }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(SyntaxError) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            var part = try atom()
            var repeats = 0
            while let repeated = try quantified(part) {
                repeats += 1
                // RE2 refuses a** as well.
                if repeats > 1 { throw SyntaxError("a repetition of a repetition", at: index - 1) }
                part = repeated
            }
            parts.append(part)
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func quantified(_ node: RegexNode) throws(SyntaxError) -> RegexNode? {
        let least: Int
        let most: Int?
        switch next {
        case "*":
            index += 1
            (least, most) = (0, nil)
        case "+":
            index += 1
            (least, most) = (1, nil)
        case "?":
            index += 1
            (least, most) = (0, 1)
        case "{":
            guard let counted = try counted() else { return nil }
            (least, most) = counted
        default: return nil
        }
        // Laziness says which match is found, never whether there is one: only captures depend on it.
        let isLazy = take("?") != flags.swapsLaziness
        guard let most else { return .repeatForever(node, atLeast: least, isLazy: isLazy) }
        return .repeat(node, least...most, isLazy: isLazy)
    }

    /// `{2}`, `{2,}`, `{2,5}`; anything else is a literal brace.
    private mutating func counted() throws(SyntaxError) -> (least: Int, most: Int?)? {
        let start = index
        index += 1
        guard let low = number() else {
            index = start
            return nil
        }
        var high: Int? = low
        if take(",") { high = number() }
        guard take("}") else {
            index = start
            return nil
        }
        guard low <= Self.highestRepeat, (high ?? 0) <= Self.highestRepeat else {
            throw SyntaxError("repetitions end at \(Self.highestRepeat)", at: start)
        }
        guard let high else { return (low, nil) }
        guard low <= high else { throw SyntaxError("{\(low),\(high)} is the wrong way round", at: start) }
        return (low, high)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next.flatMap({ Int(String($0)) }), (value ?? 0) <= 100_000 {
            value = (value ?? 0) * 10 + digit
            index += 1
        }
        return value
    }

    private mutating func atom() throws(SyntaxError) -> RegexNode {
        let start = index
        guard let scalar = next else { return .empty }
        index += 1
        switch scalar {
        case ".": return .set(.any(withLineBreaks: flags.dotMatchesLineBreak))
        case "^": return .assertion(flags.multiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.multiline ? .lineEnd : .textEnd)
        case "[": return .set(try bracketed(start))
        case "(": return try group(start)
        case "*", "+", "?": throw SyntaxError("nothing to repeat before \(scalar)", at: start)
        case "{":
            // Only a well-formed counter repeats, and here is nothing that it could repeat.
            index = start
            if try counted() != nil { throw SyntaxError("nothing to repeat before {", at: start) }
            index = start + 1
            return .set(ScalarSet(scalar, foldsCase: false))
        case "\\": return try escaped(start)
        default: return .set(ScalarSet(scalar, foldsCase: flags.foldsCase))
        }
    }

    private mutating func group(_ start: Int) throws(SyntaxError) -> RegexNode {
        let outer = flags
        var captures = true
        if take("?") {
            if take("P") || next == "<" {
                guard take("<"), let end = scalars[index...].firstIndex(of: ">"), end > index else {
                    throw SyntaxError("a group's name is missing", at: index)
                }
                index = end + 1
            } else if try readFlags() {
                // (?i) holds until the end of the group around it.
                return .empty
            } else {
                captures = false
            }
        }
        // Numbered by their opening parentheses.
        let number = captures ? groups : nil
        if let number { groups = number + 1 }
        let node = try choice()
        flags = outer
        guard take(")") else { throw SyntaxError("a ( without its )", at: start) }
        return number.map { .group(node, $0) } ?? node
    }

    /// Reads `i`, `-s:` and so on; true where the group ends there.
    private mutating func readFlags() throws(SyntaxError) -> Bool {
        var value = true
        while let scalar = next {
            index += 1
            switch scalar {
            case "i": flags.foldsCase = value
            case "m": flags.multiline = value
            case "s": flags.dotMatchesLineBreak = value
            case "U": flags.swapsLaziness = value
            case "-" where value: value = false
            case ":": return false
            case ")": return true
            default: throw SyntaxError("the group (?\(scalar) is not supported", at: index - 1)
            }
        }
        throw SyntaxError("the group's flags do not end", at: index)
    }
}
