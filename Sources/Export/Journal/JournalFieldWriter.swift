public import EventModel
public import TextEncoding

/// Writes journal entries into batches of the journal sink: the format that `JournalSink` reads.
///
/// An event is a sequence of fields, each a length (32 bits, little-endian) and then `KEY=value`; a
/// value may be any bytes. Use: fields in any order, then `finish`.
public struct JournalFieldWriter: ~Copyable {
    /// The fields so far. Between `begin` and `end` a value is written here piece by piece.
    public var output: OutputBuffer
    private var start = 0

    /// - Parameter capacity: bytes to begin with; the buffer grows when an entry needs more.
    public init(capacity: Int = 8192) {
        output = OutputBuffer(capacity: capacity)
    }

    /// Opens a field whose value is written into `output` piece by piece.
    /// - Parameter key: capital letters, digits and underscores, a letter first: journald ignores
    ///   fields with other names (systemd.journal-fields(7)).
    public mutating func begin(_ key: StaticString) {
        start = output.count
        for _ in 0..<4 { output.append(0) }
        output.append(key)
        output.append(UInt8(ascii: "="))
    }

    /// Closes the field that `begin` opened.
    public mutating func end() {
        let length = UInt32(output.count - start - 4)
        for index in 0..<4 {
            output.overwrite(
                at: start + index, with: UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))))
        }
    }

    /// Writes a field; what is not UTF-8 stays as it is (journald stores bytes).
    public mutating func field(_ key: StaticString, _ value: RawSpan) {
        begin(key)
        output.append(value)
        end()
    }

    /// Writes a number.
    public mutating func field(_ key: StaticString, _ value: UInt64) {
        begin(key)
        output.append(decimal: value)
        end()
    }

    /// Writes a literal.
    public mutating func field(_ key: StaticString, _ value: StaticString) {
        begin(key)
        output.append(value)
        end()
    }

    /// Writes a text.
    public mutating func field(_ key: StaticString, text value: String) {
        begin(key)
        output.append(value)
        end()
    }

    /// Adds `SYSLOG_IDENTIFIER=secd`, `PRIORITY=` and `SECD_EVENT=`, moves the entry into the batch,
    /// and begins the next.
    /// - Parameter priority: of syslog (RFC 5424): 6 informational … 3 error.
    public mutating func finish(into batch: inout EventBatch, kind: EventKind, priority: UInt8) {
        complete(kind: kind, priority: priority)
        output.withBytes { entry in
            unsafe entry.withUnsafeBytes { unsafe batch.bytes.append(contentsOf: $0) }
        }
        batch.entries.append(EventBatch.Entry(end: batch.bytes.count, kind: kind, priority: priority))
        output.removeAll()
    }

    /// The same for a single entry: what a `GapEncoder` of the journal sink returns.
    public mutating func finish(kind: EventKind, priority: UInt8) -> [UInt8] {
        complete(kind: kind, priority: priority)
        defer { output.removeAll() }
        return output.copyToArray()
    }

    private mutating func complete(kind: EventKind, priority: UInt8) {
        field("SYSLOG_IDENTIFIER", "secd")
        field("PRIORITY", UInt64(priority))
        field("SECD_EVENT", kind.name)
    }
}
