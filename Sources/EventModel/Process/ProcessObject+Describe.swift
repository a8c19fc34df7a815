import CEventABI
import TextEncoding

/// What the members `cap`, `ns` and `process_credentials` depend on. A type of this module, because other modules do
/// not find that a C structure is `BitwiseCopyable` (the compiler gives up, Swift 6.3).
private struct Rights: BitwiseCopyable {
    var credentials: secd_credentials
    var namespaces: secd_namespaces
    var host: secd_namespaces
}

/// Likewise, of `inode`.
private struct Inode: BitwiseCopyable {
    var inode: secd_inode
}

/// The description of a process: every field of every form, in the order in which it is
/// written. Here and not at the image, which is large: a method of a class's property gets a copy of it.
extension ProcessObject {
    /// Describes the process in a form; the only place that knows which field holds what.
    func describe<V: FieldVisitor & ~Copyable>(_ form: ProcessForm, _ visitor: inout V) {
        let tail = image.tail
        let bytes = unsafe tail.span.bytes
        typealias F = ProcessFields
        context.withExecID(image.head.image) { visitor.string(F.execID, $0) }
        visitor.wrapped(F.pid, image.head.image.pid)
        if form == .brief {
            visitor.string(F.binary, bytes.extracting(image.binaryRange))
            visitor.timestamp(F.startTime, context.time(image.head.image.start_ns))
            return
        }
        visitor.wrapped(F.uid, image.head.credentials.euid)
        visitor.string(F.cwd, bytes.extracting(image.cwdRange))
        visitor.string(F.binary, bytes.extracting(image.binaryRange))
        if let arguments = image.longArguments {
            unsafe visitor.arguments(F.arguments, arguments.span.bytes, context)
        } else {
            visitor.arguments(F.arguments, bytes.extracting(image.argumentsRange), context)
        }
        withFlags { visitor.string(F.flags, $0) }
        visitor.timestamp(F.startTime, context.time(image.head.image.start_ns))
        visitor.wrapped(F.auid, image.head.loginuid)
        let workload = image.workload
        visitor.describe(
            pod: workload, pidInNamespace: image.head.pid_in_ns, mayBeProbe: mayBeExecProbe, context)
        let containerID = image.containerID
        unsafe visitor.string(F.docker, containerID.span.bytes)
        context.withExecID(image.head.parent) { visitor.string(F.parentExecID, $0) }
        visitor.wrapped(F.tid, image.head.tid)
        visitor.wrapped(F.inInitTree, image.has(SECD_IMAGE_INIT_TREE))
        visitor.describe(workload: workload)
        if form == .full { describeBeyondStandard(&visitor) }
    }

