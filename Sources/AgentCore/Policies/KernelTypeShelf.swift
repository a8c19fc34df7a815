import EventFilters
import PolicyCompiler
import Sensors
import Synchronization

/// The kernel's types, kept for a while after somebody asked for them: policies change seldom, but then
/// often several times in a row, and reading them takes longer than building the tables of a thousand
/// policies. They are 7 MiB, so they are not kept for good.
final class KernelTypeShelf: Sendable {
    static let shared = KernelTypeShelf()

    private struct State {
        var types: BTFKernelTypes?
        /// How often they were asked for.
        var questions: UInt64 = 0
    }

    /// How long nobody asks before they are forgotten.
    private static let patience: Duration = .seconds(20)

    private let state = Mutex(State())

    /// - Throws: `PolicyKernel.Unknown` where the kernel tells nothing of itself.
    func types() throws(PolicyKernel.Unknown) -> BTFKernelTypes {
        let kept = state.withLock { state in
            state.questions += 1
            return state.types
        }
        if let kept { return kept }
        let types = try PolicyKernel.types { pattern in
            (try? LinearRegex(pattern)).map { expression in { expression.matches($0) } }
        }
        let isFirst = state.withLock { state in
            defer { state.types = types }
            return state.types == nil
        }
        if isFirst { forgetLater() }
        return types
    }

    private func forgetLater() {
        Task.detached { [self] in
            var seen: UInt64
            repeat {
                seen = state.withLock { $0.questions }
                try? await Task.sleep(for: Self.patience)
            } while !forget(unlessAskedSince: seen)
        }
    }

    private func forget(unlessAskedSince seen: UInt64) -> Bool {
        state.withLock { state in
            guard state.questions == seen else { return false }
            state.types = nil
            return true
        }
    }
}
