import EventFilters
import EventModel
import GRPCCore

/// What both services do with an event stream.
struct Subscriptions: Sendable {
    let agent: any AgentControl
    let streams: OpenStreams

    /// Who asks: the transport knows an address for TCP only.
    static func peer(_ context: ServerContext) -> String {
        context.remotePeer.hasPrefix("ip") ? context.remotePeer : "unix"
    }

    /// Subscribes, so that a wrong filter is refused before the stream begins.
    /// - Returns: what gives each batch to `send` until the client or the daemon ends it. Each
    ///   `send` waits for the client: while it waits the agent's bounded queue fills, drops and counts.
    func open(
        _ subscription: Subscription,
        send: @escaping @Sendable (EventBatch, RPCWriter<ArraySlice<UInt8>>) async throws -> Void
    ) throws -> @Sendable (RPCWriter<ArraySlice<UInt8>>) async throws -> Void {
        let batches: AsyncStream<EventBatch>
        do {
            batches = try agent.subscribe(subscription)
        } catch let error as FilterError {
            throw RPCError(code: .invalidArgument, message: error.description)
        } catch let error as RPCError {
            throw error
        } catch {
            throw RPCError(code: .internalError, message: "\(error)")
        }
        let streams = streams
        return { writer in
            try await streams.run {
                for await batch in batches {
                    try await send(batch, writer)
                }
            }
        }
    }
}
