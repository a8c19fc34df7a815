import Foundation
import Glibc
import Synchronization

/// A server of the test's own at an address of the loopback network, on a thread of its own: keeps what it is
/// asked, and answers each question with what `answer` makes of it.
final class LocalServer: Sendable {
    /// Nobody else on the machine uses it.
    static let host = "127.0.0.95"

    typealias Answer = @Sendable ([UInt8]) -> [UInt8]

    /// What the thread keeps; it does not keep the server.
    private final class Log: Sendable {
        let questions = Mutex<[[UInt8]]>([])
    }

    let port: Int
    private let descriptor: Int32
    private let log = Log()

    /// Questions so far, in order.
    var questions: [[UInt8]] { log.questions.withLock { $0 } }

    /// Answers connections, one question each.
    static func pages(_ answer: @escaping Answer) throws -> LocalServer {
        try LocalServer(Int32(SOCK_STREAM.rawValue), port: 0) { listener, log in
            let peer = accept(listener, nil, nil)
            guard peer >= 0 else { return false }
            defer { close(peer) }
            _ = take(from: peer, log, answer)
            return true
        }
    }

    /// Answers datagrams.
    /// - Parameter port: 0 = any.
    static func datagrams(port: Int, _ answer: @escaping Answer) throws -> LocalServer {
        try LocalServer(Int32(SOCK_DGRAM.rawValue), port: port) { descriptor, log in
            take(from: descriptor, log, answer)
        }
    }

    /// - Parameter serve: waits for one question and answers it; false = there will be no more.
    private init(_ type: Int32, port: Int, _ serve: @escaping @Sendable (Int32, Log) -> Bool) throws {
        let descriptor = socket(AF_INET, type | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = unsafe inet_addr(Self.host)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                var size = socklen_t(MemoryLayout<sockaddr_in>.size)
                let isBound = unsafe bind(descriptor, address, size) == 0
                unsafe getsockname(descriptor, address, &size)
                return isBound
            }
        }
        guard isBound, type == Int32(SOCK_DGRAM.rawValue) || listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw Failure("bind \(Self.host):\(port): \(errno)")
        }
        self.descriptor = descriptor
        self.port = Int(in_port_t(bigEndian: address.sin_port))
        let log = log
        Thread.detachNewThread {
            while serve(descriptor, log) {}
            close(descriptor)
        }
    }

    deinit {
        // Wakes the thread that waits there; it closes.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// One question and its answer; false where there is none any more.
    private static func take(from descriptor: Int32, _ log: Log, _ answer: Answer) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var peer = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &peer) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                let count = unsafe recvfrom(descriptor, &bytes, bytes.count, 0, peer, &size)
                guard count > 0 else { return false }
                let question = Array(bytes[..<count])
                let reply = answer(question)
                log.questions.withLock { $0.append(question) }
                // Of a connection the other end is known: there is no address, and none is needed.
                unsafe sendto(
                    descriptor, reply, reply.count, Int32(MSG_NOSIGNAL), size > 0 ? peer : nil, size)
                return true
            }
        }
    }
}

/// Answers about names (RFC 1035), as far as a resolver of the C library asks.
enum NameAnswer {
    /// A question's name and type (1 = A, 28 = AAAA); nil = it is none.
    static func question(_ message: [UInt8]) -> (name: String, type: Int, end: Int)? {
        var labels: [String] = []
        var position = 12
        while position < message.count, message[position] != 0 {
            let end = position + 1 + Int(message[position])
            guard end < message.count else { return nil }
            labels.append(String(decoding: message[(position + 1)..<end], as: UTF8.self))
            position = end
        }
        guard position + 4 < message.count else { return nil }
        return (labels.joined(separator: "."), Int(message[position + 2]), position + 5)
    }

    /// Every name is at the server's host; it has no IPv6 address.
    static func answer(_ message: [UInt8]) -> [UInt8] {
        guard let question = question(message) else { return [] }
        let hasAddress = question.type == 1
        // An answer without an error, recursion available; one question, so many records.
        var reply = message[..<2] + [0x81, 0x80, 0, 1, 0, hasAddress ? 1 : 0, 0, 0, 0, 0]
        reply += message[12..<question.end]
        if hasAddress {
            let address = LocalServer.host.split(separator: ".").compactMap { UInt8($0) }
            // The name of the question, type A, class IN, 60 seconds, four bytes.
            reply += [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4] + address
        }
        return Array(reply)
    }
}
