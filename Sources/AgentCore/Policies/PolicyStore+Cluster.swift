package import AgentModel
import LinuxSystem
import Logging
import PolicyCompiler
import YAMLReader

/// Policies of a cluster: they come and go by its API alone, and are kept, so that a restart finds them while nobody
/// answers there.
extension PolicyStore {
    /// Of the state directory.
    package static let clusterFolder = "cluster-policies"

    /// Policies of the cluster that may be in force.
    package var clusterPolicies: Set<PolicyKey> { Set(desired.cluster.keys) }

    /// What the cluster had when this machine last asked.
    /// - Returns: sentences about what could not be read.
    func takeKeptCluster() -> [String] {
        let kept = clusterArchive.load()
        guard options.followsCluster else {
            if !kept.texts.isEmpty {
                logger.notice(
                    "\(kept.texts.count) policies that a cluster had are in \(clusterArchive.directory), and not in force: workloads.kubernetes is off"
                )
            }
            return []
        }
        var problems = kept.problems
        let settings = kept.texts.isEmpty ? CheckSettings() : options.settings()
        for kept in kept.texts {
            if let key = PolicyText.keys(in: kept.bytes).first, clusterArchive.path(of: key) == kept.path {
                take(kept.bytes, of: key, settings)
            } else {
                problems.append("\(kept.path) is damaged: a policy that the cluster had is not in force")
            }
        }
        return problems
    }

    /// Takes what happened in the cluster, and lets run what can. A text with errors leaves the one before in force.
    package func adopt(_ changes: [ClusterPolicyChange]) {
        guard !changes.isEmpty else { return }
        telling {
            let settings = options.settings()
            for change in changes {
                // One that was deleted and made anew does not fall back on what it was.
                if change.text == nil || change.isNew { desired.cluster[change.key] = nil }
                if let text = change.text, desired.cluster[change.key]?.text != text {
                    take(text, of: change.key, settings)
                }
            }
            settle(desired)
        }
        keep(changes)
    }

    /// The newest texts are checked again: what they name is something else than before.
    func recheckCluster() {
        let isConcerned = desired.cluster.values.contains { !$0.problem.isEmpty || !$0.binaries.isEmpty }
        guard isConcerned else { return }
        let settings = options.settings()
        for (key, source) in desired.cluster where !source.text.isEmpty {
            take(source.text, of: key, settings)
        }
    }

    private func take(_ text: [UInt8], of key: PolicyKey, _ settings: CheckSettings) {
        let name = ClusterPolicyBook.source(of: key)
        var source = desired.cluster[key] ?? PolicySource(.cluster, name: name)
        source.take(PolicyText(file: name, bytes: text, settings))
        // Also where so much is wrong that the reader found no name.
        source.keys = [key]
        source.text = text
        desired.cluster[key] = source
    }

    // MARK: Kept

    /// Writes what a restart needs. What cannot run leaves what was kept: it is what goes on here, too.
    private func keep(_ changes: [ClusterPolicyChange]) {
        var texts: [PolicyKey: [UInt8]] = [:]
        var removed: [PolicyKey] = []
        let anew = Set(changes.filter(\.isNew).map(\.key))
        // Those that could not be kept the last time are tried again.
        for key in unkept.union(changes.map(\.key)) {
            guard let source = desired.cluster[key] else {
                removed.append(key)
                continue
            }
            let path = clusterArchive.path(of: key)
            let kept = anew.contains(key) ? nil : BoundedFile.read(path, limit: PolicyReader.limits.bytes)
            let isGood = source.problem.isEmpty && generalObstacle.isEmpty && obstacles[key] == nil
            if isGood || kept == nil, kept != source.text { texts[key] = source.text }
        }
        guard !texts.isEmpty || !removed.isEmpty else { return }
        do throws(PolicyChangeError) {
            let staged = try clusterArchive.stage(texts: texts, removing: removed, overrides: nil)
            try clusterArchive.commit(staged)
            unkept = []
        } catch {
            unkept.formUnion(texts.keys)
            unkept.formUnion(removed)
            unkeptReason = error.description
            for sentence in keepingProblem { logger.error("\(sentence)") }
        }
    }

    /// A sentence where policies are not kept.
    var keepingProblem: [String] {
        guard !unkept.isEmpty else { return [] }
        return [
            "\(unkept.count) policies of the cluster are not kept in \(clusterArchive.directory) as they are there, and a restart without its API would not have them: \(unkeptReason)"
        ]
    }
}
