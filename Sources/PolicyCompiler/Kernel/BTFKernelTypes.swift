internal import PolicyModel

/// The kernel's own type information as the source of prototypes and members; or that of one of its modules.
public struct BTFKernelTypes: KernelTypes {
    public let release: String
    let image: BTFImage
    /// The module that these are the types of; empty = the kernel itself.
    let moduleName: String
    /// The kernel's types, which a module's stand on.
    private let base: Base?
    /// Modules, where somebody reads them.
    private var modules: ModuleTypes?
    private let functionIDs: BTFNameIndex
    private let structureIDs: BTFNameIndex
    /// `btf_trace_NAME`: pointers to the prototypes of raw tracepoints.
    private let traceIDs: BTFNameIndex
    let tracepointFormat: @Sendable (String, String) -> TracepointFormatText
    private let traceable: @Sendable () -> Set<String>?
    private let matcher: @Sendable (String) -> (@Sendable (String) -> Bool)?

    private static let tracePrefix = Array("btf_trace_".utf8)
    /// A structure cannot hold one of its own kind.
    private final class Base: Sendable {
        let types: BTFKernelTypes
        init(_ types: BTFKernelTypes) { self.types = types }
    }

    /// Types behind typedefs and qualifiers are looked for this deep; ids may form circles.
    private static let indirections = 32
    /// Members that are looked at for one name: anonymous structures inside each other could otherwise
    /// stand for any number.
    private static let memberLimit = 20_000

    /// What cannot be used, and why.
    public struct Failure: Error, Hashable, CustomStringConvertible {
        /// What is missing or damaged, as a part of a sentence.
        public var reason: String
        public var description: String { "type information of the kernel: \(reason)" }
    }

    /// - Parameters:
    ///   - bytes: `/sys/kernel/btf/vmlinux`.
    ///   - tracepointFormat: The `format` file of a tracepoint.
    ///   - traceable: Functions that ftrace knows (`available_filter_functions`); nil = that is not known. Those
    ///     that only ran while the kernel started have types, but no code any more.
    ///   - matcher: Compiles a regular expression; nil where it is none.
    ///   - modules: Reads the types of modules; nil = those are not known.
    public init(
        release: String, bytes: [UInt8],
        tracepointFormat: @escaping @Sendable (String, String) -> TracepointFormatText = { _, _ in .unreadable
        },
        traceable: @escaping @Sendable () -> Set<String>? = { nil },
        matcher: @escaping @Sendable (String) -> (@Sendable (String) -> Bool)? = { _ in nil },
        modules: (any KernelModules)? = nil
    ) throws(Failure) {
        do throws(BTFImage.Failure) {
            image = try BTFImage(bytes)
        } catch {
            throw Failure(reason: error.reason)
        }
        self.release = release
        moduleName = ""
        base = nil
        self.modules = modules.map { ModuleTypes($0) }
        self.tracepointFormat = tracepointFormat
        self.traceable = traceable
        self.matcher = matcher
        (functionIDs, structureIDs, traceIDs) = Self.index(image)
    }

    /// The types of a module.
    init(module: String, _ bytes: [UInt8], on kernel: BTFKernelTypes) throws(BTFImage.Failure) {
        image = try BTFImage(bytes, on: kernel.image)
        release = "the module \(module) of \(kernel.release)"
        moduleName = module
        // Without its modules: those hold what they stand on.
        var own = kernel
        own.modules = nil
        base = Base(own)
        tracepointFormat = kernel.tracepointFormat
        traceable = kernel.traceable
        matcher = kernel.matcher
        (functionIDs, structureIDs, traceIDs) = Self.index(image)
    }

    private static func index(_ image: BTFImage) -> (BTFNameIndex, BTFNameIndex, BTFNameIndex) {
        var functions = BTFNameIndex()
        var structures = BTFNameIndex()
        var traces = BTFNameIndex(prefixLength: Self.tracePrefix.count)
        for id in image.ownIDs {
            guard let record = image.record(id) else { continue }
            switch record.kind {
            case .function: functions.insert(id, in: image)
            case .structure, .union:
                if !image.text(record.name).isEmpty { structures.insert(id, in: image) }
            case .typedef:
                if image.text(record.name).starts(with: Self.tracePrefix) { traces.insert(id, in: image) }
            default: continue
            }
        }
        return (functions, structures, traces)
    }

