import CEventABI
import TextEncoding

/// The parts of a process's description that need no process.
extension ProcessImage {
    static func describe<V: FieldVisitor & ~Copyable>(
        _ field: Field, _ inum: UInt32, _ host: UInt32, _ visitor: inout V
    ) {
        visitor.message(field, present: inum != 0) { visitor in
            visitor.uint32(ProcessFields.inum, inum)
            visitor.bool(ProcessFields.isHost, inum == host && host != 0)
        }
    }

    /// The capability sets; names for the three that Tetragon has, masks for the other two.
    static func describe<V: FieldVisitor & ~Copyable>(
        capabilities set: secd_credentials, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = ProcessFields
        visitor.capabilities(F.permitted, set.permitted)
        visitor.capabilities(F.effective, set.effective)
        visitor.capabilities(F.inheritable, set.inheritable)
        mask(F.bounding, set.bounding, context, &visitor)
        mask(F.ambient, set.ambient, context, &visitor)
    }

    static func mask<V: FieldVisitor & ~Copyable>(
        _ field: Field, _ value: UInt64, _ context: EncodingContext, _ visitor: inout V
    ) {
        guard value != 0 else { return visitor.text(field, nil) }
        context.scratch.removeAll()
        context.scratch.append("0x")
        context.scratch.append(hexadecimal: value)
        context.scratch.withBytes { visitor.string(field, $0) }
    }

    /// User and group ids of `tetragon.ProcessCredentials`.
    static func describe<V: FieldVisitor & ~Copyable>(credentials set: secd_credentials, _ visitor: inout V) {
        typealias F = ProcessFields
        visitor.wrapped(F.credUid, set.uid)
        visitor.wrapped(F.credGid, set.gid)
        visitor.wrapped(F.euid, set.euid)
        visitor.wrapped(F.egid, set.egid)
        visitor.wrapped(F.suid, set.suid)
        visitor.wrapped(F.sgid, set.sgid)
        visitor.wrapped(F.fsuid, set.fsuid)
        visitor.wrapped(F.fsgid, set.fsgid)
        let bits = set.securebits & SecureBit.known
        visitor.enumerations(F.securebits, count: bits.nonzeroBitCount) { SecureBit.member($0, of: bits) }
        visitor.message(F.userNamespace, present: set.user_ns_level != 0) { visitor in
            // Signed in Tetragon's API; the kernel's limit is 32.
            visitor.wrapped(F.level, min(set.user_ns_level, UInt32(Int32.max)))
            visitor.wrapped(F.owner, set.user_ns_owner)
            visitor.wrapped(F.group, set.user_ns_group)
        }
    }

    static func raise(_ index: Int, of flags: UInt32) -> EnumCase {
        var left = index
        for (flag, name) in [
            (SECD_IMAGE_SETUID, ProcessFields.raisedSetuid), (SECD_IMAGE_SETGID, ProcessFields.raisedSetgid),
        ] where flags & flag != 0 {
            if left == 0 { return name }
            left -= 1
        }
        return ProcessFields.raisedCapabilities
    }

    static func describe<V: FieldVisitor & ~Copyable>(
        environment: [UInt8], _ visitor: inout V
    ) {
        var entries: [Range<Int>] = []
        var start = 0
        for index in environment.indices where environment[index] == 0 {
            if index > start { entries.append(start..<index) }
            start = index + 1
        }
        visitor.messages(ProcessFields.environment, count: entries.count) { visitor, index in
            let entry = entries[index]
            let equals = environment[entry].firstIndex(of: UInt8(ascii: "=")) ?? entry.upperBound
            let bytes = unsafe environment.span.bytes
            visitor.string(ProcessFields.envKey, bytes.extracting(entry.lowerBound..<equals))
            let value = min(equals + 1, entry.upperBound)..<entry.upperBound
            visitor.string(ProcessFields.envValue, bytes.extracting(value))
        }
    }

    /// Tetragon's words, separated by spaces, in the order of their bits.
    static let flagWords: [StaticString] = [
        "execve", "procFS", "rootcwd", "nocwd", "errorCWD", "errorPathResolutionBinary", "errorArgs",
        "truncArgs",
        "clone", "inInitTree", "kernelThread",
    ]
}
