internal import Synchronization

/// The kernel's modules, as far as their types are asked for.
public protocol KernelModules: Sendable {
    /// Those that have types, each with a number that is another one when it is loaded anew.
    func loaded() -> [String: UInt64]
    /// The type information of a module, which stands on the kernel's; nil where it is not loaded, or has none.
    func typeInformation(of module: String) -> [UInt8]?
}

/// Types of modules that were asked for, kept as long as no module comes or goes.
final class ModuleTypes: Sendable {
    private struct State {
        var loaded: [String: UInt64]
        var types: [String: BTFKernelTypes?] = [:]
        var functions: ModuleFunctions?
    }

    /// Modules whose types are kept at once. A policy names few; more are read anew.
    private static let limit = 32
    /// Functions that no module has: they are asked for often, and looking through all modules takes long.
    private static let builtIn = ["__x64_", "__ia32_", "bpf_lsm_", "security_"]

    private let modules: any KernelModules
    private let state: Mutex<State>

    init(_ modules: any KernelModules) {
        self.modules = modules
        state = Mutex(State(loaded: modules.loaded()))
    }

    /// - Parameter kernel: what the module's types stand on.
    func types(of module: String, on kernel: BTFKernelTypes) -> BTFKernelTypes? {
        let loaded = modules.loaded()
        let known = current(loaded) { $0.types[module] }
        if let known { return known }
        let found = modules.typeInformation(of: module).flatMap {
            try? BTFKernelTypes(module: module, $0, on: kernel)
        }
        current(loaded) { state in
            if state.types.count >= Self.limit { state.types = [:] }
            state.types.updateValue(found, forKey: module)
        }
        return found
    }

    /// The module that has a function of this name; nil where none has, or several have.
    func owner(of function: String, on kernel: BTFImage) -> String? {
        guard !Self.builtIn.contains(where: { function.hasPrefix($0) }) else { return nil }
        let loaded = modules.loaded()
        guard !loaded.isEmpty else { return nil }
        if let known = current(loaded, { $0.functions }) { return known.owner(of: function) }
        let functions = ModuleFunctions(modules, loaded.keys.sorted(), on: kernel)
        current(loaded) { $0.functions = functions }
        return functions.owner(of: function)
    }

    /// What is kept, if it is of the modules that are there now.
    @discardableResult
    private func current<Value: Sendable>(
        _ loaded: [String: UInt64], _ body: (inout State) -> sending Value
    ) -> Value {
        state.withLock { state in
            if state.loaded != loaded { state = State(loaded: loaded) }
            return body(&state)
        }
    }
}

/// In which module a function is: sixteen bytes for each, because stock kernels have 50,000 of them in modules.
private struct ModuleFunctions: Sendable {
    private struct Entry {
        var hash: UInt64
        var module: UInt32
    }

    /// Of all modules together.
    private static let limit = 2_000_000

    private let modules: [String]
    /// By hash.
    private let entries: [Entry]

    /// Reads one module after the other; those without usable types have no functions.
    init(_ source: any KernelModules, _ modules: [String], on kernel: BTFImage) {
        self.modules = modules
        var entries: [Entry] = []
        for (number, module) in modules.enumerated() {
            guard let bytes = source.typeInformation(of: module),
                let image = try? BTFImage(bytes, on: kernel)
            else { continue }
            for id in image.ownIDs {
                guard let record = image.record(id), record.kind == .function else { continue }
                guard entries.count < Self.limit else { break }
                entries.append(Entry(hash: Self.hash(image.text(record.name)), module: UInt32(number)))
            }
        }
        self.entries = entries.sorted { $0.hash < $1.hash }
    }

    func owner(of function: String) -> String? {
        let hash = Self.hash(function.utf8)
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        let found = entries[low...].prefix { $0.hash == hash }
        guard let first = found.first, found.allSatisfy({ $0.module == first.module }) else { return nil }
        return modules[Int(first.module)]
    }

    /// FNV-1a.
    private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
