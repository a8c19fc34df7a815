import ControlProtos
import EventFilters
import EventModel
import FoundationEssentials
import GRPCCore
import SwiftProtobuf

/// `secd.v1.Control`: what secctl speaks.
struct ControlService: RegistrableRPCService {
    static let name = "secd.v1.Control"

    let agent: any AgentControl
    let subscriptions: Subscriptions

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        let agent = agent
        let subscriptions = subscriptions
        router.stream(Self.name, "Events") { (request: Secd_V1_EventsRequest, context) in
            let subscription = Subscription(
                allow: request.allowList.map(FilterSpec.init), deny: request.denyList.map(FilterSpec.init),
                fieldFilters: request.fieldFilters.map(FieldFilterSpec.init), format: .json,
                peer: Subscriptions.peer(context))
            return try subscriptions.open(subscription) { batch, writer in
                for message in try Self.messages(batch) {
                    try await writer.write(message[...])
                }
            }
        }
        router.answer(Self.name, "Status") { (_: Secd_V1_StatusRequest) in
            try Self.document(await agent.status())
        }
        router.answer(Self.name, "Processes") { (_: Secd_V1_ProcessesRequest) in
            try Self.document(await agent.processes())
        }
        router.answer(Self.name, "Sockets") { (_: Secd_V1_SocketsRequest) in
            try Self.document(await agent.sockets())
        }
        router.answer(Self.name, "Workloads") { (_: Secd_V1_WorkloadsRequest) in
            try Self.document(await agent.workloads())
        }
        router.answer(Self.name, "Identities") { (_: Secd_V1_IdentitiesRequest) in
            try Self.document(await agent.identities())
        }
        router.answer(Self.name, "Mechanisms") { (_: Secd_V1_MechanismsRequest) in
            try Self.document(await agent.mechanisms())
        }
        router.answer(Self.name, "Configuration") { (_: Secd_V1_ConfigurationRequest) in
            try Self.document(await agent.configuration())
        }
        router.answer(Self.name, "Policies") { (_: Secd_V1_PoliciesRequest) in
            try Self.document(await agent.policies())
        }
    }

    /// A batch as `EventLines`: one message per run of lines, so that a client with the usual limit
    /// of 4 MiB per message can take them. A loss without events is told too.
    private static func messages(_ batch: EventBatch) throws -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var lost = batch.lostBefore
        for run in batch.runs() {
            guard let last = run.last else { continue }
            let start = batch.range(of: run.lowerBound).lowerBound
            var lines = Secd_V1_EventLines()
            lines.lines = Data(batch.bytes[start..<batch.entries[last].end])
            lines.ends = run.map { UInt32(clamping: batch.entries[$0].end - start) }
            lines.lost = lost
            lost = 0
            messages.append(try lines.serializedBytes())
        }
        if lost > 0 {
            var lines = Secd_V1_EventLines()
            lines.lost = lost
            messages.append(try lines.serializedBytes())
        }
        return messages
    }

    private static func document(_ value: some Encodable) throws -> Secd_V1_Document {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A rate before its first measurement may be no number; the client shows it as such.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        var document = Secd_V1_Document()
        document.json = try encoder.encode(value)
        return document
    }
}
