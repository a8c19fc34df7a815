public import CEventABI
import TextEncoding

/// Something that happened to a file on a configured path.
public struct FileEvent {
    /// The kernel's record (bpf/abi/file.h).
    public var record: secd_file
    /// Bytes as the kernel has them; not necessarily UTF-8.
    public var path: [UInt8]
    /// The new name of a rename or link.
    public var target: [UInt8]

    public init(record: secd_file, path: [UInt8], target: [UInt8]) {
        self.record = record
        self.path = path
        self.target = target
    }

    /// The kind of event for a file record; nil = unknown operation.
    public static func kind(of record: secd_file) -> EventKind? {
        switch Int32(record.operation) {
        case SECD_FILE_OPEN_WRITE: .fileOpen
        case SECD_FILE_CREATE: .fileCreate
        case SECD_FILE_DELETE: .fileDelete
        case SECD_FILE_RENAME: .fileRename
        case SECD_FILE_LINK: .fileLink
        case SECD_FILE_CHMOD: .fileChmod
        case SECD_FILE_CHOWN: .fileChown
        case SECD_FILE_MAP_EXEC: .fileMap
        default: nil
        }
    }
}

/// Fields of a file.
public enum FileFields {
    public static let path = Field("path", 1, .string, "Path as the host sees it.")
    public static let target = Field("target", 2, .string, "New name of a rename or link.")
    public static let inode = Field("inode", 3, .message, "The inode, where the mechanism shows it.")
    public static let flags = Field("flags", 4, .string, "Flags of the call, or protection of the mapping.")
    public static let mode = Field("mode", 5, .string, "New mode, octal.")
    public static let uid = Field("uid", 6, .uint32Value, "New owner.")
    public static let gid = Field("gid", 7, .uint32Value, "New group.")
    public static let source = Field(
        "source", 8, .string, "kernel: from the file itself; user: the string that the process passed.")
    public static let result = Field("result", 9, .int32, "0 or negative errno.")
    public static let error = Field("error", 10, .string, "Name of the errno.")
    public static let pathFlags = Field("path_flags", 11, .string, "What is unsure about the path.")
    public static let pathInRoot = Field(
        "path_in_root", 12, .string, "As the process sees it, where its root is not the host's.")
}

extension FileEvent {
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = FileFields
        let record = record
        let path = path
        let target = target
        let bytes = unsafe path.span.bytes
        visitor.string(F.path, bytes)
        unsafe visitor.string(F.target, target.span.bytes)
        visitor.message(F.inode, present: record.inode.number != 0) {
            $0.describe(inode: record.inode, context)
        }
        context.scratch.removeAll()
        context.scratch.append(fileFlags: record)
        context.scratch.withBytes { visitor.string(F.flags, $0) }
        let operation = Int32(record.operation)
        context.scratch.removeAll()
        if operation == SECD_FILE_CHMOD || operation == SECD_FILE_CREATE {
            context.scratch.append("0")
            context.scratch.append(octal: record.mode & 0o7777)
        }
        context.scratch.withBytes { visitor.string(F.mode, $0) }
        let owned = operation == SECD_FILE_CHOWN
        visitor.wrapped(F.uid, owned && record.uid != UInt32.max ? record.uid : nil)
        visitor.wrapped(F.gid, owned && record.gid != UInt32.max ? record.gid : nil)
        visitor.text(F.source, record.source == SECD_FILE_SOURCE_KERNEL ? "kernel" : "user")
        let failure = record.result < 0
        visitor.int32(F.result, failure ? record.result : 0)
        visitor.text(F.error, failure ? ErrorNames.name(record.result.magnitude) : nil)
        context.scratch.removeAll()
        context.scratch.append(pathFlags: record.path, "path")
        context.scratch.append(pathFlags: record.target, "target")
        context.scratch.withBytes { visitor.string(F.pathFlags, $0) }
        visitor.string(F.pathInRoot, bytes.inRoot(of: record.path))
    }
}

extension OutputBuffer {
    /// Appends the flags of the call: include/uapi/asm-generic/fcntl.h, linux/fcntl.h, linux/fs.h.
    fileprivate mutating func append(fileFlags record: secd_file) {
        let flags = record.flags
        func word(_ condition: Bool, _ text: StaticString) {
            guard condition else { return }
            if count > 0 { append(UInt8(ascii: "|")) }
            append(text)
        }
        switch Int32(record.operation) {
        case SECD_FILE_OPEN_WRITE, SECD_FILE_CREATE:
            word(flags & 3 == 1, "O_WRONLY")
            word(flags & 3 == 2, "O_RDWR")
            word(flags & 0o100 != 0, "O_CREAT")
            word(flags & 0o200 != 0, "O_EXCL")
            word(flags & 0o1000 != 0, "O_TRUNC")
            word(flags & 0o2000 != 0, "O_APPEND")
            word(flags & 0o20000000 == 0o20000000 && flags & 0o200000 != 0, "O_TMPFILE")
        case SECD_FILE_MAP_EXEC:
            word(flags & 1 != 0, "PROT_READ")
            word(flags & 2 != 0, "PROT_WRITE")
            word(flags & 4 != 0, "PROT_EXEC")
        case SECD_FILE_RENAME:
            word(flags & 1 != 0, "RENAME_NOREPLACE")
            word(flags & 2 != 0, "RENAME_EXCHANGE")
            word(flags & 4 != 0, "RENAME_WHITEOUT")
        case SECD_FILE_DELETE:
            word(flags & 0x200 != 0, "AT_REMOVEDIR")
        case SECD_FILE_LINK, SECD_FILE_CHMOD, SECD_FILE_CHOWN:
            word(flags & 0x100 != 0, "AT_SYMLINK_NOFOLLOW")
            word(flags & 0x400 != 0, "AT_SYMLINK_FOLLOW")
            word(flags & 0x1000 != 0, "AT_EMPTY_PATH")
        default: break
        }
    }
}