    /// The types of a module, with those of the kernel behind them; nil where it is not loaded, or tells none.
    public func module(_ name: String) -> BTFKernelTypes? { modules?.types(of: name, on: self) }

    public func types(ofModule name: String) -> (any KernelTypes)? { module(name) }

    public func function(_ symbol: String) -> KernelFunction? {
        if let id = functionIDs.id(symbol, in: image), let record = image.record(id) {
            return prototype(record.value, skipping: 0)
        }
        if let base { return base.types.function(symbol) }
        return modules?.owner(of: symbol, on: image).flatMap { module($0)?.ownFunction(symbol) }
    }

    private func ownFunction(_ symbol: String) -> KernelFunction? {
        functionIDs.id(symbol, in: image) == nil ? nil : function(symbol)
    }

    public func lsmHook(_ name: String) -> KernelFunction? { function("bpf_lsm_" + name) }

    public func rawTracepoint(_ event: String) -> KernelFunction? {
        guard let id = traceIDs.id(event, in: image), let typedef = image.record(id),
            let pointer = image.record(typedef.value),
            pointer.kind == .pointer
        else { return nil }
        // The first parameter is the context of the probe.
        return prototype(pointer.value, skipping: 1)
    }

    public func tracepoint(_ subsystem: String, _ event: String) -> KernelTracepoint {
        switch tracepointFormat(subsystem, event) {
        case .absent: .absent
        case .unreadable: .unreadable
        case .text(let text): .fields(TracepointFormat.fields(of: text))
        }
    }

    public func structure(_ name: String) -> KernelType? { structureID(name).map { type($0) } }

    private func structureID(_ name: String) -> UInt32? {
        structureIDs.id(name, in: image) ?? base?.types.structureID(name)
    }

    public func functions(matching pattern: String) -> [String]? {
        guard let matches = matcher(pattern) else { return nil }
        let names = functionIDs.names(in: image, where: matches).sorted()
        guard let traceable = traceable() else { return names }
        return names.filter { traceable.contains($0) }
    }

    /// Functions of the same beginning: the nearest name is among them, unless the beginning is wrong.
    public func similarFunctions(to name: String) -> [String] {
        let head = name.prefix(4)
        return functionIDs.names(in: image) {
            $0.hasPrefix(head) && abs($0.utf8.count - name.utf8.count) < 6
        }.sorted()
    }

    public func member(_ path: [MemberStep], of type: KernelType) -> MemberLookup {
        var id = type.handle
        for (index, step) in path.enumerated() {
            guard let (targetID, target) = target(id) else {
                return .failed(step: index, reason: "\(self.type(id).text) has no members", known: [])
            }
            switch step {
            case .member(let name):
                guard target.kind == .structure || target.kind == .union else {
                    return .failed(
                        step: index, reason: "\(self.type(targetID).text) has no members", known: [])
                }
                guard let found = search(name, in: target) else {
                    return .failed(
                        step: index, reason: "\(self.type(targetID).text) has no member \"\(name)\"",
                        known: memberNames(target))
                }
                id = found
            case .element(let position):
                guard let (_, array) = bare(id), array.kind == .array else {
                    // A pointer may point to the first of several.
                    if let (_, pointer) = bare(id), pointer.kind == .pointer {
                        id = pointer.value
                        continue
                    }
                    return .failed(step: index, reason: "\(self.type(id).text) is no array", known: [])
                }
                let count = image.word(array, 2)
                guard count == 0 || position < count else {
                    return .failed(step: index, reason: "the array has \(count) elements", known: [])
                }
                id = image.word(array, 0)
            }
        }
        return .found(self.type(id))
    }

