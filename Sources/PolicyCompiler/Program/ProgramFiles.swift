/// Programs and libraries that policies name: they are opened, so that places in them can be found, and their names
/// are followed.
public protocol ProgramFiles: Sendable {
    /// The program at a path, following symbolic links.
    func open(_ path: String) throws(ProgramObstacle) -> OpenProgram
    /// Types from a file of `btfPath`: BTF, or a program with a section of it.
    func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes
    /// The path without links of the file that a path leads to; nil where nothing is there.
    func resolved(_ path: String) -> String?
}

/// The bytes of a program, as they are in its file.
public protocol ProgramBytes: Sendable {
    /// Bytes of the file.
    var size: UInt64 { get }
    /// `count` bytes from `offset` on; nil where not all of them are there.
    func read(at offset: UInt64, count: Int) -> [UInt8]?
}

/// Which file a program is, and which contents it has: another one after an upgrade.
public struct ProgramIdentity: Sendable, Hashable {
    /// Of the file system.
    public var device: UInt64
    /// Unique within `device`.
    public var inode: UInt64
    /// Last change of the inode, nanoseconds since 1970.
    public var changed: UInt64
    /// Bytes.
    public var size: UInt64

    public init(device: UInt64, inode: UInt64, changed: UInt64, size: UInt64) {
        self.device = device
        self.inode = inode
        self.changed = changed
        self.size = size
    }
}

/// A program whose file is open.
public struct OpenProgram: Sendable {
    /// What stands in the file.
    public var image: ELFImage
    /// Which file it is.
    public var identity: ProgramIdentity
    /// A path that leads to this very file, also when another has taken its name: valid while `image` lives.
    public var path: String

    public init(image: ELFImage, identity: ProgramIdentity, path: String) {
        self.image = image
        self.identity = identity
        self.path = path
    }

    /// `count` bytes from `offset` on; nil where not all of them are there.
    public func read(at offset: UInt64, count: Int) -> [UInt8]? { image.bytes.read(at: offset, count: count) }
}

/// Why a place in a program cannot be used.
public struct ProgramObstacle: Error, Sendable, Hashable {
    /// What is wrong with it.
    public enum Subject: Sendable, Hashable {
        case file
        case place
    }

    /// Whether the file is to blame, or the place in it.
    public var subject: Subject
    /// In a sentence.
    public var reason: String
    /// What may be meant; empty = nothing.
    public var hint: String

    public init(_ subject: Subject, _ reason: String, hint: String = "") {
        self.subject = subject
        self.reason = reason
        self.hint = hint
    }
}
