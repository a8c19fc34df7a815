public import SystemPackage

/// Why a sink cannot start: what was attempted, on what, why it failed, and what to do.
public struct SinkError: Error, CustomStringConvertible {
    /// `open`, `lock`, `create the directory of`.
    public let operation: String
    /// What the operation was on: a file or a directory.
    public let path: String
    /// What the kernel said, or nil.
    public let errno: Errno?
    /// A sentence for the operator.
    public let advice: String

    public init(operation: String, path: String, errno: Errno? = nil, advice: String) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.advice = advice
    }

    public var description: String {
        let reason = errno.map { ": \($0)" } ?? ""
        return "cannot \(operation) \(path)\(reason); \(advice)"
    }
}
