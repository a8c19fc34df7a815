public import AgentModel
public import EventFilters
public import EventModel

/// How a subscriber wants its events.
public enum SubscriptionFormat: Sendable {
    /// `tetragon.GetEventsResponse` messages.
    case protobuf
    /// Lines of the export format, without the line break.
    case json
}

/// What a client asked for.
public struct Subscription: Sendable {
    /// An event passes when it matches one of these, or when there are none.
    public var allow: [FilterSpec]
    /// An event that matches one of these does not pass.
    public var deny: [FilterSpec]
    /// Which fields the client wants; empty = all.
    public var fieldFilters: [FieldFilterSpec]
    /// Only for messages: lines carry their own numbers.
    public var aggregation: AggregationSpec?
    /// Messages of Tetragon's API, or lines as the file has them.
    public var format: SubscriptionFormat
    /// Who asks, for the status page.
    public var peer: String

    public init(
        allow: [FilterSpec] = [], deny: [FilterSpec] = [], fieldFilters: [FieldFilterSpec] = [],
        aggregation: AggregationSpec? = nil, format: SubscriptionFormat, peer: String
    ) {
        self.allow = allow
        self.deny = deny
        self.fieldFilters = fieldFilters
        self.aggregation = aggregation
        self.format = format
        self.peer = peer
    }
}

/// The daemon as the API sees it. Implemented by `AgentCore`, so that servers are testable alone.
public protocol AgentControl: PolicyControl {
    /// Opens a subscription. Batches come in order; a batch's `lostBefore` says how many events
    /// this subscriber lost before it. Ends when the stream is cancelled or the daemon stops.
    /// - Throws: `FilterError` where a filter cannot be compiled.
    func subscribe(_ subscription: Subscription) throws -> AsyncStream<EventBatch>
    func status() async -> AgentStatus
    func processes() async -> [ProcessListing]
    func sockets() async -> [SocketListing]
    /// What runs: containers, units, sessions.
    func workloads() async -> WorkloadReport
    /// A container is about to start. Returns when the policies that select it hold for it.
    /// - Throws: `PolicyChangeError` where they do not, with the reason.
    func register(_ container: ContainerRegistration) async throws(PolicyChangeError)
    /// Numbers of sets of labels.
    func identities() async -> IdentityReport
    func mechanisms() async -> [MechanismListing]
    /// Text of `/metrics` (Prometheus exposition format 0.0.4).
    func metrics() async -> String
    /// Configuration in force, by key (Tetragon's `GetInfo`).
    func configuration() async -> [String: String]
}
