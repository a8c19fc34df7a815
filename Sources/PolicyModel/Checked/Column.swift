/// Something that is read at a hook. Policies that read the same share the column.
public struct Column: Sendable, Hashable {
    /// Where a reader of the value starts.
    public enum Source: Sendable, Hashable {
        /// Position in the prototype, or among the fields of a tracepoint.
        case argument(Int)
        case returnValue
        case currentTask
        /// Of `pt_regs`, by name.
        case register(String)
    }

    /// Bytes of text that are captured unless `maxData` asks for more; the longest path has as many.
    public static let textCapacity = 4096
    /// Bytes with `maxData`.
    public static let largeTextCapacity = 327_360

    /// Where the reader starts.
    public var source: Source
    /// What is read there, and therefore what it can be compared with.
    public var type: ArgumentType
    /// Members from the argument to the value, as written.
    public var path: String
    /// The type that the start of `path` is read as, where not that of the prototype.
    public var startType: String
    /// Position, from 0, of the argument that holds the length.
    public var sizeArgument: Int?
    /// File with the types of a program, which `path` goes through; empty = those of the kernel.
    public var types: String
    /// Module of the kernel that `startType` is a type of; empty = the kernel itself.
    public var module: String
    /// Read when the call returns.
    public var atReturn: Bool
    /// Bytes of text that are captured at most.
    public var capacity: Int

    public init(
        source: Source, type: ArgumentType, path: String = "", startType: String = "",
        sizeArgument: Int? = nil,
        atReturn: Bool = false, capacity: Int = Column.textCapacity, types: String = "", module: String = ""
    ) {
        self.source = source
        self.type = type
        self.path = path
        self.startType = startType
        self.sizeArgument = sizeArgument
        self.atReturn = atReturn
        self.capacity = capacity
        self.types = types
        self.module = module
    }
}
