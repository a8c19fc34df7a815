import LinuxSystem

/// What a hook has to say: to its runtime, which shows it where the container does not start, and to the journal, because
/// runtimes keep silent about hooks that succeed.
enum HookWarning {
    private static let journal = "/run/systemd/journal/socket"

    /// - Parameter isRefusal: the container does not start.
    static func send(_ text: String, isRefusal: Bool) {
        Output.remark(text)
        let line = text.map { $0.isNewline ? " " : $0 }
        // As systemd.io/JOURNAL_NATIVE_PROTOCOL has it. Nobody waits for a journal that is not there, or stands.
        let fields =
            "MESSAGE=\(String(line))\nPRIORITY=\(isRefusal ? 3 : 4)\nSYSLOG_IDENTIFIER=secctl-oci-hook\n"
        guard let socket = try? UnixSocket.connectDatagram(to: journal) else { return }
        let bytes = Array(fields.utf8)
        _ = unsafe socket.writeAll(bytes.span.bytes)
    }
}
