/// What stands for single characters: escapes and bracketed classes.
extension RegexParser {
    mutating func escaped(_ start: Int) throws(SyntaxError) -> RegexNode {
        guard let scalar = next else { throw SyntaxError("a lonely \\ at the end", at: start) }
        switch scalar {
        case "A":
            index += 1
            return .assertion(.textStart)
        case "z":
            index += 1
            return .assertion(.textEnd)
        case "b":
            index += 1
            return .assertion(.wordBoundary)
        case "B":
            index += 1
            return .assertion(.noWordBoundary)
        case "Q":
            index += 1
            return .sequence(quoted().map { .set(ScalarSet($0, foldsCase: flags.foldsCase)) })
        default: break
        }
        if let ranges = ScalarSet.perl(scalar) {
            index += 1
            var set = ScalarSet()
            set.ranges = ranges
            set.negated = scalar.properties.isUppercase
            return .set(set)
        }
        return .set(ScalarSet(try escapedScalar(start), foldsCase: flags.foldsCase))
    }

    private mutating func quoted() -> [Unicode.Scalar] {
        var text: [Unicode.Scalar] = []
        while let scalar = next {
            if scalar == "\\", index + 1 < scalars.count, scalars[index + 1] == "E" {
                index += 2
                break
            }
            text.append(scalar)
            index += 1
        }
        return text
    }

    /// Behind a backslash: a scalar that stands for itself, or by name or number.
    private mutating func escapedScalar(_ start: Int) throws(SyntaxError) -> Unicode.Scalar {
        guard let scalar = next else { throw SyntaxError("a lonely \\ at the end", at: start) }
        index += 1
        switch scalar {
        case "a": return "\u{7}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{b}"
        case "0": return "\0"
        case "x": return try hexadecimal(start)
        case "p", "P": throw SyntaxError("Unicode classes (\\\(scalar)) are not supported", at: start)
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic,
                ScalarSet.digit.allSatisfy({ !$0.contains(scalar.value) })
            else { throw SyntaxError("\\\(scalar) is not an escape", at: start) }
            return scalar
        }
    }

    private mutating func hexadecimal(_ start: Int) throws(SyntaxError) -> Unicode.Scalar {
        var digits = ""
        if take("{") {
            while let scalar = next, scalar != "}", digits.count < 7 {
                digits.unicodeScalars.append(scalar)
                index += 1
            }
            guard take("}") else { throw SyntaxError("\\x{ without its }", at: start) }
        } else {
            while digits.count < 2, let scalar = next {
                digits.unicodeScalars.append(scalar)
                index += 1
            }
            guard digits.count == 2 else { throw SyntaxError("\\x needs two digits", at: start) }
        }
        guard let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
            throw SyntaxError("\\x\(digits) is not a character", at: start)
        }
        return scalar
    }

    mutating func bracketed(_ start: Int) throws(SyntaxError) -> ScalarSet {
        var set = ScalarSet()
        set.negated = take("^")
        set.foldsCase = flags.foldsCase
        var first = true
        while let scalar = next {
            if scalar == "]", !first {
                index += 1
                return set
            }
            first = false
            if scalar == "[", index + 1 < scalars.count, scalars[index + 1] == ":" {
                set.ranges += try posixClass()
                continue
            }
            if scalar == "\\", index + 1 < scalars.count, let ranges = ScalarSet.perl(scalars[index + 1]) {
                set.ranges +=
                    scalars[index + 1].properties.isUppercase ? ScalarSet.complement(of: ranges) : ranges
                index += 2
                continue
            }
            let place = index
            let low = try bracketedScalar()
            var high = low
            if next == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
                index += 1
                high = try bracketedScalar()
            }
            guard low <= high else {
                throw SyntaxError("the range \(low)-\(high) is the wrong way round", at: place)
            }
            set.ranges.append(low.value...high.value)
        }
        throw SyntaxError("a [ without its ]", at: start)
    }

    private mutating func bracketedScalar() throws(SyntaxError) -> Unicode.Scalar {
        let start = index
        guard let scalar = next else { throw SyntaxError("a [ without its ]", at: start) }
        index += 1
        return scalar == "\\" ? try escapedScalar(start) : scalar
    }

    private mutating func posixClass() throws(SyntaxError) -> [ClosedRange<UInt32>] {
        let start = index
        var name = ""
        index += 2
        while let scalar = next, scalar != ":", name.count < 10 {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        let negated = name.first == "^"
        guard take(":"), take("]"), let ranges = ScalarSet.posix(negated ? String(name.dropFirst()) : name)
        else {
            throw SyntaxError("[:\(name):] is not a class", at: start)
        }
        return negated ? ScalarSet.complement(of: ranges) : ranges
    }
}
