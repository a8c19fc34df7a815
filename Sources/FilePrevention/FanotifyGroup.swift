import CLinuxShims
import Glibc
import LinuxSystem
import SystemPackage

/// A fanotify group: what its marks are about waits in the kernel until somebody answers. When the last
/// descriptor of it goes, the kernel lets all of them pass.
final class FanotifyGroup: Sendable {
    private let descriptor: OwnedFD

    /// FAN_CLASS_PRE_CONTENT, close on exec, not blocking, marks without a limit, threads instead of
    /// processes.
    private static let flags: UInt32 = 0x8 | 0x1 | 0x2 | 0x20 | 0x100
    /// FAN_UNLIMITED_QUEUE. With a limit a full queue would let calls pass: see `FileCounters.overflows`.
    private static let unlimitedQueue: UInt32 = 0x10

    /// How the files of questions are opened: read only, O_CLOEXEC, O_LARGEFILE, O_NOATIME.
    private static let fileFlags: UInt32 = 0o2000000 | 0o100000 | 0o1000000

    private static let add: UInt32 = 0x1
    private static let remove: UInt32 = 0x2
    private static let notThroughLinks: UInt32 = 0x4
    private static let flushAll: UInt32 = 0x80
    private static let evictable: UInt32 = 0x200
    /// FAN_MARK_IGNORE_SURV: also when the file is written.
    private static let ignoring: UInt32 = 0x440

    var raw: Int32 { descriptor.raw }

    init(hasLimit: Bool = false) throws(Errno) {
        let flags = hasLimit ? Self.flags : Self.flags | Self.unlimitedQueue
        descriptor = try OwnedFD {
            secd_fanotify_init(flags, Self.fileFlags)
        }
    }

    /// A group that somebody kept.
    init(adopting number: Int32) { descriptor = OwnedFD(taking: number) }

    /// Asks from now on about a file or, with `onChild`, about all files in a directory.
    func mark(_ path: String, _ events: FileEvents) throws(Errno) {
        try change(Self.add, path, events)
    }

    /// Does not ask about this one where its directory's files are asked about. The kernel may forget it when
    /// it needs memory: then it is asked about again.
    func ignore(_ path: String) throws(Errno) {
        try change(Self.add | Self.ignoring | Self.evictable | Self.notThroughLinks, path, .all)
    }

    /// Asks again.
    func respect(_ path: String) throws(Errno) {
        try change(Self.remove | Self.ignoring | Self.notThroughLinks, path, .all)
    }

    /// Asks about nothing any more. Questions that wait still want an answer.
    func flush() {
        _ = unsafe secd_fanotify_mark(raw, Self.flushAll, 0, AT_FDCWD, "/")
    }

    private func change(_ flags: UInt32, _ path: String, _ events: FileEvents) throws(Errno) {
        let number = raw
        try SystemCall.result {
            unsafe secd_fanotify_mark(number, flags, events.rawValue, AT_FDCWD, path)
        }
    }

    /// Whether questions wait to be taken.
    var hasQuestions: Bool { secd_readable_bytes(raw) > 0 }

    /// A descriptor of the same group for somebody else.
    func duplicate() throws(Errno) -> OwnedFD { try descriptor.duplicate() }

    /// Questions that are taken at once, at most.
    static let most = 4
    /// Room for them: the shortest is its head, the longest says the range of an access, too (24 bytes).
    private static let bytes = most * MemoryLayout<secd_fanotify_event>.size

    /// Questions that were taken at once.
    struct Taken {
        private(set) var events: InlineArray<4, secd_fanotify_event>
        private(set) var count = 0

        fileprivate init() { events = InlineArray(repeating: secd_fanotify_event()) }

        /// Those of what a read gave: what stands behind the head of one is left out.
        fileprivate mutating func add(_ bytes: UnsafeRawBufferPointer) {
            var start = 0
            while start + MemoryLayout<secd_fanotify_event>.size <= bytes.count, count < FanotifyGroup.most {
                let event = unsafe bytes.loadUnaligned(fromByteOffset: start, as: secd_fanotify_event.self)
                guard event.length > 0 else { return }
                events[count] = event
                count += 1
                start += Int(event.length)
            }
        }
    }

    /// Takes questions, none where none waits. Neither allocates nor blocks, unless opening a file does.
    /// - Throws: what became of a question that could not be given: the kernel has refused the call.
    @inline(__always)
    func take() throws(Errno) -> Taken {
        var taken = Taken()
        var buffer = InlineArray<96, UInt8>(repeating: 0)
        var span = buffer.mutableSpan
        let number = raw
        let count = unsafe span.withUnsafeMutableBytes { room in
            let count = unsafe Glibc.read(number, room.baseAddress, Self.bytes)
            if count > 0 { unsafe taken.add(UnsafeRawBufferPointer(rebasing: room[..<count])) }
            return count
        }
        let failure = SystemCall.lastErrno
        if count < 0, failure != .wouldBlock, failure != .interrupted { throw failure }
        return taken
    }

    /// Answers the question that came with a descriptor; false where nobody waits for it any more.
    @inline(__always)
    @discardableResult
    func answer(_ question: Int32, allow: Bool) -> Bool {
        var answer = secd_fanotify_answer(descriptor: question, answer: allow ? 1 : 2)
        let size = MemoryLayout<secd_fanotify_answer>.size
        return unsafe Glibc.write(raw, &answer, size) == size
    }
}
