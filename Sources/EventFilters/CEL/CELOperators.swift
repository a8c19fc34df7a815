extension CELRun {
    mutating func apply(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue
    ) throws(CELFailure) -> CELValue {
        switch operation {
        case .equal: return .bool(try equals(left, right))
        case .notEqual: return .bool(!(try equals(left, right)))
        case .less: return .bool(try order(left, right) { $0 < $1 })
        case .lessOrEqual: return .bool(try order(left, right) { $0 <= $1 })
        case .greater: return .bool(try order(left, right) { $0 > $1 })
        case .greaterOrEqual: return .bool(try order(left, right) { $0 >= $1 })
        case .isIn: return .bool(try isIn(left, right))
        case .add:
            switch (left.resolved(like: right), right.resolved(like: left)) {
            case (.string(let one), .string(let other)):
                try spend((one.utf8.count + other.utf8.count) / 16)
                return .string(one + other)
            case (.list(let one), .list(let other)):
                try spend(one.count + other.count)
                return .list(one + other)
            case (let one, let other): return try CELArithmetic.result(.add, one, other)
            }
        case .subtract, .multiply, .divide, .remainder:
            return try CELArithmetic.result(operation, left.resolved(like: right), right.resolved(like: left))
        }
    }

    private mutating func equals(_ left: CELValue, _ right: CELValue) throws(CELFailure) -> Bool {
        let one = left.resolved(like: right)
        let other = right.resolved(like: left)
        switch (one, other) {
        case (.string(let one), .string(let other)):
            // Scalars, not canonical equivalence: two paths are equal when their bytes are.
            return one.utf8.elementsEqual(other.utf8)
        case (.list(let one), .list(let other)):
            guard one.count == other.count else { return false }
            try spend(one.count)
            for (left, right) in zip(one, other) where !(try equals(left, right)) { return false }
            return true
        case (.map(let one), .map(let other)):
            guard one.count == other.count else { return false }
            try spend(one.count)
            for (key, value) in one {
                guard let match = other[key], try equals(value, match) else { return false }
            }
            return true
        default:
            if let relation = CELArithmetic.comparison(one, other) { return relation == .equal }
            return one == other
        }
    }

    private func order(
        _ left: CELValue, _ right: CELValue, _ holds: (Int, Int) -> Bool
    ) throws(CELFailure) -> Bool {
        let one = left.resolved(like: right)
        let other = right.resolved(like: left)
        switch (one, other) {
        case (.string(let one), .string(let other)):
            if one.utf8.elementsEqual(other.utf8) { return holds(0, 0) }
            return one.utf8.lexicographicallyPrecedes(other.utf8) ? holds(-1, 0) : holds(1, 0)
        case (.bool(let one), .bool(let other)): return holds(one ? 1 : 0, other ? 1 : 0)
        case (.unset, .unset): return holds(0, 0)
        default:
            switch CELArithmetic.comparison(one, other) {
            case .less: return holds(-1, 0)
            case .equal: return holds(0, 0)
            case .greater: return holds(1, 0)
            case .unordered: return false
            case nil: throw .mismatch
            }
        }
    }

    private mutating func isIn(_ element: CELValue, _ container: CELValue) throws(CELFailure) -> Bool {
        switch container {
        case .list(let list):
            try spend(list.count)
            for candidate in list where try equals(element, candidate) { return true }
            return false
        case .map(let members):
            guard case .string(let key) = element.resolved(like: .string("")) else { return false }
            return members[key] != nil
        case .unset: return false
        default: throw .mismatch
        }
    }
}

extension CELValue {
    /// An unset field as the default of the type that it meets. Text that meets a number is read as
    /// one where it can be: 64-bit numbers are texts in JSON.
    func resolved(like other: CELValue) -> CELValue {
        switch (self, other) {
        case (.unset, .bool): .bool(false)
        case (.unset, .int): .int(0)
        case (.unset, .uint): .uint(0)
        case (.unset, .double): .double(0)
        case (.unset, .string): .string("")
        case (.unset, .list): .list([])
        case (.unset, .map): .map([:])
        case (.unset, .null): .null
        case (.string(let text), .int), (.string(let text), .uint), (.string(let text), .double):
            text.utf8.count <= 20
                ? Int64(text).map { .int($0) } ?? UInt64(text).map { .uint($0) } ?? self : self
        default: self
        }
    }
}

