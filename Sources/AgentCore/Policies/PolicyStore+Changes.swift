package import AgentModel
import Logging
import PolicyModel

/// Changes that the API makes: done whole and kept on the disk, or refused with everything as before.
extension PolicyStore {
    /// Bytes of one text, and policies in it.
    private static let textLimit = 8 << 20
    private static let textPolicies = 1000

    /// Adds the policies of a text: all, or none.
    /// - Returns: their names.
    package func add(_ addition: PolicyAddition) throws(PolicyChangeError) -> [PolicyKey] {
        guard addition.yaml.count <= Self.textLimit else {
            throw PolicyChangeError(
                .invalid, "the text has \(addition.yaml.count) bytes; at most \(Self.textLimit) are read")
        }
        let name = addition.source.isEmpty ? "policy" : addition.source
        var wanted = desired
        var kept: [PolicyKey: [UInt8]] = [:]
        for part in try checked(addition.yaml, name) {
            let key = part.key
            try checkFree(key, replaces: addition.replaces, among: kept.keys)
            var source = PolicySource(.api, name: apiName(addition.source))
            source.take(part.text)
            wanted.api[key] = source
            var override = PolicyOverride()
            override.source = addition.source.isEmpty ? nil : addition.source
            override.isForced = addition.isForced ? true : nil
            override.mode = addition.mode == .enforce ? .enforce : addition.mode.map { _ in .monitor }
            wanted.overrides[key] = override.isEmpty ? nil : override
            kept[key] = part.bytes
        }
        try change(to: wanted, affecting: Set(kept.keys), writing: kept)
        let keys = kept.keys.sorted()
        logger.notice("policies added by the API: \(keys.map(\.description).joined(separator: ", "))")
        return keys
    }

    /// Removes a policy that the API brought.
    package func delete(_ key: PolicyKey) throws(PolicyChangeError) {
        guard desired.api[key] != nil else {
            if let file = fileSource(of: key) {
                throw PolicyChangeError(
                    .refused, "policy \(key) comes from \(file): remove it there, or disable the policy")
            }
            throw notFound(key)
        }
        var wanted = desired
        wanted.api[key] = nil
        wanted.overrides[key] = nil
        try change(to: wanted, affecting: [key], removing: [key])
        logger.notice("policy \(key) deleted by the API")
    }

    /// Switches a policy on or off, or changes its mode; what is nil stays.
    package func configure(_ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?) throws(PolicyChangeError) {
        guard let written = written(key) else {
            if desired.sources.contains(where: { $0.keys.contains(key) }) {
                throw PolicyChangeError(.refused, "policy \(key) has errors: correct its text first")
            }
            throw notFound(key)
        }
        if mode == .enforce, !written.isEnforcing {
            throw PolicyChangeError(.refused, "policy \(key) only observes: it has nothing to enforce")
        }
        var wanted = desired
        var override = wanted.overrides[key] ?? PolicyOverride()
        if let enabled { override.enabled = enabled ? nil : false }
        if let mode { override.mode = mode == .enforce ? .enforce : .monitor }
        wanted.overrides[key] = override.isEmpty ? nil : override
        try change(to: wanted, affecting: [key])
        let state = (override.enabled ?? true) ? "enabled" : "disabled"
        logger.notice("policy \(key) is \(state), mode \((override.mode ?? .init(written.mode)).rawValue)")
    }

    // MARK: Parts

    /// A policy of a stream.
    private struct Part {
        var key: PolicyKey
        var text: PolicyText
        /// As it is kept.
        var bytes: [UInt8]
    }

