import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// The thread of a provider: questions first, then what changed.
final class ProviderThread: @unchecked Sendable {
    // @unchecked: `provider` is touched by the thread alone; `thread` by the owner alone.

    /// What the owner is told.
    struct Reports: Sendable {
        var found: @Sendable ([FoundWorkload]) -> Void
        /// The provider has looked: with or without success, and whether it may have more a moment later.
        var answered: @Sendable (WorkloadQuestion, Bool) -> Void
        var state: @Sendable (ProviderState) -> Void
    }

    private struct Control {
        var questions: [WorkloadQuestion] = []
        var isStopping = false
    }

    /// Between attempts to connect to what is not there, nanoseconds.
    private static let retry: UInt64 = 2_000_000_000
    /// Questions that wait at most; further ones are answered at once, without a look.
    private static let mostQuestions = 4096

    private let provider: any WorkloadProvider
    private let reports: Reports
    private let wake: EventFD
    private let control = Mutex(Control())
    private var thread: LinuxSystem.Thread?

    init(_ provider: any WorkloadProvider, _ reports: Reports) throws(Errno) {
        self.provider = provider
        self.reports = reports
        wake = try EventFD()
    }

    func start() throws(Errno) {
        thread = try LinuxSystem.Thread(name: "secd-workloads") { [self] in run() }
    }

    /// Ends the thread after the call that it is in; calls are bounded in time.
    func stop() {
        control.withLock { $0.isStopping = true }
        wake.signal()
        if let thread = thread.take() { thread.join() }
    }

    func ask(_ question: WorkloadQuestion) {
        let isTaken = control.withLock { control in
            guard control.questions.count < Self.mostQuestions, !control.isStopping else { return false }
            control.questions.append(question)
            return true
        }
        if isTaken { wake.signal() } else { reports.answered(question, false) }
    }

    private func run() {
        report(provider.begin())
        var last = provider.state
        reports.state(last)
        var nextAttempt = MonotonicClock.now &+ Self.retry
        while true {
            wait(until: last.isUsable ? nil : nextAttempt)
            wake.drain()
            let (questions, isStopping) = control.withLock { control in
                defer { control.questions = [] }
                return (control.questions, control.isStopping)
            }
            if isStopping { return provider.end() }
            // First: a container that is asked for may be among them, and gone by now.
            report(provider.changes())
            for question in questions {
                let found = provider.find(question)
                report(found.map { [$0] } ?? [])
                reports.answered(question, found == nil && provider.hearsLate)
            }
            if !provider.state.isUsable, MonotonicClock.now >= nextAttempt {
                report(provider.begin())
                nextAttempt = MonotonicClock.now &+ Self.retry
            }
            if provider.state != last {
                last = provider.state
                reports.state(last)
            }
        }
    }

    private func report(_ found: [FoundWorkload]) {
        if !found.isEmpty { reports.found(found) }
    }

    /// Waits for a question or a change.
    private func wait(until deadline: UInt64?) {
        guard let descriptor = provider.descriptor else {
            _ = try? wake.wait(until: deadline ?? MonotonicClock.now &+ Self.retry)
            return
        }
        var requests: InlineArray<2, PollRequest> = [
            PollRequest(descriptor: wake.raw, wanted: .readable),
            PollRequest(descriptor: descriptor, wanted: .readable),
        ]
        // Nothing but a broken invariant can make this fail; then the state is looked at again.
        _ = try? Polling.wait(&requests, until: deadline)
    }
}
