import AgentModel
import PolicyModel

/// Where policies came from, and the newest text from there that can be used.
struct PolicySource {
    /// What brought the text.
    enum Origin: Hashable {
        case api
        case file
        /// A file in which other objects stand, too.
        case manifest
        /// An object of a cluster.
        case cluster
    }

    let origin: Origin
    /// As the status names it.
    let name: String
    /// From the newest text that could be used.
    var policies: [CheckedPolicy] = []
    /// Of the newest text.
    var warnings: [String] = []
    /// Why the newest text is not used; empty = it is.
    var problem = ""
    /// Names that the newest text has.
    var keys: [PolicyKey] = []
    /// The newest text itself, where it cannot be read again; empty = it can.
    var text: [UInt8] = []
    /// Programs that it names.
    var programs: Set<String> = []
    /// Programs that conditions of `policies` compare, with the files that they led to.
    var binaries: Set<String> = []

    init(_ origin: Origin, name: String) {
        self.origin = origin
        self.name = name
    }

    /// Takes a text: one with errors leaves the policies of the one before.
    mutating func take(_ text: PolicyText) {
        problem = text.problem
        keys = text.keys
        programs = text.programs
        if problem.isEmpty {
            policies = text.policies
            binaries = text.binaries
            warnings = text.warnings
        }
    }
}
