import Foundation
import Glibc

/// A folder that goes with the test. Its name has no dot: the BPF file system refuses those.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/secd-daemon-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw Failure("mkdtemp: \(errno)") }
        path = unsafe String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static func / (folder: Folder, name: String) -> String { folder.path + "/" + name }

    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: self / name, atomically: false, encoding: .utf8)
        return self / name
    }

    func text(_ name: String) -> String { readText(self / name) }

    /// Names of the files that begin so, sorted.
    func names(_ prefix: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0.hasPrefix(prefix) }
            .sorted()
    }
}

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

func readText(_ path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
}

func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

/// Permission bits, octal.
func permissions(_ path: String) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return String(attributes?[.posixPermissions] as? Int ?? 0, radix: 8)
}

/// Waits for what another process shows in a figure: there is no event for it. Never in full unless something is
/// wrong.
func eventually(_ seconds: Double = 30, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        if ContinuousClock.now > deadline { return false }
        usleep(5000)
    }
    return true
}
