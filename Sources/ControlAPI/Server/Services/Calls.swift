import AgentModel
import GRPCCore
import GRPCProtobuf
import SwiftProtobuf

extension RPCRouter {
    /// A call with one request and one answer.
    mutating func answer<Request: Message, Response: Message>(
        _ service: String, _ method: String,
        with handler: @escaping @Sendable (Request) async throws -> Response
    ) {
        registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: service, method: method),
            deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Response>()
        ) { request, _ in
            let message = try await ServerRequest(stream: request).message
            return StreamingServerResponse(single: ServerResponse(message: try await handler(message)))
        }
    }

    /// A call that changes policies: only for those who may.
    mutating func change<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ authority: ChangeAuthority,
        with handler:
            @escaping @Sendable (Request, Metadata) async throws(PolicyChangeError) -> Response
    ) {
        registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: service, method: method),
            deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Response>()
        ) { request, context in
            // Before the request is read: its text is nobody's business who may not change anything.
            try authority.check(request.metadata, context)
            let metadata = request.metadata
            let message = try await ServerRequest(stream: request).message
            do throws(PolicyChangeError) {
                let answer = try await handler(message, metadata)
                return StreamingServerResponse(single: ServerResponse(message: answer))
            } catch {
                throw RPCError(error)
            }
        }
    }

    /// A call with one request and a stream of messages that are encoded already.
    mutating func stream<Request: Message>(
        _ service: String, _ method: String,
        with handler:
            @escaping @Sendable (Request, ServerContext) async throws -> (
                @Sendable (RPCWriter<ArraySlice<UInt8>>) async throws -> Void
            )
    ) {
        registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: service, method: method),
            deserializer: ProtobufDeserializer<Request>(), serializer: EncodedSerializer()
        ) { request, context in
            let message = try await ServerRequest(stream: request).message
            let produce = try await handler(message, context)
            return StreamingServerResponse { writer in
                try await produce(writer)
                return [:]
            }
        }
    }

    /// A call that exists in the protocol and not in secd.
    mutating func refuse(_ service: String, _ method: String, because reason: String) {
        registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: service, method: method),
            deserializer: UnreadDeserializer(), serializer: EncodedSerializer()
        ) { _, _ in
            throw RPCError(code: .unimplemented, message: "secd does not offer \(method): \(reason)")
        }
    }
}
