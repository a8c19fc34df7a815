import CLinuxShims
import Glibc
public import SystemPackage

/// Tells what happens to the names in directories (inotify(7)). Does not block.
public struct Inotify: ~Copyable, Sendable {
    /// What can happen to a name.
    public struct Events: OptionSet, Sendable {
        /// `IN_*` bits.
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// A file that was open for writing was closed.
        public static let written = Events(rawValue: UInt32(IN_CLOSE_WRITE))
        /// A name was made: of a new file, a link, a directory.
        public static let made = Events(rawValue: UInt32(IN_CREATE))
        /// A name came by rename.
        public static let movedHere = Events(rawValue: UInt32(IN_MOVED_TO))
        /// A name went by rename.
        public static let movedAway = Events(rawValue: UInt32(IN_MOVED_FROM))
        /// A name was removed.
        public static let removed = Events(rawValue: UInt32(IN_DELETE))
        /// The directory itself was removed or renamed; reported unasked where it is watched for.
        public static let directoryGone = Events(rawValue: UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF))
        /// The watch has ended; reported unasked.
        public static let watchEnded = Events(rawValue: UInt32(IN_IGNORED))
        /// More happened than the kernel keeps; reported unasked, without a watch.
        public static let overflow = Events(rawValue: UInt32(IN_Q_OVERFLOW))
    }

    private let descriptor: OwnedFD

    /// The number, to wait for with poll or epoll.
    public var raw: Int32 { descriptor.raw }

    public init() throws(Errno) {
        descriptor = try OwnedFD { inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK)) }
    }

    /// Watches a directory from now on. The same directory gives the same number again.
    /// - Throws: `.noSuchFileOrDirectory`, `.notDirectory` and the like.
    public borrowing func watch(_ directory: String, _ events: Events) throws(Errno) -> Int32 {
        let number = descriptor.raw
        return try SystemCall.result {
            unsafe inotify_add_watch(number, directory, events.rawValue | UInt32(IN_ONLYDIR))
        }
    }

    /// Watches no longer.
    public borrowing func unwatch(_ watch: Int32) {
        _ = inotify_rm_watch(descriptor.raw, watch)
    }

    /// Gives everything that has happened since the last call to `body`: the watch (-1 at an overflow), what
    /// happened, and the name (empty where it happened to the directory). Bytes that are not UTF-8 are repaired.
    public borrowing func drain(_ body: (Int32, Events, String) -> Void) throws(Errno) {
        // The kernel wants room for the longest name; 16 KiB take some hundred at once.
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let number = descriptor.raw
        while let count = try SystemCall.nonBlocking({
            unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
        }), count > 0 {
            Self.parse(buffer[..<count], body)
        }
    }

    /// Bytes before the name: wd, mask, cookie, len (struct inotify_event).
    private static let headLength = 16

    private static func parse(_ bytes: ArraySlice<UInt8>, _ body: (Int32, Events, String) -> Void) {
        var rest = bytes
        while rest.count >= headLength {
            let word = { (index: Int) in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(rest[rest.startIndex + index * 4 + $1]) << ($1 * 8) }
            }
            let length = Int(word(3))
            let name = rest.dropFirst(headLength).prefix(length).prefix { $0 != 0 }
            body(
                Int32(bitPattern: word(0)), Events(rawValue: word(1)), String(decoding: name, as: UTF8.self))
            rest = rest.dropFirst(headLength + length)
        }
    }
}
