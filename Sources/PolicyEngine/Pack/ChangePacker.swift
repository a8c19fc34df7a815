package import CEventABI
import PolicyCompiler
package import PolicyModel

/// What `Set` and `Override` do to a program → the steps that the kernel's program takes.
package enum ChangePacker {
    /// Registers that pass the arguments of a call, in their order.
    private static let arguments = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"].compactMap { ProgramRegister($0) }
    private static let instruction = ProgramRegister("rip")
    /// Bytes of a word of saved registers.
    private static let word: UInt16 = 8

    /// - Parameters:
    ///   - memory: it can be written to.
    ///   - registers: they can be changed.
    ///   - distance: from the probe to where `Override` lets the program go on.
    package static func pack(
        _ actions: [ActionSpec], memory: Bool, registers: Bool, distance: (ProbeLocation) -> Int64?
    ) -> [secd_policy_change] {
        var changes: [secd_policy_change] = []
        var overrides = false
        for action in actions {
            switch action.kind.value {
            case .set:
                guard let change = set(action), action.written == .register ? registers : memory else {
                    continue
                }
                changes.append(change)
            case .override where registers && !overrides:
                overrides = true
                changes += action.assignments.map(assignment)
                if let location = action.newLocation?.location, let distance = distance(location) {
                    changes += [jump(distance)].compactMap { $0 }
                }
            default: continue
            }
        }
        return Array(changes.prefix(Int(SECD_POLICY_CHANGES_MAX)))
    }

    /// Steps as they lie in the pool `secd_policy_starts`, with the one that ends them.
    static func entries(_ changes: [secd_policy_change]) -> [secd_policy_start] {
        (changes + [secd_policy_change()]).map { change in
            // Laid out as `secd_policy_change`: operand, then bytes.
            let head = [change.kind, change.target, change.target_size, change.source]
            return secd_policy_start(
                start: change.operand,
                result: head.enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) },
                reserved: UInt32(change.source_size))
        }
    }

    /// Arguments, by bit, whose memory is written to.
    static func touched(_ changes: [secd_policy_change]) -> UInt16 {
        changes.filter { Int32($0.kind) >= SECD_POLICY_CHANGE_ARGUMENT && $0.target < 16 }.reduce(0) {
            $0 | 1 << UInt16($1.target)
        }
    }

    private static func set(_ action: ActionSpec) -> secd_policy_change? {
        guard let argument = action.argument?.value, let value = action.value?.value else { return nil }
        var change = secd_policy_change()
        change.operand = UInt64(bitPattern: value)
        guard action.written == .register else {
            let isPointed = action.written == .pointed
            change.kind = UInt8(isPointed ? SECD_POLICY_CHANGE_POINTED : SECD_POLICY_CHANGE_ARGUMENT)
            change.target = UInt8(clamping: argument)
            return change
        }
        guard argument < arguments.count else { return nil }
        change.kind = UInt8(SECD_POLICY_CHANGE_CONSTANT)
        change.target = position(arguments[argument])
        change.target_size = UInt8(word)
        return change
    }

    private static func assignment(_ assignment: RegisterAssignment) -> secd_policy_change {
        var change = secd_policy_change()
        change.target = position(assignment.target.register)
        change.target_size = UInt8(assignment.target.size)
        switch assignment.source {
        case .constant(let number):
            change.kind = UInt8(SECD_POLICY_CHANGE_CONSTANT)
            change.operand = number
        case .register(let part, let offset):
            change.kind = UInt8(SECD_POLICY_CHANGE_REGISTER)
            change.operand = offset
            (change.source, change.source_size) = (position(part.register), UInt8(part.size))
        case .memory(let part, let offset):
            change.kind = UInt8(SECD_POLICY_CHANGE_MEMORY)
            change.operand = offset
            (change.source, change.source_size) = (position(part.register), UInt8(part.size))
        }
        return change
    }

    /// Where a probe is met, the next instruction is the one that it stands at.
    private static func jump(_ distance: Int64) -> secd_policy_change? {
        guard let instruction else { return nil }
        var change = secd_policy_change()
        change.kind = UInt8(SECD_POLICY_CHANGE_REGISTER)
        change.operand = UInt64(bitPattern: distance)
        (change.target, change.target_size) = (position(instruction), UInt8(word))
        (change.source, change.source_size) = (position(instruction), UInt8(word))
        return change
    }

    private static func position(_ register: ProgramRegister) -> UInt8 { UInt8(register.position / word) }
}
