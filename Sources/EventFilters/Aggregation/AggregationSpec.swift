/// `tetragon.AggregationOptions`: events that say the same come once for each window of time, with their
/// number.
public struct AggregationSpec: Sendable, Equatable {
    /// Nanoseconds.
    public var window: UInt64
    /// Different events that a window holds at most; a full one ends early. Nothing is dropped.
    public var capacity: Int

    /// 15 s, in nanoseconds: where the client names no length.
    public static let usualWindow: UInt64 = 15_000_000_000
    /// One hour, in nanoseconds: what waits is memory.
    public static let longestWindow: UInt64 = 3_600_000_000_000
    /// Different events per window where the client names no number.
    public static let usualCapacity = 4096

    /// - Parameter window: nanoseconds; nil = the usual one.
    /// - Throws: `FilterError` for a window that is none, or longer than an hour.
    public init(window: Int64? = nil, capacity: UInt64 = 0) throws(FilterError) {
        if let window, window <= 0 || window > Int64(Self.longestWindow) {
            throw FilterError(
                field: "aggregation_options.window_size", text: "",
                reason: "a window is longer than nothing and not longer than an hour")
        }
        self.window = window.map { UInt64($0) } ?? Self.usualWindow
        self.capacity =
            capacity == 0 ? Self.usualCapacity : Int(min(capacity, UInt64(Self.usualCapacity) * 16))
    }
}
