import CEventABI
import TextEncoding

extension PolicyFile {
    /// A `tetragon.KprobeFile` or `KprobePath`.
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = PolicyArgumentFields
        visitor.text(F.mount, nil)
        describe(F.filePath, F.fileFlags, F.filePermission, context, &visitor)
    }

    /// A `tetragon.KprobeLinuxBinprm`.
    func describe<V: FieldVisitor & ~Copyable>(program context: EncodingContext, _ visitor: inout V) {
        typealias F = PolicyArgumentFields
        describe(F.programPath, F.programFlags, F.programPermission, context, &visitor)
    }

    private func describe<V: FieldVisitor & ~Copyable>(
        _ pathField: Field, _ flagsField: Field, _ permissionField: Field, _ context: EncodingContext,
        _ visitor: inout V
    ) {
        unsafe visitor.string(pathField, path.span.bytes)
        context.scratch.removeAll()
        context.scratch.append(argumentPathFlags: flags)
        context.scratch.withBytes { visitor.string(flagsField, $0) }
        context.scratch.removeAll()
        if mode != 0 { context.scratch.append(permission: mode) }
        context.scratch.withBytes { visitor.string(permissionField, $0) }
    }
}

extension PolicySocket {
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = PolicyArgumentFields
        visitor.text(F.family, SocketNames.family(family))
        visitor.text(F.type, SocketNames.type(type))
        visitor.text(F.protocolName, SocketNames.protocolName(family, protocolNumber))
        visitor.uint32(F.mark, mark)
        visitor.uint32(F.priority, priority)
        context.scratch.replace(byAddress: source)
        context.scratch.withBytes { visitor.string(F.source, $0) }
        context.scratch.replace(byAddress: destination)
        context.scratch.withBytes { visitor.string(F.destination, $0) }
        visitor.uint32(F.sourcePort, UInt32(sourcePort))
        visitor.uint32(F.destinationPort, UInt32(destinationPort))
        visitor.uint64(F.cookie, cookie)
        context.scratch.removeAll()
        if let name = SocketNames.state(state) {
            context.scratch.append("TCP_")
            context.scratch.append(name)
        }
        context.scratch.withBytes { visitor.string(F.socketState, $0) }
    }
}

extension PolicyPacket {
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = PolicyArgumentFields
        visitor.uint32(F.packetHash, hash)
        visitor.uint32(F.packetLength, length)
        visitor.uint32(F.packetPriority, priority)
        visitor.uint32(F.packetMark, mark)
        context.scratch.replace(byAddress: source)
        context.scratch.withBytes { visitor.string(F.packetSource, $0) }
        context.scratch.replace(byAddress: destination)
        context.scratch.withBytes { visitor.string(F.packetDestination, $0) }
        visitor.uint32(F.packetSourcePort, UInt32(sourcePort))
        visitor.uint32(F.packetDestinationPort, UInt32(destinationPort))
        visitor.uint32(F.packetProtocolNumber, UInt32(protocolNumber))
        visitor.uint32(F.securityPathLength, securityPathLength)
        visitor.uint32(F.securityPathOffloaded, securityPathOffloaded)
        visitor.text(F.packetProtocol, SocketNames.protocolName(family, protocolNumber))
        visitor.text(F.packetFamily, SocketNames.family(family))
    }
}

extension PolicyUserNamespace {
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = ProcessFields
        // Signed in Tetragon's API; the kernel's limit is 32.
        visitor.wrapped(F.level, min(level, UInt32(Int32.max)))
        visitor.wrapped(F.owner, owner)
        visitor.wrapped(F.group, group)
        let host = context.hostNamespaces.user
        visitor.message(PolicyArgumentFields.namespaceInode, present: inode != 0) { visitor in
            visitor.uint32(F.inum, inode)
            visitor.bool(F.isHost, inode == host && host != 0)
        }
    }
}

extension PolicyModule {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyArgumentFields
        unsafe visitor.string(F.name, name.span.bytes)
        visitor.wrapped(F.signatureOK, isSigned)
        let taints = taints
        let names = PolicyNumberNames.taints.filter { taints & UInt32($0.number) != 0 }
        visitor.enumerations(F.tainted, count: names.count) { names[$0] }
    }
}

extension PolicyBPFProgram {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyArgumentFields
        visitor.text(F.programType, PolicyNumberNames.programType(type))
        visitor.uint32(F.instructions, instructions)
        unsafe visitor.string(F.programName, name.span.bytes)
    }
}

extension PolicyBPFMap {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyArgumentFields
        visitor.text(F.mapType, PolicyNumberNames.mapType(type))
        visitor.uint32(F.keySize, keySize)
        visitor.uint32(F.valueSize, valueSize)
        visitor.uint32(F.entries, entries)
        unsafe visitor.string(F.mapName, name.span.bytes)
    }
}

extension PolicyPerfEvent {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyArgumentFields
        unsafe visitor.string(F.kprobeFunction, function.span.bytes)
        visitor.text(F.perfType, PolicyNumberNames.perfType(type))
        visitor.uint64(F.perfConfig, config)
        visitor.uint64(F.probeOffset, probeOffset)
    }
}

extension OutputBuffer {
    /// Becomes an address of 4 or 16 bytes; empty for any other number of bytes.
    mutating func replace(byAddress address: [UInt8]) {
        removeAll()
        switch address.count {
        case 4: unsafe append(ipv4: address.span.bytes)
        case 16: unsafe append(ipv6: address.span.bytes)
        default: break
        }
    }

    /// Appends a set of capabilities as 16 digits.
    mutating func append(mask: UInt64) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: mask >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Appends what is unsure about a path; the first word is Tetragon's.
    fileprivate mutating func append(argumentPathFlags flags: UInt32) {
        func word(_ flag: UInt32, _ text: StaticString) {
            guard flags & flag != 0 else { return }
            if count > 0 { append(UInt8(ascii: " ")) }
            append(text)
        }
        word(SECD_PATH_TRUNCATED, "unresolvedPathComponents")
        word(SECD_PATH_UNREADABLE, "unreadable")
        word(SECD_PATH_DETACHED, "detached")
        word(SECD_PATH_DELETED, "deleted")
    }

    /// Appends type and permissions as `ls` shows them: `-rwsr-xr-x`.
    fileprivate mutating func append(permission mode: UInt16) {
        switch mode & 0o170000 {
        case 0o060000: append("b")
        case 0o020000: append("c")
        case 0o040000: append("d")
        case 0o010000: append("p")
        case 0o120000: append("l")
        case 0o140000: append("s")
        default: append("-")
        }
        append(class: mode >> 6, special: mode & 0o4000 != 0, "s", "S")
        append(class: mode >> 3, special: mode & 0o2000 != 0, "s", "S")
        append(class: mode, special: mode & 0o1000 != 0, "t", "T")
    }

    private mutating func append(
        class bits: UInt16, special: Bool, _ executable: StaticString, _ other: StaticString
    ) {
        append(bits & 4 != 0 ? "r" : "-" as StaticString)
        append(bits & 2 != 0 ? "w" : "-" as StaticString)
        if special {
            append(bits & 1 != 0 ? executable : other)
        } else {
            append(bits & 1 != 0 ? "x" : "-" as StaticString)
        }
    }
}
