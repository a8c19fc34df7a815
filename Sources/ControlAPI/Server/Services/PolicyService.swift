import AgentModel
import ControlProtos
import GRPCCore

/// The calls of `tetragon.FineGuidanceSensors` that are about policies.
struct PolicyService {
    let agent: any AgentControl
    let authority: ChangeAuthority

    /// What `secctl` says beside Tetragon's messages, as metadata of a call.
    enum Wish {
        static let source = "secd-source"
        static let replace = "secd-replace"
        static let force = "secd-force"
        static let mode = "secd-mode"
    }

    /// Characters of a source's name.
    private static let sourceLimit = 256

    func register<Transport: ServerTransport>(on service: String, with router: inout RPCRouter<Transport>) {
        let agent = agent
        let authority = authority
        router.answer(service, "ListTracingPolicies") { (request: Tetragon_ListTracingPoliciesRequest) in
            var answer = Tetragon_ListTracingPoliciesResponse()
            answer.policies = await agent.policies()
                .filter { request.domain.isEmpty || $0.domain == request.domain }
                .map { Tetragon_TracingPolicyStatus($0) }
            return answer
        }
        router.answer(service, "ListDomains") { (_: Tetragon_ListDomainsRequest) in
            var answer = Tetragon_ListDomainsResponse()
            answer.domains = Set(await agent.policies().map(\.domain)).sorted()
            return answer
        }
        router.change(service, "AddTracingPolicy", authority) {
            (request: Tetragon_AddTracingPolicyRequest, metadata) throws(PolicyChangeError) in
            try Self.check(domain: request.domain)
            _ = try await agent.addPolicies(Self.addition(request, metadata))
            return Tetragon_AddTracingPolicyResponse()
        }
        router.change(service, "DeleteTracingPolicy", authority) {
            (request: Tetragon_DeleteTracingPolicyRequest, _) throws(PolicyChangeError) in
            let key = try await Self.key(request.name, request.namespace, request.domain, agent)
            try await agent.deletePolicy(key)
            return Tetragon_DeleteTracingPolicyResponse()
        }
        router.change(service, "EnableTracingPolicy", authority) {
            (request: Tetragon_EnableTracingPolicyRequest, _) throws(PolicyChangeError) in
            let key = try await Self.key(request.name, request.namespace, request.domain, agent)
            try await agent.configurePolicy(key, enabled: true, mode: nil)
            return Tetragon_EnableTracingPolicyResponse()
        }
        router.change(service, "DisableTracingPolicy", authority) {
            (request: Tetragon_DisableTracingPolicyRequest, _) throws(PolicyChangeError) in
            let key = try await Self.key(request.name, request.namespace, request.domain, agent)
            try await agent.configurePolicy(key, enabled: false, mode: nil)
            return Tetragon_DisableTracingPolicyResponse()
        }
        router.change(service, "ConfigureTracingPolicy", authority) {
            (request: Tetragon_ConfigureTracingPolicyRequest, _) throws(PolicyChangeError) in
            let key = try await Self.key(request.name, request.namespace, request.domain, agent)
            try await agent.configurePolicy(
                key, enabled: request.hasEnable ? request.enable : nil,
                mode: try request.hasMode ? Self.mode(request.mode) : nil)
            return Tetragon_ConfigureTracingPolicyResponse()
        }
    }

    /// Policies of files are not added here; what else Tetragon has domains for is not there.
    private static func check(domain: String) throws(PolicyChangeError) {
        guard domain.isEmpty || domain == "grpc" else {
            throw PolicyChangeError(
                .invalid, "policies that the API adds belong to the domain grpc, not \"\(domain)\"")
        }
    }

    /// The policy that a request names. A domain must be its own.
    private static func key(
        _ name: String, _ namespace: String, _ domain: String, _ agent: any AgentControl
    ) async throws(PolicyChangeError) -> PolicyKey {
        let key = PolicyKey(name: name, namespace: namespace)
        guard !domain.isEmpty else { return key }
        let isThere = await agent.policies().contains {
            $0.name == name && $0.namespace == namespace && $0.domain == domain
        }
        guard isThere else {
            throw PolicyChangeError(.notFound, "there is no policy \(key) in the domain \(domain)")
        }
        return key
    }

    private static func mode(_ mode: Tetragon_TracingPolicyMode) throws(PolicyChangeError) -> PolicyRunMode {
        guard let mode = PolicyRunMode(mode), mode != .monitorOnly else {
            throw PolicyChangeError(.invalid, "the mode of a policy is enforce or monitor")
        }
        return mode
    }

    private static func addition(
        _ request: Tetragon_AddTracingPolicyRequest, _ metadata: Metadata
    ) throws(PolicyChangeError) -> PolicyAddition {
        let first = { (key: String) in metadata[stringValues: key].first { _ in true } }
        var addition = PolicyAddition(yaml: Array(request.yaml.utf8))
        addition.source = String(
            (first(Wish.source) ?? "").unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
                .prefix(Self.sourceLimit).map { Character($0) })
        addition.replaces = first(Wish.replace) == "true"
        addition.isForced = first(Wish.force) == "true"
        if let mode = first(Wish.mode) {
            guard let known = PolicyRunMode(rawValue: mode), known != .monitorOnly else {
                throw PolicyChangeError(.invalid, "the mode of a policy is enforce or monitor")
            }
            addition.mode = known
        }
        return addition
    }
}
