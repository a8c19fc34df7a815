import CEventABI
import PolicyCompiler
import PolicyModel

extension ArgumentType {
    /// Whether a system call takes it by an address in its program's memory.
    var isInUserMemory: Bool {
        switch self {
        case .string, .charBuf, .charIovec, .bpfAttr, .sockaddr, .sockaddrUn: true
        default: false
        }
    }

    /// SECD_POLICY_READ_*, where the type alone says it; nil where more must be known, and of numbers.
    var reader: UInt8? {
        let number: Int32? =
            switch self {
            case .string: SECD_POLICY_READ_STRING
            case .charBuf: SECD_POLICY_READ_BUFFER
            case .charIovec: SECD_POLICY_READ_PIECES
            case .iovIter: SECD_POLICY_READ_ITERATOR
            case .skb: SECD_POLICY_READ_PACKET
            case .cred: SECD_POLICY_READ_CREDENTIALS
            case .userNamespace: SECD_POLICY_READ_USER_NAMESPACE
            case .bpfAttr: SECD_POLICY_READ_BPF_ATTR
            case .bpfProg: SECD_POLICY_READ_BPF_PROGRAM
            case .bpfMap: SECD_POLICY_READ_BPF_MAP
            case .perfEvent: SECD_POLICY_READ_PERF_EVENT
            case .loadInfo: SECD_POLICY_READ_LOAD_INFO
            case .module: SECD_POLICY_READ_MODULE
            case .fd: SECD_POLICY_READ_DESCRIPTOR
            case .file: SECD_POLICY_READ_FILE
            case .path: SECD_POLICY_READ_PATH
            case .dentry: SECD_POLICY_READ_DENTRY
            case .filename: SECD_POLICY_READ_FILENAME
            case .binprm: SECD_POLICY_READ_BINPRM
            case .sockaddr, .sockaddrUn, .sock, .socket, .kiocb, .netDevice, .constBuf, .dataLoc: nil
            case .auto, .nop, .int, .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .sizeT,
                .capability, .kernelCap, .capInheritable, .capPermitted, .capEffective, .bpfCmd, .syscall64:
                nil
            }
        return number.map { UInt8($0) }
    }
}

extension KernelType {
    /// Of a number; nil for others.
    var bytes: Int? {
        if case .integer(let shape) = shape { shape.bytes } else { nil }
    }
}
