/// A command that the kubelet runs in a container to see how it does, and what tells a process of it. Anybody in the
/// container can run the same: it may be a probe, and may not.
public struct ExecProbe: Sendable, Hashable, Codable {
    /// The program, as the pod has it: a path, or a name to be looked for.
    public let program: [UInt8]
    /// The arguments behind it, a NUL behind each.
    public let arguments: [UInt8]

    /// - Parameter command: program and arguments; nil where there is no program, or what no process can have.
    public init?(_ command: [String]) {
        guard let first = command.first, !first.isEmpty,
            !command.contains(where: { $0.utf8.contains(0) })
        else { return nil }
        program = Array(first.utf8)
        arguments = command.dropFirst().flatMap { Array($0.utf8) + [0] }
    }

    /// Whether a process is one: its program is that of the command (as a whole path where the command has one from the
    /// root, else by its last name), and the arguments are the same.
    /// - Parameters:
    ///   - binary: path of what runs.
    ///   - filename: what was given to execve, where that is known: a link, a script.
    ///   - argv: all arguments, the program first, a NUL behind each.
    public func matches(binary: RawSpan, filename: RawSpan, argv: RawSpan) -> Bool {
        let isAbsolute = program.first == UInt8(ascii: "/")
        guard Self.isSame(program, binary, isAbsolute) || Self.isSame(program, filename, isAbsolute) else {
            return false
        }
        let head = argv.byteCount - arguments.count
        guard head > 0, unsafe Self.isEqual(arguments.span.bytes, argv.extracting(head..<argv.byteCount))
        else {
            return false
        }
        let lead = Self.words(argv.extracting(0..<head))
        if lead == 1 { return true }
        // A script: its interpreter, perhaps an argument for that, and its own path stand before the arguments.
        guard lead == 2 || lead == 3, filename.byteCount > 0, head > filename.byteCount + 1 else {
            return false
        }
        let start = head - 1 - filename.byteCount
        return Self.byte(argv, start - 1) == 0 && Self.isEqual(filename, argv.extracting(start..<head - 1))
    }

    /// Whole words at the end of NUL-terminated ones; 0 where the last one has no end.
    private static func words(_ bytes: RawSpan) -> Int {
        guard byte(bytes, bytes.byteCount - 1) == 0 else { return 0 }
        var count = 0
        for index in 0..<bytes.byteCount where byte(bytes, index) == 0 {
            count += 1
            if count > 3 { break }
        }
        return count
    }

    private static func isSame(_ program: [UInt8], _ path: RawSpan, _ isAbsolute: Bool) -> Bool {
        guard path.byteCount > 0 else { return false }
        if isAbsolute { return unsafe isEqual(program.span.bytes, path) }
        let name = program.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? []
        guard !name.isEmpty, path.byteCount >= name.count else { return false }
        let start = path.byteCount - name.count
        guard start == 0 || byte(path, start - 1) == UInt8(ascii: "/") else { return false }
        return unsafe isEqual(name.span.bytes, path.extracting(start..<path.byteCount))
    }

    private static func isEqual(_ left: RawSpan, _ right: RawSpan) -> Bool {
        guard left.byteCount == right.byteCount else { return false }
        for index in 0..<left.byteCount where byte(left, index) != byte(right, index) { return false }
        return true
    }

    private static func byte(_ bytes: RawSpan, _ index: Int) -> UInt8 {
        unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
}
