/// One step of a compiled regular expression.
enum RegexInstruction {
    case set(ScalarSet)
    case assertion(RegexAssertion)
    case split(Int, Int)
    case jump(Int)
    /// Notes the place in the text: 2 × group for its begin, one more for its end.
    case save(Int)
    case match
}

/// Makes a program of a parsed expression.
struct RegexCompiler {
    static let longestProgram = 10_000

    private(set) var program: [RegexInstruction] = []
    /// Nodes expanded: ((){1000}){1000} makes no instruction, a million times.
    private var expansions = 0

    static func compile(_ node: RegexNode) throws(SyntaxError) -> [RegexInstruction] {
        var compiler = RegexCompiler()
        try compiler.add(node)
        try compiler.append(.match)
        return compiler.program
    }

    private mutating func append(_ instruction: RegexInstruction) throws(SyntaxError) {
        guard program.count < Self.longestProgram else {
            throw SyntaxError("the repetitions make the pattern too large", at: 0)
        }
        program.append(instruction)
    }

    private mutating func add(_ node: RegexNode) throws(SyntaxError) {
        expansions += 1
        guard expansions <= 10 * Self.longestProgram else {
            throw SyntaxError("the repetitions make the pattern too large", at: 0)
        }
        switch node {
        case .empty: break
        case .set(let set): try append(.set(set))
        case .assertion(let assertion): try append(.assertion(assertion))
        case .sequence(let parts):
            for part in parts { try add(part) }
        case .choice(let branches): try add(branches: branches)
        case .repeat(let part, let counts, let isLazy):
            for _ in 0..<counts.lowerBound { try add(part) }
            // x{0,2} is (x(x)?)?: every split leaves to the end.
            var splits: [Int] = []
            for _ in counts.lowerBound..<counts.upperBound {
                splits.append(program.count)
                try append(.split(0, 0))
                try add(part)
            }
            for split in splits { close(split, isLazy: isLazy) }
        case .repeatForever(let part, let least, let isLazy):
            for _ in 0..<least { try add(part) }
            let split = program.count
            try append(.split(0, 0))
            try add(part)
            try append(.jump(split))
            close(split, isLazy: isLazy)
        case .group(let part, let number):
            try append(.save(2 * number))
            try add(part)
            try append(.save(2 * number + 1))
        }
    }

    /// Makes a split lead into what follows it and to the end of the program so far; the first is
    /// preferred, and a lazy repetition prefers to end.
    private mutating func close(_ split: Int, isLazy: Bool) {
        program[split] = isLazy ? .split(program.count, split + 1) : .split(split + 1, program.count)
    }

    private mutating func add(branches: [RegexNode]) throws(SyntaxError) {
        var jumps: [Int] = []
        for (number, branch) in branches.enumerated() {
            guard number < branches.count - 1 else {
                try add(branch)
                break
            }
            let split = program.count
            try append(.split(split + 1, 0))
            try add(branch)
            jumps.append(program.count)
            try append(.jump(0))
            program[split] = .split(split + 1, program.count)
        }
        for jump in jumps { program[jump] = .jump(program.count) }
    }
}
