public import CEventABI
public import EventModel

/// The processes of the machine as user space knows them: a cache of the kernel's task storage.
///
/// One object per process *image* (fork or exec begins one). An image lives while its process runs
/// it, while a living image descends from it, and while a socket refers to it; then its object is
/// recycled. So memory follows the number of living processes and not the number of execs.
public final class ProcessTree {
    /// Time that an ended image stays at least, nanoseconds: late records of other rings still
    /// refer to it. Rings are merged after 1 ms; the rest is for softirq work after an exit.
    public static let lingering: UInt64 = 250_000_000

    /// Objects that wait to be used again, of each kind: what a storm of short processes needs.
    private static let poolLimit = 1024

    let context: EncodingContext
    private var images = ImageTable(capacity: 4096)
    /// Objects to use again. Those that held strings of their own are kept apart from those that
    /// shared their parent's, so that an exec finds memory to fill.
    private var pool: [ProcessObject] = []
    private var sharingPool: [ProcessObject] = []
    /// Ended images in the order of their end, with the time of it.
    private var ended: [(object: ProcessObject, time: UInt64)] = []
    private var endedHead = 0
    /// Images that a running process runs.
    public private(set) var live = 0
    /// Images that were dropped to stay within the budget while something still descended from them.
    public private(set) var evicted: UInt64 = 0
    /// Records about images that nobody announced.
    public private(set) var unknown: UInt64 = 0

    /// - Parameter context: what exec ids and cached encodings are made with; shared with the encoder.
    public init(context: EncodingContext) {
        self.context = context
        pool.reserveCapacity(1024)
    }

    /// Images that are kept though their process has ended or moved on.
    public var retained: Int { images.count - live }

    /// The image, or nil.
    @inline(__always)
    public func find(_ image: secd_image) -> ProcessObject? {
        image.pid == 0 && image.start_ns == 0 ? nil : images.find(ImageKey(image))
    }

    /// All images, in no order.
    public var all: [ProcessObject] { images.all }

    /// A process older than the daemon, described from the kernel's iterator and procfs. Parents
    /// are joined afterwards by `linkSeeds`, because they come in any order.
    public func seed(_ image: ProcessImage) {
        guard find(image.head.image) == nil else { return }
        let object = take()
        object.assign(image: image, parent: nil)
        object.shorten()
        insert(object)
    }

    /// Joins seeded processes with their parents.
    public func linkSeeds() {
        for object in images.all where object.parent == nil {
            if let parent = find(object.image.head.parent), parent !== object {
                object.adopt(parent: parent)
                retain(parent)
            }
        }
    }

    /// A new process: its parent's image with its own identity.
    public func fork(_ record: secd_fork) -> ProcessObject {
        if let known = find(record.image) { return known }
        let parent = find(record.parent)
        let object = sharingPool.popLast() ?? ProcessObject(context: context)
        object.assign(forkedBy: record, from: parent)
        if let parent { retain(parent) } else { unknown += 1 }
        insert(object)
        return object
    }

    /// The image that forked a process that changes its image; nil = unknown.
    public func parent(of record: secd_exec) -> ProcessObject? {
        find(record.previous)?.parent ?? find(record.parent)
    }

    /// A process changed its image. `fill` moves the record's strings into the object's image.
    public func exec(_ record: secd_exec, _ fill: (inout ProcessImage) -> Void) -> ProcessObject {
        let previous = find(record.previous)
        let parent = previous?.parent ?? find(record.parent)
        if let known = find(record.image) { return complete(known, record, previous, parent, fill) }
        let object = take()
        object.assign(executed: record, previous: previous, parent: parent, fill)
        if let parent { retain(parent) }
        if let previous { end(previous, at: record.image.start_ns) }
        insert(object)
        return object
    }

    /// The exec record of an image that is known already: seeded while the record waited in its ring,
    /// or spoken of by a record of another ring. The object becomes the image, and keeps what refers to it.
    private func complete(
        _ known: ProcessObject, _ record: secd_exec, _ previous: ProcessObject?, _ parent: ProcessObject?,
        _ fill: (inout ProcessImage) -> Void
    ) -> ProcessObject {
        let (references, state, former) = (known.references, known.state, known.parent)
        known.assign(executed: record, previous: previous, parent: parent, fill)
        known.references = references
        known.state = state
        if let parent { retain(parent) }
        if let former { release(former) }
        if let previous, previous !== known { end(previous, at: record.image.start_ns) }
        return known
    }

    /// A process ended; its object stays for a while. Returns it, or one made from what the record
    /// says where nobody announced the process.
    public func exit(_ image: secd_image, parent: secd_image, at time: UInt64) -> ProcessObject {
        let object = find(image) ?? unannounced(image, parent: parent)
        end(object, at: time)
        return object
    }

