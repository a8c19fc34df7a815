package import KubernetesClient
package import KubernetesObjects
import LinuxSystem
import Synchronization
package import WorkloadModel

/// The pods of this node, by the words of the API of the cluster and, while that says nothing, by those of the kubelet: in
/// one place, so that there is one truth.
package final class ClusterPods: Sendable {
    private struct Books {
        var directory = PodDirectory()
        /// Since when the API has not told what there is, of a clock that never goes back; nil = it does.
        var silentSince: UInt64?
    }

    /// How long the API may be silent before the kubelet is asked: a restart of it takes some seconds, nanoseconds.
    package static let patience: UInt64 = 10_000_000_000

    private let books: Mutex<Books>
    private let patience: UInt64

    /// - Parameters:
    ///   - patience: how long the API may be silent before it is without a word, nanoseconds.
    ///   - now: of a clock that never goes back, nanoseconds.
    package init(patience: UInt64 = ClusterPods.patience, now: UInt64 = MonotonicClock.now) {
        self.patience = patience
        books = Mutex(Books(silentSince: now))
    }

    /// Takes how well the API is followed; at once, not when its reports are taken.
    package func note(_ state: ReflectorState, at now: UInt64 = MonotonicClock.now) {
        let isFollowed = state.isSynced && state.staleSince == nil
        books.withLock { books in
            if isFollowed {
                books.silentSince = nil
            } else if books.silentSince == nil {
                books.silentSince = now
            }
        }
    }

    /// Whether the API has been silent for longer than is normal: then the kubelet is asked.
    package func isOrphaned(at now: UInt64 = MonotonicClock.now) -> Bool {
        books.withLock { isOrphaned($0, now) }
    }

    private func isOrphaned(_ books: Books, _ now: UInt64) -> Bool {
        books.silentSince.map { now >= $0 &+ patience } ?? false
    }

    /// Takes a report of the API. Returns the containers of which something new is known.
    package func take(
        _ report: ReflectorReport<KubernetesPod>, at now: UInt64 = MonotonicClock.now
    ) -> [Workload] {
        books.withLock { $0.directory.take(report, at: now) }
    }

    /// Takes what the kubelet says; nil where the API has found its tongue meanwhile: then it does not count.
    /// - Parameter isWhole: whether there are no pods but these.
    package func take(
        kubelet pods: [KubernetesPod], isWhole: Bool, at now: UInt64 = MonotonicClock.now
    ) -> [Workload]? {
        books.withLock { books in
            guard isOrphaned(books, now) else { return nil }
            return books.directory.take(kubelet: pods, isWhole: isWhole, at: now)
        }
    }

    /// The container of a cgroup, as far as anybody has told.
    package func find(_ question: WorkloadQuestion) -> Workload? {
        let place = CgroupPathReader.place(of: question.path)
        guard place.kind == .container else { return nil }
        return books.withLock { $0.directory.find(container: place.id, podUID: place.podUID) }
    }
}
