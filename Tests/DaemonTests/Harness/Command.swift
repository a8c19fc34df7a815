import Dispatch
import Foundation
import Glibc
import Synchronization

/// How a program ended.
enum Ending: Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)
    case never

    var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        case .never: "no end"
        }
    }
}

/// A program that was started, with its output in files. It is ended with the test that forgets it.
final class Program: @unchecked Sendable {
    // @unchecked: Process belongs to the test; the handler only signals.
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    /// - Parameters:
    ///   - command: the program's path and its arguments.
    ///   - environment: all of it.
    init(
        _ command: [String], environment: [String: String] = [:], output: String = "/dev/null",
        errors: String = "/dev/null", folder: String = "/tmp"
    ) throws {
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.file(output)
        process.standardError = output == errors ? process.standardOutput : try Self.file(errors)
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
    }

    deinit {
        if process.isRunning {
            kill(pid, SIGKILL)
            wait()
        }
    }

    private static func file(_ path: String) throws -> FileHandle {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("\(path): \(errno)") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end.
    @discardableResult
    func wait(_ seconds: Double = 60) -> Ending {
        guard ended.wait(timeout: .now() + seconds) == .success else { return .never }
        // For whoever waits again.
        ended.signal()
        return process.terminationReason == .exit
            ? .code(process.terminationStatus) : .signal(process.terminationStatus)
    }
}

/// What a program that ran to its end has said.
struct Run {
    let ending: Ending
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Runs a program to its end.
    @discardableResult
    static func program(_ command: [String], environment: [String: String] = [:], seconds: Double = 60) throws
        -> Run
    {
        let folder = try Folder()
        let program = try Program(
            command, environment: environment, output: folder / "output", errors: folder / "errors",
            folder: folder.path)
        let ending = program.wait(seconds)
        return Run(ending: ending, output: folder.text("output"), errors: folder.text("errors"))
    }

    /// Runs a script of the shell; its failure is the test's.
    @discardableResult
    static func shell(_ script: String) throws -> Run {
        let run = try program(["/bin/sh", "-c", script])
        guard run.ending == .code(0) else { throw Failure("\(script): \(run.ending)\n\(run.errors)") }
        return run
    }

    /// `/bin/true`, some times.
    static func processes(_ count: Int) throws {
        try shell("i=0; while [ $i -lt \(count) ]; do /bin/true; i=$((i+1)); done")
    }
}
