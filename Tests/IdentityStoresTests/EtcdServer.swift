import Foundation
import Glibc
import IdentityStores
import Logging
import SecurityIdentity

/// A real etcd of Debian's, on a port of its own of the loopback, with its data in a folder of the test.
final class EtcdServer {
    /// Where Debian's etcd-server puts it.
    static let program = "/usr/bin/etcd"
    static var isHere: Bool { unsafe access(program, X_OK) == 0 }

    private let folder: Folder
    private let usualPort: Int
    private var port: Int
    private var process: Process?

    /// Starts it, and waits until it answers.
    init(in folder: Folder) async throws {
        self.folder = folder
        usualPort = try Self.freePort()
        port = usualPort
        try await start()
    }

    deinit { kill() }

    var endpoint: String { "http://127.0.0.1:\(port)" }

    /// Starts it again with the data that it had.
    /// - Parameter elsewhere: on another port, where no node looks for it.
    func start(elsewhere: Bool = false) async throws {
        port = elsewhere ? try Self.freePort() : usualPort
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        let peer = try Self.freePort()
        process.arguments = [
            "--name", "one", "--data-dir", folder.path + "/etcd", "--listen-client-urls", endpoint,
            "--advertise-client-urls", endpoint, "--listen-peer-urls", "http://127.0.0.1:\(peer)",
            "--initial-advertise-peer-urls", "http://127.0.0.1:\(peer)", "--initial-cluster",
            "one=http://127.0.0.1:\(peer)",
            "--log-level", "error",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        try await eventually { await self.answer("/health", "")?.contains("true") == true }
    }

    /// Ends it without a chance to write anything.
    func kill() {
        guard let process else { return }
        _ = Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }

    /// Stops it where it stands, as a network that is cut: connections stay, and nothing comes.
    func freeze() { if let process { _ = Glibc.kill(process.processIdentifier, SIGSTOP) } }

    func thaw() { if let process { _ = Glibc.kill(process.processIdentifier, SIGCONT) } }

    func removeData() { try? FileManager.default.removeItem(atPath: folder.path + "/etcd") }

    /// Forgets all revisions but the newest.
    func compact() async throws {
        let text = try await ask("/v3/kv/range", #"{"key":"AA=="}"#)
        let number = text.split(separator: #""revision":""#).dropFirst().first?.prefix { $0.isNumber } ?? "0"
        _ = try await ask("/v3/kv/compaction", #"{"revision":"\#(number)","physical":true}"#)
    }

    func put(_ key: String, _ value: String) async throws {
        _ = try await ask("/v3/kv/put", #"{"key":"\#(Self.base64(key))","value":"\#(Self.base64(value))"}"#)
    }

    func delete(_ key: String) async throws {
        _ = try await ask("/v3/kv/deleterange", #"{"key":"\#(Self.base64(key))"}"#)
    }

    /// All keys below the identities with their values.
    func content() async throws -> [String: String] {
        let text = try await ask("/v3/kv/range", #"{"key":"AA==","range_end":"AA=="}"#)
        struct Answer: Decodable {
            struct Pair: Decodable {
                var key: String
                var value: String?
            }
            var kvs: [Pair]?
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        var content: [String: String] = [:]
        for pair in answer.kvs ?? [] { content[Self.plain(pair.key)] = Self.plain(pair.value ?? "") }
        return content
    }

    private func ask(_ path: String, _ body: String) async throws -> String {
        guard let answer = await answer(path, body) else { throw EtcdDoesNotAnswer() }
        return answer
    }

    /// By etcd's gateway, which speaks JSON: so the tests do not depend on what they test.
    private func answer(_ path: String, _ body: String) async -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import sys, urllib.request
            data = sys.argv[2].encode() or None
            print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], data), timeout=5).read().decode())
            """, endpoint + path, body,
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: text, as: UTF8.self) : nil
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func plain(_ text: String) -> String {
        Data(base64Encoded: text).map { String(decoding: $0, as: UTF8.self) } ?? "?"
    }

    /// A port that nobody listens on for the moment.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw EtcdDoesNotAnswer() }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

struct EtcdDoesNotAnswer: Error {}

struct TimedOut: Error {}

/// Waits for a condition, at most thirty seconds.
func eventually(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<600 {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw TimedOut()
}
