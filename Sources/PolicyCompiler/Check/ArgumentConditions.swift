internal import PolicyModel
internal import YAMLReader

/// Filters on arguments: which operator fits which type, and values that fit the operator.
struct ArgumentConditions {
    let selector: SelectorCheck
    let lists: ValueLists

    init(_ selector: SelectorCheck, _ lists: ValueLists) {
        self.selector = selector
        self.lists = lists
    }

    private var problems: Problems { selector.hookCheck.check.problems }
    private var references: ArgumentReferences { selector.references }

    func conditions(
        _ filters: [ArgumentFilterSpec], _ list: ArgumentReferences.List, _ name: String
    ) -> [Condition] {
        filters.enumerated().compactMap { index, filter in condition(filter, list, "\(name)[\(index)]") }
    }

    private func condition(
        _ filter: ArgumentFilterSpec, _ list: ArgumentReferences.List, _ field: String
    ) -> Condition? {
        let path = "\(selector.path).\(field)"
        switch filter.operation.value {
        case .capabilitiesGained: return gained(filter, list, field, path)
        case .expression: return expression(filter, list, field, path)
        case .isIn, .notIn:
            let instead = filter.operation.value == .isIn ? "Equal" : "NotEqual"
            problems.error(
                path + ".operator", "\(filter.operation.value.rawValue) is for processes",
                at: filter.operation.place,
                hint: "use \(instead)")
            return nil
        default: break
        }
        guard let column = reference(filter, list, path) else { return nil }
        let type = references.columns[column].type
        if type == .auto { return nil }
        guard let comparison = comparison(filter.operation.value, type) else {
            problems.error(
                path + ".operator",
                "\(filter.operation.value.rawValue) cannot be used with type \(type.rawValue)",
                at: filter.operation.place, hint: Self.usable(with: type))
            return nil
        }
        let values = lists.expand(filter.values, path + ".values")
        let parser = ComparisonValues(
            values: values, type: type, path: path + ".values",
            lists: lists, problems: problems)
        guard let test = parser.test(filter.operation.value, comparison) else { return nil }
        return Condition(
            subject: .column(column, comparison.facet), test: test,
            isNegated: filter.operation.value.isNegative,
            field: field, place: filter.place)
    }

    private func reference(_ filter: ArgumentFilterSpec, _ list: ArgumentReferences.List, _ path: String)
        -> Int?
    {
        if let position = filter.positions.first {
            if filter.positions.count > 1 {
                problems.error(
                    path + ".args", "\(filter.operation.value.rawValue) compares one argument",
                    at: filter.positions[1].place)
            }
            return references.column(index: position, in: list, path + ".args", problems, isPosition: true)
        }
        let index = filter.index ?? Located(0, at: filter.place)
        return references.column(index: index, in: list, path + ".index", problems)
    }

    private func gained(
        _ filter: ArgumentFilterSpec, _ list: ArgumentReferences.List, _ field: String, _ path: String
    ) -> Condition? {
        guard filter.positions.count == 2 else {
            problems.error(
                path, "CapabilitiesGained compares two sets", at: filter.place,
                hint: "args: [new, old], by position")
            return nil
        }
        let columns = filter.positions.compactMap {
            references.column(index: $0, in: list, path + ".args", problems, isPosition: true)
        }
        guard columns.count == 2 else { return nil }
        for (column, position) in zip(columns, filter.positions) {
            let type = references.columns[column].type
            guard type.isCapabilitySet || type == .auto else {
                problems.error(
                    path + ".args", "argument \(position.value) is \(type.rawValue), no set of capabilities",
                    at: position.place)
                return nil
            }
        }
        // Without values any capability counts.
        var mask: UInt64 = filter.values.isEmpty ? .max : 0
        for (index, value) in lists.expand(filter.values, path + ".values").enumerated() {
            guard let number = CapabilityValues.number(value.value) else {
                CapabilityValues.report(value, "\(path).values[\(index)]", problems)
                continue
            }
            mask |= 1 << number
        }
        return Condition(
            subject: .gained(new: columns[0], old: columns[1]), test: .anyBit(mask), isNegated: false,
            field: field,
            place: filter.place)
    }

    private func expression(
        _ filter: ArgumentFilterSpec, _ list: ArgumentReferences.List, _ field: String, _ path: String
    ) -> Condition? {
        guard let value = filter.values.first, filter.values.count == 1 else {
            problems.error(path + ".values", "CelExpr has one expression", at: filter.place)
            return nil
        }
        let variables = list == .data ? references.data : references.arguments
        var parser = ExpressionParser(
            text: value.value,
            variables: variables.map { column in column.map { references.columns[$0].type } })
        switch parser.parse() {
        case .success(let parsed):
            let expression = parsed.mappingColumns { variables[$0] ?? 0 }
            return Condition(
                subject: .expression, test: .expression(expression), isNegated: false, field: field,
                place: filter.place)
        case .failure(let mistake):
            problems.error(
                path + ".values[0]", "\(mistake.message), at character \(mistake.offset + 1)", at: value.place
            )
            return nil
        }
    }

    // MARK: Operator and type

    private func comparison(_ operation: MatchOperator, _ type: ArgumentType) -> Comparison? {
        let facets = type.socketFacets
        switch operation {
        case .equal, .notEqual, .inMap, .notInMap:
            if type.integer != nil { return .number }
            return type.textFacet.map { .text($0) }
        case .greater, .less, .inRange, .notInRange, .mask: return type.integer != nil ? .number : nil
        case .prefix, .notPrefix, .postfix, .notPostfix, .substring, .substringIgnoringCase, .notSubstring,
            .notSubstringIgnoringCase:
            return type.textFacet.map { .text($0) }
        case .sourceAddress, .notSourceAddress:
            return facets.contains(.sourceAddress) ? .address(.sourceAddress) : nil
        case .destinationAddress, .notDestinationAddress:
            return facets.contains(.destinationAddress) ? .address(.destinationAddress) : nil
        case .sourcePort, .notSourcePort, .sourcePortPrivileged, .notSourcePortPrivileged:
            return facets.contains(.sourcePort) ? .port(.sourcePort) : nil
        case .destinationPort, .notDestinationPort, .destinationPortPrivileged, .notDestinationPortPrivileged:
            return facets.contains(.destinationPort) ? .port(.destinationPort) : nil
        case .protocolNumber: return facets.contains(.protocolNumber) ? .named(.protocolNumber) : nil
        case .family: return facets.contains(.family) ? .named(.family) : nil
        case .state: return facets.contains(.socketState) ? .named(.socketState) : nil
        case .fileType, .notFileType:
            let hasType = type.textFacet == .path && type != .filename && type != .sockaddrUn
            return hasType ? .named(.fileType) : nil
        case .isIn, .notIn, .capabilitiesGained, .expression: return nil
        }
    }

    private static func usable(with type: ArgumentType) -> String {
        if type.integer != nil { return "use Equal, NotEqual, GT, LT, InRange, InMap or Mask" }
        if type.textFacet != nil { return "use Equal, Prefix, Postfix, SubString or an opposite" }
        if !type.socketFacets.isEmpty { return "use SAddr, DAddr, SPort, DPort, Protocol, Family or State" }
        return "nothing can be compared with \(type.rawValue)"
    }
}

/// How an operator looks at a type.
enum Comparison {
    case number
    case text(Facet)
    case address(Facet)
    case port(Facet)
    /// A number with names: protocol, family, state, file type.
    case named(Facet)

    var facet: Facet {
        switch self {
        case .number: .number
        case .text(let facet), .address(let facet), .port(let facet), .named(let facet): facet
        }
    }
}
