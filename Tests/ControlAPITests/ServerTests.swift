import AgentModel
import ControlAPI
import ControlProtos
import Foundation
import GRPCCore
import SwiftProtobuf
import TestSupport
import Testing

@Suite(.hangGuard) struct ServerTests {
    @Test func secctlsQuestionsAreAnswered() async throws {
        try await Fixture.run { fixture in
            let status = try await fixture.client.status()
            #expect(status.nodeName == "fake-node")
            #expect(status.uptimeSeconds == .infinity)
            #expect(status.programCounters == ["x": .max])
            let processes = try await fixture.client.processes()
            #expect(processes.count == 50_000)
            #expect(processes.last?.binary == "/bin/\"true\"" && processes.last?.arguments == "ä\n")
            #expect(try await fixture.client.sockets().isEmpty)
            #expect(try await fixture.client.mechanisms().first?.mechanism == "BPF LSM")
            #expect(try await fixture.client.configuration()["socket"] == "/x")
        }
    }

    @Test func tetragonsQuestionsAreAnswered() async throws {
        try await Fixture.run { fixture in
            let version: Tetragon_GetVersionResponse = try await fixture.tetragon(
                "GetVersion", Tetragon_GetVersionRequest())
            #expect(version.version == "1.2.3")
            let healthy: Tetragon_GetHealthStatusResponse = try await fixture.tetragon(
                "GetHealth", Tetragon_GetHealthStatusRequest())
            #expect(healthy.healthStatus.map(\.status) == [.healthStatusRunning])
            fixture.agent.setProblems(["the disk is full"])
            let ill: Tetragon_GetHealthStatusResponse = try await fixture.tetragon(
                "GetHealth", Tetragon_GetHealthStatusRequest())
            #expect(ill.healthStatus.map(\.status) == [.healthStatusError])
            #expect(ill.healthStatus.map(\.details) == ["the disk is full"])
            let info: Tetragon_GetInfoResponse = try await fixture.tetragon(
                "GetInfo", Tetragon_GetInfoRequest())
            #expect(info.probes.map(\.name) == ["BPF LSM"] && info.probes.map(\.enabled.value) == [false])
            #expect(info.conf.map(\.key) == ["node-name", "socket"])
            let value = try Google_Protobuf_StringValue(unpackingAny: info.conf[1].value)
            #expect(value.value == "/x")
            let refusal = await #expect(throws: RPCError.self) {
                let _: Tetragon_ListSensorsResponse = try await fixture.tetragon(
                    "ListSensors", Tetragon_ListSensorsRequest())
            }
            #expect(refusal?.code == .unimplemented)
            #expect(
                refusal?.message
                    == "secd does not offer ListSensors: use secctl status and secctl doctor")
        }
    }

    @Test func secondServerIsRefusedAndTheFirstGoesOn() async throws {
        try await Fixture.run { fixture in
            let error = await #expect(throws: ServerError.self) {
                _ = try await Fixture.start(fixture.socket, FakeAgent())
            }
            #expect(
                error?.description
                    == "another secd serves \(fixture.socket): stop it, or choose another --socket")
            let pid = try await fixture.client.status().pid
            #expect(pid == 42)
        }
    }

    @Test func staleSocketIsReplacedAndOtherFilesAreNot() async throws {
        let first = try await Fixture()
        let path = first.socket
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // What kill -9 leaves behind: the file, and nobody who listens.
        let kept = path + ".kept"
        try FileManager.default.linkItem(atPath: path, toPath: kept)
        await first.server.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
        try FileManager.default.moveItem(atPath: kept, toPath: path)
        let second = try await Fixture(socket: path)
        #expect(try await second.client.status().pid == 42)
        await second.server.stop()
        try Data("notes".utf8).write(to: URL(filePath: path))
        let error = await #expect(throws: ServerError.self) { _ = try await Fixture.start(path, FakeAgent()) }
        #expect(error?.description.contains("exists and is not a socket") == true)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text == "notes")
        await second.cleanUp()
    }

    @Test func garbageIsSurvived() async throws {
        try await Fixture.run { fixture in
            var generator = SeededGenerator(seed: 7)
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
            for round in 0..<60 {
                let connection = try #require(RawConnection(unix: fixture.socket))
                connection.send((round % 2 == 0 ? preface : []) + generator.bytes(1 + round * 97))
            }
            let pid = try await fixture.client.status().pid
            #expect(pid == 42)
            let silent = try #require(RawConnection(unix: fixture.socket))
            let after = try await fixture.client.status().pid
            #expect(after == 42)
            withExtendedLifetime(silent) {}
        }
    }

    @Test func oversizedRequestIsRefused() async throws {
        try await Fixture.run { fixture in
            var request = Tetragon_GetEventsRequest()
            request.allowList = [.with { $0.binaryRegex = [String(repeating: "a", count: 2 << 20)] }]
            await #expect(throws: RPCError.self) { _ = try await fixture.getEvents(request, count: 1) }
            #expect(fixture.agent.subscribers.isEmpty)
            let pid = try await fixture.client.status().pid
            #expect(pid == 42)
        }
    }

    @Test func stopEndsStreamsInOrder() async throws {
        let fixture = try await Fixture()
        let seen = Collected<String>()
        let live = Task {
            try await fixture.client.events(Subscription(format: .json, peer: "")) { lines in
                await seen.append(lines.texts)
                return true
            }
        }
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        let stalled = Task {
            try await fixture.client.events(Subscription(format: .json, peer: "")) { _ in
                for await _ in gate {}
                return false
            }
        }
        try await fixture.agent.waitForSubscribers(2)
        for _ in 0..<200 { fixture.agent.publish([[UInt8](repeating: 0x20, count: 64 << 10)]) }
        try await eventually { await !seen.all.isEmpty }
        // Returns, although the stalled reader takes nothing before the gate is opened below.
        await fixture.server.stop()
        #expect(!FileManager.default.fileExists(atPath: fixture.socket))
        // Ends without an error.
        try await live.value
        try await eventually { fixture.agent.subscribers.allSatisfy(\.ended) }
        opened.finish()
        _ = await stalled.result
        let error = await #expect(throws: ClientError.self) { _ = try await fixture.client.status() }
        #expect(
            error?.description
                == "no daemon listens on \(fixture.socket): is secd running? (systemctl status secd)")
        await fixture.cleanUp()
    }
}
