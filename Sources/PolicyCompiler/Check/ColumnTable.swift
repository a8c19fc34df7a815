internal import PolicyModel
internal import YAMLReader

/// Elements of `args`, `data` and `returnArg` → columns, each once.
struct ColumnTable {
    let check: PolicyCheck
    let hook: HookSpec
    let target: CallResolver.Resolved
    private(set) var columns: [Column] = []
    /// A type is known only on the kernel that loads the policy.
    private(set) var isDeferred: Bool

    init(_ check: PolicyCheck, _ hook: HookSpec, _ target: CallResolver.Resolved) {
        self.check = check
        self.hook = hook
        self.target = target
        isDeferred = target.isDeferred
    }

    var problems: Problems { check.problems }

    /// Arguments that calls pass in registers.
    private static let registerArguments = 6
    private static let sizedTypes: Set<ArgumentType> = [.charBuf, .charIovec]
    private static let largeTypes: Set<ArgumentType> = [.charBuf, .charIovec, .constBuf, .iovIter, .dataLoc]

    private var isSyscall: Bool { target.points.contains { if case .syscall = $0 { true } else { false } } }

    private var isTracepoint: Bool {
        if case .tracepoint(_, _, let isRaw) = hook.target { !isRaw } else { false }
    }

    var isProgram: Bool { hook.section == .uprobes || hook.section == .usdts }

    /// Whether a program can pass such a value: structures of the kernel are not its own.
    private func checkProgramArgument(_ spec: ArgumentSpec, _ path: String) -> Bool {
        let type = spec.type.value
        let isPossible =
            type == .auto
            || type.integer != nil && !type.isCapabilitySet || Self.programTypes.contains(type)
        if !isPossible {
            problems.error(
                path + ".type", "a program has no \(type.rawValue) of the kernel", at: spec.type.place,
                hint: "one of the numbers, string, char_buf, fd, sockaddr, sockaddr_un")
        }
        return isPossible
    }

    private static let programTypes: Set<ArgumentType> = [
        .string, .charBuf, .fd, .sockaddr, .sockaddrUn, .nop,
    ]

    /// The column of an element of `args`; nil where nothing is read.
    mutating func argument(_ spec: ArgumentSpec, _ path: String) -> Int? {
        guard spec.type.value != .nop else { return nil }
        let index = spec.index.value
        let limit =
            isTracepoint ? 256 : hook.section == .usdts ? UsdtArgument.limit : Self.registerArguments
        let parameters = target.prototype?.parameters
        if index >= limit {
            problems.error(
                path + ".index", "argument \(index) is beyond the \(limit) that can be read",
                at: spec.index.place)
            return nil
        }
        if let parameters, index >= parameters.count {
            problems.error(
                path + ".index", "\(targetName) has \(parameters.count) arguments, counted from 0",
                at: spec.index.place,
                hint: parameters.isEmpty ? "" : Self.list(parameters))
            return nil
        }
        if let probe = target.probeArguments, index >= probe.count {
            problems.error(
                path + ".index", "\(targetName) has \(probe.count) arguments, counted from 0",
                at: spec.index.place)
            return nil
        }
        if isProgram, !checkProgramArgument(spec, path) { return nil }
        checkSize(spec, path)
        let parameter = parameters.map { $0[index] }
        guard let resolved = resolve(spec, from: parameter?.type, name: parameter?.name ?? "", path) else {
            return nil
        }
        if spec.returnCopy, !hook.returns.value {
            problems.error(path + ".returnCopy", "needs return: true", at: spec.place)
        }
        return add(
            Column(
                source: .argument(index), type: resolved, path: spec.resolve?.value ?? "",
                startType: spec.btfType?.value ?? "",
                sizeArgument: spec.sizeArgumentIndex.map { $0.value - 1 },
                atReturn: spec.returnCopy,
                capacity: spec.maxData ? Column.largeTextCapacity : Column.textCapacity,
                types: spec.resolve == nil ? "" : target.typesPath, module: module(spec)))
    }

