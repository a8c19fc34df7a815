import AgentModel
import NIOCore
import NIOHTTP1

/// Closes a connection that sends more than any request for metrics needs: answers end the
/// connection, so this bounds the request line, the headers and a body together.
final class RequestLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let limit = 16 << 10
    private var received = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        guard received <= Self.limit else {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }
}

/// Answers one request and closes.
final class MetricsHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let agent: any AgentControl
    private var request: HTTPRequestHead?

    init(agent: any AgentControl) {
        self.agent = agent
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = head
        case .body:
            break
        case .end:
            guard let head = request else { return }
            request = nil
            let channel = context.channel
            let agent = agent
            Task {
                let answer = await Answer(to: head, from: agent)
                answer.send(on: channel, withBody: head.method != .HEAD)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// What is sent for a request.
private struct Answer: Sendable {
    var status = HTTPResponseStatus.ok
    var type = "text/plain; charset=utf-8"
    var allowed: String?
    var body = ""

    init(to request: HTTPRequestHead, from agent: any AgentControl) async {
        let path = request.uri.prefix { $0 != "?" }
        guard path == "/metrics" || path == "/healthz" else {
            status = .notFound
            body = "there is /metrics and /healthz\n"
            return
        }
        guard request.method == .GET || request.method == .HEAD else {
            status = .methodNotAllowed
            allowed = "GET, HEAD"
            body = "use GET\n"
            return
        }
        if path == "/metrics" {
            type = "text/plain; version=0.0.4; charset=utf-8"
            body = await agent.metrics()
            return
        }
        let problems = await agent.status().problems
        status = problems.isEmpty ? .ok : .serviceUnavailable
        body = problems.isEmpty ? "ok\n" : problems.joined(separator: "\n") + "\n"
    }

    func send(on channel: any Channel, withBody: Bool) {
        var headers = HTTPHeaders([
            ("Content-Type", type), ("Content-Length", "\(body.utf8.count)"), ("Connection", "close"),
        ])
        if let allowed { headers.add(name: "Allow", value: allowed) }
        channel.write(
            HTTPServerResponsePart.head(.init(version: .http1_1, status: status, headers: headers)),
            promise: nil)
        if withBody {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil)
        }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil)
        }
    }
}
