internal import PolicyModel

/// Bits of an event for dimensions that judge bits.
struct BitReader {
    let hook: HookTables
    let event: HookEvent
    let process: ProcessState

    func read(_ dimension: BitDimension) -> ProcessState.Bits {
        switch dimension.input {
        case .column(let column): return bits(number(column))
        case .gained(let new, let old): return gained(number(new), number(old))
        case .process(let fact): return bits(event.process.number(fact))
        case .marks(let includesSelf): return includesSelf ? process.marks : process.inherited
        case .workloads: return process.workloads
        case .substrings(let column, let facet, let patterns):
            return substrings(patterns, in: event.value(hook.columns[column], facet).text)
        case .argumentSubstrings(let fact, let patterns):
            return substrings(patterns, in: event.process.text(fact))
        case .expressions(let expressions): return results(expressions)
        }
    }

    private func number(_ column: Int) -> Observed<UInt64> {
        switch event.value(hook.columns[column], .number) {
        case .present(.number(let number)): .present(number)
        case .absent: .absent
        default: .unreadable
        }
    }

    private func bits(_ value: Observed<UInt64>) -> ProcessState.Bits {
        var result = ProcessState.Bits()
        switch value {
        case .present(let number):
            var rest = number
            while rest != 0 {
                result.set.insert(rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        case .absent: break
        case .truncated, .unreadable: result.unknown = Set(0..<64)
        }
        return result
    }

    private func gained(_ new: Observed<UInt64>, _ old: Observed<UInt64>) -> ProcessState.Bits {
        switch (new, old) {
        case (.present(let new), .present(let old)): bits(.present(new & ~old))
        case (.absent, _), (_, .absent): bits(.absent)
        default: bits(.unreadable)
        }
    }

    private func substrings(_ patterns: [SubstringPattern], in text: Observed<[UInt8]>) -> ProcessState.Bits {
        var result = ProcessState.Bits()
        for (index, pattern) in patterns.enumerated() {
            switch text {
            case .present(let bytes): if pattern.occurs(in: bytes) { result.set.insert(index) }
            case .truncated(let bytes):
                if pattern.occurs(in: bytes) {
                    result.set.insert(index)
                } else {
                    result.unknown.insert(index)
                }
            case .absent: break
            case .unreadable: result.unknown.insert(index)
            }
        }
        return result
    }

    private func results(_ expressions: [Expression]) -> ProcessState.Bits {
        var result = ProcessState.Bits()
        for (index, expression) in expressions.enumerated() {
            var isAbsent = false
            var isUnknown = false
            var numbers: [Int: Int64] = [:]
            for column in expression.columns {
                switch number(column) {
                case .present(let value): numbers[column] = Int64(bitPattern: value)
                case .absent: isAbsent = true
                case .truncated, .unreadable: isUnknown = true
                }
            }
            if isAbsent { continue }
            if isUnknown {
                result.unknown.insert(index)
            } else if let value = expression.value({ numbers[$0] ?? 0 }), value != 0 {
                result.set.insert(index)
            }
        }
        return result
    }
}

extension SubstringPattern {
    /// Whether the bytes are somewhere in a text.
    fileprivate func occurs(in text: [UInt8]) -> Bool {
        let searched = ignoresCase ? text.map(TextValues.lowercased) : text
        guard bytes.count <= searched.count else { return false }
        return (0...(searched.count - bytes.count)).contains { searched[$0...].starts(with: bytes) }
    }
}

extension Observed<FieldValue> {
    /// As text; other values are unreadable as such.
    fileprivate var text: Observed<[UInt8]> {
        switch self {
        case .present(.text(let bytes)): .present(bytes)
        case .truncated(.text(let bytes)): .truncated(bytes)
        case .absent: .absent
        default: .unreadable
        }
    }
}
