import Foundation

/// A real `secd` beside this program, with private directories and an export file.
final class DaemonProcess {
    let folder: URL
    let pid: Int32
    private let process = Process()
    var exportFile: URL { folder.appending(path: "events.json") }

    /// Starts it and waits until its first line is written.
    init(arguments: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.appending(
            path: "secbench-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let binary = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
            .deletingLastPathComponent()
            .appending(path: "secd")
        process.executableURL = binary
        process.arguments =
            [
                "--socket", folder.appending(path: "secd.sock").path(), "--state-dir",
                folder.appending(path: "state").path(),
                "--pin-dir", folder.appending(path: "pins").path(), "--export-file",
                folder.appending(path: "events.json").path(), "--log-level", "warning",
            ] + arguments
        process.environment = ["SECD_CONFIG": "", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        try process.run()
        pid = process.processIdentifier
        let deadline = Date().addingTimeInterval(15)
        while !contains("stream_start") {
            guard Date() < deadline, process.isRunning else { throw BenchmarkError("secd did not start") }
            usleep(2000)
        }
    }

    private func contains(_ text: String) -> Bool {
        guard let file = try? FileHandle(forReadingFrom: exportFile) else { return false }
        defer { try? file.close() }
        guard let head = try? file.read(upToCount: 4096) else { return false }
        return String(decoding: head, as: UTF8.self).contains(text)
    }

    /// Ends it in order and returns its lines.
    func stop() throws -> [Data] {
        process.terminate()
        process.waitUntilExit()
        let data = try Data(contentsOf: exportFile)
        try? FileManager.default.removeItem(at: folder)
        return data.split(separator: UInt8(ascii: "\n")).map { Data($0) }
    }

    /// CPU time of all its threads, nanoseconds.
    var cpuNanoseconds: UInt64 {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.reduce(0) { sum, task in
            let text =
                (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/schedstat", encoding: .utf8)) ?? ""
            return sum + (UInt64(text.split(separator: " ").first ?? "") ?? 0)
        }
    }

    /// A number of kilobytes of /proc/PID/status, or a plain count.
    func status(_ key: String) -> UInt64 {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") } ?? ""
        return UInt64(line.filter(\.isNumber)) ?? 0
    }

    /// Voluntary context switches of all threads: wakeups.
    var wakeups: UInt64 {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.reduce(0) { sum, task in
            let text =
                (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/status", encoding: .utf8)) ?? ""
            let line = text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") } ?? ""
            return sum + (UInt64(line.filter(\.isNumber)) ?? 0)
        }
    }
}
