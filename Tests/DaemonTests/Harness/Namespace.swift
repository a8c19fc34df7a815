/// Commands in a mount namespace of their own: what is mounted there, nobody else sees.
enum Namespace {
    /// Runs the rest of its arguments after `script`.
    static func wrapper(_ script: String) -> [String] {
        [
            "/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
            "\(script) || exit 99; exec \"$@\"", "sh",
        ]
    }

    /// Runs the rest of its arguments in the namespace of a process.
    static func of(_ pid: Int32) -> [String] { ["/usr/bin/nsenter", "--target", "\(pid)", "--mount", "--"] }
}
