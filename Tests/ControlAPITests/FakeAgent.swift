import AgentModel
import ControlAPI
import EventFilters
import EventModel
import Synchronization

/// An agent without kernel: gives every subscriber the batches that a test publishes, through
/// queues of eight batches, and counts what does not fit, as the real one does.
final class FakeAgent: AgentControl {
    struct Subscriber {
        var continuation: AsyncStream<EventBatch>.Continuation
        var subscription: Subscription
        var lost: UInt64 = 0
        var accepted = 0
        var ended = false
    }
    private struct State {
        var subscribers: [Subscriber] = []
        var problems: [String] = []
    }
    private let state = Mutex(State())
    let book = FakePolicies()

    var subscribers: [Subscriber] { state.withLock(\.subscribers) }

    func setProblems(_ problems: [String]) { state.withLock { $0.problems = problems } }

    /// Waits until that many have subscribed.
    func waitForSubscribers(_ count: Int) async throws {
        try await eventually { self.subscribers.count >= count }
    }

    /// Gives a batch to every subscriber.
    func publish(_ events: [[UInt8]], lost: UInt64 = 0) {
        var batch = EventBatch()
        for event in events {
            batch.bytes += event
            batch.entries.append(.init(end: batch.bytes.count, kind: .processExec, priority: 6))
        }
        state.withLock { state in
            for index in state.subscribers.indices {
                var own = batch
                own.lostBefore = lost + state.subscribers[index].lost
                switch state.subscribers[index].continuation.yield(own) {
                case .enqueued:
                    state.subscribers[index].accepted += batch.bytes.count
                    state.subscribers[index].lost = 0
                case .dropped: state.subscribers[index].lost += UInt64(events.count)
                default: break
                }
            }
        }
    }

    func subscribe(_ subscription: Subscription) throws -> AsyncStream<EventBatch> {
        for filter in subscription.allow {
            for text in filter.binaryRegex where text == "(" {
                throw FilterError(
                    field: "binary_regex", text: text, position: 0, reason: "a group is not closed")
            }
        }
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventBatch.self, bufferingPolicy: .bufferingOldest(8))
        state.withLock { state in
            let index = state.subscribers.count
            state.subscribers.append(Subscriber(continuation: continuation, subscription: subscription))
            continuation.onTermination = { _ in
                self.state.withLock { $0.subscribers[index].ended = true }
            }
        }
        return stream
    }

    func status() async -> AgentStatus {
        AgentStatus(
            version: "1.2.3", nodeName: "fake-node", kernel: "6.12", cpus: 2, pid: 42,
            uptimeSeconds: .infinity,
            stream: "s", bootID: "b", problems: state.withLock(\.problems), sensors: [], rings: [], sinks: [],
            subscribers: [],
            processes: .init(live: 3, retained: 0, evicted: 0, sockets: 0, bytes: 0, budgetBytes: 0),
            memory: .init(residentBytes: 1, ownBytes: 1, ringBytes: 2, kernelBytes: 3),
            programCounters: ["x": .max])
    }

    func processes() async -> [ProcessListing] {
        (0..<50_000).map {
            ProcessListing(
                execID: "id\($0)", parentExecID: "p", pid: UInt32($0), uid: 0, binary: "/bin/\"true\"",
                arguments: "ä\n",
                cwd: "/", startTime: "2026-01-01T00:00:00Z", cgroup: "/", pod: "", container: "", alive: true)
        }
    }

    func sockets() async -> [SocketListing] { [] }

    func workloads() async -> WorkloadReport {
        var web = WorkloadListing(kind: "container", id: "00ff", name: "web", runtime: "docker")
        web.podLabels = ["app": "ä"]
        return WorkloadReport(workloads: [web], providers: ["docker": "connected"])
    }

    func identities() async -> IdentityReport {
        var report = IdentityReport(store: "file /x")
        report.identities = [
            IdentityListing(number: 256, scope: "cluster", labels: ["k8s:app=web"], users: 1)
        ]
        return report
    }

    func mechanisms() async -> [MechanismListing] {
        [
            .init(
                mechanism: "BPF LSM", available: false, reason: "not in lsm=", usedBy: "process",
                without: "kprobes")
        ]
    }

    func metrics() async -> String { "# TYPE secd_events_total counter\nsecd_events_total 7\n" }

    func configuration() async -> [String: String] { ["node-name": "fake-node", "socket": "/x"] }
}

struct TimedOut: Error {}

/// Waits for a condition, at most ten seconds.
func eventually(_ condition: @Sendable () async throws -> Bool) async throws {
    for _ in 0..<1000 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    throw TimedOut()
}
