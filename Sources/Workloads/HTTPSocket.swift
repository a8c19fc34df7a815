import Glibc
import LinuxSystem
import SystemPackage

/// HTTP over a Unix socket, as far as the APIs of container engines need it. Requests are HTTP/1.0: the answer
/// is what comes until the other side closes, without chunks. Every answer is bounded in size and time.
struct HTTPSocket: Sendable {
    /// Why there is no answer.
    enum Failure: Error, Equatable {
        /// Nobody listens there.
        case absent
        case timeout
        case tooLong
        case notHTTP
        /// A status other than 200.
        case status(Int)
        case system(Errno)
    }

    /// Bytes of the head of an answer.
    private static let longestHead = 65_536
    /// For one answer, nanoseconds.
    static let patience: UInt64 = 2_000_000_000

    let path: String

    /// The body of an answer.
    func get(_ target: String, limit: Int = 16 << 20) throws(Failure) -> [UInt8] {
        let deadline = MonotonicClock.now &+ Self.patience
        let socket = try open(target)
        var received: [UInt8] = []
        var bodyStart: Int?
        while try Self.receive(socket.raw, into: &received, until: deadline) {
            if bodyStart == nil { bodyStart = try Self.head(of: received) }
            if received.count > limit + Self.longestHead { throw .tooLong }
        }
        guard let bodyStart else { throw .notHTTP }
        return Array(received[bodyStart...])
    }

    /// Opens an answer that never ends. Returns its socket and what of the body came already.
    func stream(_ target: String) throws(Failure) -> (socket: OwnedSocket, begin: [UInt8]) {
        let deadline = MonotonicClock.now &+ Self.patience
        let socket = OwnedSocket(try open(target))
        var received: [UInt8] = []
        while try Self.receive(socket.raw, into: &received, until: deadline) {
            if let start = try Self.head(of: received) { return (socket, Array(received[start...])) }
        }
        throw .notHTTP
    }

    private func open(_ target: String) throws(Failure) -> OwnedFD {
        let socket: OwnedFD
        do throws(Errno) {
            socket = try UnixSocket.connectStream(to: path)
        } catch {
            let isAbsent = [.noSuchFileOrDirectory, .connectionRefused, .notDirectory].contains(error)
            throw isAbsent ? .absent : .system(error)
        }
        // Small enough for any socket's buffer.
        let request = Array(
            "GET \(target) HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n".utf8)
        let progress = unsafe socket.writeAll(request.span.bytes)
        if let failure = progress.failure { throw .system(failure) }
        return socket
    }

    /// Takes what is there, or waits for it; false = the other side has closed.
    private static func receive(
        _ socket: Int32, into received: inout [UInt8], until deadline: UInt64
    ) throws(Failure) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        do throws(Errno) {
            while true {
                let count = try SystemCall.nonBlocking {
                    unsafe chunk.withUnsafeMutableBytes {
                        unsafe Glibc.read(socket, $0.baseAddress, $0.count)
                    }
                }
                if let count {
                    received += chunk[..<count]
                    return count > 0
                }
                var requests: InlineArray<1, PollRequest> = [
                    PollRequest(descriptor: socket, wanted: .readable)
                ]
                guard try Polling.wait(&requests, until: deadline) else { throw Errno.timedOut }
            }
        } catch {
            throw error == .timedOut ? .timeout : .system(error)
        }
    }

    /// Where the body begins; nil = the head is not complete yet.
    private static func head(of bytes: [UInt8]) throws(Failure) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard let start = bytes.prefix(longestHead).firstRange(of: end) else {
            if bytes.count > longestHead { throw .notHTTP }
            return nil
        }
        let line = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        let words = line.split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .notHTTP
        }
        guard status == 200 else { throw .status(status) }
        return start.upperBound
    }
}

/// A socket that several may hold.
final class OwnedSocket: Sendable {
    private let descriptor: OwnedFD

    init(_ descriptor: consuming OwnedFD) { self.descriptor = descriptor }

    var raw: Int32 { descriptor.raw }

    /// What has come; nil = the other side has closed.
    func take(_ limit: Int) -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: limit)
        let number = raw
        do throws(Errno) {
            let count = try SystemCall.nonBlocking {
                unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
            }
            guard let count else { return [] }
            return count > 0 ? Array(chunk[..<count]) : nil
        } catch {
            return nil
        }
    }
}
