/// Events as they came from the daemon: lines of the export format, one after another.
public struct EventLines: Sendable {
    /// The lines' bytes, without line breaks between them.
    public var bytes: [UInt8]
    /// Where each line ends in `bytes`.
    public var ends: [Int]
    /// Events that this client lost before the first of these lines because it read too slowly.
    public var lost: UInt64

    public init(bytes: [UInt8] = [], ends: [Int] = [], lost: UInt64 = 0) {
        self.bytes = bytes
        self.ends = ends
        self.lost = lost
    }

    /// Lines; `lost` is not among them.
    public var count: Int { ends.count }

    /// Line `index`.
    public subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }
}
