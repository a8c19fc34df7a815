/// Element of `matchActions` or `matchReturnActions`.
public struct ActionSpec: Sendable, Hashable {
    /// One event per key and interval; what was held back is counted.
    public struct RateLimit: Sendable, Hashable {
        /// What has a limit of its own: each thread, each process, or the policy as a whole.
        public enum Scope: String, Sendable, CaseIterable { case thread, process, global }

        /// From one event to the next.
        public var seconds: UInt32
        /// `rateLimitScope`; `thread` where it is not given.
        public var scope: Scope

        public init(seconds: UInt32, scope: Scope) {
            self.seconds = seconds
            self.scope = scope
        }
    }

    /// What `Set` writes.
    public enum Written: Sendable, Hashable {
        /// The argument of a USDT probe where it stands in memory; else what it leads to.
        case argument
        /// The first bytes of what the argument leads to.
        case pointed
        /// The register that passes it: it is a number that is no pointer.
        case register
    }

    /// `action`.
    public var kind: Located<ActionKind>
    public var place: SourcePlace
    /// `rateLimit`, with its scope.
    public var rateLimit: Located<RateLimit>?
    /// Events carry the kernel's stack.
    public var kernelStackTrace = false
    /// Events carry the program's stack.
    public var userStackTrace = false
    /// Events carry the digest that IMA has of the file; on LSM hooks only.
    public var imaHash = false
    /// Return value of the refused call, negative.
    public var error: Located<Int64>?
    /// `argSig`, 0 to 64.
    public var signal: Located<Int64>?
    /// `argSock` of `TrackSock` and `UntrackSock`: index of an argument, in a checked policy position of its
    /// column.
    public var socket: Located<Int>?
    /// `argIndex` of `Set`: an argument, by its position in the call or probe.
    public var argument: Located<Int>?
    /// Of `Set` in a checked policy: what is written.
    public var written = Written.argument
    /// `argValue`; fits 32 bits, signed or unsigned.
    public var value: Located<Int64>?
    /// `argRegs`: assignments to registers, as written.
    public var registers: [Located<String>] = []
    /// `argNewSymbol`: where to go on instead.
    public var newSymbol: Located<String>?
    /// `argNewAddr`: likewise, by address.
    public var newAddress: Located<UInt64>?
    /// `argNewOffset`: likewise, by offset in the file.
    public var newOffset: Located<UInt64>?
    /// `argUrl` of `GetUrl`.
    public var url: Located<String>?
    /// `argFqdn` of `DnsLookup`.
    public var fqdn: Located<String>?
    /// Ours, of `Count`: what makes the key: indices of arguments, in a checked policy positions of columns.
    public var countBy: [Located<Int>] = []
    /// Seconds between two counts that are sent.
    public var interval: Located<UInt32>?

    public init(kind: Located<ActionKind>, place: SourcePlace) {
        self.kind = kind
        self.place = place
    }
}