    /// The column of an element of `data`.
    mutating func data(_ spec: ArgumentSpec, _ path: String) -> Int? {
        guard spec.type.value != .nop else { return nil }
        guard let source = spec.source else {
            problems.error(path, "\"source\" is missing", at: spec.place, hint: "current_task or pt_regs")
            return nil
        }
        guard let member = spec.resolve else {
            problems.error(
                path, "\"resolve\" is missing: which part of \(source.value.rawValue)?", at: spec.place)
            return nil
        }
        switch source.value {
        case .registers:
            if ProgramRegister(member.value) == nil {
                problems.error(
                    path + ".resolve", "there is no register \"\(member.value)\"", at: member.place,
                    hint: Spelling.suggestion(for: member.value, among: ProgramRegister.names) ?? "")
                return nil
            }
            let type = spec.type.value == .auto ? ArgumentType.uint64 : spec.type.value
            return add(Column(source: .register(member.value), type: type))
        case .currentTask:
            let task = check.settings.kernel?.structure("task_struct")
            guard let type = resolve(spec, from: task, name: "current_task", path) else { return nil }
            return add(
                Column(
                    source: .currentTask, type: type, path: member.value,
                    startType: spec.btfType?.value ?? "", module: module(spec)))
        }
    }

    /// The column of `returnArg`.
    mutating func returnValue(_ spec: ArgumentSpec, _ path: String) -> Int? {
        guard spec.type.value != .nop else { return nil }
        if spec.index.value != 0 {
            problems.warning(path + ".index", "a call returns one value: index 0", at: spec.index.place)
        }
        let declared = target.prototype?.result
        if let declared, case .void = declared.shape, hook.section != .tracepoints {
            problems.error(path, "\(targetName) returns nothing", at: spec.place)
            return nil
        }
        if isSyscall, spec.type.value == .auto {
            return add(Column(source: .returnValue, type: .int64, atReturn: true))
        }
        guard let type = resolve(spec, from: declared, name: "return value", path) else { return nil }
        return add(
            Column(
                source: .returnValue, type: type, path: spec.resolve?.value ?? "",
                startType: spec.btfType?.value ?? "", atReturn: true, module: module(spec)))
    }

    private mutating func add(_ column: Column) -> Int {
        if let index = columns.firstIndex(of: column) { return index }
        columns.append(column)
        return columns.count - 1
    }

    private func checkSize(_ spec: ArgumentSpec, _ path: String) {
        let type = spec.type.value
        if let size = spec.sizeArgumentIndex {
            if !Self.sizedTypes.contains(type) {
                problems.error(
                    path + ".sizeArgIndex", "belongs to char_buf and char_iovec, not to \(type.rawValue)",
                    at: size.place)
            } else if size.value == 0
                || size.value > target.prototype?.parameters.count ?? Self.registerArguments
            {
                problems.error(
                    path + ".sizeArgIndex", "there is no argument \(size.value), counted from 1",
                    at: size.place)
            }
        }
        if spec.maxData {
            if type != .auto, !Self.largeTypes.contains(type) {
                problems.error(
                    path + ".maxData", "belongs to buffers, not to \(type.rawValue)", at: spec.place)
            }
            if spec.returnCopy {
                problems.error(path + ".maxData", "cannot be combined with returnCopy", at: spec.place)
            }
        }
    }

