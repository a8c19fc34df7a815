import CLibbpf
import Glibc
import Synchronization
import SystemPackage

/// The reading side of a `BPF_MAP_TYPE_RINGBUF`, on memory shared with the kernel.
///
/// Records are looked at in place and given back in batches: `peek` shows the next one, `advance`
/// steps over it, `commit` frees everything stepped over. Order and fences follow the kernel's
/// producer (kernel/bpf/ringbuf.c, `__bpf_ringbuf_reserve` and `bpf_ringbuf_commit`).
@safe
public struct RingBuffer: ~Copyable {
    /// Data area, bytes; a power of two.
    public let size: Int
    private let mask: UInt64
    private let consumer: UnsafeMutablePointer<UInt64>
    private let producer: UnsafeMutablePointer<UInt64>
    private let data: UnsafeRawPointer
    private let page: Int
    /// Where the next record is read, ahead of what is committed.
    private var position: UInt64
    private var committed: UInt64
    /// The producer's position at the last `refresh`.
    private var limit: UInt64

    /// BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT and BPF_RINGBUF_HDR_SZ of the UAPI.
    private static let busy: UInt32 = 1 << 31
    private static let discard: UInt32 = 1 << 30
    private static let headerSize: UInt64 = 8

    /// Maps a ring.
    public init(_ map: borrowing BPFMap) throws(BPFError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = map.maxEntries
        let descriptor = map.descriptor
        let name = map.name
        let first = unsafe mmap(nil, page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let first = unsafe first, unsafe first != MAP_FAILED else {
            throw BPFError(operation: "map", object: name, errno: Errno(rawValue: currentErrno()))
        }
        // The data area is mapped twice in a row, so that no record is ever split.
        let second = unsafe mmap(nil, page + 2 * size, PROT_READ, MAP_SHARED, descriptor, off_t(page))
        guard let second = unsafe second, unsafe second != MAP_FAILED else {
            let code = currentErrno()
            unsafe munmap(first, page)
            throw BPFError(operation: "map", object: name, errno: Errno(rawValue: code))
        }
        self.page = page
        self.size = size
        mask = UInt64(size - 1)
        unsafe consumer = first.assumingMemoryBound(to: UInt64.self)
        unsafe producer = second.assumingMemoryBound(to: UInt64.self)
        unsafe data = UnsafeRawPointer(second + page)
        unsafe position = consumer.pointee
        committed = position
        limit = position
    }

    deinit {
        unsafe munmap(consumer, page)
        unsafe munmap(producer, page + 2 * size)
    }

    /// Learns how far the kernel has written. Returns the bytes that wait.
    @inline(__always)
    @discardableResult
    public mutating func refresh() -> Int {
        unsafe limit = Self.loadAcquire(producer)
        return Int(limit &- position)
    }

    /// Bytes that wait behind the current record, as of the last `refresh`.
    public var waiting: Int { Int(limit &- position) }

    /// The next record, in place, or nil: nothing is there yet, or it is still being written.
    /// Valid until `commit`.
    @inline(__always)
    public mutating func peek() -> UnsafeRawBufferPointer? {
        while position < limit {
            let header = unsafe data + Int(position & mask)
            let word = unsafe Self.loadAcquire32(header)
            if word & Self.busy != 0 { return nil }
            let length = Int(word & ~(Self.busy | Self.discard))
            if word & Self.discard == 0 {
                return unsafe UnsafeRawBufferPointer(start: header + Int(Self.headerSize), count: length)
            }
            step(length)
        }
        return nil
    }

    /// Steps over the record that `peek` showed.
    @inline(__always)
    public mutating func advance() {
        let word = unsafe Self.loadAcquire32(data + Int(position & mask))
        step(Int(word & ~(Self.busy | Self.discard)))
    }

    @inline(__always)
    private mutating func step(_ length: Int) {
        position &+= (UInt64(length) + Self.headerSize + 7) & ~7
    }

    /// Frees everything stepped over for the kernel to write again.
    @inline(__always)
    public mutating func commit() {
        guard position != committed else { return }
        unsafe Self.storeRelease(consumer, position)
        committed = position
    }

    /// Bytes stepped over and not yet committed.
    public var uncommitted: Int { Int(position &- committed) }

    /// Whether the kernel has written more since the last `refresh`. Orders our commit before the
    /// look: without the fence a record could arrive unseen between the two, and nobody would wake us.
    public func hasMore() -> Bool {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return unsafe Self.loadAcquire(producer) != position
    }

    // The words live in memory of the kernel, so they are atomics by address, not by declaration.
    @inline(__always)
    private static func loadAcquire(_ word: UnsafeMutablePointer<UInt64>) -> UInt64 {
        unsafe UnsafeRawPointer(word).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(
            ordering: .acquiring)
    }

    @inline(__always)
    private static func loadAcquire32(_ word: UnsafeRawPointer) -> UInt32 {
        unsafe word.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring)
    }

    @inline(__always)
    private static func storeRelease(_ word: UnsafeMutablePointer<UInt64>, _ value: UInt64) {
        unsafe UnsafeRawPointer(word).assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(value, ordering: .releasing)
    }
}
