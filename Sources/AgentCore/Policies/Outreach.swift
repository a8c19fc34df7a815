import CLinuxShims
import EventDecoder
import Glibc
import LinuxSystem
import Logging
import Synchronization
import SystemPackage

/// The thread that asks for addresses and pages where a policy wants it (GetUrl, DnsLookup): one after another, few in
/// a second, and none for long. What came back is not looked at: being asked is the message.
final class Outreach: Sendable {
    private struct State {
        var waiting: [PolicyRequest] = []
        var counts = Counts()
        /// Begin of the second that requests are counted in, and how many it had.
        var second: UInt64 = 0
        var inSecond = 0
    }

    /// What became of requests.
    struct Counts: Sendable {
        var done: UInt64 = 0
        var failed: UInt64 = 0
        /// Too many waited, or too many came in a second.
        var dropped: UInt64 = 0
    }

    /// Requests that may wait.
    private static let queueLimit = 64
    /// Requests that are taken within a second.
    private static let rateLimit = 20
    private static let second: UInt64 = 1_000_000_000
    /// Seconds that a step of a request may take.
    private static let patience = 5
    /// Bytes of an answer that are read.
    private static let answerLimit = 65_536

    private let state = Mutex(State())
    private let work: EventFD
    private let logger: Logger

    /// - Throws: `Errno` where no thread or descriptor can be made.
    init(logger: Logger) throws(Errno) {
        self.logger = logger
        work = try EventFD()
        try LinuxSystem.Thread(name: "secd-outreach") { self.run() }.detach()
    }

    var counts: Counts { state.withLock(\.counts) }

    /// Takes a request, or drops it.
    func submit(_ request: PolicyRequest) {
        let now = MonotonicClock.now
        let isTaken = state.withLock { state in
            if now &- state.second >= Self.second { (state.second, state.inSecond) = (now, 0) }
            guard state.inSecond < Self.rateLimit, state.waiting.count < Self.queueLimit else {
                state.counts.dropped += 1
                return false
            }
            state.inSecond += 1
            state.waiting.append(request)
            return true
        }
        if isTaken { work.signal() }
    }

    private func run() {
        while true {
            _ = try? work.wait(until: nil)
            work.drain()
            while let request = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) {
                let isDone = Self.perform(request)
                state.withLock { if isDone { $0.counts.done += 1 } else { $0.counts.failed += 1 } }
                if !isDone { logger.notice("a request of a policy failed: \(request)") }
            }
        }
    }

    private static func perform(_ request: PolicyRequest) -> Bool {
        switch request {
        case .name(let name): return unsafe addresses(of: name, port: "") { _ in true }
        case .page(let host, let port, let path):
            return unsafe addresses(of: host, port: port) { address in
                unsafe ask(
                    address,
                    "GET \(path) HTTP/1.1\r\nHost: \(host.contains(":") ? "[\(host)]" : host)\r\nUser-Agent: secd\r\n"
                        + "Connection: close\r\n\r\n")
            }
        }
    }

    /// Calls `body` with the first address of a name; false where it has none.
    @unsafe
    private static func addresses(
        of name: String, port: String, _ body: (UnsafePointer<addrinfo>) -> Bool
    ) -> Bool {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(name, port.isEmpty ? nil : port, &hints, &found) == 0,
            let first = unsafe found
        else { return false }
        defer { unsafe freeaddrinfo(first) }
        return unsafe body(first)
    }

    /// Sends a text to an address and reads what comes; true where something came.
    @unsafe
    private static func ask(_ address: UnsafePointer<addrinfo>, _ text: String) -> Bool {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let family = unsafe address.pointee.ai_family
        guard let socket = try? OwnedFD({ Glibc.socket(family, kind, 0) }) else { return false }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        _ = unsafe setsockopt(socket.raw, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        _ = unsafe setsockopt(socket.raw, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        guard unsafe connect(socket.raw, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 else {
            return false
        }
        let bytes = Array(text.utf8)
        guard unsafe send(socket.raw, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            return false
        }
        var answer = [UInt8](repeating: 0, count: answerLimit)
        return unsafe recv(socket.raw, &answer, answer.count, 0) > 0
    }
}
