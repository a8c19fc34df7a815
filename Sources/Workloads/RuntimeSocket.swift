import LinuxSystem

/// The socket of a runtime, and whether another one listens there by now: who comes (back) is asked at once, because
/// containers may begin a moment later.
struct RuntimeSocket {
    let path: String
    /// As it was when the runtime was last asked for all that it has.
    private var asked: FileStatus?

    init(path: String) { self.path = path }

    /// Whether there is one. From now on this one counts as asked.
    mutating func isThere() -> Bool {
        asked = current
        return asked != nil
    }

    /// Whether one is there that has not been asked: a runtime makes its socket when it starts.
    var isNew: Bool {
        guard let current else { return false }
        return current != asked
    }

    private var current: FileStatus? {
        guard let status = try? FileStatus(path: path), status.kind == .socket else { return nil }
        return status
    }
}
