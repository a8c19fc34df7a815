/// Why the API gave no usable answer.
package enum APIFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The configuration, or what it names, gives no access.
    case credentials(String)
    /// Nobody answers there, or the line broke.
    case unreachable(String)
    /// It is not who it should be, or does not believe us.
    case untrusted(String)
    /// It took longer than this many seconds.
    case timeout(seconds: Int)
    /// Longer than anything that is expected.
    case tooLong(String)
    /// Not what the API says.
    case unreadable(String)
    /// An answer other than 200, with the server's words, and after how many seconds it wants to be asked again
    /// (0 = it does not say).
    case status(Int, String, retryAfter: Int)
    /// What a list or a watch wanted to go on from is gone (410): a new list is needed.
    case expired
    /// Somebody wanted an end.
    case cancelled

    package var description: String {
        switch self {
        case .credentials(let text): text
        case .unreachable(let text): "cannot be reached: \(text)"
        case .untrusted(let text): "TLS: \(text)"
        case .timeout(let seconds): "no answer within \(seconds) s"
        case .tooLong(let text): text
        case .unreadable(let text): text
        case .status(401, let text, _): "it does not know us (401)\(text.isEmpty ? "" : ": \(text)")"
        case .status(403, let text, _): "it does not let us (403)\(text.isEmpty ? "" : ": \(text)")"
        case .status(let status, let text, _): "status \(status)\(text.isEmpty ? "" : ": \(text)")"
        case .expired: "what was known is too old (410)"
        case .cancelled: "ended"
        }
    }
}

/// Bounds on what a server may send and on how long it may take.
package struct APILimits: Sendable, Hashable {
    /// Bytes of the head of an answer.
    package var head = 65_536
    /// Bytes of a page of a list.
    package var page = 64 << 20
    /// Bytes of all pages of a list.
    package var list = 512 << 20
    /// Bytes of a line of a watch: an object. The API server itself takes no more than 3 MiB.
    package var line = 8 << 20
    /// Objects of a kind that are kept.
    package var objects = 20_000
    /// Objects of a page, as asked for; a server may send more.
    package var pageObjects = 250
    /// Seconds for a connection with TLS, and for a whole page.
    package var connectSeconds = 5
    /// Seconds for one answer that ends.
    package var answerSeconds = 30
    /// Milliseconds until a server is asked again that knows no such kind of object; up to twice as long by chance.
    package var missingMilliseconds = 60_000
    /// Seconds that a watch is asked to last; it is begun again behind that.
    package var watchSeconds = 300

    package init() {}
}
