import Glibc
package import PolicyModel

/// What procfs tells of the `#!` file that a process runs. The kernel does not keep it: it writes the script's
/// name behind the interpreter into the arguments, and calls the process by it. A program can change both.
package enum ProcessScript {
    /// What is read of the arguments, bytes: a path and what stands before it.
    private static let argumentsLimit = 3 * 4096
    /// Bytes of a process's name (TASK_COMM_LEN of include/linux/sched.h, without its NUL).
    private static let nameLimit = 15

    /// The script of a living process: absent where it seems to run none, unreadable where its path cannot be told.
    static func find(_ pid: Int32) -> Observed<[UInt8]> {
        let folder = "/proc/\(pid)"
        var name = read(folder + "/comm", limit: 64)
        if name.last == UInt8(ascii: "\n") { name.removeLast() }
        return script(
            arguments: read(folder + "/cmdline", limit: argumentsLimit), name: name,
            directory: link(folder + "/cwd"))
    }

    /// `#!interpreter [argument]` and the script's name begin the arguments, and the end of that name is the
    /// process's own.
    /// - Parameters:
    ///   - arguments: each with its NUL, as in `/proc/PID/cmdline`.
    ///   - directory: where names begin that are not absolute; nil = not known.
    package static func script(
        arguments: [UInt8], name: [UInt8], directory: [UInt8]?
    ) -> Observed<[UInt8]> {
        let slash = UInt8(ascii: "/")
        let words = arguments.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).map {
            Array($0)
        }
        guard let interpreter = words.first, !name.isEmpty,
            Array(last(of: interpreter).prefix(nameLimit)) != name
        else { return .absent }
        for word in words.dropFirst().prefix(2) where Array(last(of: word).prefix(nameLimit)) == name {
            if word.first == slash { return canonical(word) }
            guard let directory, directory.first == slash else { return .unreadable }
            return canonical(directory + [slash] + word)
        }
        return .absent
    }

    private static func last(of path: [UInt8]) -> ArraySlice<UInt8> {
        path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
    }

    /// As the programs write it: `..` may lead through a link.
    private static func canonical(_ path: [UInt8]) -> Observed<[UInt8]> {
        let dot = UInt8(ascii: ".")
        let names = path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([dot]) }
        if names.contains(where: { $0.elementsEqual([dot, dot]) }) { return .unreadable }
        return .present(names.flatMap { [UInt8(ascii: "/")] + $0 })
    }

    private static func read(_ path: String, limit: Int) -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe fread(&bytes, 1, limit, file)
        return Array(bytes[..<count])
    }

    private static func link(_ path: String) -> [UInt8]? {
        var text = [CChar](repeating: 0, count: 4097)
        let length = unsafe readlink(path, &text, text.count)
        return length > 0 && length <= 4096 ? text[..<length].map { UInt8(bitPattern: $0) } : nil
    }
}
