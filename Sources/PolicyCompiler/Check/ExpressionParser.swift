internal import PolicyModel

/// `CelExpr`: integers, `arg0`, `+ -`, comparisons, `&& || !`, `int32() uint32() and() or() xor() not()`.
///
/// Both sides of an operator have the same type; a literal takes the type of the other side.
struct ExpressionParser {
    struct Mistake: Error {
        var message: String
        /// Characters before it.
        var offset: Int
    }

    private enum Kind: Equatable {
        case literal, boolean
        case integer(IntegerShape)
    }

    /// Levels of nesting: the parser calls itself.
    private static let depthLimit = 64
    /// Steps of a program; the kernel runs it for every event.
    private static let stepLimit = 128

    private let text: String
    private let scalars: [Unicode.Scalar]
    private let variables: [ArgumentType?]
    private var position = 0
    private var depth = 0
    private var steps: [Expression.Step] = []

    /// - Parameter variables: Types of `arg0`, `arg1`…; nil where an argument is not read.
    init(text: String, variables: [ArgumentType?]) {
        self.text = text
        scalars = Array(text.unicodeScalars.prefix(4096))
        self.variables = variables
    }

    /// The program; columns are numbers of variables.
    mutating func parse() -> Result<Expression, Mistake> {
        do throws(Mistake) {
            let kind = try disjunction()
            skipBlanks()
            guard position == scalars.count else { throw mistake("unexpected text") }
            guard kind == .boolean else {
                throw Mistake(message: "the expression is a number, not true or false", offset: 0)
            }
            guard steps.count <= Self.stepLimit else {
                throw Mistake(message: "the expression is too long", offset: 0)
            }
            return .success(Expression(text: text, steps: steps))
        } catch {
            return .failure(error)
        }
    }

    private mutating func disjunction() throws(Mistake) -> Kind {
        try nested { parser throws(Mistake) in
            var left = try parser.conjunction()
            while parser.take("||") {
                left = try parser.logical(left, .or) { inner throws(Mistake) in try inner.conjunction() }
            }
            return left
        }
    }

    private mutating func conjunction() throws(Mistake) -> Kind {
        var left = try comparison()
        while take("&&") {
            left = try logical(left, .and) { inner throws(Mistake) in try inner.comparison() }
        }
        return left
    }

    private mutating func logical(
        _ left: Kind, _ operation: Expression.Binary,
        _ right: (inout ExpressionParser) throws(Mistake) -> Kind
    ) throws(Mistake) -> Kind {
        guard left == .boolean, try right(&self) == .boolean else {
            throw mistake("\(operation.rawValue) joins comparisons")
        }
        steps.append(.binary(operation))
        return .boolean
    }

    private mutating func comparison() throws(Mistake) -> Kind {
        let left = try sum()
        // Longer operators first.
        let operators: [Expression.Binary] = [
            .equal, .notEqual, .lessOrEqual, .greaterOrEqual, .less, .greater,
        ]
        for operation in operators where take(operation.rawValue) {
            let right = try sum()
            let kind = try common(left, right)
            steps.append(.binary(Self.isUnsigned(kind) ? Self.unsigned(operation) : operation))
            return .boolean
        }
        return left
    }

    private mutating func sum() throws(Mistake) -> Kind {
        var left = try unary()
        while true {
            let operation: Expression.Binary
            if take("+") {
                operation = .add
            } else if take("-") {
                operation = .subtract
            } else {
                return left
            }
            let right = try unary()
            left = try common(left, right)
            steps.append(.binary(operation))
            wrap(left)
        }
    }

    private mutating func unary() throws(Mistake) -> Kind {
        try nested { parser throws(Mistake) in
            if !parser.peek("!="), parser.take("!") {
                guard try parser.unary() == .boolean else { throw parser.mistake("! negates a comparison") }
                parser.steps.append(.not)
                return .boolean
            }
            return try parser.primary()
        }
    }

