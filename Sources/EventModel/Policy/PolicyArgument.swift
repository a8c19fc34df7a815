public import CEventABI

/// A value that a policy's event shows: an argument, a return value, or data beside them.
public struct PolicyArgument: Sendable {
    /// What was read, by how Tetragon shows it. Names of numbers are given when it is described.
    public enum Value: Sendable {
        case text([UInt8])
        case int(Int32)
        case uint(UInt32)
        case long(Int64)
        case size(UInt64)
        /// A buffer and its whole length; longer than the bytes = they are its beginning.
        case bytes([UInt8], of: UInt64)
        case path(PolicyFile)
        case file(PolicyFile)
        /// `linux_binprm`.
        case program(PolicyFile)
        case socket(PolicySocket)
        case packet(PolicyPacket)
        /// `sockaddr`: a family, an address of 4 or 16 bytes or none, a port.
        case address(family: UInt16, [UInt8], port: UInt16)
        /// `sockaddr_un`; an abstract name begins with NUL.
        case unixAddress([UInt8])
        case device([UInt8])
        case credentials(secd_credentials)
        case userNamespace(PolicyUserNamespace)
        case capability(Int32)
        case capabilities(CapabilitySetKind, UInt64)
        case module(PolicyModule)
        case bpfAttributes(PolicyBPFProgram)
        case bpfProgram(PolicyBPFProgram)
        case bpfMap(PolicyBPFMap)
        case perfEvent(PolicyPerfEvent)
        case bpfCommand(UInt32)
        case syscall(number: UInt32, SyscallABI)
        /// Why there is no value.
        case failure(String)
    }

    /// How much of the value is here.
    public enum State: Sendable {
        case present
        /// Its beginning.
        case truncated
        /// There is none: a null pointer, a socket without address.
        case absent
        /// Its memory could not be read.
        case unreadable

        var name: StaticString? {
            switch self {
            case .present: nil
            case .truncated: "truncated"
            case .absent: "absent"
            case .unreadable: "unreadable"
            }
        }
    }

    /// Who wrote a path: a string of the user's can change behind the kernel's back.
    public enum Origin: Sendable {
        case user, kernel
    }

    /// Which capabilities a set is.
    public enum CapabilitySetKind: Sendable {
        case any, inheritable, permitted, effective
    }

    /// The entry through which a syscall came.
    public enum SyscallABI: Sendable {
        case x64, x32, i386

        var name: StaticString {
            switch self {
            case .x64: "x64"
            case .x32: "x32"
            case .i386: "i386"
            }
        }
    }

    /// What was read.
    public var value: Value
    /// Name that the policy gives it; empty = none.
    public var label: String
    /// How much of it is here.
    public var state: State
    /// Of a path; nil = it is none.
    public var origin: Origin?

    public init(_ value: Value, label: String = "", state: State = .present, origin: Origin? = nil) {
        self.value = value
        self.label = label
        self.state = state
        self.origin = origin
    }
}
