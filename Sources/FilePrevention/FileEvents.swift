/// What may be asked about a file before it happens: bits of fanotify(7).
public struct FileEvents: OptionSet, Sendable, Hashable {
    /// `FAN_*` bits.
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// It is opened, whatever for (FAN_OPEN_PERM).
    public static let open = FileEvents(rawValue: 0x1_0000)
    /// It is read through a descriptor (FAN_ACCESS_PERM).
    public static let read = FileEvents(rawValue: 0x2_0000)
    /// It is opened to be run (FAN_OPEN_EXEC_PERM).
    public static let execute = FileEvents(rawValue: 0x4_0000)
    /// It is read, written, cut or mapped (FAN_PRE_ACCESS, 6.14): the kernel does not say which.
    public static let content = FileEvents(rawValue: 0x10_0000)

    static let overflow = FileEvents(rawValue: 0x4000)
    static let onChild = FileEvents(rawValue: 0x0800_0000)
    static let ofDirectories = FileEvents(rawValue: 0x4000_0000)
    static let all: FileEvents = [.open, .read, .execute, .content]
}

/// Files that a policy names, and what is asked about them.
public struct WantedFiles: Sendable, Hashable {
    /// Absolute; with `isPrefix` the beginning of a path.
    public var path: String
    /// All files whose paths begin so.
    public var isPrefix: Bool
    /// What is asked.
    public var events: FileEvents

    public init(path: String, isPrefix: Bool, events: FileEvents) {
        self.path = path
        self.isPrefix = isPrefix
        self.events = events
    }
}

/// A hook that questions about files belong to.
public struct FileHook: Sendable, Hashable {
    /// The engine's number of it.
    public var number: UInt32
    /// Which questions.
    public var events: FileEvents
    /// Position of the argument that is the file.
    public var fileArgument: Int
    /// Position of the argument that says how a file is accessed (MAY_READ is told at `read`); nil = none.
    public var accessArgument: Int?
    /// What becomes of calls that could not be judged.
    public var refusesUnjudged: Bool

    public init(
        number: UInt32, events: FileEvents, fileArgument: Int, accessArgument: Int?, refusesUnjudged: Bool
    ) {
        self.number = number
        self.events = events
        self.fileArgument = fileArgument
        self.accessArgument = accessArgument
        self.refusesUnjudged = refusesUnjudged
    }
}

/// Why files cannot be asked about.
public struct FilePreventionFailure: Error, Sendable, Hashable {
    /// `WantedFiles.path`; empty = it is not about single files.
    public var path: String
    /// In a sentence without its end.
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }
}