    private mutating func primary() throws(Mistake) -> Kind {
        skipBlanks()
        if take("(") {
            let kind = try disjunction()
            guard take(")") else { throw mistake("a ) is missing") }
            return kind
        }
        let start = position
        let isNegative = take("-")
        let word = word()
        guard let first = word.unicodeScalars.first else { throw mistake("a value is missing") }
        if ("0"..."9").contains(first) {
            let digits = word.hasSuffix("u") ? String(word.dropLast()) : word
            guard let value = NumberSyntax.signed((isNegative ? "-" : "") + digits) else {
                throw Mistake(message: "\"\(word)\" is no number", offset: start)
            }
            steps.append(.constant(value))
            return .literal
        }
        if isNegative { throw Mistake(message: "only numbers have a sign", offset: start) }
        if word == "true" || word == "false" {
            steps.append(.constant(word == "true" ? 1 : 0))
            return .boolean
        }
        if peek("(") { return try function(word, start) }
        guard word.hasPrefix("arg"), let index = Int(word.dropFirst(3)), variables.indices.contains(index),
            let type = variables[index]
        else {
            throw Mistake(
                message: "there is no value \"\(word)\"; arg0 is the first of args", offset: start)
        }
        guard let shape = type.integer else {
            throw Mistake(message: "\(word) is \(type.rawValue), no number", offset: start)
        }
        steps.append(.column(index))
        return .integer(shape)
    }

    private mutating func function(_ name: String, _ start: Int) throws(Mistake) -> Kind {
        _ = take("(")
        let kind: Kind
        switch name {
        case "int32", "uint32":
            guard case let inner = try sum(), inner != .boolean else {
                throw mistake("\(name)() takes a number")
            }
            steps.append(name == "int32" ? .toInt32 : .toUInt32)
            kind = .integer(IntegerShape(bytes: 4, isSigned: name == "int32"))
        case "not":
            guard case let inner = try sum(), inner != .boolean else { throw mistake("not() takes a number") }
            steps.append(.complement)
            wrap(inner)
            kind = inner
        case "and", "or", "xor":
            let left = try sum()
            guard take(",") else { throw mistake("\(name)() takes two numbers") }
            let right = try sum()
            kind = try common(left, right)
            steps.append(.binary(name == "and" ? .bitAnd : name == "or" ? .bitOr : .bitXor))
        default: throw Mistake(message: "there is no function \(name)()", offset: start)
        }
        guard take(")") else { throw mistake("a ) is missing") }
        return kind
    }

    // MARK: Types

    private func common(_ left: Kind, _ right: Kind) throws(Mistake) -> Kind {
        switch (left, right) {
        case (.boolean, _), (_, .boolean): throw mistake("true and false are no numbers")
        case (.literal, _): return right
        case (_, .literal): return left
        default:
            guard left == right else {
                throw mistake("both sides must have the same type; int32() and uint32() convert")
            }
            return left
        }
    }

    /// Results of narrow types stay in their width.
    private mutating func wrap(_ kind: Kind) {
        guard case .integer(let shape) = kind, shape.bytes == 4 else { return }
        steps.append(shape.isSigned ? .toInt32 : .toUInt32)
    }

    private static func isUnsigned(_ kind: Kind) -> Bool {
        if case .integer(let shape) = kind { !shape.isSigned } else { false }
    }

    private static func unsigned(_ operation: Expression.Binary) -> Expression.Binary {
        switch operation {
        case .less: .unsignedLess
        case .lessOrEqual: .unsignedLessOrEqual
        case .greater: .unsignedGreater
        case .greaterOrEqual: .unsignedGreaterOrEqual
        default: operation
        }
    }

    // MARK: Text

    private mutating func nested(
        _ body: (inout ExpressionParser) throws(Mistake) -> Kind
    ) throws(Mistake) -> Kind {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw mistake("nested too deeply") }
        return try body(&self)
    }

    private func mistake(_ message: String) -> Mistake {
        Mistake(message: message, offset: min(position, scalars.count))
    }

    private mutating func skipBlanks() {
        while position < scalars.count, scalars[position] == " " || scalars[position] == "\n" {
            position += 1
        }
    }

    private mutating func peek(_ token: String) -> Bool {
        skipBlanks()
        return scalars[position...].starts(with: token.unicodeScalars)
    }

    private mutating func take(_ token: String) -> Bool {
        guard peek(token) else { return false }
        position += token.unicodeScalars.count
        return true
    }

    private mutating func word() -> String {
        skipBlanks()
        var result = ""
        while position < scalars.count {
            let scalar = scalars[position]
            guard
                ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                    || scalar == "_"
            else { break }
            result.unicodeScalars.append(scalar)
            position += 1
        }
        return result
    }
}
