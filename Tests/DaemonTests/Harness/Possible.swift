import Dispatch
import Testing

extension Trait where Self == ConditionTrait {
    /// A test that needs what has to be tried out, with programs of others and for seconds.
    ///
    /// Asked when tests of it are chosen: a comment that is computed is computed in every tier. On a thread of its own,
    /// because an obstacle may be found by calls that need the threads of the concurrency runtime, of which there are two.
    ///
    /// - Parameters:
    ///   - what: the reason as the report has it.
    ///   - obstacle: why there is none, which is printed; nil = there is.
    static func needs(_ what: Comment, _ obstacle: @escaping @Sendable () -> String?) -> Self {
        .enabled("needs \(what)") {
            let obstacle = await withCheckedContinuation { answer in
                DispatchQueue.global().async { answer.resume(returning: obstacle()) }
            }
            if let obstacle { print("no \(what): \(obstacle)") }
            return obstacle == nil
        }
    }
}
