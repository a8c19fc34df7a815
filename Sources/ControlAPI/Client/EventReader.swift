import ControlProtos
import GRPCCore
import GRPCProtobuf

/// One stream of live events, read no faster than its consumer takes them: what the consumer does
/// not take in time waits in the daemon, which drops, counts and reports it.
struct EventReader: Sendable {
    let target: ClientTarget
    let request: Secd_V1_EventsRequest
    /// How long the daemon may take to begin the stream; nil = any time. Nothing bounds the stream itself.
    let timeout: Duration?

    /// Reads until `body` returns false, the daemon stops or the task is cancelled.
    func run(_ body: (EventLines) async throws -> Bool) async throws {
        let (batches, input) = AsyncThrowingStream.makeStream(of: EventLines.self)
        // The reader may take one message from the transport per word from the consumer.
        let (turns, next) = AsyncStream.makeStream(of: Void.self)
        let deadline = timeout.map { timeout in
            Task {
                guard (try? await Task.sleep(for: timeout)) != nil else { return }
                let error = RPCError(code: .deadlineExceeded, message: "no begin of the stream")
                input.finish(throwing: target.sentence(for: error))
            }
        }
        defer { deadline?.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await read(into: input, turns) { deadline?.cancel() }
                    input.finish()
                } catch {
                    input.finish(throwing: Task.isCancelled ? nil : target.sentence(for: error))
                }
            }
            defer {
                next.finish()
                group.cancelAll()
            }
            var iterator = batches.makeAsyncIterator()
            while let lines = try await iterator.next(isolation: #isolation) {
                guard try await body(lines) else { return }
                next.yield()
            }
        }
    }

    private func read(
        into input: AsyncThrowingStream<EventLines, any Error>.Continuation, _ turns: AsyncStream<Void>,
        begun: @escaping @Sendable () -> Void
    ) async throws {
        let target = target
        let request = request
        try await withGRPCClient(transport: try target.transport()) { client in
            try await client.serverStreaming(
                request: ClientRequest(message: request), descriptor: ClientTarget.method("Events"),
                serializer: ProtobufSerializer(), deserializer: ProtobufDeserializer<Secd_V1_EventLines>(),
                options: target.callOptions
            ) { response in
                begun()
                var turn = turns.makeAsyncIterator()
                for try await message in response.messages {
                    input.yield(EventLines(message))
                    guard await turn.next() != nil else { return }
                }
            }
        }
    }
}

extension EventLines {
    /// Offsets that do not fit the bytes are dropped: a broken daemon must not stop its clients.
    fileprivate init(_ message: Secd_V1_EventLines) {
        self.init(bytes: [UInt8](message.lines), lost: message.lost)
        ends.reserveCapacity(message.ends.count)
        var last = 0
        for end in message.ends {
            let end = Int(end)
            guard end >= last, end <= bytes.count else { break }
            ends.append(end)
            last = end
        }
    }
}
