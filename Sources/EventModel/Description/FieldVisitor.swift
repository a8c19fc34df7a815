public import TextEncoding

/// Receives the fields of an event in order. An event is described once, by calling these; every
/// encoder, the schema and the documentation are visitors, so they cannot drift apart.
///
/// A description calls the visitor for *every* field, also for those that are unset: leaving out
/// empty fields is the visitor's matter (protojson's rules), because the schema wants them all.
public protocol FieldVisitor: ~Copyable {
    /// Text that may be any bytes; unset when empty.
    mutating func string(_ field: Field, _ value: RawSpan)
    /// Text known at compile time, or nil.
    mutating func text(_ field: Field, _ value: StaticString?)
    /// A 32-bit number; unset when 0.
    mutating func uint32(_ field: Field, _ value: UInt32)
    /// A signed 32-bit number; unset when 0.
    mutating func int32(_ field: Field, _ value: Int32)
    /// A 64-bit number; unset when 0.
    mutating func uint64(_ field: Field, _ value: UInt64)
    /// A number that is present also at 0, or nil.
    mutating func wrapped(_ field: Field, _ value: UInt32?)
    /// A truth value that is present also when false, or nil.
    mutating func wrapped(_ field: Field, _ value: Bool?)
    /// A truth value; unset when false.
    mutating func bool(_ field: Field, _ value: Bool)
    /// A moment, or nil.
    mutating func timestamp(_ field: Field, _ value: UnixTime?)
    /// A case of an enumeration, or nil.
    mutating func enumeration(_ field: Field, _ value: EnumCase?)
    /// Several cases of an enumeration.
    mutating func enumerations(_ field: Field, count: Int, _ element: (Int) -> EnumCase)
    /// A set of capabilities as a bit mask.
    mutating func capabilities(_ field: Field, _ set: UInt64)
    /// Several texts; `element` appends the bytes of one to the buffer it gets.
    mutating func strings(_ field: Field, count: Int, _ element: (Int, (RawSpan) -> Void) -> Void)
    /// NUL-terminated arguments in Tetragon's one-string form, without the first.
    mutating func arguments(_ field: Field, _ bytes: RawSpan, _ context: EncodingContext)
    /// NUL-terminated texts, one after another.
    mutating func strings(_ field: Field, in bytes: RawSpan)
    /// A nested message; unset when `present` is false.
    mutating func message(_ field: Field, present: Bool, _ body: (inout Self) -> Void)
    /// A nested message whose content depends on nothing but `source`: an encoder may remember it.
    mutating func message<Source: BitwiseCopyable>(
        _ field: Field, decidedBy source: Source, _ body: (inout Self) -> Void)
    /// Several members, the first of them `field`, that depend on nothing but `source`: likewise.
    mutating func members<Source: BitwiseCopyable>(
        of field: Field, decidedBy source: Source, _ body: (inout Self) -> Void)
    /// Several nested messages.
    mutating func messages(_ field: Field, count: Int, _ body: (inout Self, Int) -> Void)
    /// Names and values (`map<string, string>`).
    mutating func map(_ field: Field, count: Int, _ element: (Int) -> (String, String))
    /// A process in a form, taken from its cache where the visitor has one.
    mutating func process(_ field: Field, _ process: ProcessObject?, _ form: ProcessForm)
    /// Ancestors, nearest first, in their short form.
    mutating func ancestors(_ field: Field, of process: ProcessObject?)
    /// Bytes that are no text; unset when empty.
    mutating func bytes(_ field: Field, _ value: RawSpan)
    /// The member of a oneof that is set, as a number: present also at 0.
    mutating func chosen(_ field: Field, signed value: Int64)
    /// Likewise, without a sign.
    mutating func chosen(_ field: Field, unsigned value: UInt64)
    /// The member of a oneof that is set, as text: present also when empty.
    mutating func chosen(_ field: Field, text value: RawSpan)
    /// Likewise, as bytes.
    mutating func chosen(_ field: Field, bytes value: RawSpan)
    /// Whether it wants to see what a field can be, not what it is: a description then shows every member
    /// of a oneof and every case.
    static var showsShape: Bool { get }
}

extension FieldVisitor where Self: ~Copyable {
    public mutating func strings(_ field: Field, in bytes: RawSpan) {
        var count = 0
        Arguments.forEach(in: bytes) { _ in count += 1 }
        var start = 0
        strings(field, count: count) { _, append in
            let end = start + bytes.extracting(start..<bytes.byteCount).firstIndex(of: 0)
            append(bytes.extracting(start..<end))
            start = end + 1
        }
    }

    public mutating func message<Source: BitwiseCopyable>(
        _ field: Field, decidedBy source: Source, _ body: (inout Self) -> Void
    ) {
        message(field, present: true, body)
    }

    public mutating func members<Source: BitwiseCopyable>(
        of field: Field, decidedBy source: Source, _ body: (inout Self) -> Void
    ) {
        body(&self)
    }
}

extension FieldVisitor where Self: ~Copyable {
    public mutating func arguments(_ field: Field, _ bytes: RawSpan, _ context: EncodingContext) {
        context.scratch.removeAll()
        context.scratch.append(tetragonArguments: bytes)
        context.scratch.withBytes { string(field, $0) }
    }

    public static var showsShape: Bool { false }
}
