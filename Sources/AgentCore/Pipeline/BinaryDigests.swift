package import CEventABI
package import EventModel
import LinuxSystem
import SystemPackage

/// SHA-256 of executables, on request: read once per file content (device, inode, ctime).
///
/// A thread of its own reads. The first exec of a file waits a little for it, so that its event usually has
/// the digest; what takes longer is `pending`, and put into the processes that run it when it is there.
package final class BinaryDigests {
    /// A file with certain contents.
    package struct Key: Hashable, Sendable {
        var device: UInt32
        var inode: UInt64
        var changed: UInt64

        package init(_ inode: secd_inode) {
            device = inode.device
            self.inode = inode.number
            changed = inode.ctime_ns
        }
    }

    /// What is known of an executable.
    package enum Answer: Sendable, Equatable {
        case digest([UInt8])
        case missing(MissingDigest)
    }

    /// Files that are remembered; the oldest go first.
    private static let limit = 8192
    /// Larger executables are not read: none would have a digest while they are.
    package static let largest: UInt64 = 256 << 20
    /// File systems keep times to a tick of the clock, 10 ms at most (CONFIG_HZ=100): a file may be changed twice
    /// in one. Twice that, to be sure.
    static let clockTick: UInt64 = 20_000_000
    /// How often events may be held up so long within a second.
    private static let waitsInASecond: UInt64 = 5
    private static let second: UInt64 = 1_000_000_000

    private let patience: UInt64
    private var reader: DigestReader?
    private var known: [Key: [UInt8]] = [:]
    private var order: [Key] = []
    /// Files that are being read or wait for it, and that an event had to go without.
    private var requested: Set<Key> = []
    private var late: [Key: Answer] = [:]
    private var waitedSince: UInt64 = 0
    private var waited: UInt64 = 0

    /// - Parameter patience: how long an exec waits for its digest, nanoseconds.
    package init(patience: UInt64 = 20_000_000) {
        self.patience = patience
    }

    deinit {
        reader?.stop()
    }

    /// The digest of an image's executable.
    package func digest(of head: secd_exec, path: ArraySlice<UInt8>) -> Answer {
        let inode = head.binary_inode
        let key = Key(inode)
        if let digest = known[key] { return .digest(digest) }
        if inode.size > Self.largest { return .missing(.tooLarge) }
        _ = takeResults()
        if let digest = known[key] { return .digest(digest) }
        if requested.contains(key) { return .missing(.pending) }
        guard let reader = reader ?? makeReader() else { return .missing(.unreadable) }
        let mayWait = reader.isIdle
        let file = ExecutableFile(inode: inode, pid: head.image.pid, path: Array(path))
        guard reader.submit(key, file) else { return .missing(.busy) }
        if mayWait, let answer = wait(for: key, reader) { return answer }
        requested.insert(key)
        return .missing(.pending)
    }

    /// Digests that came after an event had to go without, once.
    package func takeLate() -> [Key: Answer] {
        _ = takeResults()
        defer { late.removeAll() }
        return late
    }

    private func makeReader() -> DigestReader? {
        reader = try? DigestReader()
        return reader
    }

    /// Waits for a file that was submitted while nothing else was read.
    private func wait(for key: Key, _ reader: DigestReader) -> Answer? {
        let begun = MonotonicClock.now
        if begun &- waitedSince > Self.second { (waitedSince, waited) = (begun, 0) }
        let budget = Self.waitsInASecond * patience
        let most = min(patience, budget - min(waited, budget))
        guard most > 0 else { return nil }
        reader.wait(until: begun + most)
        waited += MonotonicClock.now - begun
        return takeResults()[key]
    }

    private func takeResults() -> [Key: Answer] {
        guard let results = reader?.take(), !results.isEmpty else { return [:] }
        var answers: [Key: Answer] = [:]
        for (key, digest, isCertain) in results {
            let answer = digest.map { Answer.digest($0) } ?? .missing(.unreadable)
            answers[key] = answer
            if requested.remove(key) != nil { late[key] = answer }
            guard let digest, isCertain, known.updateValue(digest, forKey: key) == nil else { continue }
            order.append(key)
            if order.count > Self.limit { known[order.removeFirst()] = nil }
        }
        return answers
    }
}

extension ProcessImage {
    /// Puts in what is known of the executable.
    mutating func set(_ answer: BinaryDigests.Answer) {
        switch answer {
        case .digest(let digest): (sha256, missingDigest) = (digest, nil)
        case .missing(let reason): (sha256, missingDigest) = ([], reason)
        }
    }
}
