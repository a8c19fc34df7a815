/// A regular expression in RE2's syntax, matched in time linear in the text.
///
/// Patterns come from clients and texts from watched programs, so a backtracking matcher would let
/// either of them stall the worker (`(a+)+$`). This one follows all alternatives at once (Thompson
/// 1968; Cox, "Regular Expression Matching Can Be Simple And Fast", 2007), and stops after
/// `longestMatch` steps: such a text counts as not matching.
public struct LinearRegex: Sendable {
    private enum Plan: Sendable {
        /// Plain text, the usual case: found without a program.
        case literal([UInt8], anchoredStart: Bool, anchoredEnd: Bool)
        case program([RegexInstruction], anchored: Bool)
    }

    static let longestMatch = 20_000_000

    /// As it was given.
    public let pattern: String
    private let plan: Plan

    /// - Throws: `FilterError` with the position of what is wrong.
    public init(_ pattern: String, field: String = "regular expression") throws(FilterError) {
        do throws(SyntaxError) {
            try self.init(parsing: pattern)
        } catch {
            throw error.inField(field, pattern)
        }
    }

    /// Finds `literal` as it is written.
    init(literal: String) {
        pattern = literal
        plan = .literal(Array(literal.utf8), anchoredStart: false, anchoredEnd: false)
    }

    init(parsing pattern: String) throws(SyntaxError) {
        self.pattern = pattern
        let node = try RegexParser.parse(pattern)
        if let literal = Self.literal(node) {
            plan = literal
        } else {
            plan = .program(try RegexCompiler.compile(node), anchored: Self.startsAnchored(node))
        }
    }

    /// Whether the expression matches anywhere in `text`.
    public func matches(_ text: String) -> Bool {
        switch plan {
        case .literal(let literal, let start, let end):
            Self.find(literal, in: text, anchoredStart: start, anchoredEnd: end)
        case .program(let program, let anchored):
            RegexRun(program).matches(text, anchored: anchored)
        }
    }

    private static func literal(_ node: RegexNode) -> Plan? {
        var parts: [RegexNode] =
            switch node {
            case .empty: []
            case .sequence(let parts): parts
            default: [node]
            }
        var start = false
        var end = false
        if case .assertion(.textStart) = parts.first {
            start = true
            parts.removeFirst()
        }
        if case .assertion(.textEnd) = parts.last {
            end = true
            parts.removeLast()
        }
        var text = ""
        for part in parts {
            guard case .set(let set) = part, let scalar = set.single else { return nil }
            text.unicodeScalars.append(scalar)
        }
        return .literal(Array(text.utf8), anchoredStart: start, anchoredEnd: end)
    }

    private static func startsAnchored(_ node: RegexNode) -> Bool {
        switch node {
        case .assertion(.textStart): true
        case .sequence(let parts): parts.first.map(startsAnchored) ?? false
        case .choice(let branches): branches.allSatisfy(startsAnchored)
        default: false
        }
    }

    private static func find(_ literal: [UInt8], in text: String, anchoredStart: Bool, anchoredEnd: Bool)
        -> Bool
    {
        let bytes = text.utf8
        switch (anchoredStart, anchoredEnd) {
        case (true, true): return bytes.elementsEqual(literal)
        case (true, false): return bytes.starts(with: literal)
        case (false, true):
            return bytes.count >= literal.count && bytes.suffix(literal.count).elementsEqual(literal)
        case (false, false): break
        }
        guard let first = literal.first else { return true }
        var rest = bytes[...]
        while rest.count >= literal.count, let place = rest.firstIndex(of: first) {
            rest = rest[place...]
            if rest.starts(with: literal) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}

/// One match: the set of instructions that the text so far can have led to.
private struct RegexRun: ~Copyable {
    private let program: [RegexInstruction]
    private var current: [Int] = []
    private var following: [Int] = []
    private var waiting: [Int] = []
    /// In which round an instruction was added last.
    private var added: [Int]
    private var round = 0
    private var steps = 0
    private var found = false

    init(_ program: [RegexInstruction]) {
        self.program = program
        added = Array(repeating: -1, count: program.count)
    }

    consuming func matches(_ text: String, anchored: Bool) -> Bool {
        var previous: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        add(0, previous, next)
        while !found, let scalar = next {
            guard steps < LinearRegex.longestMatch else { return false }
            if anchored, current.isEmpty { return false }
            next = scalars.next()
            round += 1
            swap(&current, &following)
            current.removeAll(keepingCapacity: true)
            for instruction in following {
                steps += 1
                guard case .set(let set) = program[instruction], set.contains(scalar) else { continue }
                add(instruction + 1, scalar, next)
            }
            previous = scalar
            if !anchored { add(0, previous, next) }
        }
        return found
    }

    /// Adds an instruction and all that it leads to without consuming anything.
    private mutating func add(_ instruction: Int, _ before: Unicode.Scalar?, _ after: Unicode.Scalar?) {
        waiting.append(instruction)
        while let number = waiting.popLast() {
            guard added[number] != round else { continue }
            added[number] = round
            steps += 1
            switch program[number] {
            case .set: current.append(number)
            case .assertion(let assertion):
                if assertion.holds(between: before, and: after) { waiting.append(number + 1) }
            case .split(let one, let other):
                waiting.append(other)
                waiting.append(one)
            case .jump(let target): waiting.append(target)
            case .save: waiting.append(number + 1)
            case .match: found = true
            }
        }
    }
}
