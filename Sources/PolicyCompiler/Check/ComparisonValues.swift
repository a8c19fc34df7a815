internal import PolicyModel
internal import YAMLReader

/// Values of a filter on an argument → a test.
struct ComparisonValues {
    let values: [Located<String>]
    let type: ArgumentType
    let path: String
    let lists: ValueLists
    let problems: Problems

    func test(_ operation: MatchOperator, _ comparison: Comparison) -> ValueTest? {
        switch comparison {
        case .number: return numbers(operation)
        case .text(let facet):
            // What `maxData` captures beyond that is shown, not compared.
            TextValues.checkLength(values, capacity: Column.textCapacity, path, problems)
            if facet == .path, [.file, .path, .fd, .kiocb].contains(type) {
                TextValues.checkPaths(operation, values, path, problems)
            }
            return TextValues.test(operation, values)
        case .address:
            return .inNetwork(
                parsed("is no address", "an address (10.0.0.1, ::1) or a network (10.0.0.0/8)") {
                    AddressSyntax.network($0)
                })
        case .port: return operation.isUnary ? .numbers([NumberRange(low: 0, high: 1023)]) : ports()
        case .named(let facet): return named(facet)
        }
    }

    private func parsed<Value>(_ wrong: String, _ hint: String, _ parse: (String) -> Value?) -> [Value] {
        values.enumerated().compactMap { index, value in
            if let result = parse(value.value) { return result }
            problems.error("\(path)[\(index)]", "\"\(value.value)\" \(wrong)", at: value.place, hint: hint)
            return nil
        }
    }

    // MARK: Numbers

    private var shape: IntegerShape { type.integer ?? IntegerShape(bytes: 8, isSigned: false) }
    private var order: NumberOrder { shape.isSigned ? .signed : .unsigned }

    private func numbers(_ operation: MatchOperator) -> ValueTest? {
        switch operation {
        case .mask:
            let masks = parsed("is no mask", "a number such as 64 or 0x40") { mask($0) }
            return .anyBit(masks.reduce(0, |))
        case .greater, .less:
            if values.count > 1 {
                problems.error(
                    "\(path)[1]", "\(operation.rawValue) has one value", at: values[1].place)
            }
            let keys = parsed("is no \(type.rawValue)", "") { number($0) }
            return .numbers(
                NumberRange.union(
                    keys.compactMap { key in
                        if operation == .greater {
                            return key < .max ? NumberRange(low: key + 1, high: .max) : nil
                        }
                        return key > 0 ? NumberRange(low: 0, high: key - 1) : nil
                    }))
        case .inRange, .notInRange, .inMap, .notInMap:
            return .numbers(
                NumberRange.union(
                    parsed("is no number or range of \(type.rawValue)", "write 5 or 1:1000") { range($0) }))
        default:
            return .numbers(
                NumberRange.union(
                    parsed("is no \(type.rawValue)", "") { number($0).map { NumberRange(low: $0, high: $0) } }
                ))
        }
    }

    private func range(_ text: String) -> NumberRange? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let low = number(String(parts[0])) else { return nil }
        guard parts.count == 2 else { return NumberRange(low: low, high: low) }
        guard let high = number(String(parts[1])), low <= high else { return nil }
        return NumberRange(low: low, high: high)
    }

    private func mask(_ text: String) -> UInt64? {
        if type.isCapabilitySet, let bit = CapabilityValues.number(text), NumberSyntax.unsigned(text) == nil {
            return 1 << bit
        }
        return NumberSyntax.unsigned(text)
    }

    /// The key of a number. Unsigned values of a signed type are taken for its bits: `0xffffffff` is -1.
    private func number(_ text: String) -> UInt64? {
        if type == .syscall64, let number = lists.number(ofSyscall: text), NumberSyntax.unsigned(text) == nil
        {
            return number
        }
        if SyscallTable.looksLikeSyscall(text) { return lists.number(ofSyscall: text).map { order.key($0) } }
        if type == .capability, let number = CapabilityValues.number(text) { return order.key(number) }
        let bits = UInt64(shape.bytes * 8)
        let limit = bits == 64 ? UInt64.max : (1 << bits) - 1
        if let unsigned = NumberSyntax.unsigned(text) {
            guard unsigned <= limit else { return nil }
            guard shape.isSigned, unsigned >> (bits - 1) == 1 else { return order.key(unsigned) }
            return order.key(unsigned | ~limit)
        }
        guard shape.isSigned, let signed = NumberSyntax.signed(text), signed >= -(1 << (Int64(bits) - 1))
        else {
            return nil
        }
        return order.key(UInt64(bitPattern: signed))
    }

    private func ports() -> ValueTest {
        .numbers(
            NumberRange.union(
                parsed("is no port", "a number up to 65535, or a range such as 8000:8080") { text in
                    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    guard let low = NumberSyntax.unsigned(String(parts[0])), low <= 65535 else { return nil }
                    guard parts.count == 2 else { return NumberRange(low: low, high: low) }
                    guard let high = NumberSyntax.unsigned(String(parts[1])), high <= 65535, low <= high
                    else { return nil }
                    return NumberRange(low: low, high: high)
                }))
    }

    // MARK: Names

    private func named(_ facet: Facet) -> ValueTest {
        let (names, what): ([String: UInt64], String)
        switch facet {
        case .protocolNumber: (names, what) = (KernelNames.protocols, "protocol")
        case .family: (names, what) = (KernelNames.families, "address family")
        case .socketState: (names, what) = (KernelNames.socketStates, "state of a socket")
        default: (names, what) = (KernelNames.fileTypes, "type of file")
        }
        var ranges: [NumberRange] = []
        for (index, value) in values.enumerated() {
            let number =
                names[value.value] ?? names[value.value.uppercased()]
                ?? (facet == .fileType ? names[value.value.lowercased()] : NumberSyntax.unsigned(value.value))
            guard let number, number <= 65535 else {
                problems.error(
                    "\(path)[\(index)]", "unknown \(what) \"\(value.value)\"", at: value.place,
                    hint: Spelling.suggestion(for: value.value, among: names.keys.sorted()) ?? "")
                continue
            }
            ranges.append(NumberRange(low: number, high: number))
        }
        return .numbers(NumberRange.union(ranges))
    }
}
