import AgentCore
import CEventABI
import EventModel
import Glibc
import LinuxSystem
import Logging
import Sensors
import Testing

/// The daemon's engine in the test's process, with its lines captured.
final class LiveAgent: @unchecked Sendable {
    // @unchecked: the engine guards itself, the rest is constant.

    let engine: AgentEngine
    let capture = Capture()

    /// One for all tests that need nothing special; it lives as long as the test process.
    static let shared: LiveAgent = {
        do {
            let agent = try LiveAgent {
                $0.events.unwanted = []
                // What names are found does not depend on how busy the machine is.
                $0.enrichWait = 10_000_000_000
            }
            try agent.start()
            return agent
        } catch {
            fatalError("the engine does not start: \(error)\n\((error as? SensorError)?.log ?? "")")
        }
    }()

    /// Loads and attaches.
    init(_ configure: (inout EngineOptions) -> Void = { _ in }) throws {
        LiveAgent.mountTracefs
        DescriptorLimit.raise()
        var agent = secd_agent()
        agent.pid = UInt32(getpid())
        agent.wake_bytes = 1 << 20
        var options = EngineOptions(
            sensors: SensorOptions(agent: agent, cgroupRoot: Kernel.cgroupRoot), nodeName: "node")
        options.events.isWatched = true
        configure(&options)
        engine = try AgentEngine(options, logger: Logger(label: "kernel-tests"))
        engine.add(lines: capture)
    }

    /// Begins to read.
    func start() throws {
        try engine.start(version: "test")
    }

    func stop() {
        engine.stop(reason: "test")
    }

    /// The daemon does this at its start; a machine that refuses has fewer mechanisms.
    private static let mountTracefs: Void = {
        if !Kernel.exists("/sys/kernel/tracing/events") {
            _ = try? Activity([Step("mount", "tracefs", "/sys/kernel/tracing", "tracefs", 0)]).wait()
        }
    }()

    /// Waits for an event, and fails the test when it does not come.
    func expect(
        _ kind: String, of pid: Int? = nil, from mark: Int = 0,
        sourceLocation: SourceLocation = #_sourceLocation,
        where matches: (CapturedEvent) -> Bool = { _ in true }
    ) throws -> CapturedEvent {
        let found = capture.wait(Kernel.patience, of: pid, from: mark) { $0.kind == kind && matches($0) }
        return try #require(
            found,
            "no \(kind)\(pid.map { " of \($0)" } ?? ""); seen: \(pid.map { capture.events(of: $0) } ?? [])",
            sourceLocation: sourceLocation)
    }

    /// Returns when everything that happened before the call has been delivered: records of one ring
    /// keep their order, so the end of a process that is started now comes after it.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let mark = capture.count
        let marker = try Activity([])
        try marker.wait()
        _ = try expect("process_exit", of: marker.pid, from: mark, sourceLocation: sourceLocation)
    }

    /// Runs steps to their end, and returns everything that the process did.
    func run(_ steps: Step..., sourceLocation: SourceLocation = #_sourceLocation) throws -> Story {
        try run(steps: steps, sourceLocation: sourceLocation)
    }

    func run(steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws -> Story {
        // The same pid may have been another process before.
        let mark = capture.count
        let activity = try Activity(steps)
        let status = try activity.wait()
        _ = try expect("process_exit", of: activity.pid, from: mark, sourceLocation: sourceLocation)
        return Story(activity, status, capture.events(of: activity.pid, from: mark))
    }

    /// Events whose process was forked by an image.
    func children(of execID: String) throws -> [CapturedEvent] {
        try settle()
        return capture.all.filter { $0.process["parent_exec_id"].text == execID }
    }
}

/// What one process did from its fork to its exit. A pid is used again only after 32,768 others.
struct Story: CustomStringConvertible {
    let activity: Activity
    let status: Activity.Status
    let events: [CapturedEvent]

    init(_ activity: Activity, _ status: Activity.Status, _ events: [CapturedEvent]) {
        self.activity = activity
        self.status = status
        self.events = events
    }

    var pid: Int { activity.pid }
    var kinds: [String] { events.map(\.kind) }
    var execs: [CapturedEvent] { events.filter { $0.kind == "process_exec" } }

    /// The only event of a kind.
    func only(_ kind: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> CapturedEvent {
        let found = events.filter { $0.kind == kind }
        try #require(found.count == 1, "\(found.count) × \(kind) in \(self)", sourceLocation: sourceLocation)
        return found[0]
    }

    func exec(sourceLocation: SourceLocation = #_sourceLocation) throws -> CapturedEvent {
        try only("process_exec", sourceLocation: sourceLocation)
    }

    func exit(sourceLocation: SourceLocation = #_sourceLocation) throws -> CapturedEvent {
        try only("process_exit", sourceLocation: sourceLocation)
    }

    var description: String { events.map(\.description).joined(separator: "\n") }
}
