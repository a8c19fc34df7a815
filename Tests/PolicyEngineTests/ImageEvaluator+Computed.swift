import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel

/// Automata and expressions, step by step as bpf/trace/texts.h and expression.h go.
extension ImageEvaluator {
    /// Rules whose text is there, or whose expression holds, and those of which that is open.
    func computed(
        _ dimension: secd_policy_dimension, _ columns: [Column], _ event: HookEvent, _ count: Int
    ) -> (hit: Words, open: Words) {
        if Int32(dimension.input) == SECD_POLICY_IN_EXPRESSIONS {
            return expressions(dimension, columns, event, count)
        }
        let text: Observed<[UInt8]>
        if Int32(dimension.input) == SECD_POLICY_IN_ARGUMENT_TEXTS {
            text = event.process.text(.commandArgument(Int(dimension.other)))
        } else {
            let value = event.value(
                columns[Int(dimension.column)], Facet.allCases[Int(dimension.facet)])
            switch value {
            case .present(.text(let bytes)): text = .present(bytes)
            case .truncated(.text(let bytes)): text = .truncated(bytes)
            case .absent: text = .absent
            default: text = .unreadable
            }
        }
        let none = Words(repeating: 0, count: count)
        let all = words(dimension.constrained_row, count)
        switch text {
        case .present(let bytes): return (scan(bytes, dimension.lookup, count), none)
        case .truncated(let bytes): return (scan(bytes, dimension.lookup, count), all)
        case .absent: return (none, none)
        case .unreadable: return (none, all)
        }
    }

    private func adding(_ row: UInt32, to words: Words) -> Words {
        row == UInt32(SECD_POLICY_NONE) ? words : zip(words, self.words(row, words.count)).map { $0 | $1 }
    }

    private func scan(_ bytes: [UInt8], _ lookup: secd_policy_lookup, _ count: Int) -> Words {
        var hit = adding(lookup.missing, to: Words(repeating: 0, count: count))
        var state: UInt32 = 0
        for byte in bytes {
            func transition(_ from: UInt32) -> secd_policy_start? {
                let index = Int(lookup.first + from) + Int(byte)
                return index < image.starts.count ? image.starts[index] : nil
            }
            guard var found = transition(state) ?? transition(0) else { return hit }
            if UInt32(truncatingIfNeeded: found.start) != state, let first = transition(0) { found = first }
            state = UInt32(found.start >> 32)
            hit = adding(found.result, to: hit)
        }
        return hit
    }

    private func expressions(
        _ dimension: secd_policy_dimension, _ columns: [Column], _ event: HookEvent, _ count: Int
    ) -> (hit: Words, open: Words) {
        var hit = Words(repeating: 0, count: count)
        var open = hit
        var stack: [UInt64] = []
        var isAbsent = false
        var isUnknown = false
        let first = Int(dimension.lookup.first)
        for step in image.starts[first..<first + Int(dimension.lookup.count)] {
            switch Int32(step.result) {
            case SECD_POLICY_DO_END:
                if isAbsent {
                } else if isUnknown {
                    open = adding(step.reserved, to: open)
                } else if stack[0] != 0 {
                    hit = adding(step.reserved, to: hit)
                }
                (stack, isAbsent, isUnknown) = ([], false, false)
            case SECD_POLICY_DO_NUMBER: stack.append(step.start)
            case SECD_POLICY_DO_COLUMN:
                switch event.value(columns[Int(step.start)], .number) {
                case .present(.number(let number)): stack.append(number)
                case .absent:
                    isAbsent = true
                    stack.append(0)
                default:
                    isUnknown = true
                    stack.append(0)
                }
            case SECD_POLICY_DO_NOT: stack.append(stack.removeLast() == 0 ? 1 : 0)
            case SECD_POLICY_DO_COMPLEMENT: stack.append(~stack.removeLast())
            case SECD_POLICY_DO_INT32:
                stack.append(UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: stack.removeLast()))))
            case SECD_POLICY_DO_UINT32: stack.append(stack.removeLast() & 0xffff_ffff)
            default:
                let right = stack.removeLast()
                stack.append(Self.pair(Int32(step.result), stack.removeLast(), right))
            }
        }
        return (hit, open)
    }

    private static func pair(_ operation: Int32, _ left: UInt64, _ right: UInt64) -> UInt64 {
        let (signedLeft, signedRight) = (Int64(bitPattern: left), Int64(bitPattern: right))
        switch operation {
        case SECD_POLICY_DO_ADD: return left &+ right
        case SECD_POLICY_DO_SUBTRACT: return left &- right
        case SECD_POLICY_DO_BOTH: return left != 0 && right != 0 ? 1 : 0
        case SECD_POLICY_DO_EITHER: return left != 0 || right != 0 ? 1 : 0
        case SECD_POLICY_DO_EQUAL: return left == right ? 1 : 0
        case SECD_POLICY_DO_NOT_EQUAL: return left != right ? 1 : 0
        case SECD_POLICY_DO_LESS: return signedLeft < signedRight ? 1 : 0
        case SECD_POLICY_DO_LESS_EQUAL: return signedLeft <= signedRight ? 1 : 0
        case SECD_POLICY_DO_UNSIGNED_LESS: return left < right ? 1 : 0
        case SECD_POLICY_DO_UNSIGNED_LESS_EQUAL: return left <= right ? 1 : 0
        case SECD_POLICY_DO_AND: return left & right
        case SECD_POLICY_DO_OR: return left | right
        default: return left ^ right
        }
    }
}
