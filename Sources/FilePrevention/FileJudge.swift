/// A call that waits for an answer.
@safe
public struct FileQuestion {
    /// Whose policies are asked.
    public var hook: UInt32
    /// The thread that waits.
    public var thread: Int32
    /// The file, among the daemon's descriptors.
    public var descriptor: Int32
    /// The name by which a policy knows the file; empty = the one that it was opened by. Valid while the
    /// question is judged.
    public var name: UnsafeBufferPointer<UInt8>
    /// Position of the argument that is the file.
    public var fileArgument: Int
    /// Position of the argument that says how the file is accessed; -1 = there is none, or it is not known.
    public var accessArgument: Int
    /// Its value.
    public var access: UInt64
}

/// What policies say to a question.
public enum FileVerdict: Sendable {
    case allowed, refused
    /// Nothing could be found out.
    case unjudged
}

/// Says what policies say. The answering thread asks it, and while it does all calls about marked files wait:
/// it must not open files, allocate, or wait for anybody.
public protocol FileJudge: AnyObject, Sendable {
    func judge(_ question: borrowing FileQuestion) -> FileVerdict
}

/// What happened to questions since the daemon began to ask. Numbers only grow.
public struct FileCounters: Sendable, Hashable {
    /// Questions that came.
    public var asked: UInt64 = 0
    /// Calls refused.
    public var refused: UInt64 = 0
    /// Answered without a judgement: by what the policies want in doubt.
    public var unjudged: UInt64 = 0
    /// Times that the kernel had no room for a question and let the call pass.
    public var overflows: UInt64 = 0
    /// Questions that could not be taken; the kernel has refused those calls.
    public var untaken: UInt64 = 0
    /// Times that the answering thread did not go on.
    public var stuck: UInt64 = 0
    /// Of `unjudged`, those that were answered in its place.
    public var byWatch: UInt64 = 0

    public init() {}
}
