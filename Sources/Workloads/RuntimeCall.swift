import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LinuxSystem
import Synchronization

/// One call of a runtime's gRPC API, from a thread that may wait.
package struct RuntimeCall: Sendable {
    /// Ten thousand pods with all that Kubernetes writes on them.
    private static let longestAnswer = 64 << 20

    /// Of the socket.
    let path: String
    let service: String
    private let patience: Duration

    /// - Parameters:
    ///   - path: of the socket.
    ///   - service: `runtime.v1.RuntimeService`.
    ///   - patience: for one answer.
    package init(path: String, service: String, patience: Duration = .seconds(2)) {
        self.path = path
        self.service = service
        self.patience = patience
    }

    /// The answer's message; nil where there is none in time.
    /// - Parameter namespace: of containerd's own API, which has containers in namespaces of its own.
    package func ask(_ method: String, _ request: [UInt8], namespace: String? = nil) -> [UInt8]? {
        let answer = Answer()
        let (path, patience) = (path, patience)
        let method = MethodDescriptor(fullyQualifiedService: service, method: method)
        var metadata: Metadata = [:]
        if let namespace { metadata.addString(namespace, forKey: "containerd-namespace") }
        let call = ClientRequest(message: request, metadata: metadata)
        let task = Task.detached {
            answer.set(try? await Self.call(path, method, call, patience))
        }
        let limit = 2 * UInt64(patience / Duration.nanoseconds(1))
        guard let result = answer.wait(until: MonotonicClock.now &+ limit) else {
            task.cancel()
            return nil
        }
        return result
    }

    private static func call(
        _ path: String, _ method: MethodDescriptor, _ request: ClientRequest<[UInt8]>,
        _ patience: Duration
    ) async throws -> [UInt8] {
        let options = options(patience: patience, longestAnswer: longestAnswer)
        return try await withGRPCClient(transport: transport(to: path)) { client in
            try await client.unary(
                request: request, descriptor: method, serializer: Plain(), deserializer: Plain(),
                options: options
            ) { try $0.message }
        }
    }

    /// A connection to a runtime.
    static func transport(to path: String) throws -> HTTP2ClientTransport.Posix {
        try HTTP2ClientTransport.Posix(
            target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext)
    }

    /// - Parameters:
    ///   - patience: for all of a call; nil = as long as it lasts.
    ///   - longestAnswer: of one message.
    static func options(patience: Duration?, longestAnswer: Int) -> CallOptions {
        var options = CallOptions.defaults
        options.waitForReady = false
        options.timeout = patience
        options.maxResponseMessageBytes = longestAnswer
        // The transport bounds answers by the limit for requests.
        options.maxRequestMessageBytes = longestAnswer
        return options
    }

    /// Messages as bytes.
    struct Plain: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
            unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        }
    }

    /// A result that a thread waits for.
    private final class Answer: Sendable {
        private let result = Mutex<[UInt8]??>(.none)
        private let done: EventFD?

        init() { done = try? EventFD() }

        func set(_ bytes: [UInt8]?) {
            result.withLock { $0 = .some(bytes) }
            done?.signal()
        }

        func wait(until deadline: UInt64) -> [UInt8]?? {
            _ = try? done?.wait(until: deadline)
            return result.withLock { $0 }
        }
    }
}
