import AgentModel
import LinuxSystem
package import Logging
package import PolicyCompiler
package import PolicyModel
import YAMLReader

/// What a store of policies is made with.
package struct PolicyOptions: Sendable {
    /// Files and directories that the operator named.
    package var paths: [String]
    /// Files and directories in which policies stand among other objects, which somebody else reads.
    package var manifests: [String]
    /// Where policies of the API are kept.
    package var stateDirectory: String
    /// A cluster tells policies, too: what it had is in force until it says something else.
    package var followsCluster = false
    /// Labels that `nodeSelector` is judged by.
    package var nodeLabels: [String: String]
    /// What policies must not end.
    package var guardian: PolicyGuard
    /// The kernel that policies are checked against; asked before each check, not kept in between.
    package var settings: @Sendable () -> CheckSettings

    package init(
        paths: [String], manifests: [String] = [], stateDirectory: String,
        nodeLabels: [String: String] = [:],
        guardian: PolicyGuard = PolicyGuard([]),
        settings: @escaping @Sendable () -> CheckSettings = { CheckSettings() }
    ) {
        self.paths = paths
        self.manifests = manifests
        self.stateDirectory = stateDirectory
        self.nodeLabels = nodeLabels
        self.guardian = guardian
        self.settings = settings
    }
}

