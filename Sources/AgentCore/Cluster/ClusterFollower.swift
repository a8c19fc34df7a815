package import AgentModel
package import KubernetesClient
import KubernetesObjects
package import Logging
import Synchronization
import SystemPackage

/// Follows what a cluster says beside its pods: policies, and the labels of this node and of namespaces. What it said stays in force until
/// it says something else: that nobody answers there is no change.
package final class ClusterFollower: Sendable {
    /// Who is told, from tasks of the follower; must not wait.
    package struct Listener: Sendable {
        /// Policies have changed; what is handed over tells how.
        package var policies: @Sendable (@escaping @Sendable () -> [ClusterPolicyChange]) -> Void
        /// The labels of this node are these now.
        package var nodeLabels: @Sendable ([String: String]) -> Void
        /// Labels of namespaces are these now.
        package var namespaces: @Sendable (NamespaceChange) -> Void

        package init(
            policies: @escaping @Sendable (@escaping @Sendable () -> [ClusterPolicyChange]) -> Void,
            nodeLabels: @escaping @Sendable ([String: String]) -> Void,
            namespaces: @escaping @Sendable (NamespaceChange) -> Void
        ) {
            self.policies = policies
            self.nodeLabels = nodeLabels
            self.namespaces = namespaces
        }
    }

    fileprivate struct Books {
        var policies = ClusterPolicyBook()
        /// Somebody was told, and has not taken yet.
        var isRinging = false
        var labels: [String: String] = [:]
        var states: [Collection: ReflectorState] = [:]
        /// What the log has of each.
        var said: [Collection: ClusterAccount] = [:]
        var tasks: [Task<Void, Never>] = []
    }

    /// What is followed.
    enum Collection: String {
        case policies = "tracingpolicies"
        case namespacedPolicies = "tracingpoliciesnamespaced"
        case node = "nodes"
        case namespaces = "namespaces"
    }

    private let client: APIClient
    private let node: String
    private let backOff: BackOff
    private let kept: KeptNodeLabels
    private let listener: Listener
    private let logger: Logger
    private let books = Mutex(Books())

    /// - Parameters:
    ///   - node: as the cluster calls this one.
    ///   - client: of the cluster, with `limits`.
    ///   - kept: where the labels of the node outlive the daemon.
    package init(
        node: String, _ client: APIClient, kept: KeptNodeLabels, backOff: BackOff = BackOff(), logger: Logger,
        listener: Listener
    ) {
        self.client = client
        self.node = node
        self.backOff = backOff
        self.kept = kept
        self.logger = logger
        self.listener = listener
    }

    /// Bounds for collections whose objects are kept as texts.
    package static var limits: APILimits {
        var limits = APILimits()
        limits.objects = ClusterPolicyBook.mostPolicies
        limits.pageObjects = 50
        limits.list = ClusterPolicyBook.mostBytes
        return limits
    }

    /// Begins to follow.
    /// - Parameter known: policies that are in force since the last run: those that the cluster does not list are
    ///   gone by its word.
    package func start(known: Set<PolicyKey>) {
        let labels = kept.read()
        books.withLock { books in
            books.policies = ClusterPolicyBook(kept: known)
            books.labels = labels
            books.tasks = [
                follow(policiesOf: ClusterScope.self, .policies),
                follow(policiesOf: NamespaceScope.self, .namespacedPolicies),
                follow(.node(node)) { (follower, report: ReflectorReport<KubernetesNode>) in
                    follower.take(report)
                },
                follow(.namespaces, limits: namespaceLimits) {
                    (follower, report: ReflectorReport<KubernetesNamespace>) in follower.take(report)
                },
            ]
        }
    }

    /// Ends it; what is known stays in force.
    package func stop() {
        for task in books.withLock({ $0.tasks }) { task.cancel() }
    }

    private func follow<Scope: TracingPolicyScope>(
        policiesOf scope: Scope.Type, _ collection: Collection
    ) -> Task<Void, Never> {
        follow(.policies(scope)) {
            (follower, report: ReflectorReport<KubernetesTracingPolicy<Scope>>) in
            follower.take(report, collection)
        }
    }

    /// Namespaces are many and small; policies are few.
    private var namespaceLimits: APILimits {
        var limits = client.limits
        limits.objects = APILimits().objects
        limits.list = APILimits().list
        return limits
    }

    private func follow<Object>(
        _ path: ResourcePath, limits: APILimits? = nil,
        _ take: @escaping @Sendable (ClusterFollower, ReflectorReport<Object>) -> Void
    ) -> Task<Void, Never> {
        let client = limits.map { self.client.limited($0) } ?? self.client
        let reflector = Reflector<Object>(path, client, backOff: backOff) { [weak self] report in
            if let self { take(self, report) }
        }
        return Task.detached { await reflector.run() }
    }

    // MARK: Reports

    private func take<Scope>(
        _ report: ReflectorReport<KubernetesTracingPolicy<Scope>>, _ collection: Collection
    ) {
        if case .state(let state) = report { return note(state, of: collection) }
        let isFirst = books.withLock { books in
            books.policies.take(report)
            defer { books.isRinging = true }
            return !books.isRinging
        }
        if isFirst { listener.policies { [weak self] in self?.changes() ?? [] } }
    }

    private func changes() -> [ClusterPolicyChange] {
        books.withLock { books in
            books.isRinging = false
            return books.policies.changes()
        }
    }

    private func take(_ report: ReflectorReport<KubernetesNode>) {
        let nodes: [KubernetesNode]
        switch report {
        case .state(let state): return note(state, of: .node)
        case .all(let all, _): nodes = all
        case .set(let one): nodes = [one]
        // A node that runs this and is not there any more: its labels are not other ones for that.
        case .removed: return
        }
        guard let labels = nodes.last(where: { $0.metadata.name == node })?.metadata.labels else { return }
        let isNew = books.withLock { books in
            defer { books.labels = labels }
            return books.labels != labels
        }
        guard isNew else { return }
        logger.notice("the cluster gives this node \(labels.count) labels")
        do throws(Errno) {
            try kept.write(labels)
        } catch {
            logger.error(
                "labels of this node are not kept in \(kept.path) (\(error)): a restart without the API of the cluster would not know them"
            )
        }
        listener.nodeLabels(labels)
    }

    private func take(_ report: ReflectorReport<KubernetesNamespace>) {
        switch report {
        case .state(let state): note(state, of: .namespaces)
        case .all(let all, let missing):
            let labels = Dictionary(all.map { ($0.metadata.name, $0.metadata.labels) }) { $1 }
            listener.namespaces(.all(labels, isWhole: missing == 0))
        case .set(let one): listener.namespaces(.one(one.metadata.name, one.metadata.labels))
        case .removed(let one): listener.namespaces(.one(one.metadata.name, [:]))
        }
    }

    // MARK: State

    private func note(_ state: ReflectorState, of collection: Collection) {
        let account = books.withLock { books -> ClusterAccount? in
            books.states[collection] = state
            let account = books.account(of: collection)
            return books.said.updateValue(account, forKey: collection) == account ? nil : account
        }
        switch account {
        case nil, .silent: break
        case .good: logger.info("kubernetes: \(collection.rawValue) are followed")
        case .note(let sentence): logger.notice("\(sentence)")
        case .problem(let sentence): logger.warning("\(sentence)")
        }
    }

    /// Sentences about what is wrong.
    package var problems: [String] {
        books.withLock { books in
            let refused = books.policies.refused.sorted { $0.key < $1.key }.map(\.value)
            let more = refused.count - Self.shown
            return books.accounts.compactMap { if case .problem(let text) = $0 { text } else { nil } }
                + refused.prefix(Self.shown)
                + (more > 0 ? ["… and \(more) more policies of the cluster"] : [])
        }
    }

    /// Policies that are named where many are not taken.
    private static let shown = 5

    /// Sentences about what one may not expect, though nothing is wrong.
    package var notes: [String] {
        books.withLock { $0.accounts.compactMap { if case .note(let text) = $0 { text } else { nil } } }
    }
}

extension ClusterFollower.Books {
    fileprivate var accounts: [ClusterAccount] {
        states.keys.sorted { $0.rawValue < $1.rawValue }.map { account(of: $0) }
    }

    fileprivate func account(of collection: ClusterFollower.Collection) -> ClusterAccount {
        guard let state = states[collection] else { return .silent }
        return switch collection {
        case .policies:
            .policies(state, collection.rawValue, known: policies.known.count { $0.namespace.isEmpty })
        case .namespacedPolicies:
            .policies(state, collection.rawValue, known: policies.known.count { !$0.namespace.isEmpty })
        case .node: .node(state, known: labels.count)
        case .namespaces: .namespaces(state)
        }
    }
}
