import NIOCore
import NIOHTTP1

/// A question to the server in the tests.
struct ClusterRequest: Sendable {
    let method: String
    /// Path without the query.
    let path: String
    let query: [String: String]
    let authorization: String
    let body: [UInt8]

    init(_ head: HTTPRequestHead, _ body: [UInt8]) {
        method = head.method.rawValue
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        path = parts.first.map(String.init) ?? "/"
        var query: [String: String] = [:]
        for pair in parts.count == 2 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1)
            query[String(sides[0])] = sides.count == 2 ? Self.unescaped(sides[1]) : ""
        }
        self.query = query
        authorization = head.headers.first(name: "Authorization") ?? ""
        self.body = body
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Gathers requests of a connection and hands them to the server.
final class ClusterConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (ClusterRequest, any Channel) -> Void
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(answer: @escaping @Sendable (ClusterRequest, any Channel) -> Void) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(let chunk): body += chunk.readableBytesView
        case .end:
            guard let head else { return }
            answer(ClusterRequest(head, body), context.channel)
            self.head = nil
            body = []
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension Channel {
    /// Sends a whole answer.
    func send(_ status: HTTPResponseStatus, _ text: String, _ more: [(String, String)] = []) {
        let headers = HTTPHeaders(
            [("Content-Type", "application/json"), ("Content-Length", String(text.utf8.count))] + more)
        write(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: status, headers: headers)),
            promise: nil)
        write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: text))), promise: nil)
        writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }

    /// Begins an answer that comes in chunks.
    func begin() {
        let headers = HTTPHeaders([("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")])
        writeAndFlush(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: .ok, headers: headers)),
            promise: nil)
    }

    /// Sends a chunk of it.
    func chunk(_ bytes: [UInt8]) {
        writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))), promise: nil)
    }

    /// Ends it as it should end.
    func end() { writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil) }
}
