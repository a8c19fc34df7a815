import GRPCCore
import Synchronization

/// The event streams that clients have open, so that a stop can end them in order: each gets its
/// last message and the status OK.
final class OpenStreams: Sendable {
    /// Streams that may be open at once. Each one costs the agent a queue and the worker an encoding.
    static let limit = 256

    private struct State {
        var closed = false
        var next: UInt64 = 0
        var tasks: [UInt64: Task<Void, any Error>] = [:]
        /// Streams whose client went away or whose time is over.
        var cancelled: Set<UInt64> = []
    }
    private let state = Mutex(State())

    /// Runs the body of one stream until it ends, `endAll` (an end in order), or the client goes or lets
    /// the call's deadline pass.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await body() }
        let number: UInt64
        do {
            number = try register(task)
        } catch {
            task.cancel()
            throw error
        }
        defer {
            state.withLock { state in
                state.tasks.removeValue(forKey: number)
                state.cancelled.remove(number)
            }
        }
        try await withRPCCancellationHandler {
            try await withTaskCancellationHandler {
                do {
                    try await task.value
                } catch {
                    // A cancelled write fails in the transport's words; nobody is there to read them.
                    guard task.isCancelled else { throw error }
                }
            } onCancel: {
                task.cancel()
            }
        } onCancelRPC: {
            self.state.withLock { state in
                if !state.closed, state.tasks[number] != nil { state.cancelled.insert(number) }
            }
            task.cancel()
        }
        // Who hung up does not hear it; who set a deadline must not take its end for the daemon's.
        if state.withLock({ $0.cancelled.contains(number) }) {
            throw RPCError(code: .deadlineExceeded, message: "the time that the client gave the call is over")
        }
    }

    /// Ends all streams and refuses new ones.
    func endAll() {
        let tasks = state.withLock { state in
            state.closed = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }

    private func register(_ task: Task<Void, any Error>) throws(RPCError) -> UInt64 {
        try state.withLock { state throws(RPCError) in
            if state.closed {
                throw RPCError(code: .unavailable, message: "secd is stopping: try again when it is back")
            }
            if state.tasks.count >= Self.limit {
                throw RPCError(
                    code: .resourceExhausted,
                    message: "\(Self.limit) clients read events already: close some of them")
            }
            state.next += 1
            state.tasks[state.next] = task
            return state.next
        }
    }
}
