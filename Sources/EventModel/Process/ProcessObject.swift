
/// A process image as events show it, with its encodings cached: an exec encodes it once, its
/// exit, its sockets and its children copy the bytes.
public final class ProcessObject {
    /// Ancestors an event lists at most: a bound against a damaged tree, far above real depths.
    public static let deepestAncestry = 256

    public internal(set) var parent: ProcessObject?

    init() {}

    func withJSON(_ body: (RawSpan) -> Void) {}
    func withBriefJSON(_ body: (RawSpan) -> Void) {}
    func withProtobuf(_ body: (RawSpan) -> Void) {}
    func withBriefProtobuf(_ body: (RawSpan) -> Void) {}
}
