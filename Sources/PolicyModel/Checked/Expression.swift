/// An integer expression over columns, as `CelExpr` writes it: a program for a small stack machine,
/// because that is what can be stored in a table and run in the kernel.
public struct Expression: Sendable, Hashable {
    /// One step of the machine; operands are taken from the stack, results put on it.
    public enum Step: Sendable, Hashable {
        case constant(Int64)
        /// Pushes a column, by position in `CheckedHook.columns`.
        case column(Int)
        case binary(Binary)
        case not
        /// Two's complement of all bits.
        case complement
        case toInt32, toUInt32
    }

    /// Operators of two values, by their spelling.
    public enum Binary: String, Sendable, Hashable, CaseIterable {
        case add = "+"
        case subtract = "-"
        case and = "&&"
        case or = "||"
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case unsignedLess, unsignedLessOrEqual, unsignedGreater, unsignedGreaterOrEqual
        case bitAnd, bitOr, bitXor
    }

    /// The text, for messages.
    public var text: String
    /// Leave one value on the stack: true where it is not 0.
    public var steps: [Step]

    public init(text: String, steps: [Step]) {
        self.text = text
        self.steps = steps
    }

    /// Columns that it reads.
    public var columns: Set<Int> {
        Set(steps.compactMap { step in if case .column(let index) = step { index } else { nil } })
    }

    /// The same with columns renumbered.
    public func mappingColumns(_ transform: (Int) -> Int) -> Expression {
        Expression(
            text: text,
            steps: steps.map { step in
                if case .column(let index) = step { .column(transform(index)) } else { step }
            })
    }

    /// The result with these numbers; nil where a step finds too few operands, which the checker excludes.
    public func value(_ column: (Int) -> Int64) -> Int64? {
        var stack: [Int64] = []
        for step in steps {
            switch step {
            case .constant(let number): stack.append(number)
            case .column(let index): stack.append(column(index))
            case .not:
                guard let top = stack.popLast() else { return nil }
                stack.append(top == 0 ? 1 : 0)
            case .complement:
                guard let top = stack.popLast() else { return nil }
                stack.append(~top)
            case .toInt32:
                guard let top = stack.popLast() else { return nil }
                stack.append(Int64(Int32(truncatingIfNeeded: top)))
            case .toUInt32:
                guard let top = stack.popLast() else { return nil }
                stack.append(Int64(UInt32(truncatingIfNeeded: top)))
            case .binary(let operation):
                guard let right = stack.popLast(), let left = stack.popLast() else { return nil }
                stack.append(Self.apply(operation, left, right))
            }
        }
        return stack.count == 1 ? stack[0] : nil
    }

    private static func apply(_ operation: Binary, _ left: Int64, _ right: Int64) -> Int64 {
        let unsignedLeft = UInt64(bitPattern: left)
        let unsignedRight = UInt64(bitPattern: right)
        switch operation {
        case .add: return left &+ right
        case .subtract: return left &- right
        case .and: return left != 0 && right != 0 ? 1 : 0
        case .or: return left != 0 || right != 0 ? 1 : 0
        case .equal: return left == right ? 1 : 0
        case .notEqual: return left != right ? 1 : 0
        case .less: return left < right ? 1 : 0
        case .lessOrEqual: return left <= right ? 1 : 0
        case .greater: return left > right ? 1 : 0
        case .greaterOrEqual: return left >= right ? 1 : 0
        case .unsignedLess: return unsignedLeft < unsignedRight ? 1 : 0
        case .unsignedLessOrEqual: return unsignedLeft <= unsignedRight ? 1 : 0
        case .unsignedGreater: return unsignedLeft > unsignedRight ? 1 : 0
        case .unsignedGreaterOrEqual: return unsignedLeft >= unsignedRight ? 1 : 0
        case .bitAnd: return left & right
        case .bitOr: return left | right
        case .bitXor: return left ^ right
        }
    }
}
