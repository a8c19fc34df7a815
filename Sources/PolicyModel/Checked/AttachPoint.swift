/// A place in the kernel or in a program where calls are observed. Policies that name the same one share it.
public enum AttachPoint: Sendable, Hashable, Comparable {
    /// A kernel function, by symbol.
    case function(String)
    /// A syscall, by name without `sys_`; compat and x32 entries belong to it.
    case syscall(String)
    case tracepoint(subsystem: String, event: String)
    case rawTracepoint(String)
    case lsm(String)
    /// `counterOffset`: where in the file the number stands that says whether anybody watches; 0 = there is none.
    case uprobe(path: String, location: ProbeLocation, counterOffset: UInt64 = 0)
    case usdt(path: String, provider: String, name: String)
    /// Executable files, as processes map them.
    case mapping

    /// The name that people use; unique, but for counters of uprobes.
    public var name: String {
        switch self {
        case .function(let symbol): symbol
        case .syscall(let name): "sys_" + name
        case .tracepoint(let subsystem, let event): "\(subsystem):\(event)"
        case .rawTracepoint(let event): "raw:\(event)"
        case .lsm(let hook): "lsm:\(hook)"
        case .uprobe(let path, let location, _): "\(path):\(location.name)"
        case .usdt(let path, let provider, let name): "\(path):\(provider):\(name)"
        case .mapping: "loader"
        }
    }

    public static func < (left: AttachPoint, right: AttachPoint) -> Bool {
        left.name == right.name ? left.counterOffset < right.counterOffset : left.name < right.name
    }

    private var counterOffset: UInt64 {
        if case .uprobe(_, _, let offset) = self { offset } else { 0 }
    }
}

/// A place in a program.
public enum ProbeLocation: Sendable, Hashable {
    case symbol(String)
    case offset(UInt64)
    case address(UInt64)

    /// As messages show it: a symbol, `+0x10` for an offset, `0x10` for an address.
    public var name: String {
        switch self {
        case .symbol(let symbol): symbol
        case .offset(let offset): "+0x" + String(offset, radix: 16)
        case .address(let address): "0x" + String(address, radix: 16)
        }
    }
}
