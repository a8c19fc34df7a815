import CEventABI
import TextEncoding

extension SocketEvent {
    func describe<V: FieldVisitor & ~Copyable>(
        _ kind: EventKind, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = SocketFields
        let record = record
        visitor.uint64(F.cookie, record.cookie)
        visitor.text(F.family, SocketNames.family(record.family))
        visitor.text(F.type, SocketNames.type(record.type))
        visitor.text(F.protocolName, SocketNames.protocolName(record.family, record.protocol))
        let hasAddress = record.family == SocketNames.inet || record.family == SocketNames.inet6
        describe(F.local, hasAddress, record.local, record.local_port, [], context, &visitor)
        let hasRemote = hasAddress && (record.remote_port != 0 || SocketNames.isSet(record.remote))
        describe(F.remote, hasRemote, record.remote, record.remote_port, remoteName, context, &visitor)
        describePath(context, &visitor)
        visitor.text(F.state, record.family == SocketNames.unix ? nil : SocketNames.state(record.state))
        describeOwners(&visitor)
        describeResult(kind, record, &visitor)
        visitor.uint32(F.backlog, record.backlog)
        visitor.uint32(F.netns, record.net_ns)
        visitor.wrapped(F.uid, record.uid)
        visitor.uint64(F.inode, record.inode)
        guard kind == .socketClose else { return }
        visitor.uint64(F.bytesSent, record.bytes_sent)
        visitor.uint64(F.bytesReceived, record.bytes_received)
        visitor.uint64(F.packetsSent, record.packets_sent)
        visitor.uint64(F.packetsReceived, record.packets_received)
        visitor.uint32(F.retransmits, record.retransmits)
        visitor.uint32(F.rtt, record.rtt_us)
        visitor.uint64(F.duration, record.opened_ns == 0 ? 0 : record.head.time_ns &- record.opened_ns)
        visitor.bool(F.totalsPartial, record.flags & SECD_SOCKET_FLAG_TOTALS_EXACT == 0)
        visitor.uint32(F.peers, record.peers)
        visitor.uint32(F.peersUntold, record.untold)
        visitor.bool(F.handoversCut, record.flags & SECD_SOCKET_FLAG_USER_LIMIT != 0)
        visitor.bool(F.noticedLate, record.flags & SECD_SOCKET_FLAG_NOTICED_LATE != 0)
    }

    private func describe<V: FieldVisitor & ~Copyable>(
        _ field: Field, _ present: Bool,
        _ address: (
            UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8,
            UInt8, UInt8
        ),
        _ port: UInt16, _ name: [UInt8], _ context: EncodingContext, _ visitor: inout V
    ) {
        visitor.message(field, present: present) { visitor in
            var address = address
            context.scratch.removeAll()
            unsafe withUnsafeBytes(of: &address) { bytes in
                let span = unsafe RawSpan(_unsafeBytes: bytes)
                if record.family == SocketNames.inet {
                    context.scratch.append(ipv4: span)
                } else {
                    context.scratch.append(ipv6: span)
                }
            }
            context.scratch.withBytes { visitor.string(SocketFields.address, $0) }
            visitor.uint32(SocketFields.port, UInt32(port))
            unsafe visitor.string(SocketFields.name, name.span.bytes)
        }
    }

    private func describePath<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        context.scratch.removeAll()
        for (index, byte) in path.enumerated() {
            // unix(7): an abstract name begins with NUL, shown as @ by ss and lsof; inner NULs too.
            context.scratch.append(byte == 0 ? UInt8(ascii: "@") : byte)
            if index > Int(SECD_UNIX_PATH_MAX) { break }
        }
        context.scratch.withBytes { visitor.string(SocketFields.path, $0) }
    }

    private func describeOwners<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = SocketFields
        unsafe visitor.string(F.user, user.span.bytes)
        unsafe visitor.string(F.creator, creator.span.bytes)
        unsafe visitor.string(F.acceptor, acceptor.span.bytes)
        unsafe visitor.string(F.previous, previous.span.bytes)
        visitor.text(F.ownerUnknown, SocketNames.unknownOwner(record.owner_unknown))
    }

    private func describeResult<V: FieldVisitor & ~Copyable>(
        _ kind: EventKind, _ record: secd_socket, _ visitor: inout V
    ) {
        typealias F = SocketFields
        let incoming = record.flags & SECD_SOCKET_FLAG_INCOMING != 0
        switch Int32(record.event) {
        case SECD_SOCKET_CONNECTING: visitor.text(F.result, "attempt")
        case SECD_SOCKET_CONNECTED: visitor.text(F.result, "established")
        case SECD_SOCKET_FAILED: visitor.text(F.result, "failed")
        default: visitor.text(F.result, nil)
        }
        visitor.text(F.error, record.error == 0 ? nil : ErrorNames.name(UInt32(record.error)))
        switch kind {
        case .socketDatagram: visitor.text(F.direction, incoming ? "received" : "sent")
        case .socketClose: visitor.text(F.direction, incoming ? "incoming" : "outgoing")
        default: visitor.text(F.direction, nil)
        }
        let finished = record.event == SECD_SOCKET_CONNECTED || record.event == SECD_SOCKET_FAILED
        visitor.uint64(
            F.latency, finished && record.connected_ns != 0 ? record.head.time_ns &- record.connected_ns : 0)
    }
}
