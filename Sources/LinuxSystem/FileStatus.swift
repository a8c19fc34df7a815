import CLinuxShims
import Glibc
public import SystemPackage

/// What stat says about a file, as far as the daemon asks.
public struct FileStatus: Sendable, Equatable {
    /// Type of a file; `device` is any device, block or character.
    public enum Kind: Sendable { case regular, directory, symbolicLink, socket, fifo, device }

    /// Of the link itself where the link was asked about.
    public var kind: Kind
    /// Device and inode: the same file, under whatever name.
    public var device: UInt64
    /// Unique within `device`.
    public var inode: UInt64
    /// Bytes.
    public var size: UInt64
    /// Names that the file has; 0 = deleted, but open.
    public var links: UInt64
    /// Permission bits (07777).
    public var permissions: UInt32
    /// User id.
    public var owner: UInt32
    /// Group id.
    public var group: UInt32
    /// Last change of the inode, nanoseconds since 1970.
    public var changed: UInt64

    /// Whether both are one file.
    public func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    /// Of the file at a path; a symbolic link itself, not what it points to.
    /// - Throws: `.noSuchFileOrDirectory`, `.permissionDenied` and the like of lstat(2).
    public init(path: String) throws(Errno) {
        var raw = stat()
        try SystemCall.result { unsafe lstat(path, &raw) }
        self.init(raw)
    }

    /// Of the file that a path leads to, through symbolic links.
    /// - Throws: `.noSuchFileOrDirectory`, `.permissionDenied` and the like of stat(2).
    public init(following path: String) throws(Errno) {
        var raw = stat()
        try SystemCall.result { unsafe stat(path, &raw) }
        self.init(raw)
    }

    /// Of an open file.
    public init(_ descriptor: borrowing OwnedFD) throws(Errno) {
        var raw = stat()
        let number = descriptor.raw
        try SystemCall.result { unsafe fstat(number, &raw) }
        self.init(raw)
    }

    private init(_ raw: stat) {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        case S_IFSOCK: kind = .socket
        case S_IFIFO: kind = .fifo
        default: kind = .device
        }
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        size = UInt64(clamping: raw.st_size)
        links = UInt64(raw.st_nlink)
        permissions = raw.st_mode & 0o7777
        owner = raw.st_uid
        group = raw.st_gid
        changed =
            UInt64(clamping: raw.st_ctim.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: raw.st_ctim.tv_nsec)
    }

    /// When the open file was created, nanoseconds since 1970; nil where the file system does not
    /// record it (statx(2), `stx_btime`).
    public static func birth(of descriptor: borrowing OwnedFD) -> UInt64? {
        let time = secd_birth_time(descriptor.raw)
        return time == 0 ? nil : time
    }
}
