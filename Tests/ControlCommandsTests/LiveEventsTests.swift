import AgentModel
import ControlAPI
import ControlCommands
import EventFilters
import Foundation
import Synchronization
import Testing

/// A daemon that sends what it was given: one list of batches per connection, then an error.
private final class StandInDaemon: Daemon {
    private let connections: Mutex<[[EventLines]]>
    let connects = Mutex(0)

    init(_ connections: [[EventLines]]) {
        self.connections = Mutex(connections)
    }

    func events(_ request: EventRequest, _ body: (EventLines) async throws -> Bool) async throws {
        connects.withLock { $0 += 1 }
        let batches = connections.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let batches else { throw ClientError("no daemon at /x") }
        for batch in batches where try await !body(batch) { return }
    }

    func status() async throws -> AgentStatus { throw ClientError("none") }
    func processes() async throws -> [ProcessListing] { [] }
    func sockets() async throws -> [SocketListing] { [] }
    func workloads() async throws -> WorkloadReport { WorkloadReport(workloads: [], providers: [:]) }
    func identities() async throws -> IdentityReport { IdentityReport(store: "") }
    func mechanisms() async throws -> [MechanismListing] { [] }
    func configuration() async throws -> [String: String] { [:] }
}

@Suite struct LiveEventsTests {
    private static func batch(_ texts: String..., lost: UInt64 = 0) -> EventLines {
        var lines = EventLines(lost: lost)
        for text in texts {
            lines.bytes += Array(text.utf8)
            lines.ends.append(lines.bytes.count)
        }
        return lines
    }

    private static let fork = EventSamples.line("process_fork", EventSamples.actors)

    /// Runs against a stand-in and gives what was written.
    private func run(
        _ daemon: StandInDaemon, _ format: EventFormat, limit: Int? = nil, reconnect: Bool = false
    ) async throws -> String {
        let pipe = Pipe()
        let output = Output(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let printer = EventPrinter(
            format: format, palette: Palette(isOn: false), clock: .timeOfDay { _ in 0 },
            mask: try FieldMask([]), output: output)
        let live = LiveEvents(
            daemon: daemon, request: EventRequest(), printer: printer,
            reconnectWait: reconnect ? .milliseconds(1) : nil, limit: limit)
        try await live.run()
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    @Test func linesAreShownAsTheyCome() async throws {
        let daemon = StandInDaemon([
            [Self.batch(Self.fork, "{broken", Self.fork), Self.batch(Self.fork, lost: 3)]
        ])
        let line = "12:40:01.123  fork     demo/web       curl[901]\n"
        #expect(try await run(daemon, .compact, limit: 4) == line + line + line)
    }

    @Test func jsonIsPassedOnUntouched() async throws {
        #expect(try await run(StandInDaemon([[Self.batch(Self.fork)]]), .json, limit: 1) == Self.fork + "\n")
    }

    @Test func lastEndsTheStream() async throws {
        let daemon = StandInDaemon([[Self.batch(Self.fork, Self.fork, Self.fork), Self.batch(Self.fork)]])
        #expect(try await run(daemon, .json, limit: 2) == Self.fork + "\n" + Self.fork + "\n")
    }

    @Test func reconnectOutlivesTheDaemon() async throws {
        let daemon = StandInDaemon([[Self.batch(Self.fork)], [Self.batch(Self.fork)]])
        #expect(
            try await run(daemon, .json, limit: 2, reconnect: true) == Self.fork + "\n" + Self.fork + "\n")
        #expect(daemon.connects.withLock { $0 } == 2)
    }

    /// Exit code 2: the watcher of a stream that has ended is told so.
    @Test func withoutReconnectTheEndOfTheStreamIsAnError() async throws {
        let error = await #expect(throws: ClientError.self) {
            try await run(StandInDaemon([[Self.batch(Self.fork)]]), .json)
        }
        #expect(error?.description.contains("ended the stream") == true)
    }

    @Test func withoutReconnectTheErrorIsPassedOn() async {
        await #expect(throws: ClientError.self) { try await run(StandInDaemon([]), .json) }
    }

    // The limit is for a hang alone: all tests of the process run at once, on few cores.
    @Test(.timeLimit(.minutes(5))) func theReaderOfAPipeMayLeaveWhileNothingHappens() async throws {
        let pipe = Pipe()
        let (leaving, left) = AsyncStream.makeStream(of: Void.self)
        Output(descriptor: pipe.fileHandleForWriting.fileDescriptor).whenReaderLeaves { left.finish() }
        try pipe.fileHandleForReading.close()
        for await _ in leaving {}
        try pipe.fileHandleForWriting.close()
    }

    @Test func aClosedPipeIsAQuietEnd() async throws {
        let pipe = Pipe()
        let output = Output(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        try output.line("x")
        #expect(throws: OutputClosed.self) { try output.flush() }
    }
}
