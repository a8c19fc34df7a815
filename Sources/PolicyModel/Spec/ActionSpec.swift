/// Element of `matchActions` or `matchReturnActions`.
public struct ActionSpec: Sendable, Hashable {
    /// One event per key and interval; what was held back is counted.
    public struct RateLimit: Sendable, Hashable {
        public enum Scope: String, Sendable, CaseIterable { case thread, process, global }

        public var seconds: UInt32
        public var scope: Scope

        public init(seconds: UInt32, scope: Scope) {
            self.seconds = seconds
            self.scope = scope
        }
    }

    public var kind: Located<ActionKind>
    public var place: SourcePlace
    public var rateLimit: Located<RateLimit>?
    public var kernelStackTrace = false
    public var userStackTrace = false
    public var imaHash = false
    /// Return value of the refused call, negative.
    public var error: Located<Int64>?
    public var signal: Located<Int64>?
    /// Position of the socket for `TrackSock`.
    public var socket: Located<Int>?
    /// Position and value for `Set`.
    public var argument: Located<Int>?
    public var value: Located<Int64>?
    public var registers: [Located<String>] = []
    public var newSymbol: Located<String>?
    public var newAddress: Located<UInt64>?
    public var newOffset: Located<UInt64>?
    public var url: Located<String>?
    public var fqdn: Located<String>?
    /// Ours, of `Count`: positions of the arguments that make the key, and the seconds of an interval.
    public var countBy: [Located<Int>] = []
    public var interval: Located<UInt32>?

    public init(kind: Located<ActionKind>, place: SourcePlace) {
        self.kind = kind
        self.place = place
    }
}
