public import TextEncoding

/// Encodes a described event as one JSON object (protojson rules with `UseProtoNames`).
public struct JSONVisitor: FieldVisitor, ~Copyable {
    /// What has been written so far; callers take the bytes from it and empty it.
    public var json: JSONWriter
    /// Encoded sets of capabilities: a machine has few different ones, and the names are long.
    private var capabilityTexts: [(set: UInt64, text: [UInt8])] = []
    private static let capabilityTextLimit = 16
    private var known = KnownTexts()

    /// - Parameter capacity: bytes to begin with; the buffer grows when an event needs more.
    public init(capacity: Int = 4096) {
        json = JSONWriter(capacity: capacity)
    }

    @inline(__always)
    public mutating func string(_ field: Field, _ value: RawSpan) {
        guard value.byteCount > 0 else { return }
        json.key(field.name)
        json.string(value)
    }

    public mutating func arguments(_ field: Field, _ bytes: RawSpan, _ context: EncodingContext) {
        guard Arguments.hasTetragonForm(bytes) else { return }
        json.key(field.name)
        json.append(tetragonArguments: bytes)
    }

    public mutating func text(_ field: Field, _ value: StaticString?) {
        guard let value else { return }
        json.key(field.name)
        json.literal(value)
    }

    @inline(__always)
    public mutating func uint32(_ field: Field, _ value: UInt32) {
        guard value != 0 else { return }
        json.key(field.name)
        json.number(UInt64(value))
    }

    public mutating func int32(_ field: Field, _ value: Int32) {
        guard value != 0 else { return }
        json.key(field.name)
        json.number(Int64(value))
    }

    @inline(__always)
    public mutating func uint64(_ field: Field, _ value: UInt64) {
        guard value != 0 else { return }
        json.member(field.name, quoted: value)
    }

    @inline(__always)
    public mutating func wrapped(_ field: Field, _ value: UInt32?) {
        guard let value else { return }
        json.key(field.name)
        json.number(UInt64(value))
    }

    public mutating func wrapped(_ field: Field, _ value: Bool?) {
        guard let value else { return }
        json.key(field.name)
        json.bool(value)
    }

    public mutating func bool(_ field: Field, _ value: Bool) {
        guard value else { return }
        json.key(field.name)
        json.bool(true)
    }

    public mutating func timestamp(_ field: Field, _ value: UnixTime?) {
        guard let value else { return }
        json.key(field.name)
        json.timestamp(value)
    }

    public mutating func enumeration(_ field: Field, _ value: EnumCase?) {
        guard let value else { return }
        json.key(field.name)
        json.literal(value.name)
    }

    public mutating func enumerations(_ field: Field, count: Int, _ element: (Int) -> EnumCase) {
        guard count > 0 else { return }
        json.key(field.name)
        json.beginArray()
        for index in 0..<count { json.literal(element(index).name) }
        json.endArray()
    }

    public mutating func capabilities(_ field: Field, _ set: UInt64) {
        guard set != 0 else { return }
        json.key(field.name)
        for index in capabilityTexts.indices where capabilityTexts[index].set == set {
            let text = capabilityTexts[index].text
            return unsafe json.encoded(text.span.bytes)
        }
        let start = json.output.count
        var rest = set
        json.beginArray()
        while rest != 0 {
            json.literal(Capability.named(rest.trailingZeroBitCount).name)
            rest &= rest &- 1
        }
        json.endArray()
        if capabilityTexts.count == Self.capabilityTextLimit { capabilityTexts.removeFirst() }
        var text: [UInt8] = []
        text.append(json.output.bytes.extracting(start..<json.output.count))
        capabilityTexts.append((set, text))
    }

    public mutating func strings(_ field: Field, count: Int, _ element: (Int, (RawSpan) -> Void) -> Void) {
        guard count > 0 else { return }
        json.key(field.name)
        json.beginArray()
        for index in 0..<count { element(index) { json.string($0) } }
        json.endArray()
    }

    public mutating func strings(_ field: Field, in bytes: RawSpan) {
        guard bytes.byteCount > 0 else { return }
        json.key(field.name)
        json.beginArray()
        Arguments.forEach(in: bytes) { json.string($0) }
        json.endArray()
    }

    @inline(__always)
    public mutating func message(_ field: Field, present: Bool, _ body: (inout Self) -> Void) {
        guard present else { return }
        json.key(field.name)
        json.beginObject()
        body(&self)
        json.endObject()
    }

    /// Credentials and namespaces are the same in exec after exec: half of an exec's text is copied.
    @inline(__always)
    public mutating func message<Source: BitwiseCopyable>(
        _ field: Field, decidedBy source: Source, _ body: (inout Self) -> Void
    ) {
        json.key(field.name)
        if known.append(field.number, source, to: &json) { return }
        let start = json.output.count
        json.beginObject()
        body(&self)
        json.endObject()
        known.keep(field.number, source, json.output, from: start)
    }

    @inline(__always)
    public mutating func members<Source: BitwiseCopyable>(
        of field: Field, decidedBy source: Source, _ body: (inout Self) -> Void
    ) {
        // Of all members of an object these numbers are free: its fields count from 1.
        if known.append(-field.number, source, to: &json) { return }
        let start = json.output.count + (json.isInsideList ? 1 : 0)
        body(&self)
        guard json.output.count > start else { return }
        known.keep(-field.number, source, json.output, from: start)
    }

    public mutating func messages(_ field: Field, count: Int, _ body: (inout Self, Int) -> Void) {
        guard count > 0 else { return }
        json.key(field.name)
        json.beginArray()
        for index in 0..<count {
            json.beginObject()
            body(&self, index)
            json.endObject()
        }
        json.endArray()
    }

    public mutating func map(_ field: Field, count: Int, _ element: (Int) -> (String, String)) {
        guard count > 0 else { return }
        json.key(field.name)
        json.beginObject()
        for index in 0..<count {
            let (name, value) = element(index)
            unsafe json.key(utf8: name.utf8.span.bytes)
            json.string(value)
        }
        json.endObject()
    }

    public mutating func process(_ field: Field, _ process: ProcessObject?, _ form: ProcessForm) {
        guard let process else { return }
        json.key(field.name)
        guard form != .full else {
            // Stands in one event of its life: a cache would only be two more copies.
            return process.writeFull(&self)
        }
        process.withJSON(form) { json.encoded($0) }
    }

    public mutating func ancestors(_ field: Field, of process: ProcessObject?) {
        // The parent has a field of its own: ancestors begin with the grandparent.
        guard var ancestor = process?.parent?.parent else { return }
        json.key(field.name)
        json.beginArray()
        for _ in 0..<ProcessObject.deepestAncestry {
            ancestor.withJSON(.brief) { json.encoded($0) }
            guard let next = ancestor.parent else { break }
            ancestor = next
        }
        json.endArray()
    }
}
