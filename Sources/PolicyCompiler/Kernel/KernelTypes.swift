public import PolicyModel

/// What the compiler asks about the kernel that a policy shall run on. A check without a kernel has none.
public protocol KernelTypes: Sendable {
    /// Release, for messages.
    var release: String { get }
    /// The prototype of a function, or nil where the kernel has none of that name.
    func function(_ symbol: String) -> KernelFunction?
    /// The prototype of an LSM hook.
    func lsmHook(_ name: String) -> KernelFunction?
    /// The fields of a tracepoint; `.unreadable` where this process may not look.
    func tracepoint(_ subsystem: String, _ event: String) -> KernelTracepoint
    /// The prototype of a raw tracepoint, without the leading context.
    func rawTracepoint(_ event: String) -> KernelFunction?
    /// A struct or union by name, as the start of a path.
    func structure(_ name: String) -> KernelType?
    /// The type at the end of a path of members.
    func member(_ path: [MemberStep], of type: KernelType) -> MemberLookup
    /// Functions whose names match a regular expression; nil where it is none.
    func functions(matching pattern: String) -> [String]?
    /// Names near one that does not exist.
    func similarFunctions(to name: String) -> [String]
    /// The types of a module, and of the kernel behind them; nil where it is not loaded, or tells none.
    func types(ofModule name: String) -> (any KernelTypes)?
}

extension KernelTypes {
    /// Where the types of a prototype are looked up.
    func types(of function: KernelFunction?) -> any KernelTypes {
        guard let module = function?.module, !module.isEmpty else { return self }
        return types(ofModule: module) ?? self
    }
}

/// A prototype.
public struct KernelFunction: Sendable, Hashable {
    /// A parameter of a function, or a field of a tracepoint.
    public struct Parameter: Sendable, Hashable {
        /// Empty where the kernel's type information has none.
        public var name: String
        /// As declared.
        public var type: KernelType

        public init(_ name: String, _ type: KernelType) {
            self.name = name
            self.type = type
        }
    }

    /// In the order of the declaration.
    public var parameters: [Parameter]
    /// `void` where nothing is returned.
    public var result: KernelType
    /// The module that it is in, whose types its own are; empty = the kernel itself.
    public var module: String

    public init(_ parameters: [Parameter], returning result: KernelType, module: String = "") {
        self.parameters = parameters
        self.result = result
        self.module = module
    }
}

/// What is known of a tracepoint.
public enum KernelTracepoint: Sendable, Hashable {
    /// By position; common fields count.
    case fields([KernelFunction.Parameter])
    case absent
    case unreadable
}

/// A type of C, as far as policies care.
public struct KernelType: Sendable, Hashable {
    /// What a type is made of, as far as it can be read or followed.
    public indirect enum Shape: Sendable, Hashable {
        case void
        case integer(IntegerShape)
        /// To a type, described by name.
        case pointer(KernelType)
        case structure(String)
        case array(KernelType, count: UInt32)
        case function
        case other
    }

    /// As C writes it: `struct file *`.
    public var text: String
    /// Behind typedefs and qualifiers.
    public var shape: Shape
    /// The source's own number for it, or 0.
    public var handle: UInt32

    public init(_ text: String, _ shape: Shape, handle: UInt32 = 0) {
        self.text = text
        self.shape = shape
        self.handle = handle
    }
}

/// One step of `resolve`.
public enum MemberStep: Sendable, Hashable {
    case member(String)
    case element(UInt32)
}

/// Where a path of members ends.
public enum MemberLookup: Sendable, Hashable {
    case found(KernelType)
    /// At which step it failed, why, and names that exist there.
    case failed(step: Int, reason: String, known: [String])
}

extension KernelType {
    /// The argument type that shows such a value, where there is one.
    public var argumentType: ArgumentType? {
        switch shape {
        case .integer(let shape):
            return Self.integers[shape]
        case .structure(let name):
            return name == "kernel_cap_t" || name == "kernel_cap_struct" ? .kernelCap : Self.structures[name]
        case .pointer(let target):
            switch target.shape {
            case .structure(let name): return Self.structures[name] ?? .uint64
            case .integer(let shape) where shape.bytes == 1 && target.text.hasSuffix("char"): return .string
            default: return .uint64
            }
        case .array(let element, _):
            if case .integer(let shape) = element.shape, shape.bytes == 1 { return .string }
            return nil
        case .void, .function, .other: return nil
        }
    }

    private static let integers: [IntegerShape: ArgumentType] = [
        IntegerShape(bytes: 1, isSigned: true): .int8, IntegerShape(bytes: 1, isSigned: false): .uint8,
        IntegerShape(bytes: 2, isSigned: true): .int16, IntegerShape(bytes: 2, isSigned: false): .uint16,
        IntegerShape(bytes: 4, isSigned: true): .int32, IntegerShape(bytes: 4, isSigned: false): .uint32,
        IntegerShape(bytes: 8, isSigned: true): .int64, IntegerShape(bytes: 8, isSigned: false): .uint64,
    ]

    private static let structures: [String: ArgumentType] = [
        "file": .file, "path": .path, "dentry": .dentry, "filename": .filename, "kiocb": .kiocb,
        "iov_iter": .iovIter, "linux_binprm": .binprm, "sk_buff": .skb, "sock": .sock, "socket": .socket,
        "sockaddr": .sockaddr, "sockaddr_unsized": .sockaddr, "sockaddr_un": .sockaddrUn,
        "net_device": .netDevice, "cred": .cred, "user_namespace": .userNamespace, "bpf_attr": .bpfAttr,
        "perf_event": .perfEvent, "bpf_map": .bpfMap, "bpf_prog": .bpfProg, "load_info": .loadInfo,
        "module": .module,
    ]

    /// Whether an argument declared so can be read as `type`; the text says why not.
    func mismatch(with type: ArgumentType) -> String? {
        if type == .auto || type == .nop { return nil }
        switch shape {
        case .integer(let own):
            if let wanted = type.integer {
                return wanted.bytes > own.bytes && own.bytes < 4
                    ? "has \(own.bytes) bytes, fewer than \(type.rawValue)" : nil
            }
            // A descriptor and an address are numbers to the kernel.
            if type == .fd { return nil }
            let isAddress = own.bytes == 8 && [.string, .charBuf, .charIovec, .constBuf].contains(type)
            return isAddress ? nil : "is a number"
        case .pointer(let target):
            if type.integer != nil { return nil }
            guard case .structure(let name) = target.shape, let own = Self.structures[name] else {
                return nil
            }
            if own == type { return nil }
            // A file has a path, a kiocb a file, and an address of any family begins alike.
            let alike: [Set<ArgumentType>] = [[.sockaddr, .sockaddrUn], [.sock, .socket]]
            if alike.contains(where: { $0.contains(own) && $0.contains(type) }) { return nil }
            return "points to \(target.text)"
        case .structure, .array, .void, .function, .other: return nil
        }
    }
}
