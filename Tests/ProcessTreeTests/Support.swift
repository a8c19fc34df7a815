import CEventABI
import EventModel
import ProcessTree

/// A tree and the kernel's side of it: makes the records that processes would cause.
struct Machine {
    let tree = ProcessTree(
        context: EncodingContext(nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 0))
    /// The clock: every record takes one tick of a millisecond.
    var now: UInt64 = 1_000_000_000

    mutating func tick(_ nanoseconds: UInt64 = 1_000_000) -> UInt64 {
        now += nanoseconds
        return now
    }

    static func image(_ pid: UInt32, _ start: UInt64) -> secd_image {
        secd_image(start_ns: start, pid: pid, reserved: 0)
    }

    /// A process that is older than the daemon.
    func seed(_ image: secd_image, parent: secd_image = secd_image(), binary: String = "/sbin/init") {
        tree.seed(processImage(image, parent: parent, binary: binary))
    }

    private func processImage(_ image: secd_image, parent: secd_image, binary: String) -> ProcessImage {
        var known = ProcessImage()
        known.head.image = image
        known.head.parent = parent
        known.head.flags = SECD_IMAGE_SEEDED
        known.head.process_start_ns = image.start_ns
        known.tail = Array(binary.utf8)
        known.head.binary.length = UInt16(known.tail.count)
        return known
    }

    @discardableResult
    mutating func fork(_ parent: secd_image, pid: UInt32) -> ProcessObject {
        var record = secd_fork()
        record.image = Self.image(pid, tick())
        record.parent = parent
        record.clone_start_ns = record.image.start_ns
        record.flags = SECD_IMAGE_CLONE
        return tree.fork(record)
    }

    @discardableResult
    mutating func exec(_ previous: secd_image, parent: secd_image = secd_image(), _ binary: String)
        -> ProcessObject
    {
        var record = secd_exec()
        record.image = Self.image(previous.pid, tick())
        record.previous = previous
        record.parent = parent
        record.flags = SECD_IMAGE_EXECVE
        record.binary.length = UInt16(binary.utf8.count)
        return tree.exec(record) { $0.tail.append(contentsOf: binary.utf8) }
    }

    @discardableResult
    mutating func exit(_ image: secd_image, parent: secd_image = secd_image()) -> ProcessObject {
        tree.exit(image, parent: parent, at: tick())
    }

    /// Lets so much time pass that everything that may go is gone.
    mutating func settle() {
        tree.collect(before: tick(ProcessTree.lingering * 2))
    }
}

extension ProcessObject {
    var binary: String { String(decoding: image.tail[image.binaryRange], as: UTF8.self) }

    /// From the parent upwards.
    var lineage: [UInt32] {
        var pids: [UInt32] = []
        var ancestor = parent
        while let current = ancestor {
            pids.append(current.key.pid)
            ancestor = current.parent
        }
        return pids
    }
}
