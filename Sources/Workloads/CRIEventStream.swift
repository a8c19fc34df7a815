import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LinuxSystem
import Synchronization
import SystemPackage

/// Events of a runtime, read by a task until the stream ends, and kept until the provider's thread takes them. It is not
/// opened anew before that: some runtimes keep what they held for a client that has gone.
final class CRIEventStream: Sendable {
    /// What the task has told.
    struct Batch: Sendable {
        /// `ContainerEventResponse`, oldest first.
        var events: [[UInt8]] = []
        /// Whether more came than could be kept: a list has the rest.
        var isIncomplete = false
        /// Set when nothing comes any more.
        var end: End?
    }

    /// How a stream ended.
    enum End: Sendable, Hashable {
        /// The runtime has no events.
        case notOffered
        /// It ended, for this reason.
        case ended(String)
    }

    /// Of one event: a pod with a hundred containers and all that Kubernetes writes on them.
    private static let longestEvent = 4 << 20

    private struct Books {
        var queue = CRIEventQueue()
        var hasEvents = false
        var end: End?
    }

    private let books = Mutex(Books())
    private let bell: EventFD
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// Readable when `take` has something.
    var descriptor: Int32 { bell.raw }

    /// Opens the stream of the runtime that a call goes to.
    /// - Throws: `Errno` where the kernel gives no descriptor.
    init(_ call: RuntimeCall) throws(Errno) {
        bell = try EventFD()
        let (path, service) = (call.path, call.service)
        // Weak: whoever forgets the stream ends it.
        let reading = Task.detached { [weak self] in
            let end = await Self.read(path, service) { [weak self] in self?.put($0) }
            self?.finish(end)
        }
        task.withLock { $0 = reading }
    }

    deinit { task.withLock { $0?.cancel() } }

    /// What came since the last call.
    func take() -> Batch {
        bell.drain()
        return books.withLock { books in
            let (events, isIncomplete) = books.queue.take()
            return Batch(events: events, isIncomplete: isIncomplete, end: books.end)
        }
    }

    private func put(_ event: [UInt8]) {
        books.withLock { books in
            books.hasEvents = true
            books.queue.put(event)
        }
        bell.signal()
    }

    private func finish(_ end: (any Error)?) {
        books.withLock { $0.end = Self.reason(end, hasEvents: $0.hasEvents) }
        bell.signal()
    }

    private static func reason(_ error: (any Error)?, hasEvents: Bool) -> End {
        switch error {
        // So do runtimes whose events are switched off.
        case nil: .ended(hasEvents ? "it ended" : "it ended without any")
        case let error as RPCError where error.code == .unimplemented: .notOffered
        case let error as RPCError: .ended(String(error.message.prefix(longestReason)))
        case let error?: .ended(String("\(error)".prefix(longestReason)))
        }
    }

    /// Characters of what a runtime says about an error.
    private static let longestReason = 200

    private static func read(
        _ path: String, _ service: String, _ take: @escaping @Sendable ([UInt8]) -> Void
    ) async -> (any Error)? {
        let method = MethodDescriptor(fullyQualifiedService: service, method: "GetContainerEvents")
        let options = RuntimeCall.options(patience: nil, longestAnswer: longestEvent)
        do {
            try await withGRPCClient(transport: RuntimeCall.transport(to: path)) { client in
                try await client.serverStreaming(
                    request: ClientRequest(message: []), descriptor: method,
                    serializer: RuntimeCall.Plain(), deserializer: RuntimeCall.Plain(), options: options
                ) { response in
                    for try await event in response.messages { take(event) }
                }
            }
            return nil
        } catch {
            return error
        }
    }
}
