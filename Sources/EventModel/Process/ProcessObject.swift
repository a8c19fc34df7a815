public import CEventABI
import TextEncoding

/// The forms in which a process stands in events.
public enum ProcessForm: Sendable {
    /// Everything: the process of `process_exec` and `process_credentials`.
    case full
    /// What Tetragon shows by default: the process of other events, and every parent.
    case standard
    /// Identity and name: ancestors.
    case brief
}

/// The life of an image.
public enum ProcessState: Sendable {
    /// Its process runs it.
    case alive
    /// Its process ended or runs another image; late records may still refer to it.
    case ended
    /// Kept only for what refers to it.
    case released
}

/// A process image as events show it, with its encodings cached: an exec encodes it once; its
/// exit, its sockets and its children copy the bytes.
///
/// Owned by the worker alone. Objects are recycled, so their buffers stop growing after a while.
public final class ProcessObject {
    /// Ancestors an event lists at most: a bound against a damaged tree, far above real depths.
    public static let deepestAncestry = 256

    /// What the kernel said of it; filled by `ProcessTree`.
    public internal(set) var image: ProcessImage
    /// The image that forked this one's process; nil = unknown, or PID 1.
    public internal(set) var parent: ProcessObject?
    let context: EncodingContext
    /// What it is encoded with.
    public var encodingContext: EncodingContext { context }

    private var standardJSON: [UInt8] = []
    private var briefJSON: [UInt8] = []
    private var standardProtobuf: [UInt8] = []
    private var briefProtobuf: [UInt8] = []
    /// Whether one of the four is not empty: short processes are encoded once or never.
    private var hasEncodings = false
    /// Where the image is in its life; kept by the process tree.
    public var state = ProcessState.alive
    /// Images and sockets that refer to this one; kept by the process tree.
    public var references = 0
    /// What the user of the object wants to remember with it (the filters' view of the process).
    public var attachment: AnyObject?

    /// An empty object that an image is put into; `ProcessTree` keeps and reuses it.
    public init(context: EncodingContext) {
        self.context = context
        image = ProcessImage()
    }

    /// Identity of the image.
    public var key: secd_image { image.head.image }

    /// base64 of node:start:pid.
    public var execID: [UInt8] {
        var text: [UInt8] = []
        context.makeExecID(key, into: &text)
        return text
    }

    /// Gives the object an image that was put together elsewhere.
    public func assign(image: ProcessImage, parent: ProcessObject?) {
        self.image = image
        begin(parent: parent)
    }

    /// Gives the object the image of a new process: its parent's, with its own identity.
    public func assign(forkedBy record: secd_fork, from parent: ProcessObject?) {
        if let parent {
            image = parent.image
            image.environment = nil
        } else {
            image = ProcessImage()
            image.head.comm = record.comm
            image.nameByTask()
        }
        image.head.image = record.image
        image.head.parent = record.parent
        image.head.previous = secd_image()
        image.head.process_start_ns = record.clone_start_ns
        image.head.cgroup_id = record.cgroup_id
        image.head.flags = record.flags
        // The child's thread is its leader; `record.tid` is the thread that forked.
        image.head.tid = record.image.pid
        image.head.pid_in_ns = record.pid_in_ns
        if record.pid_ns != 0 { image.head.namespaces.pid = record.pid_ns }
        begin(parent: parent)
    }

    /// Gives the object the image that an exec began. `fill` adds the strings.
    public func assign(
        executed record: secd_exec, previous: ProcessObject?, parent: ProcessObject?,
        _ fill: (inout ProcessImage) -> Void
    ) {
        image.head = record
        image.tail.removeAll(keepingCapacity: true)
        // Both share their memory with the cgroup table.
        image.cgroupPath = []
        image.containerID = []
        image.workload = nil
        image.sha256.removeAll(keepingCapacity: true)
        image.missingDigest = nil
        fill(&image)
        // Tetragon's `clone`: the first exec of a process that was forked, not those after it.
        if let previous, previous.image.has(SECD_IMAGE_CLONE), !previous.image.has(SECD_IMAGE_EXECVE) {
            image.head.flags |= SECD_IMAGE_CLONE
        }
        begin(parent: parent)
    }

    private func begin(parent: ProcessObject?) {
        self.parent = parent
        references = 0
        state = .alive
        if let parent { image.head.parent = parent.key }
        invalidate()
    }

