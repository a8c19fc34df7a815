public import PolicyModel

/// What a check may know beside the policy.
public struct CheckSettings: Sendable {
    /// The kernel to check against; nil checks what holds on every kernel.
    public var kernel: (any KernelTypes)?
    /// Programs that policies name; nil: whether they are there, and have what is named, is not looked up.
    public var programs: (any ProgramFiles)?
    /// Names and numbers of the calls that policies may name.
    public var syscalls: SyscallTable
    /// Inode numbers of the host's namespaces, so that a policy may name them by number, too.
    public var hostNamespaces: [NamespaceKind: UInt64]
    /// Whether the daemon may be made to reach out (`GetUrl`, `DnsLookup`).
    public var allowsNetworkActions: Bool

    public init(
        kernel: (any KernelTypes)? = nil, syscalls: SyscallTable = .x86,
        hostNamespaces: [NamespaceKind: UInt64] = [:], allowsNetworkActions: Bool = false,
        programs: (any ProgramFiles)? = nil
    ) {
        self.kernel = kernel
        self.syscalls = syscalls
        self.hostNamespaces = hostNamespaces
        self.programs = programs
        self.allowsNetworkActions = allowsNetworkActions
    }
}
