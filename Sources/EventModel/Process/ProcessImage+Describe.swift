import CEventABI
import TextEncoding

/// The description of a process: every field of every form, in the order in which it is written.
extension ProcessImage {
    /// Describes the process in a form; the only place that knows which field holds what.
    func describe<V: FieldVisitor & ~Copyable>(
        _ form: ProcessForm, _ context: EncodingContext, _ visitor: inout V
    ) {
        let bytes = unsafe tail.span.bytes
        typealias F = ProcessFields
        context.withExecID(head.image) { visitor.string(F.execID, $0) }
        visitor.wrapped(F.pid, head.image.pid)
        if form == .brief {
            visitor.string(F.binary, bytes.extracting(binaryRange))
            visitor.timestamp(F.startTime, context.time(head.image.start_ns))
            return
        }
        visitor.wrapped(F.uid, head.credentials.euid)
        visitor.string(F.cwd, bytes.extracting(cwdRange))
        visitor.string(F.binary, bytes.extracting(binaryRange))
        withArguments { arguments in
            context.scratch.removeAll()
            context.scratch.append(tetragonArguments: arguments)
            context.scratch.withBytes { visitor.string(F.arguments, $0) }
        }
        context.scratch.removeAll()
        appendFlags(&context.scratch)
        context.scratch.withBytes { visitor.string(F.flags, $0) }
        visitor.timestamp(F.startTime, context.time(head.image.start_ns))
        visitor.wrapped(F.auid, head.loginuid)
        unsafe visitor.string(F.docker, containerID.span.bytes)
        context.withExecID(head.parent) { visitor.string(F.parentExecID, $0) }
        visitor.wrapped(F.tid, head.tid)
        visitor.wrapped(F.inInitTree, has(SECD_IMAGE_INIT_TREE))
        guard form == .full else { return }
        describeRights(context, &visitor)
        describeFile(bytes, context, &visitor)
        withArguments { arguments in
            visitor.strings(F.argv, in: arguments)
        }
        visitor.uint64(F.argvMissing, UInt64(max(0, Int(head.arguments_total) - argumentBytesKnown)))
        describePlace(bytes, context, &visitor)
        if let environment {
            Self.describe(environment: environment, &visitor)
        } else {
            Self.describe(environment: [], &visitor)
        }
    }

    private func describeRights<V: FieldVisitor & ~Copyable>(
        _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = ProcessFields
        let credentials = head.credentials
        visitor.message(F.cap, decidedBy: credentials) {
            Self.describe(capabilities: credentials, context, &$0)
        }
        let host = context.hostNamespaces
        let ns = head.namespaces
        visitor.message(F.ns, decidedBy: (ns, host)) { visitor in
            Self.describe(F.uts, ns.uts, host.uts, &visitor)
            Self.describe(F.ipc, ns.ipc, host.ipc, &visitor)
            Self.describe(F.mnt, ns.mnt, host.mnt, &visitor)
            Self.describe(F.pidNamespace, ns.pid, host.pid, &visitor)
            Self.describe(F.pidForChildren, ns.pid_for_children, host.pid_for_children, &visitor)
            Self.describe(F.net, ns.net, host.net, &visitor)
            Self.describe(F.time, ns.time, host.time, &visitor)
            Self.describe(F.timeForChildren, ns.time_for_children, host.time_for_children, &visitor)
            Self.describe(F.cgroupNamespace, ns.cgroup, host.cgroup, &visitor)
            Self.describe(F.user, ns.user, host.user, &visitor)
        }
        visitor.message(F.credentials, decidedBy: credentials) {
            Self.describe(credentials: credentials, &$0)
        }
    }

