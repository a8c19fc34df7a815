import Glibc
import LinuxSystem
import Synchronization
import Workloads

/// A runtime with NRI that says what it is told to say. Nothing of it runs by itself.
final class FakeNRI {
    /// Nobody came, nothing came, or what came is none of NRI's.
    struct Silence: Error {}

    let path: String
    /// -1 = it has stopped: a number that is closed twice is somebody else's by then.
    private var listener: Int32
    private var connection: Int32 = -1
    private var inbox = TTRPCInbox()
    private var received: [TTRPCMessage] = []

    init(_ path: String) {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(bound == 0 && listen(listener, 8) == 0)
    }

    deinit { stop() }

    /// Waits for a plugin; one that is connected goes.
    func accept() throws {
        hangUp()
        guard Self.isReadable(listener) else { throw Silence() }
        connection = Glibc.accept(listener, nil, nil)
        (inbox, received) = (TTRPCInbox(), [])
        guard connection >= 0 else { throw Silence() }
    }

    /// Ends the connection.
    func hangUp() {
        if connection >= 0 { close(connection) }
        connection = -1
    }

    /// Ends as a runtime that stops does.
    func stop() {
        hangUp()
        guard listener >= 0 else { return }
        close(listener)
        listener = -1
        unsafe unlink(path)
    }

    func send(_ bytes: [UInt8]) {
        _ = unsafe Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func send(_ message: TTRPCMessage) { send(message.frame) }

    /// The next message of the plugin.
    func receive() throws -> TTRPCMessage {
        while received.isEmpty {
            guard Self.isReadable(connection) else { throw Silence() }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(connection, &buffer, buffer.count)
            guard count > 0 else { throw Silence() }
            received = try inbox.take(Array(buffer[..<count]))
        }
        return received.removeFirst()
    }

    /// Whether the plugin has ended the connection, and says nothing before.
    var hasEnded: Bool {
        var byte: UInt8 = 0
        guard Self.isReadable(connection) else { return false }
        return unsafe read(connection, &byte, 1) <= 0
    }

    private static func isReadable(_ descriptor: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&request, 1, 30_000) == 1
    }
}

/// Answers as it is told, and remembers who was asked about.
final class FakeAdmission: ContainerAdmission {
    private struct Books {
        var isOpen = true
        var refusal: String?
        var asked: [NRIStart] = []
    }

    private let books = Mutex(Books())
    let refuses: Bool

    /// - Parameter refusal: of every container; nil = all may start.
    init(refusal: String? = nil, isOpen: Bool = true) {
        refuses = refusal != nil
        books.withLock { ($0.refusal, $0.isOpen) = (refusal, isOpen) }
    }

    var isOpen: Bool { books.withLock { $0.isOpen } }
    var asked: [NRIStart] { books.withLock { $0.asked } }

    func open() { books.withLock { $0.isOpen = true } }

    func admit(_ container: NRIStart, _ answer: @Sendable (String?) -> Bool) async {
        let refusal = books.withLock { books in
            books.asked.append(container)
            return books.refusal
        }
        _ = answer(refusal)
    }
}
