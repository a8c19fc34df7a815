internal import PolicyModel
internal import YAMLReader

/// Which action is possible where, and with which parameters.
struct ActionCheck {
    let check: PolicyCheck
    let hook: HookSpec
    let references: ArgumentReferences

    init(_ check: PolicyCheck, _ hook: HookSpec, _ references: ArgumentReferences) {
        self.check = check
        self.hook = hook
        self.references = references
    }

    private var problems: Problems { check.problems }

    /// Other functions that cgroup programs stand for, which may refuse.
    private static let refusable: Set<String> = ["devcgroup_check_permission"]

    private static let onLSM: Set<ActionKind> = [
        .kill, .signal, .noPost, .override, .post, .freeze, .killTree, .killContainer, .count,
    ]

    func check(_ actions: [ActionSpec], _ path: String, atReturn: Bool) -> [ActionSpec] {
        var kinds: Set<ActionKind> = []
        for (index, action) in actions.enumerated() {
            let place = "\(path)[\(index)]"
            checkPlace(action, place, atReturn: atReturn)
            checkParameters(action, place)
            if !kinds.insert(action.kind.value).inserted, action.kind.value != .set {
                problems.warning(
                    place, "\(action.kind.value.rawValue) stands twice; the first counts",
                    at: action.kind.place)
            }
        }
        if kinds.contains(.post), kinds.contains(.noPost),
            let action = actions.first(where: { $0.kind.value == .noPost })
        {
            problems.error(path, "Post and NoPost contradict each other", at: action.kind.place)
        }
        ProgramChangeCheck(check, hook).count(actions, path)
        return actions.map(resolved)
    }

    /// Seconds between two counts of a key, where the policy does not say.
    private static let usualInterval: UInt32 = 60

    /// With columns in place of the positions that the policy gives.
    private func resolved(_ action: ActionSpec) -> ActionSpec {
        if action.kind.value.isAboutSocket {
            var result = action
            result.socket = socketColumn(action).map { Located($0, at: action.place) }
            return result
        }
        if action.kind.value == .set {
            var result = action
            result.written = ProgramChangeCheck(check, hook).written(action, references)
            return result
        }
        guard action.kind.value == .count, !action.countBy.isEmpty || action.interval != nil else {
            return action
        }
        var result = action
        result.countBy = action.countBy.compactMap { position in
            // What is not there has been told already.
            references.argument(position.value).map { Located($0, at: position.place) }
        }
        if result.interval == nil { result.interval = Located(Self.usualInterval, at: action.place) }
        return result
    }

    // MARK: Where

    private func checkPlace(_ action: ActionSpec, _ path: String, atReturn: Bool) {
        let kind = action.kind.value
        let refuse = { (reason: String, hint: String) in
            problems.error(path + ".action", "\(kind.rawValue) \(reason)", at: action.kind.place, hint: hint)
        }
        if hook.section == .lsmhooks, !Self.onLSM.contains(kind) {
            refuse("is not possible on an LSM hook", "")
        }
        if kind.reachesOut {
            if hook.section == .uprobes || hook.section == .usdts {
                refuse("is not possible in programs", "")
            } else if !check.settings.allowsNetworkActions {
                problems.warning(
                    path + ".action",
                    "\(kind.rawValue) makes the daemon reach out; it is off unless configured",
                    at: action.kind.place)
            }
        }
        switch kind {
        case .override: checkOverride(action, path, atReturn: atReturn)
        case .set:
            if hook.section != .uprobes, hook.section != .usdts {
                refuse("writes into programs: it needs uprobes or usdts", "")
            } else if atReturn {
                refuse("comes too late when the call returns", "move it to matchActions")
            }
        case .notifyEnforcer:
            if check.spec.enforcers.isEmpty {
                refuse("needs spec.enforcers", "name the calls that shall be stopped")
            }
        case .cleanupEnforcer: refuse("is for the agent itself", "")
        default: break
        }
    }

