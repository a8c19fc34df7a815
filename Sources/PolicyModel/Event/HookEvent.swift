/// A call at an attach point, as the kernel sees it.
public struct HookEvent: Sendable, Hashable {
    /// A facet of a column.
    public struct Key: Sendable, Hashable {
        /// What was read.
        public var column: Column
        /// Which side of it.
        public var facet: Facet

        public init(_ column: Column, _ facet: Facet) {
            self.column = column
            self.facet = facet
        }
    }

    /// Where the call was met.
    public var point: AttachPoint
    /// Who makes the call.
    public var process: ProcessFacts
    /// What is not here could not be read.
    public var values: [Key: Observed<FieldValue>]
    /// Whether the call has returned, so that `atReturn` columns have values.
    public var hasReturned: Bool

    public init(
        point: AttachPoint, process: ProcessFacts, values: [Key: Observed<FieldValue>] = [:],
        hasReturned: Bool = false
    ) {
        self.point = point
        self.process = process
        self.values = values
        self.hasReturned = hasReturned
    }

    /// A facet of a column.
    public func value(_ column: Column, _ facet: Facet) -> Observed<FieldValue> {
        values[Key(column, facet)] ?? .unreadable
    }
}

/// What is known of the process that makes a call.
public struct ProcessFacts: Sendable, Hashable {
    /// The process itself.
    public var identity: ProcessIdentity
    /// Nearest first.
    public var ancestors: [ProcessIdentity]
    /// Whether `ancestors` goes up to the first process.
    public var ancestryIsComplete: Bool
    /// Behind the program's name.
    public var commandArguments: Observed<[[UInt8]]>
    /// Inode numbers; 0 is the namespace of the host.
    public var namespaces: [NamespaceKind: UInt64]
    /// Bits by `NamespaceKind.bit`: other than at exec.
    public var namespaceChanges: Observed<UInt64>
    /// Bit n is capability number n.
    public var capabilities: [CapabilitySet: UInt64]
    /// Bits that differ from those at exec.
    public var capabilityChanges: [CapabilitySet: UInt64]
    /// Otherwise capabilities count inside of its namespace only.
    public var isInInitialUserNamespace: Bool
    /// Container or host.
    public var workload: Observed<WorkloadFacts>

    public init(
        identity: ProcessIdentity, ancestors: [ProcessIdentity] = [], ancestryIsComplete: Bool = true,
        commandArguments: Observed<[[UInt8]]> = .present([]), namespaces: [NamespaceKind: UInt64] = [:],
        namespaceChanges: Observed<UInt64> = .present(0), capabilities: [CapabilitySet: UInt64] = [:],
        capabilityChanges: [CapabilitySet: UInt64] = [:], isInInitialUserNamespace: Bool = true,
        workload: Observed<WorkloadFacts> = .present(.host)
    ) {
        self.identity = identity
        self.ancestors = ancestors
        self.ancestryIsComplete = ancestryIsComplete
        self.commandArguments = commandArguments
        self.namespaces = namespaces
        self.namespaceChanges = namespaceChanges
        self.capabilities = capabilities
        self.capabilityChanges = capabilityChanges
        self.isInInitialUserNamespace = isInInitialUserNamespace
        self.workload = workload
    }
}

/// What conditions ask of a process and of those above it.
public struct ProcessIdentity: Sendable, Hashable {
    /// Path of the running file, resolved. Of a script it is the interpreter.
    public var binary: Observed<[UInt8]>
    /// Path of the `#!` file, by the name that execve was given; absent where the file runs itself.
    public var script: Observed<[UInt8]>
    /// In the initial pid namespace.
    public var pid: UInt32
    /// In the process's own pid namespace.
    public var namespacePID: UInt32

    public init(
        binary: Observed<[UInt8]>, script: Observed<[UInt8]> = .absent, pid: UInt32, namespacePID: UInt32
    ) {
        self.binary = binary
        self.script = script
        self.pid = pid
        self.namespacePID = namespacePID
    }
}

extension ProcessFacts {
    /// Namespaces and capabilities as observed numbers; a map without an entry says that it could not be read.
    public func number(_ fact: ProcessFact) -> Observed<UInt64> {
        switch fact {
        case .pid(let inNamespace):
            return .present(UInt64(inNamespace ? identity.namespacePID : identity.pid))
        case .namespace(let kind): return namespaces[kind].map { .present($0) } ?? .unreadable
        case .namespaceChanges: return namespaceChanges
        case .capabilities(let set, let onlyInitial):
            if onlyInitial, !isInInitialUserNamespace { return .present(0) }
            return capabilities[set].map { .present($0) } ?? .unreadable
        case .capabilityChanges(let set, let onlyInitial):
            if onlyInitial, !isInInitialUserNamespace { return .present(0) }
            return capabilityChanges[set].map { .present($0) } ?? .unreadable
        case .binary, .parentBinary, .commandArgument, .lineage, .workload: return .unreadable
        }
    }

    /// The script whose path counts beside that of a binary; absent for facts that are no binaries.
    public func script(_ fact: ProcessFact) -> Observed<[UInt8]> {
        switch fact {
        case .binary: identity.script
        case .parentBinary: ancestors.first?.script ?? .absent
        default: .absent
        }
    }

    /// Binary and arguments as observed text.
    public func text(_ fact: ProcessFact) -> Observed<[UInt8]> {
        switch fact {
        case .binary: return identity.binary
        case .parentBinary:
            guard let parent = ancestors.first else { return ancestryIsComplete ? .absent : .unreadable }
            return parent.binary
        case .commandArgument(let position):
            switch commandArguments {
            case .present(let list): return position < list.count ? .present(list[position]) : .absent
            case .truncated(let list): return position < list.count ? .present(list[position]) : .unreadable
            case .absent: return .absent
            case .unreadable: return .unreadable
            }
        default: return .unreadable
        }
    }
}
