import Dispatch
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization

/// A runtime that answers calls of the CRI, and one of containerd's own API, with messages of the test's, and tells events as it is told.
final class FakeRuntime: RegistrableRPCService {
    private static let service = "runtime.v1.RuntimeService"

    private struct Books {
        var answers: [String: [UInt8]] = [:]
        var calls: [String: Int] = [:]
        var streams: [AsyncStream<[UInt8]>.Continuation] = []
        var server: GRPCServer<HTTP2ServerTransport.Posix>?
    }

    let path: String
    private let hasEvents: Bool
    private let books = Mutex(Books())
    private let opened = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - hasEvents: whether it offers events at all.
    ///   - answers: by method; for others there is an error.
    init(_ path: String, hasEvents: Bool = true, _ answers: [String: [UInt8]]) throws {
        self.path = path
        self.hasEvents = hasEvents
        books.withLock { $0.answers = answers }
        let transport = HTTP2ServerTransport.Posix(
            address: .unixDomainSocket(path: path), transportSecurity: .plaintext)
        let server = GRPCServer(transport: transport, services: [self])
        books.withLock { $0.server = server }
        let listens = DispatchSemaphore(value: 0)
        let ended = ended
        Task.detached {
            try? await server.serve()
            ended.signal()
        }
        Task.detached {
            _ = try? await transport.listeningAddress
            listens.signal()
        }
        guard listens.wait(timeout: .now() + 30) == .success else { throw CancellationError() }
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        let calls = ["Version", "ListPodSandbox", "ListContainers", "ContainerStatus"].map {
            ($0, Self.service)
        }
        for (method, service) in calls + [("Get", "containerd.services.containers.v1.Containers")] {
            router.registerHandler(
                forMethod: MethodDescriptor(fullyQualifiedService: service, method: method),
                deserializer: Plain(), serializer: Plain()
            ) { _, _ in
                guard let answer = self.answer(method) else {
                    return StreamingServerResponse(error: RPCError(code: .notFound, message: method))
                }
                return StreamingServerResponse(single: ServerResponse(message: answer))
            }
        }
        guard hasEvents else { return }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: "GetContainerEvents"),
            deserializer: Plain(), serializer: Plain()
        ) { _, _ in
            let events = self.openStream()
            return StreamingServerResponse(of: [UInt8].self) { writer in
                for await event in events { try await writer.write(event) }
                return [:]
            }
        }
    }

    private func answer(_ method: String) -> [UInt8]? {
        books.withLock { books in
            books.calls[method, default: 0] += 1
            return books.answers[method]
        }
    }

    private func openStream() -> AsyncStream<[UInt8]> {
        let (stream, input) = AsyncStream<[UInt8]>.makeStream()
        books.withLock { books in
            books.calls["GetContainerEvents", default: 0] += 1
            books.streams.append(input)
        }
        opened.signal()
        return stream
    }

    /// Waits until one more stream of events is open.
    func waitForStream() -> Bool { opened.wait(timeout: .now() + 30) == .success }

    /// How often it was asked.
    func calls(_ method: String) -> Int { books.withLock { $0.calls[method] ?? 0 } }

    func answer(_ method: String, _ bytes: [UInt8]) { books.withLock { $0.answers[method] = bytes } }

    /// Tells an event to all who listen.
    func send(_ event: [UInt8]) { for stream in books.withLock({ $0.streams }) { stream.yield(event) } }

    /// Ends all streams of events without an error.
    func endStreams() {
        let streams = books.withLock { books in
            defer { books.streams = [] }
            return books.streams
        }
        for stream in streams { stream.finish() }
    }

    /// Ends it, as a restart of the runtime would.
    func stop() {
        // First: whoever sees a stream end finds nobody there.
        try? FileManager.default.removeItem(atPath: path)
        books.withLock { $0.server }?.beginGracefulShutdown()
        endStreams()
        // A server that ends removes its socket once more, by its name: the next one's.
        _ = ended.wait(timeout: .now() + 30)
    }

    /// Messages as bytes.
    private struct Plain: MessageSerializer, MessageDeserializer {
        func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
        func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
            unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        }
    }
}
