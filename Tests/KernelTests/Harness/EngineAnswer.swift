import Dispatch
import Synchronization

/// Waits for what an engine answers. For long tests: swiftc 6.3.1 dies of an `await` in them (LLVM's splitting
/// of coroutines).
func answer<Value: Sendable>(_ ask: @escaping @Sendable () async -> Value) -> Value {
    let box = AnswerBox<Value>()
    let isThere = DispatchSemaphore(value: 0)
    Task.detached {
        let value = await ask()
        box.value.withLock { $0 = value }
        isThere.signal()
    }
    while true {
        isThere.wait()
        if let value = box.value.withLock(\.self) { return value }
    }
}

private final class AnswerBox<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