    /// Each policy of a stream.
    private func checked(_ yaml: [UInt8], _ name: String) throws(PolicyChangeError) -> [Part] {
        let settings = options.settings()
        let whole = PolicyText(file: name, bytes: yaml, settings)
        guard whole.problem.isEmpty else { throw PolicyChangeError(.invalid, whole.problem) }
        guard !whole.policies.isEmpty else {
            throw PolicyChangeError(.invalid, "\(name): there is no policy in this text")
        }
        for policy in whole.policies where !Self.isFileName(policy.namespace) {
            throw PolicyChangeError(.invalid, "\(name): \"\(policy.namespace)\" is no namespace")
        }
        if whole.policies.count == 1 { return [Part(key: whole.keys[0], text: whole, bytes: yaml)] }
        guard whole.policies.count <= Self.textPolicies else {
            throw PolicyChangeError(.invalid, "\(name): more than \(Self.textPolicies) policies in one text")
        }
        var parts: [Part] = []
        for bytes in PolicyText.documents(yaml) {
            let text = PolicyText(file: name, bytes: bytes, settings)
            if text.problem.isEmpty, text.keys.count == 1 {
                parts.append(Part(key: text.keys[0], text: text, bytes: bytes))
            }
        }
        guard parts.map(\.key) == whole.keys else {
            throw PolicyChangeError(
                .invalid, "\(name): the policies of this text cannot be told apart: add them one by one")
        }
        return parts
    }

    private static func isFileName(_ text: String) -> Bool {
        text.utf8.count <= 63
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    private func checkFree(
        _ key: PolicyKey, replaces: Bool, among added: Dictionary<PolicyKey, [UInt8]>.Keys
    ) throws(PolicyChangeError) {
        if added.contains(key) {
            throw PolicyChangeError(.invalid, "policy \(key) stands twice in this text")
        }
        if let file = fileSource(of: key) {
            throw PolicyChangeError(.alreadyExists, "there is a policy \(key) already, in \(file)")
        }
        if desired.api[key] != nil, !replaces {
            throw PolicyChangeError(
                .alreadyExists, "there is a policy \(key) already: delete it first, or replace it (--replace)"
            )
        }
    }

    private func fileSource(of key: PolicyKey) -> String? {
        (Array(desired.files.values) + Array(desired.cluster.values)).first {
            $0.keys.contains(key) || $0.policies.contains { PolicyKey($0) == key }
        }?.name
    }

    private func written(_ key: PolicyKey) -> CheckedPolicy? {
        for source in desired.sources {
            if let found = source.policies.first(where: { PolicyKey($0) == key }) { return found }
        }
        return nil
    }

    private func notFound(_ key: PolicyKey) -> PolicyChangeError {
        PolicyChangeError(.notFound, "there is no policy \(key)")
    }

    // MARK: All or nothing

    private func change(
        to wanted: Desired, affecting keys: Set<PolicyKey>, writing texts: [PolicyKey: [UInt8]] = [:],
        removing removed: [PolicyKey] = []
    ) throws(PolicyChangeError) {
        let before = candidates(desired).filter { running[$0.key]?.policy == $0.policy }
        var new: [Candidate] = []
        for var candidate in candidates(wanted) {
            if keys.contains(candidate.key) {
                if let reason = objection(to: candidate.policy) { throw PolicyChangeError(.refused, reason) }
            } else if let current = running[candidate.key]?.policy {
                candidate.policy = current
            } else {
                // What could not run before is not tried on this occasion.
                continue
            }
            new.append(candidate)
        }
        let staged = try archive.stage(texts: texts, removing: removed, overrides: wanted.overrides)
        do throws(PolicyRefusal) {
            try run(new)
        } catch {
            archive.discard(staged)
            throw refused(error, new)
        }
        do throws(PolicyChangeError) {
            try archive.commit(staged)
        } catch {
            try? run(before)
            throw error
        }
        desired = wanted
        for key in keys { obstacles[key] = nil }
    }

    private func refused(_ refusal: PolicyRefusal, _ candidates: [Candidate]) -> PolicyChangeError {
        guard !refusal.faults.isEmpty else { return PolicyChangeError(.unavailable, refusal.reason) }
        let lines = refusal.faults.map { fault in
            guard let blamed = candidates.first(where: { ids[$0.key] == fault.policy }) else {
                return fault.reason
            }
            return Self.text(of: fault, blamed.policy)
        }
        return PolicyChangeError(.refused, lines.joined(separator: "\n"))
    }
}

extension PolicyRunMode {
    /// The mode of a text.
    init(_ mode: PolicyMode) { self = mode == .enforce ? .enforce : .monitor }
}