    /// Behind typedefs and qualifiers.
    func bare(_ id: UInt32) -> (UInt32, BTFImage.Record)? {
        var id = id
        for _ in 0..<Self.indirections {
            guard let record = image.record(id) else { return nil }
            switch record.kind {
            case .typedef, .volatile, .const, .restrict, .typeTag: id = record.value
            default: return (id, record)
            }
        }
        return nil
    }

    /// Behind one pointer, too.
    private func target(_ id: UInt32) -> (UInt32, BTFImage.Record)? {
        guard let (own, record) = bare(id) else { return nil }
        return record.kind == .pointer ? bare(record.value) : (own, record)
    }

    /// The type of a member, also of anonymous structures inside.
    private func search(_ name: String, in record: BTFImage.Record) -> UInt32? {
        var found: UInt32?
        visitMembers(of: record) { memberName, id in
            guard memberName == name else { return true }
            found = id
            return false
        }
        return found
    }

    private func memberNames(_ record: BTFImage.Record) -> [String] {
        var names: [String] = []
        visitMembers(of: record) { name, _ in
            names.append(name)
            return names.count < 500
        }
        return names
    }

    /// Calls `body` with each named member until it returns false. Breadth first, so that an outer name wins.
    private func visitMembers(of record: BTFImage.Record, _ body: (String, UInt32) -> Bool) {
        var waiting = [record]
        var next = 0
        var visited = 0
        while next < waiting.count {
            let structure = waiting[next]
            next += 1
            for index in 0..<structure.count {
                visited += 1
                guard visited < Self.memberLimit else { return }
                let name = image.string(image.word(structure, index * 3))
                let id = image.word(structure, index * 3 + 1)
                if !name.isEmpty {
                    if !body(name, id) { return }
                } else if let (_, inner) = bare(id), inner.kind == .structure || inner.kind == .union {
                    waiting.append(inner)
                }
            }
        }
    }

    private func prototype(_ id: UInt32, skipping skipped: Int) -> KernelFunction? {
        guard let record = image.record(id), record.kind == .prototype else { return nil }
        let parameters = (0..<record.count).dropFirst(skipped).map { index in
            KernelFunction.Parameter(
                image.string(image.word(record, index * 2)), type(image.word(record, index * 2 + 1)))
        }
        return KernelFunction(Array(parameters), returning: type(record.value), module: moduleName)
    }

    func type(_ id: UInt32, depth: Int = 0) -> KernelType {
        guard id != 0 else { return KernelType("void", .void) }
        guard depth < 6, let (bareID, record) = bare(id) else { return KernelType("?", .other, handle: id) }
        let written = image.record(id).map { image.string($0.name) } ?? ""
        switch record.kind {
        case .int:
            let encoding = image.word(record, 0)
            let size = Int(record.value)
            guard [1, 2, 4, 8].contains(size) else { return KernelType(written, .other, handle: id) }
            let name = written.isEmpty ? image.string(record.name) : written
            return KernelType(
                name, .integer(IntegerShape(bytes: size, isSigned: encoding >> 24 & 1 == 1)), handle: id)
        case .enumeration, .enumeration64:
            let size = [1, 2, 4, 8].contains(record.value) ? Int(record.value) : 4
            return KernelType(
                "enum \(image.string(record.name))",
                .integer(IntegerShape(bytes: size, isSigned: record.flag)),
                handle: id)
        case .pointer:
            let inner = type(record.value, depth: depth + 1)
            return KernelType("\(inner.text) *", .pointer(inner), handle: id)
        case .structure, .union:
            let name = image.string(record.name)
            let word = record.kind == .structure ? "struct" : "union"
            let shown = name.isEmpty ? written : name
            return KernelType("\(word) \(shown)", .structure(shown), handle: bareID)
        case .forward:
            let name = image.string(record.name)
            return KernelType(
                "struct \(name)", .structure(name), handle: structureID(name) ?? bareID)
        case .array:
            let element = type(image.word(record, 0), depth: depth + 1)
            let count = image.word(record, 2)
            return KernelType("\(element.text)[\(count)]", .array(element, count: count), handle: id)
        case .prototype, .function: return KernelType("function", .function, handle: id)
        default: return KernelType(written.isEmpty ? "?" : written, .other, handle: id)
        }
    }
}
