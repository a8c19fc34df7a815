import AgentModel
import CEventABI
import EventModel
import TextEncoding

extension SocketListing {
    /// A row from the last event of a socket.
    init(_ event: SocketEvent, _ process: ProcessObject?, _ context: EncodingContext) {
        let record = event.record
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let isAddress = record.family == SocketNames.inet || record.family == SocketNames.inet6
        let local =
            isAddress
            ? Self.endpoint(record.family, record.local, record.local_port) : Self.unixName(event.path)
        let remote =
            isAddress && record.remote_port != 0
            ? Self.endpoint(record.family, record.remote, record.remote_port) : ""
        var opened = OutputBuffer(capacity: 64)
        if record.opened_ns != 0 { opened.append(rfc3339: context.time(record.opened_ns)) }
        self.init(
            cookie: record.cookie, user: text(process?.execID ?? event.user), creator: text(event.creator),
            acceptor: text(event.acceptor),
            ownerUnknown: SocketNames.unknownOwner(record.owner_unknown)?.description ?? "",
            pid: process?.key.pid ?? record.user.pid,
            binary: process.map { text(Array($0.image.tail[$0.image.binaryRange])) } ?? "",
            kind: Self.kind(record.family, record.type, record.protocol),
            state: SocketNames.state(record.state)?.description.lowercased() ?? "", local: local,
            remote: remote,
            remoteName: text(event.remoteName), bytesSent: record.bytes_sent,
            bytesReceived: record.bytes_received,
            openedTime: text(opened.copyToArray()))
    }

    private static func kind(_ family: UInt16, _ type: UInt16, _ protocolNumber: UInt16) -> String {
        let six = family == SocketNames.inet6 ? "6" : ""
        switch (family, type, protocolNumber) {
        case (SocketNames.inet, 1, _), (SocketNames.inet6, 1, _): return "tcp" + six
        case (SocketNames.inet, 2, 17), (SocketNames.inet6, 2, 17), (SocketNames.inet, 2, 0),
            (SocketNames.inet6, 2, 0):
            return "udp" + six
        case (SocketNames.inet, _, _), (SocketNames.inet6, _, _): return "raw" + six
        case (SocketNames.unix, _, _): return "unix"
        case (16, _, _): return "netlink"
        case (17, _, _): return "packet"
        case (40, _, _): return "vsock"
        default: return "other"
        }
    }

    private static func unixName(_ path: [UInt8]) -> String {
        String(decoding: path.map { $0 == 0 ? UInt8(ascii: "@") : $0 }, as: UTF8.self)
    }

    private static func endpoint<Address>(_ family: UInt16, _ address: Address, _ port: UInt16) -> String {
        var text = OutputBuffer(capacity: 64)
        unsafe withUnsafeBytes(of: address) { bytes in
            let span = unsafe RawSpan(_unsafeBytes: bytes)
            if family == SocketNames.inet {
                text.append(ipv4: span)
            } else {
                text.append(UInt8(ascii: "["))
                text.append(ipv6: span)
                text.append(UInt8(ascii: "]"))
            }
        }
        text.append(UInt8(ascii: ":"))
        text.append(decimal: UInt64(port))
        return String(decoding: text.copyToArray(), as: UTF8.self)
    }
}