/// The policies of the node: what is wanted (files, and what the API brought), and what of it runs.
///
/// One owner, one thread. Each change is whole: what runs is replaced at once, or stays. What is wanted does not
/// depend on the order of changes, so that a restart gives the same: names of the API go before names in files, these
/// before names in a cluster; files are in the order of their paths, and the first of a name counts.
package final class PolicyStore {
    /// A policy that runs.
    struct Running {
        var id: UInt64
        var policy: CheckedPolicy
        var report: PolicyReport
    }

    /// What the operator wants.
    struct Desired {
        var api: [PolicyKey: PolicySource] = [:]
        var files: [String: PolicySource] = [:]
        var cluster: [PolicyKey: PolicySource] = [:]
        var overrides: [PolicyKey: PolicyOverride] = [:]

        /// In the order in which names count.
        var sources: [PolicySource] {
            api.sorted { $0.key < $1.key }.map(\.value) + files.sorted { $0.key < $1.key }.map(\.value)
                + cluster.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    let options: PolicyOptions
    let archive: PolicyArchive
    let clusterArchive: PolicyArchive
    private let files: ConfiguredFiles
    private let manifests: ConfiguredFiles
    /// Labels of this node, as they are now.
    private var nodeLabels: [String: String]
    let runtime: any PolicyRuntime
    let logger: Logger
    var desired = Desired()
    var running: [PolicyKey: Running] = [:]
    /// Why wanted policies do not run, or not as they are wanted.
    var obstacles: [PolicyKey: String] = [:]
    /// Why nothing new can run at all; empty = it can.
    var generalObstacle = ""
    /// About directories and kept files, a sentence each.
    var problems: [String] = []
    /// Policies of the cluster that are on the disk as they were, or not at all, and why.
    var unkept: Set<PolicyKey> = []
    var unkeptReason = ""
    /// What runs stands on what has changed since: programs, or classes of workloads.
    private var isOutdated = false
    private(set) var ids: [PolicyKey: UInt64] = [:]
    private var nextID: UInt64 = 1

    package init(_ options: PolicyOptions, runtime: any PolicyRuntime, logger: Logger) {
        self.options = options
        self.runtime = runtime
        self.logger = logger
        archive = PolicyArchive(stateDirectory: options.stateDirectory)
        clusterArchive = PolicyArchive(
            stateDirectory: options.stateDirectory, folder: Self.clusterFolder)
        files = ConfiguredFiles(options.paths, of: "policies")
        manifests = ConfiguredFiles(options.manifests, of: "policies")
        nodeLabels = options.nodeLabels
    }

    /// Reads everything that is wanted, and lets run what can.
    package func start() {
        let kept = archive.load()
        desired.overrides = kept.overrides
        take(kept)
        let cluster = takeKeptCluster()
        readFiles(nil)
        problems += kept.problems + cluster
        for problem in problems { logger.error("\(problem)") }
        settle(desired)
        logStart()
    }

    /// What the API brought, as it was kept.
    private func take(_ kept: PolicyArchive.Content) {
        let settings = kept.texts.isEmpty ? CheckSettings() : options.settings()
        for text in kept.texts {
            let checked = PolicyText(file: text.path, bytes: text.bytes, settings)
            let keys = checked.keys.isEmpty ? [PolicyKey(name: text.path)] : checked.keys
            for key in keys.prefix(1) {
                var source = PolicySource(.api, name: apiName(kept.overrides[key]?.source ?? ""))
                source.take(checked)
                desired.api[key] = source
            }
        }
    }

    /// Looks at all files again (`nil`), or at some.
    package func refresh(_ paths: Set<String>?) {
        telling {
            readFiles(paths)
            settle(desired)
        }
    }

    /// Does something, and puts into the log what is another state after it.
    func telling(_ body: () -> Void) {
        let known = Set(complaints)
        let before = running
        body()
        for (key, now) in running.sorted(by: { $0.key < $1.key }) where before[key]?.policy != now.policy {
            logger.notice("policy \(key) runs (\(now.policy.file))")
        }
        for key in before.keys.sorted() where running[key] == nil {
            logger.notice("policy \(key) does not run any more")
        }
        for sentence in complaints where !known.contains(sentence) { logger.error("\(sentence)") }
    }

    /// Programs that wanted policies name.
    package var programs: Set<String> { desired.sources.reduce(into: []) { $0.formUnion($1.programs) } }

    /// Programs that conditions of wanted policies compare, with the files that they led to.
    package var binaries: Set<String> { desired.sources.reduce(into: []) { $0.formUnion($1.binaries) } }

    /// A program is another file than before: what names it is checked again, and attached to the new file.
    package func refreshPrograms() {
        isOutdated = true
        // Only a new check finds the files that names lead to.
        if desired.api.values.contains(where: { !$0.problem.isEmpty || !$0.binaries.isEmpty }) {
            take(archive.load())
        }
        recheckCluster()
        refresh(nil)
    }

    /// What runs is made again, of the same policies: what it stands on is more than when it was made.
    package func renew() {
        isOutdated = true
        settle(desired)
    }

    /// The labels of this node have changed: other policies may be for it.
    package func adopt(nodeLabels: [String: String]) {
        guard nodeLabels != self.nodeLabels else { return }
        self.nodeLabels = nodeLabels
        refresh([])
    }

    func apiName(_ source: String) -> String { source.isEmpty ? "API" : "API (\(source))" }

    private func logStart() {
        for status in statuses {
            if status.error.isEmpty {
                logger.info("policy \(status.name) (\(status.source)): \(status.state.rawValue)")
            } else {
                logger.error("policy \(status.name) (\(status.source)): \(status.error)")
            }
        }
    }

    private func readFiles(_ changed: Set<String>?) {
        let listed = files.list()
        problems = listed.problems
        // Who reads the other objects says which of these files are missing.
        let shared = Set(manifests.list().files)
        let paths = Set(listed.files).union(shared)
        for path in desired.files.keys where !paths.contains(path) { desired.files[path] = nil }
        let read = paths.filter { changed?.contains($0) ?? true || desired.files[$0] == nil }
        guard !read.isEmpty else { return }
        let settings = options.settings()
        for path in read.sorted() {
            let isShared = shared.contains(path)
            var source = desired.files[path] ?? PolicySource(isShared ? .manifest : .file, name: path)
            switch ConfiguredFiles.read(path, limit: PolicyReader.limits.bytes) {
            case .bytes(let bytes):
                source.take(PolicyText(file: path, bytes: bytes, settings, amongOthers: isShared))
            case .unreadable(let reason): source.problem = "cannot read \(path): \(reason)"
            }
            desired.files[path] = source
        }
    }

    // MARK: What runs

    /// A policy that is wanted, not disabled, and for this node.
    struct Candidate {
        var key: PolicyKey
        var policy: CheckedPolicy
        var source: String
    }

    /// The first policy of each name, with the mode in force.
    func candidates(_ wanted: Desired) -> [Candidate] {
        var seen: Set<PolicyKey> = []
        var found: [Candidate] = []
        for source in wanted.sources {
            for written in source.policies where seen.insert(PolicyKey(written)).inserted {
                let key = PolicyKey(written)
                let override = wanted.overrides[key]
                guard override?.enabled ?? true, isForThisNode(written) else { continue }
                found.append(
                    Candidate(key: key, policy: inForce(written, override), source: source.name))
            }
        }
        return found
    }

    /// A policy with what was said about it.
    func inForce(_ written: CheckedPolicy, _ override: PolicyOverride?) -> CheckedPolicy {
        var policy = written
        if let mode = override?.mode { policy.mode = mode == .enforce ? .enforce : .monitor }
        policy.isForced = policy.isForced || override?.isForced ?? false
        return policy
    }

    func isForThisNode(_ policy: CheckedPolicy) -> Bool {
        policy.nodeTerms.allSatisfy { $0.holds(for: nodeLabels) }
    }

    /// Lets run what of `wanted` can: a policy that cannot is left out, or runs as before where it did.
    func settle(_ wanted: Desired) {
        var obstacles: [PolicyKey: String] = [:]
        var candidates = candidates(wanted)
        for index in candidates.indices.reversed() {
            guard let reason = objection(to: candidates[index].policy) else { continue }
            obstacles[candidates[index].key] = reason
            Self.giveWay(index, &candidates, to: running)
        }
        generalObstacle = ""
        while true {
            do throws(PolicyRefusal) {
                try run(candidates)
                break
            } catch {
                let blamed = error.faults.compactMap { fault in
                    candidates.firstIndex { ids[$0.key] == fault.policy }.map { (index: $0, fault: fault) }
                }
                guard !blamed.isEmpty else {
                    generalObstacle = error.reason
                    break
                }
                for (index, fault) in blamed.sorted(by: { $0.index > $1.index }) {
                    obstacles[candidates[index].key] = Self.text(of: fault, candidates[index].policy)
                    Self.giveWay(index, &candidates, to: running)
                }
            }
        }
        self.obstacles = obstacles
    }

    /// Makes exactly these run, or changes nothing.
    func run(_ candidates: [Candidate]) throws(PolicyRefusal) {
        let runnable = candidates.map { RunnablePolicy(id: id(of: $0.key), policy: $0.policy) }
        // Nothing to do: most changes of files are no changes of policies.
        if !isOutdated, runnable.count == running.count,
            zip(candidates, runnable).allSatisfy({ running[$0.key]?.policy == $1.policy })
        {
            return
        }
        let reports = try runtime.replace(with: runnable)
        isOutdated = false
        var now: [PolicyKey: Running] = [:]
        for index in candidates.indices {
            let report =
                index < reports.count
                ? reports[index] : PolicyReport(id: runnable[index].id, hooks: [], kernelBytes: 0)
            now[candidates[index].key] = Running(
                id: runnable[index].id, policy: runnable[index].policy, report: report)
        }
        // A name that comes again later is a new policy.
        for key in running.keys where now[key] == nil { ids[key] = nil }
        running = now
    }

    private func id(of key: PolicyKey) -> UInt64 {
        if let id = ids[key] { return id }
        defer { nextID += 1 }
        ids[key] = nextID
        return nextID
    }

    /// The version that runs stands in for one that cannot; without one there is none.
    private static func giveWay(
        _ index: Int, _ candidates: inout [Candidate], to running: [PolicyKey: Running]
    ) {
        if let old = running[candidates[index].key]?.policy, old != candidates[index].policy {
            candidates[index].policy = old
        } else {
            candidates.remove(at: index)
        }
    }

    /// Why the guard keeps a policy from running, with its place.
    func objection(to policy: CheckedPolicy) -> String? {
        options.guardian.objection(to: policy).map { found in
            "\(policy.file):\(found.place.line):\(found.place.column): error: \(found.reason)"
        }
    }

    static func text(of fault: PolicyRefusal.Fault, _ policy: CheckedPolicy) -> String {
        fault.place.line == 0
            ? "\(policy.file): error: \(fault.reason)"
            : "\(policy.file):\(fault.place.line):\(fault.place.column): error: \(fault.reason)"
    }
}
