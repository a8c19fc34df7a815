public import SystemPackage

/// A failed step with kernel programs: what was attempted, on what, why, and the verifier's words.
public struct BPFError: Error, CustomStringConvertible {
    /// `open`, `load`, `attach`, …
    public var operation: String
    /// Object, program or map.
    public var object: String
    /// What the kernel or libbpf answered.
    public var errno: Errno
    /// Output of libbpf and the verifier; may be long.
    public var log: String

    public init(operation: String, object: String, errno: Errno, log: String = "") {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.log = log
    }

    /// The last line of the log that says something: verifier logs end in statistics.
    public var reason: String {
        let noise = ["processed ", "-- END", "-- BEGIN", "libbpf: failed to load object", "libbpf: prog"]
        let lines = log.split(separator: "\n").map { $0.trimmingPrefix(while: { $0 == " " }) }
        return lines.last { line in !line.isEmpty && !noise.contains { line.hasPrefix($0) } }.map(String.init)
            ?? ""
    }

    public var description: String {
        let reason = reason
        return "cannot \(operation) \(object): \(errno.description)" + (reason.isEmpty ? "" : " (\(reason))")
    }
}
