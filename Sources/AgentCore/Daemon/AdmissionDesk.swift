package import AgentModel
package import Configuration
package import Logging
import Synchronization
import WorkloadModel
package import Workloads

/// Says of containers that wait for their first instruction (NRI) whether they may start: when policies hold for them, and
/// where these cannot, by the rules for their namespace.
package final class AdmissionDesk: ContainerAdmission {
    /// Takes a container, as `RuntimeHook` of the API does.
    package typealias Registration =
        @Sendable (ContainerRegistration) async throws(PolicyChangeError) -> Void

    private struct Rules {
        /// Namespaces whose containers do not start where policies cannot hold for them.
        var closed: @Sendable () -> NamespaceList
        var register: Registration
    }

    private struct Books {
        var counts = AdmissionCounts()
        /// What was said of the last that policies do not hold for.
        var lastFailure = ""
    }

    private let rules = Mutex<Rules?>(nil)
    private let books = Mutex(Books())
    private let logger: Logger

    package init(logger: Logger) { self.logger = logger }

    /// From now on containers are taken.
    package func open(closed: @escaping @Sendable () -> NamespaceList, register: @escaping Registration) {
        rules.withLock { $0 = Rules(closed: closed, register: register) }
    }

    /// From now on policies hold for none that comes: they are about to end.
    package func close() {
        rules.withLock { rules in
            rules?.register = { _ throws(PolicyChangeError) in
                throw PolicyChangeError(.unavailable, "secd is stopping")
            }
        }
    }

    package var isOpen: Bool { rules.withLock { $0 != nil } }

    package var refuses: Bool { rules.withLock { $0 }.map { !$0.closed().isEmpty } ?? false }

    /// What became of them since the start.
    package var counts: AdmissionCounts { books.withLock { $0.counts } }

    /// What an operator may not expect.
    package var notes: [String] {
        let (counts, last) = books.withLock { ($0.counts, $0.lastFailure) }
        guard counts.unheld + counts.refused > 0 else { return [] }
        return [
            "nri: policies did not hold in time for \(counts.unheld + counts.refused) containers, of which "
                + "\(counts.refused) were refused; the last: \(last)"
        ]
    }

    package func admit(_ container: NRIStart) async -> String? {
        guard let rules = rules.withLock({ $0 }) else {
            return settle(container, NamespaceList([]), "secd is starting")
        }
        let reason = await Self.failure(of: container, rules.register)
        return settle(container, rules.closed(), reason)
    }

    /// Counts and logs the outcome.
    /// - Parameter reason: why policies do not hold; nil = they do.
    private func settle(_ container: NRIStart, _ closed: NamespaceList, _ reason: String?) -> String? {
        guard let reason else {
            books.withLock { $0.counts.held += 1 }
            return nil
        }
        let rule = Self.rule(for: container, closed)
        let title = Self.title(container)
        let outcome =
            rule.map { "\(title) does not start (fail-closed for \($0))" }
            ?? "\(title) starts, and policies may not hold for it at first"
        let text = "\(outcome): \(reason)"
        books.withLock { books in
            if rule == nil { books.counts.unheld += 1 } else { books.counts.refused += 1 }
            books.lastFailure = text
        }
        logger.warning("nri: \(text)")
        return rule == nil ? nil : "secd: \(text)"
    }

    private static func title(_ container: NRIStart) -> String {
        guard !container.id.isEmpty else { return "a container" }
        let name = container.name.isEmpty ? container.id : container.name
        guard let pod = container.pod else { return "container \(name)" }
        return "container \(name) of pod \(pod.namespace)/\(pod.name)"
    }

    /// For whom the rule is that forbids a container to start; nil = there is none.
    private static func rule(for container: NRIStart, _ closed: NamespaceList) -> String? {
        // Whose it is, is not known: the strictest rule counts.
        guard !container.id.isEmpty else { return closed.isEmpty ? nil : "some namespaces" }
        let namespace = container.pod?.namespace ?? ""
        guard closed.holds(namespace) else { return nil }
        return namespace.isEmpty ? "containers in no pod" : "namespace \(namespace)"
    }

    /// Why policies do not hold for a container; nil = they do.
    private static func failure(of container: NRIStart, _ register: @escaping Registration) async -> String? {
        if let obstacle = container.obstacle { return obstacle }
        let registration = ContainerRegistration(container)
        return await FirstAnswer.make(
            within: container.patience, else: "secd is not ready with it after \(container.patience)"
        ) {
            do throws(PolicyChangeError) {
                try await register(registration)
                return nil
            } catch {
                return error.description
            }
        }
    }
}

extension ContainerRegistration {
    /// What a runtime tells by NRI.
    init(_ container: NRIStart) {
        self.init(id: container.id)
        cgroup = container.cgroup
        annotations = container.annotations
        name = container.name
        runtime = container.runtime
        labels = container.labels
        guard let pod = container.pod else { return }
        podName = pod.name
        podNamespace = pod.namespace
        podUID = pod.uid
        podLabels = pod.labels
        podAnnotations = pod.annotations
    }
}

/// An answer, or that there is none in time. Who makes the answer goes on: nobody waits for it any more.
private final class FirstAnswer: Sendable {
    private let waiter: Mutex<CheckedContinuation<String?, Never>?>

    private init(_ waiter: CheckedContinuation<String?, Never>) { self.waiter = Mutex(waiter) }

    private func give(_ answer: String?) {
        let waiter = waiter.withLock { $0.take() }
        waiter?.resume(returning: answer)
    }

    static func make(
        within patience: Duration, else late: String, _ body: @escaping @Sendable () async -> String?
    ) async -> String? {
        await withCheckedContinuation { continuation in
            let first = FirstAnswer(continuation)
            let clock = Task.detached {
                try? await Task.sleep(for: patience)
                first.give(late)
            }
            Task.detached {
                first.give(await body())
                clock.cancel()
            }
        }
    }
}
