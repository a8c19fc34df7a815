/// One token of an expression, and where it begins.
struct CELToken: Equatable {
    enum Kind: Equatable {
        case name(String)
        case literal(CELValue)
        /// An operator or a bracket.
        case sign(String)
        case end
    }

    var kind: Kind
    var position: Int
}

/// Splits an expression into tokens (cel-spec, "Syntax").
struct CELLexer {
    static let longestExpression = 8192

    private let scalars: [Unicode.Scalar]
    private var index = 0

    static func tokens(of text: String) throws(SyntaxError) -> [CELToken] {
        var lexer = CELLexer(scalars: Array(text.unicodeScalars.prefix(longestExpression + 1)))
        guard lexer.scalars.count <= longestExpression else {
            throw SyntaxError(
                "the expression is longer than \(longestExpression) characters", at: longestExpression)
        }
        var tokens: [CELToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    private mutating func next() throws(SyntaxError) -> CELToken {
        skipSpace()
        let start = index
        guard let scalar = peek() else { return CELToken(kind: .end, position: start) }
        if Self.isDigit(scalar) || (scalar == "." && peek(1).map(Self.isDigit) == true) {
            return CELToken(kind: .literal(try number()), position: start)
        }
        if let raw = stringPrefix() {
            return CELToken(kind: .literal(.string(try string(raw: raw))), position: start)
        }
        if Self.beginsName(scalar) {
            var name = ""
            while let scalar = peek(), Self.beginsName(scalar) || Self.isDigit(scalar) {
                name.unicodeScalars.append(scalar)
                index += 1
            }
            return CELToken(kind: Self.kind(ofName: name), position: start)
        }
        for sign in ["&&", "||", "==", "!=", "<=", ">="] where matches(sign) {
            index += 2
            return CELToken(kind: .sign(sign), position: start)
        }
        guard "!<>+-*/%?:[](){}.,".unicodeScalars.contains(scalar) else {
            throw SyntaxError("\(scalar.escaped(asASCII: false)) is not part of the language", at: start)
        }
        index += 1
        return CELToken(kind: .sign(String(scalar)), position: start)
    }

    private static func kind(ofName name: String) -> CELToken.Kind {
        switch name {
        case "true": .literal(.bool(true))
        case "false": .literal(.bool(false))
        case "null": .literal(.null)
        case "in": .sign("in")
        default: .name(name)
        }
    }

    private func matches(_ sign: String) -> Bool {
        scalars[index...].starts(with: sign.unicodeScalars)
    }

    private mutating func skipSpace() {
        while let scalar = peek() {
            if scalar == "/", peek(1) == "/" {
                while let scalar = peek(), scalar != "\n" {
                    _ = scalar
                    index += 1
                }
            } else if [" ", "\t", "\n", "\r", "\u{c}"].contains(scalar) {
                index += 1
            } else {
                return
            }
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func beginsName(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private mutating func number() throws(SyntaxError) -> CELValue {
        let start = index
        var text = ""
        if peek() == "0", peek(1) == "x" || peek(1) == "X" {
            index += 2
            while let scalar = peek(), scalar.properties.isASCIIHexDigit {
                text.unicodeScalars.append(scalar)
                index += 1
            }
            return try integer(text, radix: 16, start)
        }
        var isDouble = false
        while let scalar = peek() {
            let exponentSign = (scalar == "-" || scalar == "+") && (text.last == "e" || text.last == "E")
            let fraction = scalar == "." && !isDouble && peek(1).map(Self.isDigit) == true
            let exponent = (scalar == "e" || scalar == "E") && !text.isEmpty
            guard Self.isDigit(scalar) || exponentSign || fraction || exponent else { break }
            isDouble = isDouble || fraction || exponent
            text.unicodeScalars.append(scalar)
            index += 1
        }
        if isDouble {
            guard let value = Double(text) else { throw SyntaxError("\(text) is not a number", at: start) }
            return .double(value)
        }
        return try integer(text, radix: 10, start)
    }

    private mutating func integer(_ text: String, radix: Int, _ start: Int) throws(SyntaxError) -> CELValue {
        let unsigned = peek() == "u" || peek() == "U"
        if unsigned { index += 1 }
        if let scalar = peek(), Self.beginsName(scalar) {
            throw SyntaxError("a number runs into \(scalar)", at: index)
        }
        guard let value = UInt64(text, radix: radix) else {
            throw SyntaxError("the number is out of range", at: start)
        }
        if unsigned { return .uint(value) }
        // -9223372036854775808 is written with a minus before a number that an Int64 cannot hold.
        return value <= UInt64(Int64.max) ? .int(Int64(value)) : .uint(value)
    }

    /// Whether a text begins here, and whether it is raw.
    private func stringPrefix() -> Bool? {
        func isQuote(_ scalar: Unicode.Scalar?) -> Bool { scalar == "\"" || scalar == "'" }
        if isQuote(peek()) { return false }
        if peek() == "r" || peek() == "R", isQuote(peek(1)) { return true }
        return nil
    }

    private mutating func string(raw: Bool) throws(SyntaxError) -> String {
        let start = index
        if raw { index += 1 }
        let quote = scalars[index]
        let triple = peek(1) == quote && peek(2) == quote
        index += triple ? 3 : 1
        var text = ""
        while let scalar = peek() {
            if scalar == quote, !triple || (peek(1) == quote && peek(2) == quote) {
                index += triple ? 3 : 1
                return text
            }
            if scalar == "\n" || scalar == "\r", !triple { break }
            index += 1
            text.unicodeScalars.append(scalar == "\\" && !raw ? try escape() : scalar)
        }
        throw SyntaxError("a text without its end", at: start)
    }

    private mutating func escape() throws(SyntaxError) -> Unicode.Scalar {
        let start = index - 1
        guard let scalar = peek() else { throw SyntaxError("a text without its end", at: start) }
        index += 1
        switch scalar {
        case "\\", "?", "\"", "'", "`": return scalar
        case "a": return "\u{7}"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "v": return "\u{b}"
        case "x", "X": return try numbered(2, radix: 16, start)
        case "u": return try numbered(4, radix: 16, start)
        case "U": return try numbered(8, radix: 16, start)
        case "0"..."3":
            index -= 1
            return try numbered(3, radix: 8, start)
        default: throw SyntaxError("\\\(scalar.escaped(asASCII: false)) is not an escape", at: start)
        }
    }

    private mutating func numbered(_ digits: Int, radix: Int, _ start: Int) throws(SyntaxError)
        -> Unicode.Scalar
    {
        var text = ""
        for _ in 0..<digits {
            guard let scalar = peek() else { break }
            text.unicodeScalars.append(scalar)
            index += 1
        }
        guard text.unicodeScalars.count == digits, text.first != "+", text.first != "-",
            let value = UInt32(text, radix: radix), let scalar = Unicode.Scalar(value)
        else { throw SyntaxError("an escape that is not a character", at: start) }
        return scalar
    }
}
