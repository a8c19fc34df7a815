import ControlAPI
import Foundation
import Glibc
import Testing

/// A socket that takes connections and never says a word.
private final class SilentListener {
    let path = "/tmp/secd-silent-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    private let descriptor: Int32

    init?() {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let number = descriptor
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(descriptor, 8) == 0 else { return nil }
    }

    deinit {
        close(descriptor)
        _ = unsafe unlink(path)
    }
}

@Suite(.hangGuard) struct TimeoutTests {
    @Test func whoNeverAnswersIsGivenUp() async throws {
        let listener = try #require(SilentListener())
        let client = AgentClient(socketPath: listener.path, timeout: .milliseconds(200))
        let asked = await #expect(throws: ClientError.self) { try await client.configuration() }
        #expect(asked?.isUnreachable == true)
        let streamed = await #expect(throws: ClientError.self) {
            try await client.events(Subscription(format: .json, peer: "")) { _ in true }
        }
        #expect(streamed?.isUnreachable == true)
        #expect(
            streamed?.description
                == "secd on \(listener.path) does not answer: look at its log (journalctl -u secd)")
    }

    /// The time is for the begin of a stream, not for its length.
    @Test func aStreamThatBeganMayBeSilent() async throws {
        try await Fixture.run { fixture in
            let client = AgentClient(socketPath: fixture.socket, timeout: .seconds(20))
            async let reading: Void = client.events(Subscription(format: .json, peer: "")) { lines in
                #expect(lines.count == 1)
                return false
            }
            try await fixture.agent.waitForSubscribers(1)
            let listener = try #require(SilentListener())
            let silent = AgentClient(socketPath: listener.path, timeout: .seconds(20))
            // Longer than the stream's own time, which began before; long, because all tests run at once.
            await #expect(throws: ClientError.self) { try await silent.configuration() }
            fixture.agent.publish([Array("{}".utf8)])
            try await reading
        }
    }
}
