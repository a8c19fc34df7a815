import CEventABI
import PolicyCompiler
import PolicyModel

/// Arguments of a function that something else stands for.
extension ColumnReader {
    /// `struct syscall_trace_enter` and `syscall_trace_exit`, kernel/trace/trace.h, as programs see them: the
    /// number of the call, then its arguments or what it returned.
    private static let callValues = 16

    /// Where an argument stands at the tracepoint of a system call.
    func start(
        _ position: Int, _ standIn: StandIn, _ column: Column, _ packed: inout secd_policy_column
    ) throws(Obstacle) -> KernelType? {
        guard position < standIn.sources.count, let source = standIn.sources[position] else {
            throw Obstacle(reason: "\(standIn.name) does not have argument \(position)")
        }
        if case .credentials = source { return try startAtCredentials(&packed) }
        guard column.path.isEmpty else {
            throw Obstacle(reason: "\(standIn.name) has argument \(position) itself, and nothing behind it")
        }
        guard column.sizeArgument == nil else {
            throw Obstacle(reason: "\(standIn.name) does not tell the size of argument \(position)")
        }
        packed.from = UInt8(SECD_POLICY_FROM_FIELD)
        packed.width = 8
        packed.position = UInt16(Self.callValues)
        switch source {
        case .argument(let place):
            packed.position += UInt16(8 * place)
            packed.flags |= UInt8(SECD_POLICY_COLUMN_USER)
        case .file(let place): packed.position += UInt16(8 * place)
        case .result, .resultFile, .credentials: break
        }
        return nil
    }

    private func startAtCredentials(_ packed: inout secd_policy_column) throws(Obstacle) -> KernelType? {
        guard let task = kernel.structure("task_struct"), let layout = kernel.layout(of: "cred", in: task),
            let offset = layout.offsets.last, layout.offsets.count == 1
        else { throw Obstacle(reason: "task_struct.cred is not known on this kernel") }
        packed.from = UInt8(SECD_POLICY_FROM_TASK)
        CArray.set(&packed.steps, 0, offset)
        packed.step_count = 1
        return layout.type
    }

    /// How something else is read that stands for the argument; nil = as its type says.
    func standInReader(_ column: Column, _ packed: secd_policy_column) throws(Obstacle) -> UInt8? {
        guard let standIn, case .argument(let position) = column.source else { return nil }
        if standIn.givesSock, column.type == .socket {
            guard column.path.isEmpty else {
                throw Obstacle(reason: "\(standIn.name) has the struct sock, not the socket")
            }
            return UInt8(SECD_POLICY_READ_SOCK)
        }
        guard position < standIn.sources.count, let source = standIn.sources[position] else { return nil }
        switch source {
        case .file, .resultFile:
            guard column.type.reader == UInt8(SECD_POLICY_READ_FILE) else {
                throw Obstacle(reason: "\(standIn.name) has a descriptor there: only its file can be read")
            }
            return UInt8(SECD_POLICY_READ_DESCRIPTOR)
        case .argument where column.type.textFacet != .text:
            throw Obstacle(reason: "\(standIn.name) has memory of the program there, not the kernel's")
        case .argument, .result, .credentials: return nil
        }
    }
}