    private func checkOverride(_ action: ActionSpec, _ path: String, atReturn: Bool) {
        let refuse = { (reason: String, hint: String) in
            problems.error(path + ".action", "Override \(reason)", at: action.kind.place, hint: hint)
        }
        if atReturn {
            refuse("comes too late when the call returns", "move it to matchActions")
            return
        }
        switch hook.section {
        case .tracepoints:
            refuse("is not possible on a tracepoint: it only observes", "use Sigkill, or another hook")
            return
        case .usdts:
            refuse("is not possible on a USDT probe", "")
            return
        case .uprobes: ProgramChangeCheck(check, hook).override(action, path)
        case .kprobes, .fentries:
            guard case .function(let call, let isSyscall) = hook.target else { break }
            let isList = ValueLists.reference(call.value) != nil
            let isPossible =
                isSyscall || call.value.hasPrefix("security_") || SyscallTable.looksLikeSyscall(call.value)
                || Self.refusable.contains(call.value)
            if !isPossible, !isList {
                refuse(
                    "is possible on syscalls and security_ functions, not on \(call.value)",
                    "use Sigkill, or hook the syscall")
            }
        case .lsmhooks, .loader: break
        }
        if hook.section != .uprobes {
            if let error = action.error, error.value > 0 {
                problems.error(
                    path + ".argError", "an error is negative", at: error.place,
                    hint: "-1 is EPERM, -13 EACCES")
            } else if action.error?.value ?? 0 == 0 {
                problems.warning(
                    path, "without argError the call seems to succeed",
                    at: action.error?.place ?? action.kind.place,
                    hint: "argError: -1 is EPERM")
            }
        }
    }

    // MARK: Parameters

    private func checkParameters(_ action: ActionSpec, _ path: String) {
        let kind = action.kind.value
        let missing = { (key: String) in
            problems.error(path, "\(kind.rawValue) needs \(key)", at: action.kind.place)
        }
        if kind != .post {
            if let limit = action.rateLimit {
                problems.error(
                    path + ".rateLimit", "belongs to Post, not to \(kind.rawValue)", at: limit.place)
            }
            for (isSet, key) in [
                (action.kernelStackTrace, "kernelStackTrace"), (action.userStackTrace, "userStackTrace"),
                (action.imaHash, "imaHash"),
            ] where isSet {
                problems.error("\(path).\(key)", "belongs to Post, not to \(kind.rawValue)", at: action.place)
            }
        } else {
            if hook.section == .lsmhooks, action.kernelStackTrace || action.userStackTrace {
                problems.error(path, "an LSM hook gives no stack traces", at: action.place)
            }
            if action.imaHash, hook.section != .lsmhooks {
                problems.error(path + ".imaHash", "is possible on LSM hooks only", at: action.place)
            }
        }
        switch kind {
        case .signal:
            if action.signal == nil {
                missing("argSig")
            } else if let signal = action.signal, signal.value == 0 {
                problems.error(path + ".argSig", "0 is no signal", at: signal.place)
            }
        case .set:
            if let argument = action.argument {
                ProgramChangeCheck(check, hook).argument(argument, references.probe, path + ".argIndex")
            } else {
                missing("argIndex")
            }
            if action.value == nil { missing("argValue") }
        case .trackSocket, .untrackSocket: checkSocket(action, path)
        case .notifyEnforcer:
            if action.error == nil, action.signal == nil { missing("argError or argSig") }
        case .getURL:
            if let url = action.url {
                if !url.value.hasPrefix("http://"), !url.value.hasPrefix("https://") {
                    problems.error(path + ".argUrl", "\"\(url.value)\" is no http URL", at: url.place)
                }
            } else {
                missing("argUrl")
            }
        case .dnsLookup: if action.fqdn == nil { missing("argFqdn") }
        case .count:
            for (index, position) in action.countBy.enumerated() {
                _ = references.column(index: position, in: .arguments, "\(path).countBy[\(index)]", problems)
            }
        default: break
        }
        if kind != .count, let extra = action.interval?.place ?? action.countBy.first?.place {
            problems.error(path, "interval and countBy belong to Count", at: extra)
        }
    }

    /// The column of the socket that an action is about; nil = there is none, which has been told.
    private func socketColumn(_ action: ActionSpec) -> Int? {
        let index = action.socket?.value ?? 0
        if let column = references.argument(index) { return column }
        return index < references.arguments.count ? references.arguments[index] : nil
    }

    private func checkSocket(_ action: ActionSpec, _ path: String) {
        let index = action.socket ?? Located(0, at: action.kind.place)
        guard
            let column = references.column(
                index: index, in: .arguments, path + ".argSock", problems,
                isPosition: !hook.arguments.contains { $0.index.value == index.value })
        else { return }
        let type = references.columns[column].type
        if type != .sock, type != .socket, type != .auto {
            problems.error(
                path + ".argSock", "argument \(index.value) is \(type.rawValue), no sock", at: index.place)
        }
    }
}
