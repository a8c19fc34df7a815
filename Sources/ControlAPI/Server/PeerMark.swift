import Glibc
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Tells services who calls: writes the user of the Unix socket's other end into the headers of each call, where the
/// transport, which knows no credentials, passes it on as metadata. What a client itself writes there is removed.
final class PeerMark: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    /// The key of the metadata.
    static let header = "secd-peer-user"
    /// The process, likewise: as the daemon's pid namespace numbers it.
    static let processHeader = "secd-peer-process"

    private let peer: PeerCredentials?

    /// - Parameter peer: nil = not known; then no header is written.
    private init(peer: PeerCredentials?) {
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .headers(var frame) = unwrapInboundIn(data) else {
            context.fireChannelRead(data)
            return
        }
        frame.headers.remove(name: Self.header)
        frame.headers.remove(name: Self.processHeader)
        if let peer {
            frame.headers.add(name: Self.header, value: String(peer.user))
            frame.headers.add(name: Self.processHeader, value: String(peer.process))
        }
        context.fireChannelRead(wrapInboundOut(.headers(frame)))
    }

    /// Marks the calls of a connection to the Unix socket; `channel` is that of one call.
    static func markUser(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard let connection = channel.parent as? any SocketOptionProvider else { return mark(channel, nil) }
        let option: EventLoopFuture<PeerCredentials> = connection.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
        return option.map { PeerCredentials?.some($0) }.recover { _ in nil }.flatMap { mark(channel, $0) }
    }

    /// Marks the calls of a connection from elsewhere: as nobody's.
    static func markNobody(_ channel: any Channel) -> EventLoopFuture<Void> { mark(channel, nil) }

    private static func mark(_ channel: any Channel, _ peer: PeerCredentials?) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(PeerMark(peer: peer), position: .first)
        }
    }
}

/// What SO_PEERCRED gives (struct ucred, unix(7)): the credentials with which the other end connected.
private struct PeerCredentials: Sendable {
    var process: Int32
    var user: UInt32
    var group: UInt32
}
