public import AgentModel
import ControlProtos
import GRPCCore
import SwiftProtobuf

extension AgentClient {
    /// Adds the policies of a text: all, or none.
    public func add(_ addition: PolicyAddition) async throws {
        var request = Tetragon_AddTracingPolicyRequest()
        request.yaml = String(decoding: addition.yaml, as: UTF8.self)
        var metadata: Metadata = [:]
        if !addition.source.isEmpty {
            // Headers are ASCII.
            metadata.addString(
                String(addition.source.map { $0.isASCII && !$0.isNewline ? $0 : "?" }),
                forKey: PolicyService.Wish.source)
        }
        if addition.replaces { metadata.addString("true", forKey: PolicyService.Wish.replace) }
        if addition.isForced { metadata.addString("true", forKey: PolicyService.Wish.force) }
        if let mode = addition.mode { metadata.addString(mode.rawValue, forKey: PolicyService.Wish.mode) }
        _ = try await change(
            "AddTracingPolicy", request, metadata: metadata, Tetragon_AddTracingPolicyResponse.self)
    }

    /// Removes a policy that the API brought.
    public func delete(_ key: PolicyKey) async throws {
        var request = Tetragon_DeleteTracingPolicyRequest()
        request.name = key.name
        request.namespace = key.namespace
        _ = try await change("DeleteTracingPolicy", request, Tetragon_DeleteTracingPolicyResponse.self)
    }

    /// Switches a policy on or off, or changes its mode; what is nil stays.
    public func configure(_ key: PolicyKey, enabled: Bool? = nil, mode: PolicyRunMode? = nil) async throws {
        var request = Tetragon_ConfigureTracingPolicyRequest()
        request.name = key.name
        request.namespace = key.namespace
        if let enabled { request.enable = enabled }
        if let mode { request.mode = mode == .enforce ? .tpModeEnforce : .tpModeMonitor }
        _ = try await change(
            "ConfigureTracingPolicy", request, Tetragon_ConfigureTracingPolicyResponse.self)
    }

    private func change<Response: Message>(
        _ method: String, _ request: some Message, metadata: Metadata = [:], _ response: Response.Type
    ) async throws -> Response {
        try await call(
            ClientTarget.method(method, of: SensorsService.name), request, metadata: metadata, response)
    }
}
