/// Why the digest of an executable that was asked for is not there.
public enum MissingDigest: Sendable, Equatable {
    /// The file is still being read; the process gets its digest afterwards.
    case pending
    /// Too many files wait to be read.
    case busy
    /// Larger than what is read.
    case tooLarge
    /// Gone, changed since the exec, or refused by its file system.
    case unreadable

    var name: StaticString {
        switch self {
        case .pending: "pending"
        case .busy: "busy"
        case .tooLarge: "too_large"
        case .unreadable: "unreadable"
        }
    }
}
