import AgentModel
import ControlAPI
import ControlProtos
import Foundation
import GRPCCore
import SwiftProtobuf
import Testing

/// Tetragon's calls for policies, and who may make those that change something.
@Suite(.timeLimit(.minutes(5))) struct PolicyServiceTests {
    private static func named(_ name: String, _ namespace: String = "") -> Tetragon_DeleteTracingPolicyRequest
    {
        .with {
            $0.name = name
            $0.namespace = namespace
        }
    }

    @Test func policiesAreListedInTetragonsWords() async throws {
        try await Fixture.run { fixture in
            var counters = PolicyCounters()
            counters.post = 3
            counters.signal = 2
            counters.monitorOverride = 1
            counters.noPost = 4
            var policy = FakePolicies.status("keys", namespace: "demo", domain: "static")
            policy.source = "/etc/secd/policies/keys.yaml"
            policy.state = .partiallyEnabled
            policy.error = "the text before goes on"
            policy.kernelBytes = 4096
            policy.hooks = [
                PolicyHookStatus(
                    path: "spec.kprobes[1]", section: "kprobes", index: 1, point: "security_file_open",
                    state: "loaded", mechanism: "lsm/file_open", effect: "prevent", blindSpots: ["io_uring"],
                    degraded: false)
            ]
            policy.selectors = [
                PolicySelectorStatus(
                    hook: "security_file_open", hookIndex: 1, selectorIndex: 2, label: "who",
                    counters: counters)
            ]
            fixture.agent.book.set([policy, FakePolicies.status("other")])
            let all: Tetragon_ListTracingPoliciesResponse = try await fixture.tetragon(
                "ListTracingPolicies", Tetragon_ListTracingPoliciesRequest())
            #expect(all.policies.map(\.name) == ["keys", "other"])
            let keys = try #require(all.policies.first)
            #expect(keys.namespace == "demo" && keys.domain == "static" && keys.enabled)
            #expect(keys.info == "/etc/secd/policies/keys.yaml" && keys.error == "the text before goes on")
            #expect(keys.state == .tpStatePartiallyEnabled && keys.mode == .tpModeEnforce)
            #expect(keys.sensors == ["lsm/file_open"] && keys.kernelMemoryBytes == 4096)
            #expect(keys.stats.actionCounters.post == 3 && keys.stats.actionCounters.nopost == 4)
            #expect(keys.stats.actionCounters.signal == 2 && keys.stats.actionCounters.monitorOverride == 1)
            let selector = try #require(keys.stats.selectorActionCounters.first)
            #expect(selector.hook == "security_file_open" && selector.selectorLabel == "who")
            #expect(selector.hookIndex.value == 1 && selector.selectorIndex.value == 2)
            let hook = try #require(keys.hookStatuses.first)
            #expect(hook.section == "kprobes" && hook.hookIdx == 1 && hook.state == .statusLoaded)
            #expect(hook.hookDescription == "security_file_open by lsm/file_open: prevent")
            let files: Tetragon_ListTracingPoliciesResponse = try await fixture.tetragon(
                "ListTracingPolicies", Tetragon_ListTracingPoliciesRequest.with { $0.domain = "static" })
            #expect(files.policies.map(\.name) == ["keys"])
            let domains: Tetragon_ListDomainsResponse = try await fixture.tetragon(
                "ListDomains", Tetragon_ListDomainsRequest())
            #expect(domains.domains == ["grpc", "static"])
            // And as secctl asks.
            let asked = try await fixture.client.policies()
            #expect(asked == [policy, FakePolicies.status("other")])
        }
    }

    @Test func changesOfTetragonsClients() async throws {
        try await Fixture.run { fixture in
            let _: Tetragon_AddTracingPolicyResponse = try await fixture.tetragon(
                "AddTracingPolicy", Tetragon_AddTracingPolicyRequest.with { $0.yaml = "kind: x" })
            #expect(fixture.agent.book.additions == [PolicyAddition(yaml: Array("kind: x".utf8))])
            let _: Tetragon_DisableTracingPolicyResponse = try await fixture.tetragon(
                "DisableTracingPolicy", Tetragon_DisableTracingPolicyRequest.with { $0.name = "added" })
            #expect(fixture.agent.book.all.map(\.state) == [.disabled])
            let _: Tetragon_EnableTracingPolicyResponse = try await fixture.tetragon(
                "EnableTracingPolicy", Tetragon_EnableTracingPolicyRequest.with { $0.name = "added" })
            #expect(fixture.agent.book.all.map(\.state) == [.enabled])
            let _: Tetragon_ConfigureTracingPolicyResponse = try await fixture.tetragon(
                "ConfigureTracingPolicy",
                Tetragon_ConfigureTracingPolicyRequest.with {
                    $0.name = "added"
                    $0.mode = .tpModeMonitor
                })
            #expect(fixture.agent.book.all.map(\.mode) == [.monitor])
            #expect(fixture.agent.book.all.map(\.enabled) == [true])
            let wrong = await #expect(throws: RPCError.self) {
                let _: Tetragon_ConfigureTracingPolicyResponse = try await fixture.tetragon(
                    "ConfigureTracingPolicy",
                    Tetragon_ConfigureTracingPolicyRequest.with {
                        $0.name = "added"
                        $0.mode = .tpModeMonitorOnly
                    })
            }
            #expect(wrong?.code == .invalidArgument)
            let elsewhere = await #expect(throws: RPCError.self) {
                let _: Tetragon_DeleteTracingPolicyResponse = try await fixture.tetragon(
                    "DeleteTracingPolicy",
                    Tetragon_DeleteTracingPolicyRequest.with {
                        $0.name = "added"
                        $0.domain = "static"
                    })
            }
            #expect(elsewhere?.code == .notFound)
            let _: Tetragon_DeleteTracingPolicyResponse = try await fixture.tetragon(
                "DeleteTracingPolicy", Self.named("added"))
            #expect(fixture.agent.book.all.isEmpty)
            let missing = await #expect(throws: RPCError.self) {
                let _: Tetragon_DeleteTracingPolicyResponse = try await fixture.tetragon(
                    "DeleteTracingPolicy", Self.named("added", "demo"))
            }
            #expect(missing?.code == .notFound && missing?.message == "there is no policy demo/added")
        }
    }

    @Test func wishesOfSecctlArrive() async throws {
        try await Fixture.run { fixture in
            let addition = PolicyAddition(
                yaml: [0x61], source: "dir/é.yaml", replaces: true, isForced: true, mode: .monitor)
            try await fixture.client.add(addition)
            var expected = addition
            expected.source = "dir/?.yaml"
            #expect(fixture.agent.book.additions == [expected])
            try await fixture.client.configure(PolicyKey(name: "added"), enabled: false, mode: .enforce)
            #expect(fixture.agent.book.all.map(\.mode) == [.enforce])
            #expect(fixture.agent.book.all.map(\.enabled) == [false])
            try await fixture.client.delete(PolicyKey(name: "added"))
            #expect(fixture.agent.book.all.isEmpty)
        }
    }

    @Test func refusalsKeepTheirWords() async throws {
        try await Fixture.run { fixture in
            let long = "p.yaml:1:1: error: " + String(repeating: "x", count: 9000)
            fixture.agent.book.refuse(PolicyChangeError(.invalid, long + "\nend"))
            let error = await #expect(throws: ClientError.self) {
                try await fixture.client.add(PolicyAddition(yaml: []))
            }
            #expect(error?.isUnreachable == false)
            #expect(error?.description == String(long.prefix(4096)) + "…")
            fixture.agent.book.refuse(PolicyChangeError(.unavailable, "line one\nline two"))
            let second = await #expect(throws: ClientError.self) {
                try await fixture.client.add(PolicyAddition(yaml: []))
            }
            #expect(second?.description == "line one\nline two")
            #expect(second?.isUnreachable == false)
        }
    }

    /// The caller is nobody who may change policies, and says that it is: the daemon believes the kernel.
    @Test func othersMayReadAndNothingElse() async throws {
        let someone = geteuid() &+ 1
        try await Fixture.run(changers: [someone]) { fixture in
            fixture.agent.book.set([FakePolicies.status("kept")])
            var metadata: Metadata = [:]
            metadata.addString(String(someone), forKey: "secd-peer-user")
            for forged in [Metadata(), metadata] {
                let refusal = await #expect(throws: RPCError.self) {
                    let _: Tetragon_DeleteTracingPolicyResponse = try await fixture.tetragon(
                        "DeleteTracingPolicy", Self.named("kept"), metadata: forged)
                }
                #expect(refusal?.code == .permissionDenied)
                #expect(
                    refusal?.message
                        == "only root may change policies; user \(geteuid()) may read them")
            }
            for call in [
                { try await fixture.client.add(PolicyAddition(yaml: [])) },
                { try await fixture.client.delete(PolicyKey(name: "kept")) },
                { try await fixture.client.configure(PolicyKey(name: "kept"), enabled: false) },
            ] as [@Sendable () async throws -> Void] {
                await #expect(throws: ClientError.self) { try await call() }
            }
            #expect(fixture.agent.book.additions.isEmpty)
            let policies = try await fixture.client.policies()
            #expect(policies == [FakePolicies.status("kept")])
        }
    }

    @Test func aTextBeyondTheLimitIsRefusedUnread() async throws {
        try await Fixture.run { fixture in
            await #expect(throws: ClientError.self) {
                try await fixture.client.add(
                    PolicyAddition(yaml: [UInt8](repeating: 0x20, count: 2 << 20)))
            }
            #expect(fixture.agent.book.additions.isEmpty)
        }
    }
}
