import CLinuxShims

/// A file and a name that policies have for it.
struct MarkedName {
    var identity: secd_file_identity
    var name: [UInt8]
    /// What they want to be asked about it.
    var events: FileEvents
}

/// Which files policies know by which names, and the hooks that are asked. Made by who changes marks, then
/// only read: the answering thread looks files up in it without a lock and without memory of its own.
@safe
final class MarkedNames: @unchecked Sendable {
    // @unchecked: nothing changes after `init`.

    /// A name of a file; several of one file follow each other.
    struct Entry {
        fileprivate var device: UInt64
        fileprivate var inode: UInt64
        fileprivate var born: UInt64
        /// What the policies with this name want to be asked: a directory asks for all that its files want.
        fileprivate var events: UInt64
        fileprivate var start: Int
        /// Bytes.
        fileprivate(set) var length: Int
        /// Position + 1 of the next in its bucket; 0 = none.
        fileprivate var next: Int
    }

    private let buckets: UnsafeMutablePointer<Int>
    private let bucketMask: Int
    private let entries: UnsafeMutablePointer<Entry>
    private let text: UnsafeMutablePointer<UInt8>
    private let hooks: UnsafeMutablePointer<FileHook>
    let hookCount: Int
    private let beginnings: UInt64
    /// Whether any hook wants that calls fail which could not be judged.
    let refusesUnjudged: Bool

    /// - Parameter beginnings: what policies want to be asked about files by the beginnings of their paths.
    init(_ names: [MarkedName], _ hooks: [FileHook], beginnings: FileEvents) {
        self.beginnings = beginnings.rawValue
        var bucketCount = 64
        while bucketCount < names.count * 2 { bucketCount *= 2 }
        bucketMask = bucketCount - 1
        unsafe buckets = .allocate(capacity: bucketCount)
        unsafe buckets.initialize(repeating: 0, count: bucketCount)
        unsafe entries = .allocate(capacity: max(1, names.count))
        unsafe text = .allocate(capacity: max(1, names.reduce(0) { $0 + $1.name.count }))
        var end = 0
        for index in names.indices {
            let identity = names[index].identity
            let bucket = Self.hash(identity) & bucketMask
            unsafe (entries + index).initialize(
                to: Entry(
                    device: identity.device, inode: identity.inode, born: identity.born,
                    events: names[index].events.rawValue, start: end,
                    length: names[index].name.count, next: buckets[bucket]))
            unsafe buckets[bucket] = index + 1
            for byte in names[index].name {
                unsafe text[end] = byte
                end += 1
            }
        }
        hookCount = hooks.count
        refusesUnjudged = hooks.contains { $0.refusesUnjudged }
        unsafe self.hooks = .allocate(capacity: max(1, hooks.count))
        for index in hooks.indices { unsafe (self.hooks + index).initialize(to: hooks[index]) }
    }

    deinit {
        unsafe buckets.deallocate()
        unsafe entries.deallocate()
        unsafe text.deallocate()
        unsafe hooks.deallocate()
    }

    @inline(__always)
    private static func hash(_ identity: secd_file_identity) -> Int {
        // Inode numbers are dense: a multiplication spreads them.
        let mixed = (identity.inode ^ identity.device << 40) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 33)
    }

    @inline(__always)
    func hook(_ index: Int) -> FileHook { unsafe hooks[index] }

    /// The first name of a file behind `previous` (0 = from the start); 0 = there is none.
    @inline(__always)
    func next(_ identity: secd_file_identity, after previous: Int) -> Int {
        var position =
            unsafe previous == 0
            ? buckets[Self.hash(identity) & bucketMask] : entries[previous - 1].next
        while position != 0 {
            let entry = unsafe entries[position - 1]
            if entry.inode == identity.inode, entry.device == identity.device, entry.born == identity.born {
                return position
            }
            position = entry.next
        }
        return 0
    }

    /// Whether a name that `next` found wants to be asked this.
    @inline(__always)
    func wants(_ position: Int, _ mask: UInt64) -> Bool { unsafe entries[position - 1].events & mask != 0 }

    /// Whether a file is judged by its own path, too, because that may begin as a policy says.
    @inline(__always)
    func wantsPath(_ mask: UInt64) -> Bool { beginnings & mask != 0 }

    /// The bytes of a name that `next` found.
    @inline(__always)
    func name(_ position: Int) -> UnsafeBufferPointer<UInt8> {
        let entry = unsafe entries[position - 1]
        return unsafe UnsafeBufferPointer(start: text + entry.start, count: entry.length)
    }
}
