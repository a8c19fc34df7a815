import CSystemd

/// Events that `secd` wrote to the journal, read through libsystemd.
///
/// The line of the export stands in the field `SECD_EVENT_JSON`. Only entries of root count (`_UID` is
/// journald's own word, as are all fields that begin so): any user may send entries that call themselves secd.
@safe final class JournalReader {
    private static let field = "SECD_EVENT_JSON"
    /// The kind of event; secd's log under systemd has the same identifier, and not this.
    private static let kind = "SECD_EVENT"
    private let journal: OpaquePointer
    /// Entries of secd that had no line in them.
    private(set) var withoutLine: UInt64 = 0
    private(set) var entries: UInt64 = 0
    /// Only a part of the journal was looked at.
    private var isBounded = false

    init() throws(InputError) {
        var opened: OpaquePointer?
        let code = unsafe sd_journal_open(&opened, Int32(SD_JOURNAL_LOCAL_ONLY))
        guard code >= 0, let journal = unsafe opened else {
            throw InputError(
                "cannot open the journal: \(InputError.text(of: -code)); read a file instead: secctl events FILE"
            )
        }
        unsafe self.journal = unsafe journal
        // Values above 64 KiB would come cut otherwise.
        unsafe sd_journal_set_data_threshold(journal, 0)
        // Matches of different fields are joined by and.
        for match in ["SYSLOG_IDENTIFIER=secd", "_UID=0"] {
            unsafe sd_journal_add_match(journal, match, match.utf8.count)
        }
    }

    deinit {
        unsafe sd_journal_close(journal)
    }

    /// Visits lines from `since` (nanoseconds since 1970) on; from the first entry without it.
    func forward(since: Int64?, _ body: (Span<UInt8>) throws -> Bool) throws {
        isBounded = since != nil
        if let since {
            unsafe sd_journal_seek_realtime_usec(journal, UInt64(max(0, since / 1000)))
        } else {
            unsafe sd_journal_seek_head(journal)
        }
        while try step(unsafe sd_journal_next(journal)) {
            guard try visit(body) else { return }
        }
    }

    /// Visits lines from the newest back, or from what journald received by `until`.
    func backward(until: Int64?, _ body: (Span<UInt8>) throws -> Bool) throws {
        isBounded = until != nil
        if let until {
            unsafe sd_journal_seek_realtime_usec(journal, UInt64(max(0, until / 1000)))
        } else {
            unsafe sd_journal_seek_tail(journal)
        }
        while try step(unsafe sd_journal_previous(journal)) {
            guard try visit(body) else { return }
        }
    }

    private func step(_ code: Int32) throws(InputError) -> Bool {
        guard code >= 0 else { throw InputError("cannot read the journal: \(InputError.text(of: -code))") }
        return code > 0
    }

    private func visit(_ body: (Span<UInt8>) throws -> Bool) throws -> Bool {
        var data: UnsafeRawPointer?
        var length = 0
        guard unsafe sd_journal_get_data(journal, Self.kind, &data, &length) >= 0 else { return true }
        entries += 1
        guard unsafe sd_journal_get_data(journal, Self.field, &data, &length) >= 0, let start = unsafe data
        else {
            withoutLine += 1
            return true
        }
        // The value comes as FIELD=value.
        let prefix = Self.field.utf8.count + 1
        guard length > prefix else { return true }
        let line = unsafe Array(UnsafeRawBufferPointer(start: start + prefix, count: length - prefix))
        return try body(line.span)
    }

    /// Why nothing came, where nothing came.
    var emptiness: InputError? {
        if entries == 0 {
            return InputError(
                (isBounded
                    ? "the journal has no events of secd of that time; if it should, is secd started with --export-journald? "
                    : "the journal has no events of secd: start it with --export-journald. ")
                    + "Or read a file: secctl events --since … /var/log/secd/events.json")
        }
        guard withoutLine == entries else { return nil }
        return InputError(
            "the journal has \(Quantity.counted(entries, "entry", "entries")) of secd, none with the event as JSON "
                + "(field \(Self.field)); read them with journalctl -t secd, or read a file: "
                + "secctl events --since … /var/log/secd/events.json")
    }
}
