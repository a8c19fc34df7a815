import ControlAPI
import Foundation
import Logging
import Testing

// One after another: a port that a stopped server gave back would be given to the next.
@Suite(.serialized, .hangGuard) struct MetricsServerTests {
    private func withServer(_ body: (FakeAgent, Int) async throws -> Void) async throws {
        let agent = FakeAgent()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try await MetricsServer.start(host: "127.0.0.1", port: 0, agent: agent, logger: logger)
        do {
            try await body(agent, server.port)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        // Refused, or never taken: another test's child has the listening socket until it executes.
        let answer = await answer(to: "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", server.port)
        #expect(answer == nil || answer == "")
    }

    private func ask(_ request: String, _ port: Int) async throws -> String {
        try #require(await answer(to: request, port))
    }

    /// nil = the connection is refused.
    private func answer(to request: String, _ port: Int) async -> String? {
        // On a thread of its own: a blocking read must not hold up the server's tasks.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let connection = RawConnection(port: port)
                connection?.send(Array(request.utf8))
                continuation.resume(returning: connection?.readAll())
            }
        }
    }

    @Test func endpointsAnswer() async throws {
        try await withServer { agent, port in
            let metrics = try await ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", port)
            #expect(metrics.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"))
            #expect(metrics.hasSuffix("\r\n\r\n# TYPE secd_events_total counter\nsecd_events_total 7\n"))
            #expect(try await ask("GET /metrics?x=1 HTTP/1.0\r\n\r\n", port).contains("secd_events_total 7"))
            #expect(try await ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port).hasSuffix("\r\n\r\nok\n"))
            agent.setProblems(["the disk is full"])
            let ill = try await ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port)
            #expect(ill.hasPrefix("HTTP/1.1 503 ") && ill.hasSuffix("the disk is full\n"))
        }
    }

    @Test func otherRequestsAreRefused() async throws {
        try await withServer { _, port in
            #expect(try await ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", port).hasPrefix("HTTP/1.1 404 "))
            let post = try await ask("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", port)
            #expect(post.hasPrefix("HTTP/1.1 405 ") && post.contains("Allow: GET, HEAD"))
            #expect(try await ask("nonsense\r\n\r\n", port).hasPrefix("HTTP/1.1 400 "))
            let long = String(repeating: "a", count: 20 << 10)
            #expect(try await ask("GET /metrics HTTP/1.1\r\nX: \(long)\r\n\r\n", port).isEmpty == true)
            #expect(try await ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", port).hasSuffix("\r\n\r\n"))
        }
    }

    @Test func connectionsAreBounded() async throws {
        try await withServer { _, port in
            var held: [RawConnection] = []
            for _ in 0..<64 { held.append(try #require(RawConnection(port: port))) }
            // Closed on arrival.
            #expect(try await ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port).isEmpty)
            held.removeAll()
            try await eventually {
                try await self.ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", port).hasSuffix("ok\n")
            }
        }
    }

    @Test func portInUseIsASentence() async throws {
        try await withServer { agent, port in
            let error = await #expect(throws: ServerError.self) {
                _ = try await MetricsServer.start(
                    host: "127.0.0.1", port: port, agent: agent, logger: Logger(label: "test"))
            }
            #expect(error?.description.contains("choose another --metrics address") == true)
        }
    }
}
