import FilePrevention
import PolicyCompiler
import PolicyModel

extension GenerationPlan {
    /// What fanotify is to ask about, and the hooks that its questions belong to.
    func files(
        _ tables: Generation, _ policies: [RunnablePolicy], _ checks: [PolicyCheck]
    ) -> (wanted: [WantedFiles], hooks: [FileHook]) {
        var events: [WantedFiles: FileEvents] = [:]
        var hooks: [FileHook] = []
        for (index, hook) in tables.hooks.enumerated() {
            guard let calls = wanted[index].mechanism.asked else { continue }
            var own = FileHook(
                number: wanted[index].number, events: [], fileArgument: calls.file,
                accessArgument: calls.access, refusesUnjudged: false)
            for group in hook.groups {
                let policy = policies[group.policy].policy
                own.refusesUnjudged = own.refusesUnjudged || policy.refusesUnjudged(policy.hooks[group.hook])
                let placed = checks[group.policy].placed[group.hook].filter { $0.point == hook.point }
                for files in placed.flatMap(\.files) {
                    own.events.formUnion(files.events)
                    // Of those that want the same files, one is asked for.
                    let key = WantedFiles(path: files.path, isPrefix: files.isPrefix, events: [])
                    events[key, default: []].formUnion(files.events)
                }
            }
            hooks.append(own)
        }
        let wanted = events.map { key, events in
            WantedFiles(path: key.path, isPrefix: key.isPrefix, events: events)
        }
        return (wanted.sorted { ($0.path, $0.isPrefix ? 1 : 0) < ($1.path, $1.isPrefix ? 1 : 0) }, hooks)
    }

    /// Why fanotify cannot ask about a file, and whose it is.
    func refusal(
        of failure: FilePreventionFailure, _ policies: [RunnablePolicy], _ checks: [PolicyCheck]
    ) -> PolicyRefusal {
        var faults: [PolicyRefusal.Fault] = []
        for (index, check) in checks.enumerated() {
            for (position, entry) in check.placed.enumerated()
            where entry.contains(where: { $0.files.contains { $0.path == failure.path } }) {
                let hook = policies[index].policy.hooks[position]
                faults.append(
                    PolicyRefusal.Fault(
                        policy: policies[index].id, place: hook.place,
                        reason: "\(hook.path): \(failure.reason)"))
            }
        }
        return PolicyRefusal(faults: faults, reason: failure.reason)
    }
}

extension CheckedPolicy {
    /// Whether calls at an entry fail where nothing is known: `unknown: deny`.
    fileprivate func refusesUnjudged(_ hook: CheckedHook) -> Bool {
        mode == .enforce && hook.selectors.contains { $0.isEnforcing && $0.onUnknown == .match }
    }
}
