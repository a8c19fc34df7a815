import CEventABI
import PolicyCompiler
import PolicyModel

/// Expressions → steps of the kernel's machine.
enum ExpressionSteps {
    /// Steps of one dimension at most: so far the program counts.
    private static let limit = 65_536

    /// Appends an expression; rules of `row` ask for it.
    static func append(
        _ expression: Expression, row: UInt32, to steps: inout [secd_policy_start]
    ) throws(PackingLimit) {
        var depth = 0
        for step in expression.steps {
            switch step {
            case .constant, .column: depth += 1
            case .binary: depth -= 1
            case .not, .complement, .toInt32, .toUInt32: break
            }
            guard depth <= Int(SECD_POLICY_EXPRESSION_STACK) else {
                throw PackingLimit(
                    "\"\(expression.text)\" keeps \(depth) values at once; there is room for "
                        + "\(SECD_POLICY_EXPRESSION_STACK)")
            }
            append(step, to: &steps)
        }
        add(SECD_POLICY_DO_END, row: row, to: &steps)
    }

    /// Steps of all expressions that are asked for at one hook.
    static func check(_ count: Int) throws(PackingLimit) {
        try PackingLimit.check(count, limit, "steps of expressions")
    }

    private static func append(_ step: Expression.Step, to steps: inout [secd_policy_start]) {
        switch step {
        case .constant(let number):
            add(SECD_POLICY_DO_NUMBER, UInt64(bitPattern: number), to: &steps)
        case .column(let column): add(SECD_POLICY_DO_COLUMN, UInt64(column), to: &steps)
        case .not: add(SECD_POLICY_DO_NOT, to: &steps)
        case .complement: add(SECD_POLICY_DO_COMPLEMENT, to: &steps)
        case .toInt32: add(SECD_POLICY_DO_INT32, to: &steps)
        case .toUInt32: add(SECD_POLICY_DO_UINT32, to: &steps)
        case .binary(let binary):
            let (operation, isNegated) = operation(binary)
            add(operation, to: &steps)
            if isNegated { add(SECD_POLICY_DO_NOT, to: &steps) }
        }
    }

    /// More than is not at most.
    private static func operation(_ binary: Expression.Binary) -> (operation: Int32, isNegated: Bool) {
        switch binary {
        case .add: (SECD_POLICY_DO_ADD, false)
        case .subtract: (SECD_POLICY_DO_SUBTRACT, false)
        case .and: (SECD_POLICY_DO_BOTH, false)
        case .or: (SECD_POLICY_DO_EITHER, false)
        case .equal: (SECD_POLICY_DO_EQUAL, false)
        case .notEqual: (SECD_POLICY_DO_NOT_EQUAL, false)
        case .less: (SECD_POLICY_DO_LESS, false)
        case .lessOrEqual: (SECD_POLICY_DO_LESS_EQUAL, false)
        case .greater: (SECD_POLICY_DO_LESS_EQUAL, true)
        case .greaterOrEqual: (SECD_POLICY_DO_LESS, true)
        case .unsignedLess: (SECD_POLICY_DO_UNSIGNED_LESS, false)
        case .unsignedLessOrEqual: (SECD_POLICY_DO_UNSIGNED_LESS_EQUAL, false)
        case .unsignedGreater: (SECD_POLICY_DO_UNSIGNED_LESS_EQUAL, true)
        case .unsignedGreaterOrEqual: (SECD_POLICY_DO_UNSIGNED_LESS, true)
        case .bitAnd: (SECD_POLICY_DO_AND, false)
        case .bitOr: (SECD_POLICY_DO_OR, false)
        case .bitXor: (SECD_POLICY_DO_XOR, false)
        }
    }

    private static func add(
        _ operation: Int32, _ operand: UInt64 = 0, row: UInt32 = UInt32(SECD_POLICY_NONE),
        to steps: inout [secd_policy_start]
    ) {
        // A step is laid out as `secd_policy_step`: operand, operation, row.
        steps.append(secd_policy_start(start: operand, result: UInt32(operation), reserved: row))
    }
}
