import AgentModel
import ControlProtos
import EventFilters
import EventModel
import FoundationEssentials
import GRPCCore
import SwiftProtobuf

/// `tetragon.FineGuidanceSensors`: what Tetragon's own clients speak.
struct SensorsService: RegistrableRPCService {
    static let name = "tetragon.FineGuidanceSensors"

    let agent: any AgentControl
    let version: String
    let subscriptions: Subscriptions
    let authority: ChangeAuthority

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        let agent = agent
        let version = version
        let subscriptions = subscriptions
        router.stream(Self.name, "GetEvents") { (request: Tetragon_GetEventsRequest, context) in
            let subscription = Subscription(
                allow: request.allowList.map(FilterSpec.init), deny: request.denyList.map(FilterSpec.init),
                fieldFilters: request.fieldFilters.map(FieldFilterSpec.init),
                aggregation: request.hasAggregationOptions
                    ? try AggregationSpec(request.aggregationOptions) : nil, format: .protobuf,
                peer: Subscriptions.peer(context))
            return try subscriptions.open(subscription) { batch, writer in
                if batch.lostBefore > 0 {
                    try await writer.write(try await Self.loss(batch.lostBefore, agent)[...])
                }
                for run in batch.runs() {
                    try await writer.write(contentsOf: run.map { batch.bytes[batch.range(of: $0)] })
                }
            }
        }
        router.answer(Self.name, "GetHealth") { (_: Tetragon_GetHealthStatusRequest) in
            Self.health(await agent.status())
        }
        router.answer(Self.name, "GetVersion") { (_: Tetragon_GetVersionRequest) in
            var answer = Tetragon_GetVersionResponse()
            answer.version = version
            return answer
        }
        router.answer(Self.name, "GetInfo") { (_: Tetragon_GetInfoRequest) in
            try Self.info(
                version: version, mechanisms: await agent.mechanisms(),
                configuration: await agent.configuration())
        }
        PolicyService(agent: agent, authority: authority).register(on: Self.name, with: &router)
        RuntimeHookService(agent: agent, authority: authority).register(on: Self.name, with: &router)
        for method in Self.otherCalls {
            router.refuse(Self.name, method, because: "use secctl status and secctl doctor")
        }
    }

    private static let otherCalls = [
        "ListSensors", "EnableSensor", "DisableSensor", "RemoveSensor", "GetDebug", "SetDebug",
    ]

    /// Says how many events this client lost, where they would have been.
    private static func loss(_ count: UInt64, _ agent: any AgentControl) async throws -> [UInt8] {
        var event = Tetragon_GetEventsResponse()
        event.rateLimitInfo.numberOfDroppedProcessEvents = count
        event.nodeName = await agent.status().nodeName
        event.time = Google_Protobuf_Timestamp(date: Date())
        return try event.serializedBytes()
    }

    private static func health(_ status: AgentStatus) -> Tetragon_GetHealthStatusResponse {
        var health = Tetragon_HealthStatus()
        health.event = .status
        health.status = status.problems.isEmpty ? .healthStatusRunning : .healthStatusError
        health.details = status.problems.isEmpty ? "running" : status.problems.joined(separator: "; ")
        var answer = Tetragon_GetHealthStatusResponse()
        answer.healthStatus = [health]
        return answer
    }

    private static func info(
        version: String, mechanisms: [MechanismListing], configuration: [String: String]
    ) throws -> Tetragon_GetInfoResponse {
        var answer = Tetragon_GetInfoResponse()
        answer.version = version
        answer.name = "secd"
        answer.probes = mechanisms.map { mechanism in
            var probe = Tetragon_GetInfoResponse.Probe()
            probe.name = mechanism.mechanism
            probe.enabled = Google_Protobuf_BoolValue(mechanism.available)
            return probe
        }
        answer.conf = try configuration.sorted { $0.key < $1.key }.map { key, value in
            var entry = Tetragon_GetInfoResponse.ConfVal()
            entry.key = key
            entry.value = try Google_Protobuf_Any(message: Google_Protobuf_StringValue(value))
            return entry
        }
        return answer
    }
}
