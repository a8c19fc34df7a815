import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// Calls of one connection to etcd; messages as bytes.
struct EtcdCalls: Sendable {
    /// For one answer.
    static let patience = Duration.seconds(2)
    /// A page of a thousand label sets of the longest kind.
    private static let longestAnswer = 64 << 20

    /// A method of the API.
    enum Method: String {
        case range = "etcdserverpb.KV/Range"
        case transaction = "etcdserverpb.KV/Txn"
        case grant = "etcdserverpb.Lease/LeaseGrant"
        case keepAlive = "etcdserverpb.Lease/LeaseKeepAlive"
        case watch = "etcdserverpb.Watch/Watch"

        fileprivate var descriptor: MethodDescriptor {
            let parts = rawValue.split(separator: "/")
            return MethodDescriptor(fullyQualifiedService: String(parts[0]), method: String(parts[1]))
        }
    }

    let client: GRPCClient<HTTP2ClientTransport.Posix>

    /// One question, one answer.
    func ask(_ method: Method, _ request: [UInt8]) async throws -> [UInt8] {
        try await client.unary(
            request: ClientRequest(message: request), descriptor: method.descriptor, serializer: Plain(),
            deserializer: Plain(), options: Self.options(timeout: Self.patience)
        ) { try $0.message }
    }

    /// A stream of which one question and one answer are wanted.
    func askOnce(_ method: Method, _ request: [UInt8]) async throws -> [UInt8] {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest(of: [UInt8].self) { try await $0.write(request) },
            descriptor: method.descriptor,
            serializer: Plain(), deserializer: Plain(), options: Self.options(timeout: Self.patience)
        ) { response in
            for try await answer in response.messages { return answer }
            throw RPCError(code: .unavailable, message: "the stream ended without an answer")
        }
    }

    /// A stream of answers to one question, until `take` returns false or the stream ends.
    func follow(
        _ method: Method, _ request: [UInt8], _ take: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws {
        let (never, end) = AsyncStream<Void>.makeStream()
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest(of: [UInt8].self) { writer in
                try await writer.write(request)
                // The question's side stays open: closing it ends the answers.
                for await _ in never {}
            }, descriptor: method.descriptor, serializer: Plain(), deserializer: Plain(),
            options: Self.options(timeout: nil)
        ) { response in
            defer { end.finish() }
            for try await answer in response.messages where !take(answer) { return }
        }
    }

    private static func options(timeout: Duration?) -> CallOptions {
        var options = CallOptions.defaults
        options.waitForReady = false
        options.timeout = timeout
        options.maxResponseMessageBytes = longestAnswer
        // The transport bounds answers by the limit for requests.
        options.maxRequestMessageBytes = longestAnswer
        return options
    }

    /// Messages as they are.
    private struct Plain: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
            unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        }
    }
}
