import CEventABI
import PolicyCompiler
import PolicyModel

/// Registers by their names, where what meets the point has them.
extension ColumnReader {
    /// Where a register stands among those that the program was called with.
    func start(
        register name: String, _ type: ArgumentType, _ packed: inout secd_policy_column
    ) throws(Obstacle) {
        guard mechanism?.hasRegisters ?? isInProgram else {
            throw Obstacle(reason: noRegisters)
        }
        guard let register = ProgramRegister(name) else {
            throw Obstacle(reason: "there is no register \(name)")
        }
        packed.from = UInt8(SECD_POLICY_FROM_FIELD)
        packed.position = register.position
        packed.width = UInt8(register.size)
        if holdsAddressesOfProgram { packed.flags |= UInt8(SECD_POLICY_COLUMN_USER) }
        // Of these a member is read, or the value stands where the register leads: it is loaded by a step.
        if type == .kiocb || type == .netDevice { packed.step_count = 1 }
        if type.isCapabilitySet { packed.step_count = 2 }
    }

    /// Registers of a function of the kernel lead to the kernel's memory.
    private var holdsAddressesOfProgram: Bool {
        if case .syscall = point { true } else { isInProgram }
    }

    private var noRegisters: String {
        let name = mechanism?.name ?? point.name
        return switch point {
        case .function:
            "\(name) has no registers (pt_regs): of what meets functions of the kernel only kprobes have them"
        default:
            "\(name) has no registers (pt_regs): system calls, kprobes and places in programs have them"
        }
    }
}
