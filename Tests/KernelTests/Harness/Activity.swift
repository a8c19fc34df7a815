import CTestActivity
import Glibc

struct ActivityError: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// One thing that a process of the test does: see Tests/CTestActivity/steps.c.
struct Step {
    var name: String
    var arguments: [[UInt8]]

    init(_ name: String, _ arguments: any CustomStringConvertible...) {
        self.name = name
        self.arguments = arguments.map { Array($0.description.utf8) }
    }

    init(_ name: String, bytes arguments: [[UInt8]]) {
        self.name = name
        self.arguments = arguments
    }

    /// Becomes a program; `argv` is the path alone unless given.
    static func exec(_ path: String, _ argv: [String]? = nil) -> Step {
        Step("exec", bytes: ([path] + (argv ?? [path])).map { Array($0.utf8) })
    }

    /// The same in another way: `exec-thread`, `exec-fd`, `vfork-exec`.
    static func exec(by name: String, _ path: String, _ argv: [String]? = nil) -> Step {
        Step(name, bytes: ([path] + (argv ?? [path])).map { Array($0.utf8) })
    }

    /// The child goes on, the parent waits and ends as it does.
    static let fork = Step("fork")
    /// The child goes on, the parent ends at once.
    static let forkAndLeave = Step("fork-leave")
    static let report = Step("report")
    static let wait = Step("wait")
    static func exit(_ code: Int) -> Step { Step("exit", code) }
}

/// CLONE_* of include/uapi/linux/sched.h.
enum Clone {
    static let newMounts = 0x0002_0000
    static let newUTS = 0x0400_0000
    static let newIPC = 0x0800_0000
    static let newUser = 0x1000_0000
    static let newPid = 0x2000_0000
    static let newNet = 0x4000_0000
}

/// A process of the test that does some steps.
final class Activity {
    enum Status: Equatable {
        case exited(Int32)
        case killed(signal: Int32, core: Bool)
    }

    let pid: Int
    private let reports: Int32
    private let go: Int32
    private var status: Status?
    private(set) var usage = rusage()

    /// Starts it.
    init(_ steps: [Step]) throws {
        var report: [Int32] = [0, 0]
        var go: [Int32] = [0, 0]
        guard unsafe pipe(&report) == 0, unsafe pipe(&go) == 0 else {
            throw ActivityError("pipe: \(errno)")
        }
        for descriptor in report + go { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var script: [CChar] = []
        for step in steps {
            for word in [Array(step.name.utf8), Array(String(step.arguments.count).utf8)] + step.arguments {
                script += word.map { CChar(bitPattern: $0) } + [0]
            }
        }
        let result = unsafe activity_start(script, script.count, report[1], go[0])
        close(report[1])
        close(go[0])
        reports = report[0]
        self.go = go[1]
        pid = Int(result)
        guard result > 0 else { throw ActivityError("fork: \(-result)") }
    }

    /// Does the steps and waits for the end, which must be good.
    @discardableResult
    static func run(_ steps: Step...) throws -> Activity {
        let activity = try Activity(steps)
        let end = try activity.wait()
        guard end == .exited(0) else { throw ActivityError("ended with \(end)") }
        return activity
    }

    deinit {
        if status == nil {
            kill(pid_t(pid), SIGKILL)
            _ = try? wait()
        }
        close(reports)
        close(go)
    }

    /// The next number that the steps report.
    func report() throws -> Int {
        var value: Int64 = 0
        guard unsafe read(reports, &value, 8) == 8 else { throw ActivityError("no report from \(pid)") }
        guard value >= 0 else { throw ActivityError("step \(-value / 1000) failed: errno \(-value % 1000)") }
        return Int(value)
    }

    /// Lets a `wait` step continue.
    func release() {
        _ = unsafe write(go, "g", 1)
    }

    /// Waits for the end.
    @discardableResult
    func wait() throws -> Status {
        if let status { return status }
        var raw: Int32 = 0
        while unsafe wait4(pid_t(pid), &raw, 0, &usage) < 0 {
            guard errno == EINTR else { throw ActivityError("wait \(pid): \(errno)") }
        }
        let status: Status =
            raw & 0x7f == 0 ? .exited(raw >> 8 & 0xff) : .killed(signal: raw & 0x7f, core: raw & 0x80 != 0)
        self.status = status
        // 99: a step failed, and its report says which.
        if status == .exited(99) { _ = try report() }
        return status
    }

    /// CPU time as the kernel tells the parent.
    var cpuNanoseconds: Int {
        (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000_000
            + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000
    }
}