    /// An object for an image that nobody announced: identity and parent are all that is known.
    public func unannounced(_ image: secd_image, parent: secd_image) -> ProcessObject {
        if let known = find(image) { return known }
        unknown += 1
        var known = ProcessImage()
        known.head.image = image
        known.head.parent = parent
        known.head.flags = SECD_IMAGE_RECONSTRUCTED
        let object = take()
        let parentObject = find(parent)
        object.assign(image: known, parent: parentObject)
        if let parentObject { retain(parentObject) }
        insert(object)
        return object
    }

    /// Somebody refers to the image from outside the tree (a socket).
    public func retain(_ object: ProcessObject) {
        object.references += 1
    }

    /// The opposite of `retain`.
    public func release(_ object: ProcessObject) {
        object.references -= 1
        if object.references == 0, object.state == .released { recycle(object) }
    }

    /// Recycles images that ended long enough before `horizon` (CLOCK_BOOTTIME, nanoseconds; every
    /// ring has been read up to it).
    public func collect(before horizon: UInt64) {
        while endedHead < ended.count, ended[endedHead].time &+ Self.lingering < horizon {
            let object = ended[endedHead].object
            endedHead += 1
            object.state = .released
            if object.references == 0 { recycle(object) }
        }
        if endedHead == ended.count {
            ended.removeAll(keepingCapacity: true)
            endedHead = 0
        } else if endedHead > 4096, endedHead * 2 > ended.count {
            ended.removeSubrange(0..<endedHead)
            endedHead = 0
        }
    }

    /// Ends every live image whose process is gone: after lifecycle records were lost.
    /// - Parameter isAlive: whether a process with this pid and start time exists.
    public func reconcile(at time: UInt64, _ isAlive: (ProcessImage) -> Bool) -> Int {
        let gone = images.all.filter { $0.state == .alive && !isAlive($0.image) }
        for object in gone { end(object, at: time) }
        return gone.count
    }

    private func insert(_ object: ProcessObject) {
        object.state = .alive
        images.insert(object, ImageKey(object.key))
        live += 1
    }

    private func end(_ object: ProcessObject, at time: UInt64) {
        guard object.state == .alive else { return }
        object.state = .ended
        live -= 1
        ended.append((object, time))
    }

    private func recycle(_ object: ProcessObject) {
        // Iterative: a chain of ended ancestors may be long, and ends with its last descendant. References are
        // passed on where that is possible: to count them is the dearest part of this.
        var next: ProcessObject? = object
        while let current = next.take() {
            images.remove(ImageKey(current.key))
            if let parent = current.takeParent() {
                parent.references -= 1
                if parent.references == 0, parent.state == .released { next = consume parent }
            }
            let shared = current.image.head.flags & SECD_IMAGE_EXECVE == 0
            current.clear()
            if shared, sharingPool.count < Self.poolLimit {
                sharingPool.append(consume current)
            } else if !shared, pool.count < Self.poolLimit {
                pool.append(consume current)
            }
        }
    }

    private func take() -> ProcessObject {
        pool.popLast() ?? ProcessObject(context: context)
    }

    /// Bytes of all images.
    public var heapBytes: Int {
        images.all.reduce(0) { $0 + $1.heapBytes }
    }

    /// Frees what can be made again (pooled objects, encodings of any image), then cuts living images off
    /// from ancestors that have ended, in no particular order, until the tree is within `budget` bytes.
    /// Living images stay: each takes a few paths and the beginning of its arguments. Returns whether the tree is within it.
    public func shrink(to budget: Int) -> Bool {
        var bytes = heapBytes
        guard bytes > budget else { return true }
        pool.removeAll()
        sharingPool.removeAll()
        for object in images.all {
            bytes -= object.dropEncodings()
            if bytes <= budget { return true }
        }
        for object in images.all where object.state == .alive {
            guard let parent = object.parent, parent.state == .released else { continue }
            object.adopt(parent: nil)
            evicted += 1
            release(parent)
            // To add it all up takes as long as this whole walk.
            if evicted.isMultiple(of: 256), heapBytes <= budget { return true }
        }
        return heapBytes <= budget
    }
}

/// Identity of an image as a key.
public struct ImageKey: Hashable, Sendable {
    /// CLOCK_BOOTTIME of the image's begin, nanoseconds.
    public var start: UInt64
    /// In the initial pid namespace.
    public var pid: UInt32

    /// The same two values, as records carry them.
    @inline(__always)
    public init(_ image: secd_image) {
        start = image.start_ns
        pid = image.pid
    }

    init(start: UInt64, pid: UInt32) {
        self.start = start
        self.pid = pid
    }
}
