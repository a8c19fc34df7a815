import Glibc
import LinuxSystem
import Synchronization

/// A container engine that answers as it is told, on a Unix socket.
final class FakeEngine: @unchecked Sendable {
    // @unchecked: `answers` guards itself; the thread ends before the object.

    /// What is sent for a target, byte by byte; nil in `then` leaves the connection open.
    struct Answer: Sendable {
        var bytes: String
        var staysOpen = false
    }

    let path: String
    private let listener: Int32
    private let answers = Mutex<[String: Answer]>([:])
    private let open = Mutex<[Int32]>([])
    private let requests = Mutex<[String]>([])
    private var thread: LinuxSystem.Thread?

    init(_ path: String) throws {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(bound == 0 && listen(listener, 64) == 0)
        thread = try LinuxSystem.Thread(name: "fake-engine") { [self] in serve() }
    }

    /// Ends the server, as a restart of the engine would.
    func stop() {
        // The thread stands in accept, and every connection is looked at by its other end.
        shutdown(listener, Int32(SHUT_RDWR))
        if let thread = thread.take() { thread.join() }
        for connection in open.withLock({ $0 }) { close(connection) }
        close(listener)
        unsafe unlink(path)
    }

    /// Sets the answer to a target.
    func answer(_ target: String, json: String, staysOpen: Bool = false) {
        raw(target, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + json, staysOpen: staysOpen)
    }

    func raw(_ target: String, _ bytes: String, staysOpen: Bool = false) {
        answers.withLock { $0[target] = Answer(bytes: bytes, staysOpen: staysOpen) }
    }

    /// Sends more on all connections that stay open.
    func send(_ text: String) {
        for connection in open.withLock({ $0 }) {
            _ = unsafe write(connection, text, text.utf8.count)
        }
    }

    var asked: [String] { requests.withLock { $0 } }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(connection, &buffer, buffer.count)
            let line = String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 13 }, as: UTF8.self)
            let target = line.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            requests.withLock { $0.append(target) }
            let answer = answers.withLock { answers in
                answers[target] ?? answers.first { target.hasPrefix($0.key + "?") }?.value
            }
            let text = answer?.bytes ?? "HTTP/1.0 404 Not Found\r\n\r\n{}"
            _ = unsafe write(connection, text, text.utf8.count)
            if answer?.staysOpen == true {
                open.withLock { $0.append(connection) }
            } else {
                close(connection)
            }
        }
    }
}
