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

    package func admit(_ container: NRIStart, _ answer: @Sendable (String?) -> Bool) async {
        guard let rules = rules.withLock({ $0 }) else {
            return settle(container, NamespaceList([]), "secd is starting", answer)
        }
        let reason = await Self.failure(of: container, rules.register)
        settle(container, rules.closed(), reason, answer)
    }

    /// Answers, then counts and logs what came of it: a runtime that waits no longer has started the container.
    /// - Parameter reason: why policies do not hold; nil = they do.
    private func settle(
        _ container: NRIStart, _ closed: NamespaceList, _ reason: String?, _ answer: (String?) -> Bool
    ) {
        let title = Self.title(container)
        guard let reason else {
            if answer(nil) { return books.withLock { $0.counts.held += 1 } }
            let early = "\(title) may have started before policies held for it"
            return note("\(early): its runtime waited no longer", isRefused: false)
        }
        guard let rule = Self.rule(for: container, closed) else {
            _ = answer(nil)
            return note(
                "\(title) starts, and policies may not hold for it at first: \(reason)", isRefused: false)
        }
        let refusal = "\(title) does not start (fail-closed for \(rule)): \(reason)"
        let isTaken = answer("secd: " + refusal)
        if isTaken, container.runtime != Self.heedless { return note(refusal, isRefused: true) }
        let excuse = isTaken ? "\(Self.heedless) starts it all the same" : "its runtime waited no longer"
        note(
            "\(title) was to be refused (fail-closed for \(rule)), but \(excuse): \(reason)", isRefused: false
        )
    }

    /// The runtime that starts containers whatever plugins answer.
    private static let heedless = "cri-o"

    private func note(_ text: String, isRefused: Bool) {
        books.withLock { books in
            if isRefused { books.counts.refused += 1 } else { books.counts.unheld += 1 }
            books.lastFailure = text
        }
        logger.warning("nri: \(text)")
    }

    private static func title(_ container: NRIStart) -> String {
        guard !container.id.isEmpty else { return "a container" }
        let name = (container.name.isEmpty ? container.id : container.name).shown()
        guard let pod = container.pod else { return "container \(name)" }
        return "container \(name) of pod \(pod.namespace.shown())/\(pod.name.shown())"
    }

    /// For whom the rule is that forbids a container to start; nil = there is none.
    private static func rule(for container: NRIStart, _ closed: NamespaceList) -> String? {
        // Whose it is, is not known: the strictest rule counts.
        guard container.isIdentified else { return closed.isEmpty ? nil : "some namespaces" }
        let namespace = container.pod?.namespace ?? ""
        guard closed.holds(namespace) else { return nil }
        return namespace.isEmpty ? "containers in no pod" : "namespace \(namespace.shown())"
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
