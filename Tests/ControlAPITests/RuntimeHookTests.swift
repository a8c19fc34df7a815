import AgentModel
import ControlAPI
import ControlProtos
import Foundation
import GRPCCore
import SwiftProtobuf
import Testing

/// Containers of which hooks of runtimes tell.
@Suite(.timeLimit(.minutes(5))) struct RuntimeHookTests {
    private static var web: ContainerRegistration {
        var container = ContainerRegistration(id: "00ff")
        container.cgroup = "/web"
        container.annotations = ["app": "ä"]
        container.name = "web"
        container.image = "nginx:1.27"
        container.podName = "web-1"
        container.podNamespace = "shop"
        container.podUID = "u1"
        return container
    }

    @Test func aContainerComesWithAllThatIsKnownOfIt() async throws {
        try await Fixture.run { fixture in
            try await fixture.client.register(Self.web)
            var expected = Self.web
            expected.caller = UInt32(getpid())
            #expect(fixture.agent.book.containers == [expected])
        }
    }

    /// Whose cgroup it is says the kernel, not the client.
    @Test func theCallerCannotBeForged() async throws {
        try await Fixture.run { fixture in
            var metadata: Metadata = [:]
            metadata.addString("1", forKey: "secd-peer-process")
            let _: Tetragon_RuntimeHookResponse = try await fixture.tetragon(
                "RuntimeHook", Tetragon_RuntimeHookRequest.with { $0.createContainer.containerID = "a" },
                metadata: metadata)
            #expect(fixture.agent.book.containers.map(\.caller) == [UInt32(getpid())])
        }
    }

    @Test func aRefusalSaysWhy() async throws {
        try await Fixture.run { fixture in
            fixture.agent.book.refuse(PolicyChangeError(.unavailable, "it has no name"))
            let error = await #expect(throws: ClientError.self) {
                try await fixture.client.register(Self.web)
            }
            #expect(error?.description == "it has no name")
        }
    }

    @Test func whoMayNotChangePoliciesRegistersNothing() async throws {
        try await Fixture.run(changers: [geteuid() &+ 1]) { fixture in
            await #expect(throws: ClientError.self) { try await fixture.client.register(Self.web) }
            #expect(fixture.agent.book.containers.isEmpty)
        }
    }

    @Test(arguments: [
        Tetragon_RuntimeHookRequest(), .with { $0.createContainer = Tetragon_CreateContainer() },
        .with { $0.createContainer.containerID = String(repeating: "x", count: 4097) },
        .with { request in
            request.createContainer.containerID = "a"
            for number in 0...4096 { request.createContainer.annotations["\(number)"] = "" }
        },
    ])
    func whatIsNoContainerIsRefused(_ request: Tetragon_RuntimeHookRequest) async throws {
        try await Fixture.run { fixture in
            let error = await #expect(throws: RPCError.self) {
                let _: Tetragon_RuntimeHookResponse = try await fixture.tetragon("RuntimeHook", request)
            }
            #expect(error?.code == .invalidArgument)
            #expect(fixture.agent.book.containers.isEmpty)
        }
    }
}
