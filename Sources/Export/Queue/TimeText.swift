import TextEncoding

/// Moments for people.
enum TimeText {
    /// RFC 3339 in UTC, whole seconds.
    /// - Parameter nanoseconds: since 1970-01-01T00:00:00Z.
    static func seconds(_ nanoseconds: UInt64) -> String {
        var text = OutputBuffer(capacity: 64)
        text.append(rfc3339: UnixTime(nanoseconds: nanoseconds))
        return String(decoding: text.copyToArray().prefix(19), as: UTF8.self) + "Z"
    }
}