    /// The type of what is read in the end; nil where that is wrong.
    private mutating func resolve(
        _ spec: ArgumentSpec, from start: KernelType?, name: String, _ path: String
    ) -> ArgumentType? {
        var type = start
        var types = types(for: spec)
        if let structure = spec.btfType {
            let bare =
                structure.value.hasPrefix("struct ") ? String(structure.value.dropFirst(7)) : structure.value
            if let module = spec.btfTypeModule {
                let found = self.types(ofModule: module, types, spec, path)
                if found == nil, types != nil || isProgram && spec.source == nil { return nil }
                types = found
            }
            type = types?.structure(bare)
            if let types, type == nil {
                problems.error(
                    path + ".btfType", "\(types.release) has no struct \"\(bare)\"", at: structure.place)
                return nil
            }
        } else if let module = spec.btfTypeModule {
            problems.error(path + ".btfTypeModule", "needs btfType", at: module.place)
        }
        if let written = spec.resolve {
            switch MemberPath.parse(written.value) {
            case .failure(let mistake):
                problems.error(path + ".resolve", mistake.message, at: written.place)
                return nil
            case .success(let steps):
                if isTracepoint, spec.source == nil {
                    problems.error(
                        path + ".resolve", "the fields of a tracepoint have no members", at: written.place,
                        hint: "raw: true reads the arguments of the tracepoint itself")
                    return nil
                }
                if let known = type {
                    guard let found = follow(steps, from: known, in: types, written, path) else {
                        return nil
                    }
                    type = found
                } else if isProgram, spec.source == nil,
                    check.settings.programs != nil || target.typesPath.isEmpty
                {
                    problems.error(
                        path + ".resolve", "the types of the program are not known", at: written.place,
                        hint: target.typesPath.isEmpty
                            ? "btfPath: a file with them, and btfType where the argument begins"
                            : "btfType: the structure that the argument points to")
                    return nil
                }
            }
        }
        return conclude(spec, type, name: name, path)
    }

    private func follow(
        _ steps: [MemberStep], from type: KernelType, in kernel: (any KernelTypes)?,
        _ written: Located<String>, _ path: String
    ) -> KernelType? {
        guard let kernel else { return nil }
        switch kernel.member(steps, of: type) {
        case .found(let found): return found
        case .failed(let step, let reason, let known):
            var hint = ""
            if case .member(let name) = steps[step] {
                hint = Spelling.suggestion(for: name, among: known) ?? ""
            }
            problems.error(path + ".resolve", reason, at: written.place, hint: hint)
            return nil
        }
    }

    private mutating func conclude(
        _ spec: ArgumentSpec, _ actual: KernelType?, name: String, _ path: String
    ) -> ArgumentType? {
        let declared = spec.type.value
        guard let actual else {
            if declared != .auto { return declared }
            if isSyscall, spec.source == nil {
                problems.error(
                    path, "has no type, and the kernel's type information knows no arguments of syscalls",
                    at: spec.place,
                    hint: "add type: int, string, …")
                return nil
            }
            if let type = probeType(spec) { return type }
            if hook.section == .uprobes, spec.source == nil {
                problems.error(
                    path, "has no type, and programs do not tell it", at: spec.place,
                    hint: "add type: int, string, …")
                return nil
            }
            isDeferred = true
            problems.note(
                path, "its type is known only with the kernel's type information; values are not checked",
                at: spec.place, hint: "add a type, or check with --kernel")
            return .auto
        }
        if declared != .auto {
            if let reason = actual.mismatch(with: declared) {
                let shown = name.isEmpty ? "" : " (\(name))"
                problems.error(
                    path + ".type",
                    "\(targetName) has \(Self.article(actual.text)) here\(shown), which \(reason); found \"\(declared.rawValue)\"",
                    at: spec.type.place, hint: actual.argumentType.map { "type \($0.rawValue) fits" } ?? "")
                return nil
            }
            return declared
        }
        guard let found = actual.argumentType else {
            problems.error(
                path, "a \(actual.text) cannot be shown", at: spec.place, hint: "resolve: one of its members")
            return nil
        }
        return found
    }

    /// What the note of a USDT probe says about an argument.
    private func probeType(_ spec: ArgumentSpec) -> ArgumentType? {
        guard spec.source == nil, let probe = target.probeArguments, spec.index.value < probe.count else {
            return nil
        }
        let argument = probe[spec.index.value]
        switch argument.size {
        case 1: return argument.isSigned ? .int8 : .uint8
        case 2: return argument.isSigned ? .int16 : .uint16
        case 4: return argument.isSigned ? .int32 : .uint32
        default: return argument.isSigned ? .int64 : .uint64
        }
    }

    private var targetName: String { target.points.count == 1 ? target.points[0].name : "the call" }

    private static func article(_ text: String) -> String {
        let vowel = text.first.map { "aeiou".contains($0) } ?? false
        return (vowel ? "an " : "a ") + text
    }

    private static func list(_ parameters: [KernelFunction.Parameter]) -> String {
        "they are: " + parameters.enumerated().map { "\($0) \($1.name)" }.joined(separator: ", ")
    }
}
