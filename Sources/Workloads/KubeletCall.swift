import KubernetesClient
import KubernetesObjects
import LinuxSystem
import Synchronization

/// The kubelet's list of the pods of its node, asked from a thread that may wait.
struct KubeletCall: Sendable {
    private static let path = "/pods"

    let client: APIClient

    /// All pods of the node, those from files among them.
    /// - Throws: `APIFailure`, after the seconds that the client gives an answer at the latest.
    func pods() throws(APIFailure) -> ListPage<KubernetesPod> {
        let limits = client.limits
        let (answer, client) = (Answer(), client)
        let task = Task.detached {
            do throws(APIFailure) {
                answer.set(.success(try ListPage(try await client.get(Self.path), isVersioned: false)))
            } catch {
                answer.set(.failure(error))
            }
        }
        // The client counts the seconds itself; this is for what it does not count, names that nobody resolves.
        let seconds = limits.connectSeconds + limits.answerSeconds + 1
        guard let result = answer.wait(until: MonotonicClock.now &+ UInt64(seconds) * 1_000_000_000) else {
            task.cancel()
            throw .timeout(seconds: seconds)
        }
        return try result.get()
    }

    /// A result that a thread waits for.
    private final class Answer: Sendable {
        private let result = Mutex<Result<ListPage<KubernetesPod>, APIFailure>?>(nil)
        private let done: EventFD?

        init() { done = try? EventFD() }

        func set(_ value: Result<ListPage<KubernetesPod>, APIFailure>) {
            result.withLock { $0 = value }
            done?.signal()
        }

        func wait(until deadline: UInt64) -> Result<ListPage<KubernetesPod>, APIFailure>? {
            _ = try? done?.wait(until: deadline)
            return result.withLock { $0 }
        }
    }
}