    private static func describe<V: FieldVisitor & ~Copyable>(
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

    private static func mask<V: FieldVisitor & ~Copyable>(
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

    private func describeFile<V: FieldVisitor & ~Copyable>(
        _ bytes: RawSpan, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = ProcessFields
        visitor.message(F.binaryProperties, present: true) { visitor in
            visitor.wrapped(F.setuid, has(SECD_IMAGE_SETUID) ? head.credentials.euid : nil)
            visitor.wrapped(F.setgid, has(SECD_IMAGE_SETGID) ? head.credentials.egid : nil)
            let raised = head.flags & (SECD_IMAGE_SETUID | SECD_IMAGE_SETGID | SECD_IMAGE_FILE_CAPS)
            visitor.enumerations(F.privilegesChanged, count: raised.nonzeroBitCount) { index in
                Self.raise(index, of: raised)
            }
            visitor.message(F.file, present: head.binary_inode.number != 0) { visitor in
                visitor.message(F.inode, present: true) { visitor in
                    visitor.describe(inode: head.binary_inode, context)
                }
                visitor.string(F.path, bytes.extracting(binaryRange))
            }
            visitor.bool(F.privilegeUnknown, has(SECD_IMAGE_PRIV_UNKNOWN))
        }
        let deleted = head.binary_inode.number != 0 && head.binary_inode.links == 0
        visitor.bool(F.fileless, has(SECD_IMAGE_FILELESS))
        visitor.bool(F.deleted, deleted)
        unsafe visitor.string(F.sha256, sha256.span.bytes)
        visitor.text(F.sha256Missing, missingDigest?.name)
        let filename = bytes.extracting(filenameRange)
        let script = has(SECD_IMAGE_SCRIPT)
        visitor.message(F.script, present: script) { visitor in
            context.scratch.removeAll()
            // execve took it relative to the working directory.
            if filename.byteCount > 0,
                unsafe filename.unsafeLoad(fromByteOffset: 0, as: UInt8.self) != UInt8(ascii: "/")
            {
                context.scratch.append(directory: bytes.extracting(cwdRange))
                context.scratch.append(withoutDot: filename)
            } else {
                context.scratch.append(filename)
            }
            context.scratch.withBytes { visitor.string(F.scriptPath, $0) }
            visitor.string(F.interpreter, bytes.extracting(interpreterRange))
        }
        // The common case, an absolute path without links, says nothing new.
        let isKnown = script || filename.isIdentical(to: bytes.extracting(binaryRange))
        visitor.string(F.filename, isKnown ? filename.extracting(0..<0) : filename)
    }

    private static func raise(_ index: Int, of flags: UInt32) -> EnumCase {
        var left = index
        for (flag, name) in [
            (SECD_IMAGE_SETUID, ProcessFields.raisedSetuid), (SECD_IMAGE_SETGID, ProcessFields.raisedSetgid),
        ] where flags & flag != 0 {
            if left == 0 { return name }
            left -= 1
        }
        return ProcessFields.raisedCapabilities
    }

    private func describePlace<V: FieldVisitor & ~Copyable>(
        _ bytes: RawSpan, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = ProcessFields
        var comm = head.comm
        var tty = head.tty
        unsafe withUnsafeBytes(of: &comm) {
            unsafe visitor.string(F.comm, RawSpan(_unsafeBytes: $0).untilNUL)
        }
        unsafe withUnsafeBytes(of: &tty) { unsafe visitor.string(F.tty, RawSpan(_unsafeBytes: $0).untilNUL) }
        visitor.uint32(F.session, head.sessionid == UInt32.max ? 0 : head.sessionid)
        visitor.message(F.cgroup, present: head.cgroup_id != 0) { visitor in
            visitor.uint64(F.cgroupID, head.cgroup_id)
            unsafe visitor.string(F.cgroupPath, cgroupPath.span.bytes)
        }
        visitor.string(F.binaryInRoot, bytes.extracting(binaryRange).inRoot(of: head.binary))
        visitor.string(F.cwdInRoot, bytes.extracting(cwdRange).inRoot(of: head.cwd))
        visitor.uint32(F.pidInNamespace, head.pid_in_ns == head.image.pid ? 0 : head.pid_in_ns)
        visitor.timestamp(
            F.processStart, head.process_start_ns == 0 ? nil : context.time(head.process_start_ns))
        context.withExecID(head.previous) { visitor.string(F.previousExecID, $0) }
        context.scratch.removeAll()
        context.scratch.append(pathFlags: head.binary, "binary")
        context.scratch.append(pathFlags: head.cwd, "cwd")
        context.scratch.withBytes { visitor.string(F.pathFlags, $0) }
    }

    private static func describe<V: FieldVisitor & ~Copyable>(
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

    /// Tetragon's words, separated by spaces.
    private func appendFlags(_ text: inout OutputBuffer) {
        func word(_ condition: Bool, _ word: StaticString) {
            guard condition else { return }
            if text.count > 0 { text.append(UInt8(ascii: " ")) }
            text.append(word)
        }
        word(has(SECD_IMAGE_EXECVE), "execve")
        word(has(SECD_IMAGE_SEEDED), "procFS")
        word(cwdRange.count == 1, "rootcwd")
        word(head.cwd.length == 0, "nocwd")
        word(head.cwd.flags & SECD_PATH_UNREADABLE != 0, "errorCWD")
        word(
            head.binary.flags & (SECD_PATH_UNREADABLE | SECD_PATH_TRUNCATED) != 0, "errorPathResolutionBinary"
        )
        word(has(SECD_IMAGE_ARGV_FAULT), "errorArgs")
        word(Int(head.arguments_total) > argumentBytesKnown, "truncArgs")
        word(has(SECD_IMAGE_CLONE), "clone")
        word(has(SECD_IMAGE_INIT_TREE), "inInitTree")
        word(has(SECD_IMAGE_KERNEL_THREAD), "kernelThread")
    }
}
