/// An argument of a system call.
enum CallArgument: ExpressibleByIntegerLiteral, ExpressibleByStringInterpolation {
    case number(Int)
    case path([UInt8])

    init(integerLiteral value: Int) { self = .number(value) }
    init(stringLiteral value: String) { self = .path(Array(value.utf8)) }

    static func path(_ text: String) -> CallArgument { .path(Array(text.utf8)) }

    fileprivate var bytes: [UInt8] {
        switch self {
        case .number(let value): Array(String(value).utf8)
        case .path(let bytes): [UInt8(ascii: ":")] + bytes
        }
    }
}

extension Step {
    /// A system call by its number (arch/x86/entry/syscalls/syscall_64.tbl).
    static func call(_ number: Int, _ arguments: CallArgument...) -> Step {
        Step("call", bytes: [Array(String(number).utf8)] + arguments.map(\.bytes))
    }

    /// The step must fail with this error.
    func fails(_ error: Int32) -> Step {
        Step(
            "fails", bytes: [Array(String(error).utf8), Array(name.utf8)] + arguments)
    }

    static func open(_ path: CallArgument, _ flags: Int32, _ mode: Int = 0o666) -> Step {
        call(2, path, .number(Int(flags)), .number(mode))
    }
    static func openat(_ directory: Int, _ path: CallArgument, _ flags: Int32, _ mode: Int = 0o666) -> Step {
        call(257, .number(directory), path, .number(Int(flags)), .number(mode))
    }
    static func close(_ descriptor: Int) -> Step { call(3, .number(descriptor)) }
    static func umask(_ mode: Int) -> Step { call(95, .number(mode)) }
    static func unlink(_ path: CallArgument) -> Step { call(87, path) }
    static func unlinkat(_ directory: Int, _ path: CallArgument, _ flags: Int = 0) -> Step {
        call(263, .number(directory), path, .number(flags))
    }
    static func rmdir(_ path: CallArgument) -> Step { call(84, path) }
    static func mkdir(_ path: CallArgument, _ mode: Int = 0o755) -> Step { call(83, path, .number(mode)) }
    static func rename(_ path: CallArgument, _ target: CallArgument) -> Step { call(82, path, target) }
    static func renameat2(_ path: CallArgument, _ target: CallArgument, _ flags: Int) -> Step {
        call(316, .number(Call.here), path, .number(Call.here), target, .number(flags))
    }
    static func symlink(_ contents: CallArgument, _ path: CallArgument) -> Step { call(88, contents, path) }
    static func chmod(_ path: CallArgument, _ mode: Int) -> Step { call(90, path, .number(mode)) }
    static func fchmod(_ descriptor: Int, _ mode: Int) -> Step {
        call(91, .number(descriptor), .number(mode))
    }
    static func mmap(_ descriptor: Int, _ protection: Int32) -> Step {
        // MAP_PRIVATE | MAP_FIXED at an address that mprotect can name.
        call(9, .number(Call.mapping), 4096, .number(Int(protection)), 0x12, .number(descriptor), 0)
    }
    static func mprotect(_ protection: Int32) -> Step {
        call(10, .number(Call.mapping), 4096, .number(Int(protection)))
    }
}

/// Constants of the calls above.
enum Call {
    /// AT_FDCWD
    static let here = -100
    static let mapping = 0x1000_0000
    static let nobody = 65_534
    /// The first descriptor that a process of the test opens: 0 to 4 are taken.
    static let first = 5

    /// include/uapi/asm-generic/fcntl.h: O_PATH, O_TMPFILE.
    static let pathOnly: Int32 = 0o10_000_000
    static let temporary: Int32 = 0o20_200_000

    /// `renameat2`, include/uapi/linux/fs.h.
    static let noReplace = 1
    static let exchange = 2
    /// include/uapi/linux/fcntl.h
    static let symlinkNoFollow = 0x100
    static let removeDirectory = 0x200
    static let emptyPath = 0x1000
}
