internal import PolicyModel

/// Judges single conditions on one event.
struct ConditionJudge {
    let event: HookEvent
    let columns: [Column]

    func truth(of condition: Condition) -> Truth {
        switch condition.subject {
        case .column(let index, let facet):
            let value = event.value(columns[index], facet)
            // A socket without an address has neither one inside a network nor one outside.
            if value == .absent, Self.ofSockets.contains(facet) { return .no }
            return signed(condition, test(condition.test, value, order: order(columns[index], facet)))
        case .gained(let new, let old):
            return signed(condition, gained(condition.test, number(new), number(old)))
        case .expression:
            guard case .expression(let expression) = condition.test else { return .unknown }
            return signed(condition, result(expression))
        case .process(let fact):
            return signed(condition, test(condition.test, fact))
        }
    }

    private static let ofSockets: Set<Facet> = [
        .sourceAddress, .destinationAddress, .sourcePort, .destinationPort, .protocolNumber, .family,
        .socketState,
    ]

    private func signed(_ condition: Condition, _ truth: Truth) -> Truth {
        condition.isNegated ? truth.negated : truth
    }

    private func order(_ column: Column, _ facet: Facet) -> NumberOrder {
        facet == .number && column.type.integer?.isSigned == true ? .signed : .unsigned
    }

    private func number(_ column: Int) -> Observed<FieldValue> { event.value(columns[column], .number) }

    // MARK: Values

    private func test(_ test: ValueTest, _ value: Observed<FieldValue>, order: NumberOrder) -> Truth {
        switch value {
        case .absent: return .no
        case .unreadable: return .unknown
        case .present(.number(let number)): return Self.test(test, number: number, order: order)
        case .present(.text(let text)): return Self.test(test, text: text, isTruncated: false)
        case .truncated(.text(let text)): return Self.test(test, text: text, isTruncated: true)
        case .present(.address(let address)):
            guard case .inNetwork(let networks) = test else { return .unknown }
            return Truth(networks.contains { $0.contains(address) })
        case .truncated: return .unknown
        }
    }

    private static func test(_ test: ValueTest, number: UInt64, order: NumberOrder) -> Truth {
        switch test {
        case .numbers(let ranges):
            let key = order.key(number)
            return Truth(ranges.contains { $0.low <= key && key <= $0.high })
        case .anyBit(let mask): return Truth(number & mask != 0)
        default: return .unknown
        }
    }

    private static func test(_ test: ValueTest, text: [UInt8], isTruncated: Bool) -> Truth {
        switch test {
        case .equal(let values):
            // Truncated text is longer than any value can be.
            return isTruncated ? .no : Truth(values.contains(text))
        case .prefix(let values): return Truth(values.contains { text.starts(with: $0) })
        case .postfix(let values):
            return isTruncated
                ? .unknown : Truth(values.contains { text.reversed().starts(with: $0.reversed()) })
        case .contains(let values, let ignoringCase):
            let searched = ignoringCase ? text.map(lowercased) : text
            let found = values.contains { value in
                searched.indices.contains { searched[$0...].starts(with: value) }
            }
            let isEmptyMatch = values.contains([])
            return found || isEmptyMatch ? .yes : isTruncated ? .unknown : .no
        default: return .unknown
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte + 32 : byte
    }

    private func gained(_ test: ValueTest, _ new: Observed<FieldValue>, _ old: Observed<FieldValue>) -> Truth
    {
        guard case .anyBit(let mask) = test else { return .unknown }
        if new == .absent || old == .absent { return .no }
        guard case .present(.number(let new)) = new, case .present(.number(let old)) = old else {
            return .unknown
        }
        return Truth(new & ~old & mask != 0)
    }

    private func result(_ expression: Expression) -> Truth {
        var isUnknown = false
        var values: [Int: Int64] = [:]
        for column in expression.columns {
            switch number(column) {
            case .absent: return .no
            case .present(.number(let value)): values[column] = Int64(bitPattern: value)
            default: isUnknown = true
            }
        }
        if isUnknown { return .unknown }
        return Truth(expression.value { values[$0] ?? 0 } ?? 0 != 0)
    }

    // MARK: Process

    private func test(_ test: ValueTest, _ fact: ProcessFact) -> Truth {
        let process = event.process
        switch fact {
        case .binary, .parentBinary, .commandArgument:
            return self.test(test, text: process.text(fact)).or(self.test(test, text: process.script(fact)))
        case .pid, .namespace, .namespaceChanges, .capabilities, .capabilityChanges:
            return self.test(test, process.number(fact).map { FieldValue.number($0) }, order: .unsigned)
        case .workload:
            guard case .workload(let workloads) = test else { return .unknown }
            switch process.workload {
            case .present(let workload): return Truth(workloads.holds(for: workload))
            case .absent: return .no
            case .truncated, .unreadable: return .unknown
            }
        case .lineage(let lineage, let includesSelf):
            let line = (includesSelf ? [process.identity] : []) + process.ancestors
            let known = line.reduce(Truth.no) { $0.or(self.test(test, lineage, of: $1)) }
            return process.ancestryIsComplete ? known : known.or(.unknown)
        }
    }

    private func test(_ test: ValueTest, text: Observed<[UInt8]>) -> Truth {
        self.test(test, text.map { FieldValue.text($0) }, order: .unsigned)
    }

    private func test(_ test: ValueTest, _ fact: LineageFact, of process: ProcessIdentity) -> Truth {
        switch fact {
        case .binary:
            return self.test(test, text: process.binary).or(self.test(test, text: process.script))
        case .pid(let inNamespace):
            return Self.test(
                test, number: UInt64(inNamespace ? process.namespacePID : process.pid), order: .unsigned)
        }
    }
}
