import AgentModel
import Foundation
import Sensors

/// What this machine's kernel offers, found without a daemon.
struct LocalMechanisms {
    let listings: [MechanismListing]
    /// Why secd cannot run here; empty = it can.
    let obstacles: [String]

    /// - Throws: `InputError` where this user may not ask.
    init() throws(InputError) {
        do {
            let facts = try KernelFacts.ofThisMachine()
            listings = facts.listings
            obstacles = facts.obstaclesToRun
        } catch {
            // Without rights the kernel refuses programs that it would let root load: no answer.
            guard geteuid() == 0 else { throw InputError("\(error)") }
            listings = []
            obstacles = ["\(error)"]
        }
    }
}
