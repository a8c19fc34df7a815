/// A kernel made of values: for tests, and for checks against a kernel that is not this one.
public struct FixedKernelTypes: KernelTypes {
    public var release: String
    public var functions: [String: KernelFunction] = [:]
    /// Hook (`file_open`) → prototype.
    public var lsmHooks: [String: KernelFunction] = [:]
    /// `subsystem:event` → its fields in order.
    public var tracepoints: [String: [KernelFunction.Parameter]] = [:]
    /// Name → arguments of the tracepoint itself.
    public var rawTracepoints: [String: KernelFunction] = [:]
    /// Structure → member → type.
    public var structures: [String: [String: KernelType]] = [:]

    /// By name; the kernel's own types are not behind them.
    public var modules: [String: FixedKernelTypes] = [:]

    public init(release: String = "fixed") { self.release = release }

    public func types(ofModule name: String) -> (any KernelTypes)? { modules[name] }

    public func function(_ symbol: String) -> KernelFunction? { functions[symbol] }
    public func lsmHook(_ name: String) -> KernelFunction? { lsmHooks[name] }
    public func rawTracepoint(_ event: String) -> KernelFunction? { rawTracepoints[event] }

    public func tracepoint(_ subsystem: String, _ event: String) -> KernelTracepoint {
        tracepoints["\(subsystem):\(event)"].map { .fields($0) } ?? .absent
    }

    public func structure(_ name: String) -> KernelType? {
        structures[name].map { _ in KernelType("struct \(name)", .structure(name)) }
    }

    public func member(_ path: [MemberStep], of type: KernelType) -> MemberLookup {
        var current = type
        for (index, step) in path.enumerated() {
            if case .pointer(let target) = current.shape { current = target }
            switch (step, current.shape) {
            case (.member(let name), .structure(let structure)):
                guard let found = structures[structure]?[name] else {
                    return .failed(
                        step: index, reason: "struct \(structure) has no member \"\(name)\"",
                        known: structures[structure]?.keys.sorted() ?? [])
                }
                current = found
            case (.element(let position), .array(let element, let count)):
                guard count == 0 || position < count else {
                    return .failed(step: index, reason: "the array has \(count) elements", known: [])
                }
                current = element
            default:
                return .failed(step: index, reason: "\(current.text) has no members", known: [])
            }
        }
        return .found(current)
    }

    /// Only a literal beginning (`^name`) is understood: enough for a fixture.
    public func functions(matching pattern: String) -> [String]? {
        guard !pattern.contains("(") else { return nil }
        let prefix = pattern.drop { $0 == "^" }.prefix { $0 != "*" && $0 != "." && $0 != "$" }
        return functions.keys.filter { $0.hasPrefix(prefix) }.sorted()
    }

    public func similarFunctions(to name: String) -> [String] { functions.keys.sorted() }
}