    /// Changes the parent alone: encodings do not contain it.
    public func adopt(parent: ProcessObject?) {
        self.parent = parent
    }

    /// Lets go of the parent and gives it back: what the object held of it passes to the caller.
    @inline(__always)
    public func takeParent() -> ProcessObject? {
        parent.take()
    }

    /// Changes the image in place (strings that came later); all encodings are forgotten.
    public func update(_ change: (inout ProcessImage) -> Void) {
        change(&image)
        invalidate()
    }

    /// Drops what only the event of the exec tells; to be called when that is written.
    public func shorten() {
        if image.shorten() { invalidate() }
    }

    /// Forgets the parent: the object goes back to its pool.
    public func clear() {
        parent = nil
        attachment = nil
        image.longArguments = nil
        image.environment = nil
        image.workload = nil
        invalidate()
    }

    /// Frees the cached encodings; they are made again when they are needed. Returns bytes freed.
    public func dropEncodings() -> Int {
        let before = heapBytes
        standardJSON = []
        briefJSON = []
        standardProtobuf = []
        briefProtobuf = []
        return before - heapBytes
    }

    // What is empty is left alone: to empty it, or to release nothing, costs as much as ten looks.
    private func invalidate() {
        if attachment != nil { attachment = nil }
        guard hasEncodings else { return }
        hasEncodings = false
        Self.forget(&standardJSON)
        Self.forget(&briefJSON)
        Self.forget(&standardProtobuf)
        Self.forget(&briefProtobuf)
    }

    @inline(__always)
    private static func forget(_ encoding: inout [UInt8]) {
        if !encoding.isEmpty { encoding.removeAll(keepingCapacity: true) }
    }

    /// Bytes that this object holds on the heap, for the memory budget.
    public var heapBytes: Int {
        512 + image.tail.capacity + (image.longArguments?.count ?? 0) + (image.environment?.count ?? 0)
            + standardJSON.capacity + briefJSON.capacity + standardProtobuf.capacity + briefProtobuf.capacity
    }

    /// Writes the full form as an object. It begins with the standard form, which the exit will want: kept on the way.
    func writeFull(_ visitor: inout JSONVisitor) {
        visitor.json.beginObject()
        let start = visitor.json.output.count - 1
        describe(.standard, &visitor)
        // Long arguments leave the image when this event is written, and the form changes with them.
        if image.longArguments == nil, standardJSON.isEmpty {
            visitor.json.output.withBytes { standardJSON.append($0.extracting(start..<$0.byteCount)) }
            standardJSON.append(UInt8(ascii: "}"))
            hasEncodings = true
        }
        describeBeyondStandard(&visitor)
        visitor.json.endObject()
    }

    /// Lends the encoded standard or brief form.
    func withJSON(_ form: ProcessForm, _ body: (RawSpan) -> Void) {
        if form == .brief {
            Self.cached(&briefJSON, self, form, body)
        } else {
            Self.cached(&standardJSON, self, .standard, body)
        }
    }

    /// Lends the encoded standard or brief form.
    func withProtobuf(_ form: ProcessForm, _ body: (RawSpan) -> Void) {
        if form == .brief {
            Self.cachedProtobuf(&briefProtobuf, self, form, body)
        } else {
            Self.cachedProtobuf(&standardProtobuf, self, .standard, body)
        }
    }

    private static func cached(
        _ cache: inout [UInt8], _ object: ProcessObject, _ form: ProcessForm, _ body: (RawSpan) -> Void
    ) {
        if cache.isEmpty {
            object.context.jsonVisitor.json.removeAll()
            object.context.jsonVisitor.json.beginObject()
            object.describe(form, &object.context.jsonVisitor)
            object.context.jsonVisitor.json.endObject()
            object.context.jsonVisitor.json.output.withBytes { cache.append($0) }
            object.hasEncodings = true
        }
        unsafe body(cache.span.bytes)
    }

    private static func cachedProtobuf(
        _ cache: inout [UInt8], _ object: ProcessObject, _ form: ProcessForm, _ body: (RawSpan) -> Void
    ) {
        if cache.isEmpty {
            object.context.protobufVisitor.protobuf.removeAll()
            object.describe(form, &object.context.protobufVisitor)
            object.context.protobufVisitor.protobuf.output.withBytes { cache.append($0) }
            object.hasEncodings = true
        }
        unsafe body(cache.span.bytes)
    }
}
