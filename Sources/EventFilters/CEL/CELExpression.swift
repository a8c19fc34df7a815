/// A parsed expression, with names resolved.
indirect enum CELExpression: Sendable {
    case literal(CELValue)
    /// A field of the event: the kind's name first.
    case field([String])
    /// A variable of a macro, by its depth.
    case local(Int)
    case select(CELExpression, String)
    case has(CELExpression)
    case index(CELExpression, CELExpression)
    case list([CELExpression])
    case map([(CELExpression, CELExpression)])
    case not(CELExpression)
    case negate(CELExpression)
    /// Chains are kept flat, so that a long list of conditions is not a deep tree.
    case and([CELExpression])
    case or([CELExpression])
    case conditional(CELExpression, CELExpression, CELExpression)
    case binary(CELOperator, CELExpression, CELExpression)
    /// `matches` with a pattern known when the filter is compiled.
    case matches(CELExpression, LinearRegex)
    case call(CELFunction, [CELExpression])
    /// `list.macro(variable, body)`; the variable's depth is the number of enclosing macros.
    case macro(CELMacro, CELExpression, filter: CELExpression?, body: CELExpression)
}

enum CELOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    var isRelation: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isIn: true
        case .add, .subtract, .multiply, .divide, .remainder: false
        }
    }
}

enum CELMacro: String, Sendable {
    case all, exists, filter, map
    case existsOne = "exists_one"
}

/// Functions by their name in the language; the first argument is the target of a method call.
enum CELFunction: String, Sendable {
    case startsWith, endsWith, contains, matches, size
    case int, uint, double, string, bool, dyn
    case ip, isIP, cidr, isCIDR
    case family, isUnspecified, isLoopback, isLinkLocalUnicast, isLinkLocalMulticast, isGlobalUnicast
    case containsIP, containsCIDR, prefixLength, masked
    /// `ip.isCanonical(text)` in Kubernetes' library.
    case isCanonical

    /// How many arguments it takes as a method (the target included), or nil when it is none.
    var methodArguments: Int? {
        switch self {
        case .startsWith, .endsWith, .contains, .matches, .containsIP, .containsCIDR: 2
        case .size, .family, .isUnspecified, .isLoopback, .isLinkLocalUnicast, .isLinkLocalMulticast,
            .isGlobalUnicast, .prefixLength, .masked, .ip:
            1
        default: nil
        }
    }

    /// How many arguments it takes as a plain function, or nil when it is none.
    var functionArguments: Int? {
        switch self {
        case .size, .int, .uint, .double, .string, .bool, .dyn, .ip, .isIP, .cidr, .isCIDR: 1
        case .matches: 2
        default: nil
        }
    }

    var givesBool: Bool? {
        switch self {
        case .startsWith, .endsWith, .contains, .matches, .bool, .isIP, .isCIDR, .isUnspecified, .isLoopback,
            .isLinkLocalUnicast, .isLinkLocalMulticast, .isGlobalUnicast, .containsIP, .containsCIDR,
            .isCanonical:
            true
        case .dyn: nil
        default: false
        }
    }
}

extension CELExpression {
    /// Whether the value is a truth value, as far as that is known before any event is.
    var isBool: Bool? {
        switch self {
        case .literal(.bool), .has, .not, .and, .or, .matches: true
        case .field, .local, .select, .index: nil
        case .literal, .list, .map, .negate: false
        case .conditional(_, let yes, let no): yes.isBool == false || no.isBool == false ? false : nil
        case .binary(let operation, _, _): operation.isRelation
        case .call(let function, _): function.givesBool
        case .macro(let macro, _, _, _): macro != .filter && macro != .map
        }
    }
}
