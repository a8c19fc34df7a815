package import AgentModel
package import ControlAPI
package import EventFilters

/// What the commands want from a daemon: `AgentClient`, or a stand-in of the tests.
package protocol Daemon: Sendable {
    /// Gives batches of live events to `body` until it returns false or the daemon ends the stream.
    func events(_ request: EventRequest, _ body: (EventLines) async throws -> Bool) async throws
    func status() async throws -> AgentStatus
    func processes() async throws -> [ProcessListing]
    func sockets() async throws -> [SocketListing]
    func workloads() async throws -> WorkloadReport
    func identities() async throws -> IdentityReport
    func mechanisms() async throws -> [MechanismListing]
    func configuration() async throws -> [String: String]
}

/// Which events, and which of their fields.
package struct EventRequest: Sendable, Equatable {
    /// An event passes when it matches one of these, or when there are none.
    package var allow: [FilterSpec] = []
    package var deny: [FilterSpec] = []
    package var fields: [FieldFilterSpec] = []

    package init() {}
}

extension AgentClient: Daemon {
    package func events(_ request: EventRequest, _ body: (EventLines) async throws -> Bool) async throws {
        let subscription = Subscription(
            allow: request.allow, deny: request.deny, fieldFilters: request.fields, format: .json,
            peer: "secctl")
        try await events(subscription, body)
    }
}
