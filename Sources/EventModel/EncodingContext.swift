public import CEventABI
public import TextEncoding

/// What encoding needs beyond the event itself. Owned by the worker; not shared.
public final class EncodingContext {
    /// Name of this node, part of every exec id.
    public let nodeName: [UInt8]
    /// UTF-8; empty = events do not carry it.
    public let clusterName: [UInt8]
    /// Identifies this run of the daemon (eight hexadecimal digits).
    public let stream: [UInt8]
    /// The same three, to be lent without counting references.
    let nodeText: OutputBuffer
    let clusterText: OutputBuffer
    let streamText: OutputBuffer
    /// Kernel time as UTC.
    public var clock: EventClock
    /// Namespaces of PID 1: what `is_host` compares with. All zero = unknown.
    public var hostNamespaces = secd_namespaces()
    /// For texts that are put together before they are written.
    var scratch = OutputBuffer(capacity: 8192)
    private var plain = OutputBuffer(capacity: 256)
    /// `flags` of the last process, and the conditions they say: the same in exec after exec.
    var flagsText = OutputBuffer(capacity: 128)
    var flagsConditions = UInt32.max
    private var execIDs = ExecIDCache()
    /// Encode single processes for their caches.
    var jsonVisitor = JSONVisitor(capacity: 8192)
    var protobufVisitor = ProtobufVisitor(capacity: 8192)

    /// - Parameter bootOffset: nanoseconds between 1970 and the boot, for the times of processes and
    /// events.
    public init(nodeName: String, clusterName: String, stream: String, bootOffset: UInt64) {
        self.nodeName = Array(nodeName.utf8)
        self.clusterName = Array(clusterName.utf8)
        self.stream = Array(stream.utf8)
        nodeText = Self.buffer(nodeName)
        clusterText = Self.buffer(clusterName)
        streamText = Self.buffer(stream)
        clock = EventClock(offset: bootOffset)
    }

    private static func buffer(_ text: String) -> OutputBuffer {
        var buffer = OutputBuffer(capacity: text.utf8.count)
        buffer.append(text)
        return buffer
    }

    /// A kernel time as a moment.
    @inline(__always)
    public func time(_ bootNanoseconds: UInt64) -> UnixTime {
        clock.time(bootNanoseconds)
    }

    /// Lends the exec id of an image: base64 of `node:start:pid`, as in Tetragon. Nothing for no image.
    @inline(__always)
    func withExecID(_ image: secd_image, _ body: (RawSpan) -> Void) {
        if execIDs.lend(image, body) { return }
        plain.removeAll()
        scratch.removeAll()
        if image.pid != 0 || image.start_ns != 0 {
            nodeText.withBytes { plain.append($0) }
            plain.append(UInt8(ascii: ":"))
            plain.append(decimal: image.start_ns)
            plain.append(UInt8(ascii: ":"))
            plain.append(decimal: UInt64(image.pid))
            plain.withBytes { scratch.append(base64: $0) }
            scratch.withBytes { execIDs.keep(image, $0) }
        }
        scratch.withBytes(body)
    }

    /// Replaces `text` by the exec id of an image.
    public func makeExecID(_ image: secd_image, into text: inout [UInt8]) {
        text.removeAll(keepingCapacity: true)
        withExecID(image) { text.append($0) }
    }
}