/// Arithmetic without wrapping.
enum CELArithmetic {
    enum Relation {
        case less, equal, greater, unordered
    }

    /// Compares two numbers by value, whatever their types; nil where one is no number.
    static func comparison(_ left: CELValue, _ right: CELValue) -> Relation? {
        switch (left, right) {
        case (.int(let one), .int(let other)): relation(one, other)
        case (.uint(let one), .uint(let other)): relation(one, other)
        // Swift compares integers of different types by value.
        case (.int(let one), .uint(let other)): one < other ? .less : one == other ? .equal : .greater
        case (.uint(let one), .int(let other)): one < other ? .less : one == other ? .equal : .greater
        case (.double(let one), .double(let other)):
            one.isNaN || other.isNaN ? .unordered : relation(one, other)
        case (.double(let one), .int(let other)): relation(one, Double(other))
        case (.double(let one), .uint(let other)): relation(one, Double(other))
        case (.int(let one), .double(let other)): relation(Double(one), other)
        case (.uint(let one), .double(let other)): relation(Double(one), other)
        default: nil
        }
    }

    private static func relation<Number: Comparable>(_ one: Number, _ other: Number) -> Relation {
        one < other ? .less : one == other ? .equal : one > other ? .greater : .unordered
    }

    static func negated(_ value: CELValue) throws(CELFailure) -> CELValue {
        switch value {
        case .int(let number):
            guard number != .min else { throw .arithmetic }
            return .int(-number)
        case .double(let number): return .double(-number)
        case .unset: return .int(0)
        default: throw .mismatch
        }
    }

    static func result(
        _ operation: CELOperator, _ left: CELValue, _ right: CELValue
    ) throws(CELFailure) -> CELValue {
        switch (left, right) {
        case (.int(let one), .int(let other)): return .int(try integer(operation, one, other))
        case (.uint(let one), .uint(let other)): return .uint(try integer(operation, one, other))
        // A literal without u beside an unsigned field.
        case (.int(let one), .uint(let other)):
            guard let one = UInt64(exactly: one) else { throw .arithmetic }
            return .uint(try integer(operation, one, other))
        case (.uint(let one), .int(let other)):
            guard let other = UInt64(exactly: other) else { throw .arithmetic }
            return .uint(try integer(operation, one, other))
        case (.double(let one), .double(let other)): return .double(try real(operation, one, other))
        case (.double(let one), .int(let other)): return .double(try real(operation, one, Double(other)))
        case (.double(let one), .uint(let other)): return .double(try real(operation, one, Double(other)))
        case (.int(let one), .double(let other)): return .double(try real(operation, Double(one), other))
        case (.uint(let one), .double(let other)): return .double(try real(operation, Double(one), other))
        case (.unset, .unset): return try result(operation, .int(0), .int(0))
        default: throw .mismatch
        }
    }

    private static func integer<Number: FixedWidthInteger>(
        _ operation: CELOperator, _ one: Number, _ other: Number
    ) throws(CELFailure) -> Number {
        let (value, overflow) =
            switch operation {
            case .add: one.addingReportingOverflow(other)
            case .subtract: one.subtractingReportingOverflow(other)
            case .multiply: one.multipliedReportingOverflow(by: other)
            case .divide: one.dividedReportingOverflow(by: other)
            case .remainder: one.remainderReportingOverflow(dividingBy: other)
            default: (Number.zero, true)
            }
        if overflow { throw .arithmetic }
        return value
    }

    private static func real(
        _ operation: CELOperator, _ one: Double, _ other: Double
    ) throws(CELFailure) -> Double {
        switch operation {
        case .add: return one + other
        case .subtract: return one - other
        case .multiply: return one * other
        case .divide: return one / other
        default: throw .mismatch
        }
    }
}
