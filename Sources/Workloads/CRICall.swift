import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LinuxSystem
import Synchronization

/// One call of the container runtime interface, from a thread that may wait.
struct CRICall: Sendable {
    /// For one answer.
    private static let patience = Duration.seconds(2)
    /// Ten thousand pods with all that Kubernetes writes on them.
    private static let longestAnswer = 64 << 20

    let path: String

    /// The answer's message; nil where there is none in time.
    func ask(_ method: String, _ request: [UInt8]) -> [UInt8]? {
        let answer = Answer()
        let path = path
        let task = Task.detached {
            answer.set(try? await Self.call(path, method, request))
        }
        guard let result = answer.wait(until: MonotonicClock.now &+ 2 * 2_000_000_000) else {
            task.cancel()
            return nil
        }
        return result
    }

    private static func call(_ path: String, _ method: String, _ request: [UInt8]) async throws -> [UInt8] {
        var options = CallOptions.defaults
        options.waitForReady = false
        options.timeout = patience
        options.maxResponseMessageBytes = longestAnswer
        options.maxRequestMessageBytes = longestAnswer
        let transport = try HTTP2ClientTransport.Posix(
            target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext)
        let call = options
        return try await withGRPCClient(transport: transport) { client in
            try await client.unary(
                request: ClientRequest(message: request),
                descriptor: MethodDescriptor(
                    fullyQualifiedService: "runtime.v1.RuntimeService", method: method),
                serializer: Plain(), deserializer: Plain(), options: call
            ) { try $0.message }
        }
    }

    /// Messages as bytes.
    private struct Plain: MessageSerializer, MessageDeserializer {
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
