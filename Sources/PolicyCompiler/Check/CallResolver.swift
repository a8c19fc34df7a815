internal import PolicyModel
internal import YAMLReader

/// `call` → attach points and the prototype that they share.
struct CallResolver {
    struct Resolved {
        var points: [AttachPoint] = []
        /// Nil where it is not known or points differ.
        var prototype: KernelFunction?
        /// Types of the program that the points are in, and their file; empty = none is named.
        var types: (any KernelTypes)?
        var typesPath = ""
        /// Of a USDT probe, where its program could be read.
        var probeArguments: [UsdtArgument]?
        /// Calls that there are not, and that the entry says to skip.
        var skipped: [String] = []
        /// Found out only on the kernel that loads the policy.
        var isDeferred = false
    }

    let check: PolicyCheck
    let path: String
    let ignoresMissing: Bool

    init(_ check: PolicyCheck, path: String, ignoresMissing: Bool) {
        self.check = check
        self.path = path
        self.ignoresMissing = ignoresMissing
    }

    func points(_ call: Located<String>, isSyscall: Bool) -> Resolved {
        guard let name = ValueLists.reference(call.value) else {
            return isSyscall ? syscall(call) : function(call)
        }
        guard let list = check.lists.find(name, path, at: call.place) else { return Resolved() }
        switch list.kind.value {
        case .plain:
            guard check.lists.spend(list.values.count, path, at: call.place) else { return Resolved() }
            return union(
                list.values.map { value in
                    isSyscall && SyscallTable.looksLikeSyscall(value.value) ? syscall(value) : function(value)
                })
        case .syscalls:
            guard check.lists.spend(list.values.count, path, at: call.place) else { return Resolved() }
            // Names that do not exist are noted where the list is read.
            let points = list.values.compactMap { value in
                check.settings.syscalls.canonicalName(SyscallTable.bareName(value.value).name)
            }
            return Resolved(points: unique(points.map { .syscall($0) }))
        case .generatedSyscalls:
            let names = check.settings.syscalls.names
            guard check.lists.spend(names.count, path, at: call.place) else { return Resolved() }
            return Resolved(points: names.map { .syscall($0) })
        case .generatedFtrace:
            return generated(list, call)
        }
    }

    private func generated(_ list: ListSpec, _ call: Located<String>) -> Resolved {
        guard let pattern = list.pattern else { return Resolved() }
        guard let kernel = check.settings.kernel else {
            check.problems.note(
                path, "which functions match is known only on the kernel that loads the policy",
                at: call.place)
            return Resolved(isDeferred: true)
        }
        guard let names = kernel.functions(matching: pattern.value) else {
            check.problems.error(
                path, "\"\(pattern.value)\" is no regular expression", at: pattern.place)
            return Resolved()
        }
        guard check.lists.spend(names.count, path, at: call.place) else { return Resolved() }
        if names.isEmpty {
            return missing(
                pattern.value, "no function of \(kernel.release) matches \"\(pattern.value)\"",
                at: pattern.place, hint: "")
        }
        return Resolved(points: names.map { .function($0) })
    }

    private func syscall(_ call: Located<String>) -> Resolved {
        let bare = SyscallTable.bareName(call.value).name
        if let name = check.settings.syscalls.canonicalName(bare) {
            return Resolved(points: [.syscall(name)])
        }
        if check.settings.kernel?.function("__x64_sys_" + bare) != nil {
            return Resolved(points: [.syscall(bare)])
        }
        return missing(
            call.value, "there is no syscall \"\(call.value)\"", at: call.place,
            hint: syscallHint(call.value, bare))
    }

    private func syscallHint(_ name: String, _ bare: String) -> String {
        guard SyscallTable.looksLikeSyscall(name) else {
            return "for a function of the kernel write syscall: false"
        }
        return Spelling.nearest(to: bare, among: check.settings.syscalls.names).map {
            "did you mean \"sys_\($0)\"?"
        } ?? ""
    }

    private func function(_ call: Located<String>) -> Resolved {
        if call.value.contains(where: {
            !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "."))
        }) {
            check.problems.error(path, "\"\(call.value)\" is no name of a function", at: call.place)
            return Resolved()
        }
        if SyscallTable.looksLikeSyscall(call.value) {
            let bare = SyscallTable.bareName(call.value).name
            check.problems.warning(
                path, "\(call.value) sees one way into the syscall and has pt_regs as its argument",
                at: call.place,
                hint: "call: sys_\(bare) with syscall: true sees all callers")
        }
        guard let kernel = check.settings.kernel else { return Resolved(points: [.function(call.value)]) }
        guard let prototype = kernel.function(call.value) else {
            return missing(
                call.value, "\(kernel.release) has no function \"\(call.value)\"", at: call.place,
                hint: Spelling.suggestion(for: call.value, among: kernel.similarFunctions(to: call.value))
                    ?? "those of a module are known while it is loaded, with its types in /sys/kernel/btf")
        }
        return Resolved(points: [.function(call.value)], prototype: prototype)
    }

    private func missing(
        _ name: String, _ message: String, at place: SourcePlace, hint: @autoclosure () -> String
    ) -> Resolved {
        guard ignoresMissing else {
            check.problems.error(path, message, at: place, hint: hint())
            return Resolved()
        }
        check.problems.warning(path, message + "; skipped, as ignore.callNotFound says", at: place)
        return Resolved(skipped: [name])
    }

    private func union(_ parts: [Resolved]) -> Resolved {
        let prototypes = Set(parts.filter { $0.skipped.isEmpty }.map(\.prototype))
        return Resolved(
            points: unique(parts.flatMap(\.points)),
            prototype: prototypes.count == 1 ? prototypes.first.flatMap { $0 } : nil,
            skipped: parts.flatMap(\.skipped),
            isDeferred: parts.contains { $0.isDeferred })
    }

    private func unique(_ points: [AttachPoint]) -> [AttachPoint] {
        var seen: Set<AttachPoint> = []
        return points.filter { seen.insert($0).inserted }
    }
}
