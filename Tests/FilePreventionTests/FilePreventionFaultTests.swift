import FilePrevention
import Glibc
import LinuxSystem
import Synchronization
import Testing

@Suite(
    "faults of questions about files", .serialized,
    .enabled(if: canAsk, "fanotify permission events are not there"))
struct FilePreventionFaultTests {
    private let files: AskedFiles
    private let troubles = Troubles()

    init() throws {
        files = try AskedFiles()
        files.make("secret")
    }

    private var wanted: [WantedFiles] {
        [WantedFiles(path: files / "secret", isPrefix: false, events: .open)]
    }

    /// Blocks the thread that answers until it is opened.
    private final class Gate: Sendable {
        private let isOpen = Atomic(false)
        private let arrived = Atomic(false)

        func pass() {
            arrived.store(true, ordering: .sequentiallyConsistent)
            while !isOpen.load(ordering: .sequentiallyConsistent) { usleep(1000) }
        }

        func waitForArrival() {
            while !arrived.load(ordering: .sequentiallyConsistent) { usleep(1000) }
        }

        func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }
    }

    /// Opens a file in a thread of its own.
    private final class Opener: @unchecked Sendable {
        // @unchecked: `thread` is the test's.
        private let result = Atomic<Int32>(-1)
        private var thread: LinuxSystem.Thread?

        init(_ path: String) throws {
            thread = try LinuxSystem.Thread(name: "opener") { [self] in
                result.store(AskedFiles.open(path), ordering: .sequentiallyConsistent)
            }
        }

        var isOver: Bool { result.load(ordering: .sequentiallyConsistent) != -1 }

        func wait() -> Int32 {
            if let thread = thread.take() { thread.join() }
            return result.load(ordering: .sequentiallyConsistent)
        }
    }

    @Test(
        "while the thread that answers is stuck, calls pass or fail as policies want it in doubt; it is told",
        arguments: [false, true])
    func stuck(refuses: Bool) throws {
        let gate = Gate()
        var options = FilePrevention.Options()
        options.patience = 100_000_000
        let troubles = troubles
        let prevention = try FilePrevention(NameJudge(before: { gate.pass() }), options) { troubles.add($0) }
        defer { prevention.stop() }
        try prevention.run(wanted, refusesUnjudged: refuses)

        let path = files / "secret"
        let children = (0..<3).map { _ in Self.child(opening: path) }
        gate.waitForArrival()
        let results = children.map { Self.exitCode($0) }
        // The daemon's own calls pass in any case.
        let own = AskedFiles.open(path)
        gate.open()

        #expect(results == [Int32](repeating: refuses ? EPERM : 0, count: 3))
        #expect(own == 0)
        #expect(troubles.wait { $0 == .stuck } && troubles.wait { $0 == .recovered })
        #expect(prevention.counters.stuck == 1)
        #expect(prevention.counters.byWatch == 4)
        #expect(AskedFiles.open(path) == 0)
        #expect(prevention.counters.unjudged == 4)
    }

    @Test("calls for which the kernel has no room pass, are counted and told; others wait for their answer")
    func overflow() throws {
        let setting = "/proc/sys/fs/fanotify/max_queued_events"
        let room = 2
        let before = try #require(Self.text(setting))
        try #require(Self.put("\(room)", setting))
        defer { _ = Self.put(before, setting) }
        let gate = Gate()
        var options = FilePrevention.Options()
        options.hasQueueLimit = true
        options.patience = 60_000_000_000
        let troubles = troubles
        let prevention = try FilePrevention(
            NameJudge(refusing: "/secret", before: { gate.pass() }), options
        ) { troubles.add($0) }
        defer { prevention.stop() }
        try prevention.run(wanted)

        let first = try Opener(files / "secret")
        gate.waitForArrival()
        let others = try (0..<6).map { _ in try Opener(files / "secret") }
        // One is in hand and two have room.
        while others.filter(\.isOver).count < 4 { usleep(1000) }
        gate.open()
        let results = ([first] + others).map { $0.wait() }

        #expect(results.filter { $0 == EPERM }.count == 1 + room)
        #expect(results.filter { $0 == 0 }.count == 4)
        #expect(troubles.wait { if case .overflow = $0 { true } else { false } })
        #expect(prevention.counters.overflows > 0)
    }

    /// A process that opens a file and ends with errno.
    private static func child(opening path: String) -> pid_t {
        let child = fork()
        if child == 0 {
            let file = unsafe open(path, O_RDONLY)
            _exit(file < 0 ? errno : 0)
        }
        return child
    }

    private static func exitCode(_ child: pid_t) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status >> 8 & 0xff
    }

    private static func text(_ path: String) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard unsafe fgets(&line, 64, file) != nil else { return nil }
        let text = line.prefix { $0 != 0 && $0 != 10 }
        return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func put(_ text: String, _ path: String) -> Bool {
        guard let file = unsafe fopen(path, "we") else { return false }
        unsafe fputs(text, file)
        return unsafe fclose(file) == 0
    }
}