    /// What the full form has behind the standard one.
    func describeBeyondStandard<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        let tail = image.tail
        let bytes = unsafe tail.span.bytes
        typealias F = ProcessFields
        describeRights(&visitor)
        describeFile(bytes, &visitor)
        if let arguments = image.longArguments {
            unsafe visitor.strings(F.argv, in: arguments.span.bytes)
        } else {
            visitor.strings(F.argv, in: bytes.extracting(image.argumentsRange))
        }
        let missing = Int(image.head.arguments_total) - image.argumentBytesKnown
        visitor.uint64(F.argvMissing, UInt64(max(0, missing)))
        describePlace(bytes, &visitor)
        if image.environment != nil || V.showsShape {
            ProcessImage.describe(environment: image.environment ?? [], &visitor)
            visitor.uint64(F.environmentMissing, UInt64(image.environmentMissing))
        }
    }

    /// Capabilities, namespaces and credentials.
    func describeRights<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = ProcessFields
        let credentials = image.head.credentials
        let host = context.hostNamespaces
        let ns = image.head.namespaces
        let rights = Rights(credentials: credentials, namespaces: ns, host: host)
        visitor.members(of: F.cap, decidedBy: rights) { visitor in
            visitor.message(F.cap, present: true) {
                ProcessImage.describe(capabilities: credentials, context, &$0)
            }
            visitor.message(F.ns, present: true) { visitor in
                ProcessImage.describe(F.uts, ns.uts, host.uts, &visitor)
                ProcessImage.describe(F.ipc, ns.ipc, host.ipc, &visitor)
                ProcessImage.describe(F.mnt, ns.mnt, host.mnt, &visitor)
                ProcessImage.describe(F.pidNamespace, ns.pid, host.pid, &visitor)
                ProcessImage.describe(F.pidForChildren, ns.pid_for_children, host.pid_for_children, &visitor)
                ProcessImage.describe(F.net, ns.net, host.net, &visitor)
                ProcessImage.describe(F.time, ns.time, host.time, &visitor)
                ProcessImage.describe(
                    F.timeForChildren, ns.time_for_children, host.time_for_children, &visitor)
                ProcessImage.describe(F.cgroupNamespace, ns.cgroup, host.cgroup, &visitor)
                ProcessImage.describe(F.user, ns.user, host.user, &visitor)
            }
            visitor.message(F.credentials, present: true) {
                ProcessImage.describe(credentials: credentials, &$0)
            }
        }
    }

    private func describeFile<V: FieldVisitor & ~Copyable>(_ bytes: RawSpan, _ visitor: inout V) {
        typealias F = ProcessFields
        visitor.message(F.binaryProperties, present: true) { visitor in
            visitor.wrapped(F.setuid, image.has(SECD_IMAGE_SETUID) ? image.head.credentials.euid : nil)
            visitor.wrapped(F.setgid, image.has(SECD_IMAGE_SETGID) ? image.head.credentials.egid : nil)
            let raised = image.head.flags & (SECD_IMAGE_SETUID | SECD_IMAGE_SETGID | SECD_IMAGE_FILE_CAPS)
            visitor.enumerations(F.privilegesChanged, count: raised.nonzeroBitCount) { index in
                ProcessImage.raise(index, of: raised)
            }
            visitor.message(F.file, present: image.head.binary_inode.number != 0) { visitor in
                let inode = image.head.binary_inode
                visitor.message(F.inode, decidedBy: Inode(inode: inode)) {
                    $0.describe(inode: inode, context)
                }
                visitor.string(F.path, bytes.extracting(image.binaryRange))
            }
            visitor.bool(F.privilegeUnknown, image.has(SECD_IMAGE_PRIV_UNKNOWN))
        }
        let deleted = image.head.binary_inode.number != 0 && image.head.binary_inode.links == 0
        visitor.bool(F.fileless, image.has(SECD_IMAGE_FILELESS))
        visitor.bool(F.deleted, deleted)
        let sha256 = image.sha256
        unsafe visitor.string(F.sha256, sha256.span.bytes)
        visitor.text(F.sha256Missing, image.missingDigest?.name)
        let filename = bytes.extracting(image.filenameRange)
        let script = image.has(SECD_IMAGE_SCRIPT)
        visitor.message(F.script, present: script) { visitor in
            context.scratch.removeAll()
            // execve took it relative to the working directory.
            if filename.byteCount > 0,
                unsafe filename.unsafeLoad(fromByteOffset: 0, as: UInt8.self) != UInt8(ascii: "/")
            {
                context.scratch.append(directory: bytes.extracting(image.cwdRange))
                context.scratch.append(withoutDot: filename)
            } else {
                context.scratch.append(filename)
            }
            context.scratch.withBytes { visitor.string(F.scriptPath, $0) }
            visitor.string(F.interpreter, bytes.extracting(image.interpreterRange))
        }
        // The common case, an absolute path without links, says nothing new.
        let isKnown = script || filename.isIdentical(to: bytes.extracting(image.binaryRange))
        visitor.string(F.filename, isKnown ? filename.extracting(0..<0) : filename)
    }

    private func describePlace<V: FieldVisitor & ~Copyable>(_ bytes: RawSpan, _ visitor: inout V) {
        typealias F = ProcessFields
        var comm = image.head.comm
        var tty = image.head.tty
        unsafe withUnsafeBytes(of: &comm) {
            unsafe visitor.string(F.comm, RawSpan(_unsafeBytes: $0).untilNUL)
        }
        unsafe withUnsafeBytes(of: &tty) { unsafe visitor.string(F.tty, RawSpan(_unsafeBytes: $0).untilNUL) }
        visitor.uint32(F.session, image.head.sessionid == UInt32.max ? 0 : image.head.sessionid)
        visitor.message(F.cgroup, present: image.head.cgroup_id != 0) { visitor in
            visitor.uint64(F.cgroupID, image.head.cgroup_id)
            let path = image.cgroupPath
            unsafe visitor.string(F.cgroupPath, path.span.bytes)
        }
        visitor.string(F.binaryInRoot, bytes.extracting(image.binaryRange).inRoot(of: image.head.binary))
        visitor.string(F.cwdInRoot, bytes.extracting(image.cwdRange).inRoot(of: image.head.cwd))
        let inNamespace = image.head.pid_in_ns
        visitor.uint32(F.pidInNamespace, inNamespace == image.head.image.pid ? 0 : inNamespace)
        visitor.timestamp(
            F.processStart, image.head.process_start_ns == 0 ? nil : context.time(image.head.process_start_ns)
        )
        context.withExecID(image.head.previous) { visitor.string(F.previousExecID, $0) }
        context.scratch.removeAll()
        if image.head.binary.isUnsure || image.head.cwd.isUnsure {
            context.scratch.append(pathFlags: image.head.binary, "binary")
            context.scratch.append(pathFlags: image.head.cwd, "cwd")
        }
        context.scratch.withBytes { visitor.string(F.pathFlags, $0) }
    }

    /// A bit for each of `flagWords`.
    private var flagConditions: UInt32 {
        func bit(_ condition: Bool, _ position: UInt32) -> UInt32 { condition ? 1 << position : 0 }
        let flags = image.head.flags
        let cwd = image.head.cwd
        let missing = Int(image.head.arguments_total) > image.argumentBytesKnown
        var bits = bit(flags & SECD_IMAGE_EXECVE != 0, 0) | bit(flags & SECD_IMAGE_SEEDED != 0, 1)
        bits |= bit(cwd.length == 1, 2) | bit(cwd.length == 0, 3)
        bits |= bit(cwd.flags & SECD_PATH_UNREADABLE != 0, 4)
        bits |= bit(image.head.binary.flags & (SECD_PATH_UNREADABLE | SECD_PATH_TRUNCATED) != 0, 5)
        bits |= bit(flags & SECD_IMAGE_ARGV_FAULT != 0, 6) | bit(missing, 7)
        bits |= bit(flags & SECD_IMAGE_CLONE != 0, 8) | bit(flags & SECD_IMAGE_INIT_TREE != 0, 9)
        return bits | bit(flags & SECD_IMAGE_KERNEL_THREAD != 0, 10)
    }

    private func withFlags(_ body: (RawSpan) -> Void) {
        let conditions = flagConditions
        if conditions != context.flagsConditions {
            context.flagsConditions = conditions
            context.flagsText.removeAll()
            for (position, word) in ProcessImage.flagWords.enumerated()
            where conditions >> UInt32(position) & 1 == 1 {
                if context.flagsText.count > 0 { context.flagsText.append(UInt8(ascii: " ")) }
                context.flagsText.append(word)
            }
        }
        context.flagsText.withBytes(body)
    }
}
