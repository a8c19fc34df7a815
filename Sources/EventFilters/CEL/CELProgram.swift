/// A compiled filter expression: a truth about an event, in a bounded subset of CEL.
///
/// Not in the subset: bytes, durations, timestamps, message construction and user functions.
/// Numbers of different types compare by value, as CEL's own run time does.
public struct CELProgram: Sendable {
    private let expression: CELExpression

    /// Names of events: ours, and Tetragon's that stand in its logs alone.
    private static let variables = Set(EventType.known.map(\.name))

    /// - Throws: `FilterError` with the position of what is wrong.
    public init(_ text: String, field: String = "cel_expression") throws(FilterError) {
        do throws(SyntaxError) {
            expression = try CELParser.parse(text, variables: Self.variables)
            guard expression.isBool != false else {
                throw SyntaxError("the expression is not a condition: it must give true or false", at: 0)
            }
        } catch {
            throw error.inField(field, text)
        }
    }

    /// The expression's truth, or nil where it has none: the event is of a kind that the expression
    /// does not name, or its values do not fit together.
    public func evaluate(_ subject: some FilterSubject) -> Bool? {
        var run = CELRun(subject: subject)
        do throws(CELFailure) {
            return try run.truth(expression)
        } catch {
            return nil
        }
    }
}

/// One evaluation.
struct CELRun<Subject: FilterSubject> {
    /// An event is worth this many steps; copied bytes and elements count.
    private static var mostSteps: Int { 100_000 }

    let subject: Subject
    private var locals: [CELValue] = []
    private var steps = 0

    init(subject: Subject) {
        self.subject = subject
    }

    /// Accounts for work.
    mutating func spend(_ count: Int) throws(CELFailure) {
        steps += count
        if steps > Self.mostSteps { throw .tooExpensive }
    }

    mutating func truth(_ expression: CELExpression) throws(CELFailure) -> Bool {
        switch try value(expression) {
        case .bool(let value): return value
        case .unset: return false
        default: throw .mismatch
        }
    }

    mutating func value(_ expression: CELExpression) throws(CELFailure) -> CELValue {
        try spend(1)
        switch expression {
        case .literal(let value): return value
        case .field(let path): return try field(path) ?? .unset
        case .local(let depth): return locals[depth]
        case .select(let base, let name): return try member(name, of: try value(base)) ?? .unset
        case .has(let field): return .bool(try has(field))
        case .index(let base, let index): return try element(of: try value(base), at: try value(index))
        case .list(let parts):
            var list: [CELValue] = []
            for part in parts { list.append(try value(part)) }
            return .list(list)
        case .map(let entries): return try map(entries)
        case .not(let part): return .bool(!(try truth(part)))
        case .negate(let part): return try CELArithmetic.negated(try value(part))
        case .and(let parts): return .bool(try decide(parts, stopAt: false))
        case .or(let parts): return .bool(try decide(parts, stopAt: true))
        case .conditional(let condition, let yes, let no): return try value(try truth(condition) ? yes : no)
        case .binary(let operation, let left, let right):
            return try apply(operation, try value(left), try value(right))
        case .matches(let text, let regex): return .bool(try matches(try value(text), regex))
        case .call(let function, let arguments):
            var values: [CELValue] = []
            for argument in arguments { values.append(try value(argument)) }
            return try call(function, values)
        case .macro(let macro, let list, let filter, let body):
            return try run(macro, over: try value(list), filter, body)
        }
    }

    /// A field of the event; nil where it is unset.
    private func field(_ path: [String]) throws(CELFailure) -> CELValue? {
        guard path[0] == subject.type.name else { throw .absent }
        return subject.value(at: path)
    }

    private func member(_ name: String, of value: CELValue) throws(CELFailure) -> CELValue? {
        switch value {
        case .map(let members): return members[name]
        // A message that is not there has fields that are not set.
        case .unset: return nil
        default: throw .mismatch
        }
    }

    private mutating func has(_ expression: CELExpression) throws(CELFailure) -> Bool {
        switch expression {
        case .field(let path):
            return path[0] == subject.type.name && subject.value(at: path) != nil
        case .select(let base, let name): return try member(name, of: try value(base)) != nil
        default: throw .mismatch
        }
    }

    private func element(of base: CELValue, at index: CELValue) throws(CELFailure) -> CELValue {
        switch (base, index) {
        case (.map(let members), .string(let key)):
            guard let member = members[key] else { throw .absent }
            return member
        case (.list(let list), .int(let position)):
            guard position >= 0, position < list.count else { throw .absent }
            return list[Int(position)]
        case (.list(let list), .uint(let position)):
            guard position < list.count else { throw .absent }
            return list[Int(position)]
        case (.unset, _): throw .absent
        default: throw .mismatch
        }
    }

    private mutating func map(_ entries: [(CELExpression, CELExpression)]) throws(CELFailure) -> CELValue {
        var members: [String: CELValue] = [:]
        for (key, content) in entries {
            guard case .string(let name) = try value(key) else { throw .mismatch }
            members[name] = try value(content)
        }
        return .map(members)
    }

    /// `&&` and `||`: an operand that decides wins over one that fails (cel-spec, "Logical operators").
    private mutating func decide(_ parts: [CELExpression], stopAt decisive: Bool) throws(CELFailure) -> Bool {
        var failure: CELFailure?
        for part in parts {
            do throws(CELFailure) {
                if try truth(part) == decisive { return decisive }
            } catch {
                if error == .tooExpensive { throw error }
                failure = error
            }
        }
        if let failure { throw failure }
        return !decisive
    }

    private mutating func run(
        _ macro: CELMacro, over list: CELValue, _ filter: CELExpression?, _ body: CELExpression
    ) throws(CELFailure) -> CELValue {
        let elements: [CELValue]
        switch list {
        case .list(let list): elements = list
        // Over a map, macros go through the keys.
        case .map(let members): elements = members.keys.sorted().map { .string($0) }
        case .unset: elements = []
        default: throw .mismatch
        }
        locals.append(.unset)
        defer { locals.removeLast() }
        let depth = locals.count - 1
        var kept: [CELValue] = []
        var count = 0
        var failure: CELFailure?
        for element in elements {
            locals[depth] = element
            if macro == .map {
                if let filter, !(try truth(filter)) { continue }
                kept.append(try value(body))
                continue
            }
            do throws(CELFailure) {
                let holds = try truth(body)
                if macro == .exists, holds { return .bool(true) }
                if macro == .all, !holds { return .bool(false) }
                if holds {
                    count += 1
                    if macro == .filter { kept.append(element) }
                }
            } catch {
                // One element that fails does not hide another that decides.
                guard macro == .exists || macro == .all, error != .tooExpensive else { throw error }
                failure = error
            }
        }
        if let failure { throw failure }
        switch macro {
        case .all: return .bool(true)
        case .exists: return .bool(false)
        case .existsOne: return .bool(count == 1)
        case .filter, .map: return .list(kept)
        }
    }
}
