/// Names and numbers of syscalls.
public struct SyscallTable: Sendable {
    /// Of this architecture by name.
    public let numbers: [String: UInt64]
    /// Of 32-bit programs on it by name.
    public let compatNumbers: [String: UInt64]

    /// Bit of `syscall64` values that says: called by a 32-bit program.
    public static let compatBit: UInt64 = 1 << 31

    public init(numbers: [String: UInt64], compatNumbers: [String: UInt64]) {
        self.numbers = numbers
        self.compatNumbers = compatNumbers
    }

    /// x86-64 up to Linux 6.18.
    public static let x86 = SyscallTable(
        numbers: parse(SyscallNumbers.x86), compatNumbers: parse(SyscallNumbers.i386))

    /// Names of the C library for functions that the kernel calls otherwise.
    private static let aliases = [
        "stat": "newstat", "fstat": "newfstat", "lstat": "newlstat", "uname": "newuname", "umount2": "umount",
        "sendfile": "sendfile64",
    ]

    /// Prefixes of symbols, longest first; the flag says: of 32-bit programs.
    private static let prefixes = [
        ("__ia32_compat_sys_", true), ("__arm64_compat_sys_", true), ("__se_compat_sys_", true),
        ("compat_sys_", true), ("__ia32_sys_", true), ("__x64_sys_", false), ("__arm64_sys_", false),
        ("__x86_sys_", false), ("__se_sys_", false), ("__do_sys_", false), ("sys_", false),
    ]

    /// The bare name behind a symbol's prefix, and whether the prefix is of 32-bit calls.
    public static func bareName(_ symbol: String) -> (name: String, isCompat: Bool) {
        for (prefix, isCompat) in prefixes where symbol.hasPrefix(prefix) {
            return (String(symbol.dropFirst(prefix.count)), isCompat)
        }
        return (symbol, false)
    }

    /// Whether a symbol is written as a syscall.
    public static func looksLikeSyscall(_ symbol: String) -> Bool {
        prefixes.contains { symbol.hasPrefix($0.0) }
    }

    /// The kernel's name of a syscall, or nil where the table has none.
    public func canonicalName(_ bare: String) -> String? {
        if numbers[bare] != nil { return bare }
        if let alias = Self.aliases[bare], numbers[alias] != nil { return alias }
        return compatNumbers[bare] != nil ? bare : nil
    }

    /// Names of every syscall of 64-bit programs, sorted.
    public var names: [String] { numbers.keys.sorted() }

    private static func parse(_ text: String) -> [String: UInt64] {
        var table: [String: UInt64] = [:]
        var next: UInt64 = 0
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if word.hasSuffix(":") {
                next = UInt64(word.dropLast()) ?? next
            } else {
                table[String(word)] = next
                next += 1
            }
        }
        return table
    }
}
