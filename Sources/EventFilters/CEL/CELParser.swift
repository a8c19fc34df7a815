/// Reads an expression and resolves its names in the same pass.
struct CELParser {
    /// Deeper nesting would risk the worker's stack.
    private static let deepestNesting = 50
    /// `a + a + …`: every operator makes the tree one deeper.
    private static let longestChain = 100

    private let tokens: [CELToken]
    private let variables: Set<String>
    private var index = 0
    private var depth = 0
    private var locals: [String] = []

    /// - Parameter variables: names that are events.
    static func parse(_ text: String, variables: Set<String>) throws(SyntaxError) -> CELExpression {
        var parser = CELParser(tokens: try CELLexer.tokens(of: text), variables: variables)
        let expression = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected() }
        return expression
    }

    private init(tokens: [CELToken], variables: Set<String>) {
        self.tokens = tokens
        self.variables = variables
    }

    private var token: CELToken { tokens[min(index, tokens.count - 1)] }

    private func unexpected() -> SyntaxError {
        let text =
            switch token.kind {
            case .name(let name): "\"\(name)\""
            case .sign(let sign): "\"\(sign)\""
            case .literal: "a literal"
            case .end: "the end"
            }
        return SyntaxError("\(text) is not expected here", at: token.position)
    }

    private mutating func take(_ sign: String) -> Bool {
        guard token.kind == .sign(sign) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ sign: String) throws(SyntaxError) {
        guard take(sign) else { throw SyntaxError("\"\(sign)\" is missing", at: token.position) }
    }

    private mutating func expression() throws(SyntaxError) -> CELExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestNesting else {
            throw SyntaxError(
                "the expression is nested deeper than \(Self.deepestNesting)", at: token.position)
        }
        let condition = try disjunction()
        guard take("?") else { return condition }
        let yes = try disjunction()
        try expect(":")
        return .conditional(condition, yes, try expression())
    }

    private mutating func disjunction() throws(SyntaxError) -> CELExpression {
        var parts = [try conjunction()]
        while take("||") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(SyntaxError) -> CELExpression {
        var parts = [try relation()]
        while take("&&") { parts.append(try relation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func relation() throws(SyntaxError) -> CELExpression {
        try chain(of: ["==", "!=", "<", "<=", ">", ">=", "in"]) { (parser) throws(SyntaxError) in
            try parser.sum()
        }
    }

    private mutating func sum() throws(SyntaxError) -> CELExpression {
        try chain(of: ["+", "-"]) { (parser) throws(SyntaxError) in try parser.product() }
    }

    private mutating func product() throws(SyntaxError) -> CELExpression {
        try chain(of: ["*", "/", "%"]) { (parser) throws(SyntaxError) in try parser.unary() }
    }

    private mutating func chain(
        of signs: [String], _ operand: (inout Self) throws(SyntaxError) -> CELExpression
    ) throws(SyntaxError) -> CELExpression {
        var result = try operand(&self)
        var length = 0
        while case .sign(let sign) = token.kind, signs.contains(sign),
            let operation = CELOperator(rawValue: sign)
        {
            length += 1
            guard length <= Self.longestChain else {
                throw SyntaxError("more than \(Self.longestChain) operators in a row", at: token.position)
            }
            index += 1
            result = .binary(operation, result, try operand(&self))
        }
        return result
    }

    private mutating func unary() throws(SyntaxError) -> CELExpression {
        let place = token.position
        var signs: [String] = []
        while case .sign(let sign) = token.kind, sign == "!" || sign == "-" {
            guard signs.last == nil || signs.last == sign, signs.count < Self.longestChain else {
                throw unexpected()
            }
            signs.append(sign)
            index += 1
        }
        if signs == ["-"], case .literal(let value) = token.kind {
            switch value {
            case .int(let number): return try member(of: .literal(.int(-number)), skipping: 1)
            case .double(let number): return try member(of: .literal(.double(-number)), skipping: 1)
            case .uint(UInt64(Int64.max) + 1): return try member(of: .literal(.int(.min)), skipping: 1)
            default: break
            }
        }
        if case .literal(.uint(let value)) = token.kind, value > UInt64(Int64.max), !signs.isEmpty {
            throw SyntaxError("the number is out of range", at: place)
        }
        let operand = try member(of: try primary(), skipping: 0)
        guard signs.count % 2 == 1 else { return operand }
        return signs[0] == "!" ? .not(operand) : .negate(operand)
    }

    private mutating func primary() throws(SyntaxError) -> CELExpression {
        switch token.kind {
        case .literal(let value):
            index += 1
            return .literal(value)
        case .sign("("):
            index += 1
            let inner = try expression()
            try expect(")")
            return inner
        case .sign("["):
            index += 1
            return .list(try arguments(until: "]"))
        case .sign("{"):
            index += 1
            return .map(try entries())
        case .name(let name): return try named(name)
        case .sign, .end: throw unexpected()
        }
    }

    private mutating func named(_ name: String) throws(SyntaxError) -> CELExpression {
        let place = token.position
        index += 1
        // ip.isCanonical("…") looks like a method of a variable.
        if name == "ip", token.kind == .sign("."), index + 1 < tokens.count,
            tokens[index + 1].kind == .name("isCanonical")
        {
            index += 2
            try expect("(")
            return .call(.isCanonical, try counted(try arguments(until: ")"), 1, "ip.isCanonical", place))
        }
        if take("(") {
            let given = try arguments(until: ")")
            if name == "has" { return try has(given, place) }
            guard let function = CELFunction(rawValue: name), let count = function.functionArguments else {
                throw SyntaxError("there is no function \(name)", at: place)
            }
            return try call(function, try counted(given, count, name, place), place)
        }
        if let depth = locals.lastIndex(of: name) { return .local(depth) }
        guard variables.contains(name) else {
            throw SyntaxError("\(name) is not an event (process_exec, process_exit, …)", at: place)
        }
        return .field([name])
    }

    private func has(_ given: [CELExpression], _ place: Int) throws(SyntaxError) -> CELExpression {
        switch given.first {
        case .field(let path) where given.count == 1 && path.count > 1: return .has(given[0])
        case .select where given.count == 1: return .has(given[0])
        default: throw SyntaxError("has() takes one field", at: place)
        }
    }

    /// What follows a value: `.name`, `.method(…)`, `[index]`.
    private mutating func member(of start: CELExpression, skipping: Int) throws(SyntaxError) -> CELExpression
    {
        index += skipping
        var result = start
        var length = 0
        while true {
            length += 1
            guard length <= Self.longestChain else {
                throw SyntaxError("more than \(Self.longestChain) members in a row", at: token.position)
            }
            if take("[") {
                result = .index(result, try expression())
                try expect("]")
                continue
            }
            guard take(".") else { return result }
            let place = token.position
            guard case .name(let name) = token.kind else { throw unexpected() }
            index += 1
            if take("(") {
                result = try method(name, of: result, place)
            } else if case .field(let path) = result {
                result = .field(path + [name])
            } else {
                result = .select(result, name)
            }
        }
    }

    private mutating func method(
        _ name: String, of target: CELExpression, _ place: Int
    ) throws(SyntaxError) -> CELExpression {
        if let macro = CELMacro(rawValue: name) { return try self.macro(macro, of: target, place) }
        guard let function = CELFunction(rawValue: name), let count = function.methodArguments else {
            throw SyntaxError("there is no method \(name)", at: place)
        }
        return try call(
            function, [target] + counted(try arguments(until: ")"), count - 1, name, place), place)
    }

    private mutating func macro(
        _ macro: CELMacro, of target: CELExpression, _ place: Int
    ) throws(SyntaxError) -> CELExpression {
        guard case .name(let variable) = token.kind else {
            throw SyntaxError("\(macro.rawValue) takes a variable and a condition", at: place)
        }
        index += 1
        try expect(",")
        locals.append(variable)
        defer { locals.removeLast() }
        let first = try expression()
        // map(x, condition, value) filters first.
        if macro == .map, take(",") {
            let body = try expression()
            try expect(")")
            return .macro(macro, target, filter: first, body: body)
        }
        try expect(")")
        return .macro(macro, target, filter: nil, body: first)
    }

    private func call(
        _ function: CELFunction, _ given: [CELExpression], _ place: Int
    ) throws(SyntaxError) -> CELExpression {
        guard function == .matches, case .literal(.string(let pattern)) = given[1] else {
            return .call(function, given)
        }
        do throws(SyntaxError) {
            return .matches(given[0], try LinearRegex(parsing: pattern))
        } catch {
            throw SyntaxError("in the pattern \"\(pattern)\": \(error.reason)", at: place)
        }
    }

    private func counted(
        _ given: [CELExpression], _ count: Int, _ name: String, _ place: Int
    ) throws(SyntaxError) -> [CELExpression] {
        guard given.count == count else {
            throw SyntaxError(
                "\(name) takes \(count) argument\(count == 1 ? "" : "s"), not \(given.count)", at: place)
        }
        return given
    }

    private mutating func arguments(until end: String) throws(SyntaxError) -> [CELExpression] {
        var result: [CELExpression] = []
        while !take(end) {
            if !result.isEmpty {
                try expect(",")
                // A list may end in a comma, a call may not.
                if end == "]", take(end) { break }
            }
            result.append(try expression())
        }
        return result
    }

    private mutating func entries() throws(SyntaxError) -> [(CELExpression, CELExpression)] {
        var result: [(CELExpression, CELExpression)] = []
        while !take("}") {
            if !result.isEmpty {
                try expect(",")
                if take("}") { break }
            }
            let key = try expression()
            try expect(":")
            result.append((key, try expression()))
        }
        return result
    }
}
