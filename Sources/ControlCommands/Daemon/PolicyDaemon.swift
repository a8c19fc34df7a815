package import AgentModel
import ControlAPI

/// What the commands for policies want from a daemon: `AgentClient`, or a stand-in of the tests.
package protocol PolicyDaemon: Sendable {
    func policies() async throws -> [PolicyStatus]
    func add(_ addition: PolicyAddition) async throws
    func delete(_ key: PolicyKey) async throws
    func configure(_ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?) async throws
}

extension AgentClient: PolicyDaemon {}
