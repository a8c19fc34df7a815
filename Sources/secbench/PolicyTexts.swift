/// Policies of benchmarks.
enum PolicyTexts {
    private static func policy(
        _ name: String, _ call: String, isSyscall: Bool = true, ofPods app: String? = nil, _ rest: [String]
    ) -> String {
        var lines = [
            "apiVersion: cilium.io/v1alpha1", "kind: TracingPolicy", "metadata:", "  name: \(name)", "spec:",
        ]
        if let app { lines += ["  podSelector:", "    matchLabels: {app: \(app)}"] }
        lines += ["  kprobes:", "  - call: \(call)", "    syscall: \(isSyscall)"]
        return (lines + rest.map { "    " + $0 }).joined(separator: "\n") + "\n"
    }

    private static func list(_ values: [String]) -> String {
        "[" + values.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }

    /// Closes of files by their paths, of processes by their binaries; nil = of all.
    static func closes(_ number: Int, paths: [String], binary: String?) -> String {
        var rest = [
            "args: [{index: 0, type: fd}]", "selectors:", "- matchArgs:", "  - index: 0",
            "    operator: Equal",
            "    values: \(list(paths))",
        ]
        if let binary { rest += ["  matchBinaries:", "  - operator: In", "    values: \(list([binary]))"] }
        return policy("closes-\(number)", "sys_close", rest)
    }

    /// Five paths and a binary of their own, as many as wanted; the middle one is about `binary`, and about
    /// `path` if there is one.
    static func closes(count: Int, binary: String, path: String? = nil) -> [String] {
        (0..<count).map { number in
            var paths = (0..<4).map { "/srv/p\(number)/q/file\($0)" } + ["/srv/p\(number)/dir"]
            if number == count / 2, let path { paths[4] = path }
            return closes(
                number, paths: paths, binary: number == count / 2 ? binary : "/opt/bin\(number)/program")
        }
    }

    /// Every close, shown by its number.
    static func everyClose(_ number: Int) -> String {
        policy("every-\(number)", "sys_close", ["args: [{index: 0, type: int}]"])
    }

    /// getppid of one binary.
    static func getppid(binary: String) -> String {
        policy(
            "getppid", "sys_getppid",
            ["selectors:", "- matchBinaries:", "  - operator: In", "    values: \(list([binary]))"])
    }

    /// Refuses connects to 127.0.0.9; `number` tells policies apart.
    /// - Parameter app: label of the pods that are meant; nil = everybody.
    static func refusesConnects(_ number: Int, ofPods app: String? = nil) -> String {
        policy(
            "connects-\(number)", "security_socket_connect", isSyscall: false, ofPods: app,
            [
                "args: [{index: 1, type: sockaddr}]", "selectors:", "- matchArgs:", "  - index: 1",
                "    operator: SAddr", "    values: [\"127.0.0.9\"]", "  matchActions:",
                "  - action: Override", "    argError: -1",
            ])
    }

    /// Kills who writes to a file.
    static func killsWriters(_ number: Int, _ path: String) -> String {
        policy(
            "writes-\(number)", "sys_write",
            [
                "args: [{index: 0, type: fd}]", "selectors:", "- matchArgs:", "  - index: 0",
                "    operator: Equal", "    values: \(list([path]))", "  matchActions:",
                "  - action: Sigkill",
            ])
    }
}
