import Configuration
import EventFilters
import IdentityStores
import Logging
import SecurityIdentity
import SystemPackage
import YAMLReader

/// Identities of a daemon: where they are kept, and what makes them.
extension Daemon {
    /// The owner of the identities; it begins with `start`.
    static func identities(
        _ configuration: AgentConfiguration, _ logger: Logger
    ) throws(DaemonError) -> IdentityKeeper {
        // The settings were checked when they were read.
        guard let filter = try? labelFilter(configuration.identity.labels) else {
            throw DaemonError("identity.labels holds a pattern that is none", exit: .configuration)
        }
        var options = IdentityKeeper.Options(filter: filter)
        let range = IdentityRange(cluster: UInt32(configuration.identity.clusterID)) ?? .alone
        options.allocator.range = range
        // Nodes that all begin with the lowest free number would be in each other's way.
        if !configuration.identity.etcd.endpoints.isEmpty {
            options.allocator.start = .random(in: range.numbers)
        }
        options.clusterName = configuration.clusterName
        options.allocator.grace = configuration.identity.grace * 1_000_000_000
        do throws(Errno) {
            return try IdentityKeeper(identityStore(configuration, logger), options, logger: logger)
        } catch {
            throw DaemonError("cannot keep identities: \(error)", exit: .system)
        }
    }

    private static func identityStore(
        _ configuration: AgentConfiguration, _ logger: Logger
    ) -> any IdentityStore {
        let file = FileIdentityStore(directory: configuration.stateDirectory)
        let settings = configuration.identity.etcd
        let endpoints = settings.endpoints.compactMap { EtcdOptions.Endpoint($0) }
        guard !endpoints.isEmpty else { return file }
        var options = EtcdOptions(endpoints: endpoints, node: configuration.nodeName)
        options.prefix = settings.prefix
        options.leaseSeconds = settings.lease
        options.authorities = settings.authorities
        options.certificate = settings.certificate
        options.key = settings.key
        return EtcdIdentityStore(options, cache: file, logger: logger)
    }

    /// What counts of labels.
    static func labelFilter(_ patterns: [String]) throws(LabelFilter.Fault) -> LabelFilter {
        try LabelFilter(patterns) { pattern throws(LabelFilter.Fault) in
            do throws(FilterError) {
                let expression = try CaptureRegex(pattern, field: "expression")
                return { expression.leadingMatch(in: Array($0.utf8)) }
            } catch {
                throw LabelFilter.Fault(pattern: pattern, reason: error.description)
            }
        }
    }

    /// What only those who use it can say of the settings of identities.
    static func identityProblems(_ configuration: AgentConfiguration) -> [Diagnostic] {
        labelProblems(configuration) + etcdProblems(configuration)
    }

    private static func etcdProblems(_ configuration: AgentConfiguration) -> [Diagnostic] {
        let settings = configuration.identity.etcd
        var problems = settings.endpoints.enumerated().compactMap { item, text -> Diagnostic? in
            guard EtcdOptions.Endpoint(text) == nil else { return nil }
            return configuration.problem(
                "identity.etcd.endpoints", item: item, "\"\(text)\" is no address of etcd",
                hint: "like https://etcd1.example:2379 or http://127.0.0.1:2379")
        }
        if settings.certificate.isEmpty != settings.key.isEmpty {
            let (set, missing) = settings.key.isEmpty ? ("certificate", "key") : ("key", "certificate")
            problems.append(
                configuration.problem(
                    "identity.etcd.\(set)", "identity.etcd.\(missing) is missing: both are set, or none"))
        }
        if settings.prefix.isEmpty || settings.prefix.hasSuffix("/") {
            problems.append(
                configuration.problem("identity.etcd.prefix", "must not be empty, nor end with a slash"))
        }
        return problems
    }

    /// Patterns of the configuration that are none.
    private static func labelProblems(_ configuration: AgentConfiguration) -> [Diagnostic] {
        configuration.identity.labels.enumerated().compactMap { item, pattern in
            do throws(LabelFilter.Fault) {
                _ = try labelFilter([pattern])
                return nil
            } catch {
                return configuration.problem(
                    "identity.labels", item: item, error.description,
                    hint: "like k8s:app, or !pod-template-hash; expressions are RE2")
            }
        }
    }
}
