import JSONTree
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What a server said before the body, and the body where it says no.
struct Answer {
    /// Bytes of a refusal that are read: a `Status` object.
    private static let longestRefusal = 65_536

    private let head: HTTPResponseHead
    private var refusal: [UInt8] = []

    init(_ head: HTTPResponseHead) { self.head = head }

    var isGood: Bool { head.status == .ok }

    /// Takes a piece of the body of a refusal.
    mutating func keep(_ chunk: ByteBuffer) {
        refusal += chunk.readableBytesView.prefix(Self.longestRefusal - refusal.count)
    }

    /// Nil where the answer is a good one.
    var failure: APIFailure? {
        if isGood { return nil }
        let status = Int(head.status.code)
        if status == 410 { return .expired }
        let message: String
        if let status = try? JSONScanner.parse(refusal.span) {
            message = status["message"].text ?? ""
        } else {
            // The kubelet refuses in plain words; a page of a proxy's is none for a line.
            let text = String(decoding: refusal, as: UTF8.self)
            message = text.hasPrefix("<") ? "" : text.split(separator: "\n").first.map(String.init) ?? ""
        }
        let wait = head.headers.first(name: "Retry-After").flatMap { Int($0) } ?? 0
        return .status(status, Self.shown(message), retryAfter: max(0, min(wait, 300)))
    }

    /// A server's words, fit for a line of a log.
    static func shown(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(300)
        return String(scalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
    }
}

extension APIFailure {
    /// What went wrong on a connection, in words.
    init(_ error: any Error, server: ServerAddress) {
        self =
            switch error {
            case let failure as APIFailure: failure
            case is CancellationError: .cancelled
            case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
                .untrusted("\(Answer.shown("\(error)")) (\(server))")
            case HTTPParserError.invalidEOFState:
                .unreachable("\(server): the connection ended in the middle of an answer")
            case is HTTPParserError: .unreadable("what listens at \(server) does not speak HTTP: \(error)")
            case let error as NIOConnectionError:
                .unreachable("\(server): \(Self.words(error))")
            case ChannelError.connectTimeout(let time):
                .timeout(seconds: Int(time.nanoseconds / 1_000_000_000))
            default: .unreachable("\(server): \(Answer.shown("\(error)"))")
            }
    }

    private static func words(_ error: NIOConnectionError) -> String {
        guard let first = error.connectionErrors.first else { return "no such name" }
        return Answer.shown("\(first.error)")
    }
}
