import Glibc
package import PolicyModel
import PolicyReference

/// Refuses policies that would end the daemon, or the first process, for certain: a selector that kills or stops,
/// that the process satisfies, and that asks for nothing else. What depends on arguments of a call cannot be decided
/// here; the engine exempts the daemon's own threads besides.
package struct PolicyGuard: Sendable {
    /// A process that must live.
    package struct Subject: Sendable {
        /// As messages name it.
        var name: String
        var facts: ProcessFacts

        package init(_ name: String, _ facts: ProcessFacts) {
            self.name = name
            self.facts = facts
        }
    }

    private let subjects: [Subject]

    package init(_ subjects: [Subject]) {
        self.subjects = subjects
    }

    /// The daemon that runs here, and the first process.
    static var ofThisDaemon: PolicyGuard {
        PolicyGuard([
            Subject("the daemon itself", facts(pid: getpid(), path: "/proc/self/exe")),
            Subject("the first process", facts(pid: 1, path: "/proc/1/exe")),
        ])
    }

    private static func facts(pid: Int32, path: String) -> ProcessFacts {
        var text = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink(path, &text, text.count)
        let binary: Observed<[UInt8]> =
            length > 0 ? .present(text[..<length].map { UInt8(bitPattern: $0) }) : .unreadable
        return ProcessFacts(
            identity: ProcessIdentity(
                binary: binary, pid: UInt32(bitPattern: pid), namespacePID: UInt32(bitPattern: pid)),
            ancestryIsComplete: pid == 1, commandArguments: .unreadable,
            namespaces: Dictionary(uniqueKeysWithValues: NamespaceKind.allCases.map { ($0, 0) }),
            capabilities: [.effective: .max, .permitted: .max])
    }

    /// Why a policy must not run, with the place in its file; nil = it may.
    package func objection(to policy: CheckedPolicy) -> (place: SourcePlace, reason: String)? {
        guard policy.mode == .enforce, !policy.isForced else { return nil }
        for hook in policy.hooks {
            for subject in subjects {
                guard let position = victim(subject, hook) else { continue }
                return (
                    hook.selectors[position].place,
                    "\(hook.path).selectors[\(position)]: would end \(subject.name); "
                        + "exclude it (matchPIDs or matchBinaries NotIn), ask for an argument, "
                        + "or force it (secctl policy add --force, annotation secd/force: \"true\")"
                )
            }
        }
        return nil
    }

    /// The selector that ends a process at its next call.
    private func victim(_ subject: Subject, _ hook: CheckedHook) -> Int? {
        for point in hook.points where Self.isReached(point, by: subject) {
            // No argument is known: selectors that ask for one stay undecided.
            let event = HookEvent(point: point, process: subject.facts, hasReturned: true)
            let results = ReferenceInterpreter.explainReturn(hook, event).selectors
            // The first that matches decides.
            guard let position = results.firstIndex(where: { $0.truth == .yes }) else { continue }
            let selector = hook.selectors[position]
            if (selector.actions + selector.returnActions).contains(where: Self.ends) { return position }
        }
        return nil
    }

    /// Whether a process can come by: programs' probes are met by who runs the file, or loads it as a library.
    private static func isReached(_ point: AttachPoint, by subject: Subject) -> Bool {
        switch point {
        case .uprobe(let path, _, _), .usdt(let path, _, _):
            subject.facts.identity.binary == .present(Array(path.utf8)) || path.contains(".so")
        default: true
        }
    }

    /// Whether an action ends or stops who makes the call.
    private static func ends(_ action: ActionSpec) -> Bool {
        switch action.kind.value {
        case .kill, .freeze, .killTree: true
        // Processes outside of containers are in none.
        case .killContainer: false
        case .signal, .notifyEnforcer: action.signal.map { !harmless.contains($0.value) } ?? false
        default: false
        }
    }

    /// Signals that are ignored unless somebody waits for them (signal(7)).
    private static let harmless: Set<Int64> = Set(
        [0, SIGCHLD, SIGCONT, SIGURG, SIGWINCH].map { Int64($0) })
}
