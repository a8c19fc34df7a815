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
            let facts = try KernelFacts.ofThisMachine(cgroupRoot: Self.cgroupRoot)
            listings = facts.listings
            obstacles = facts.obstaclesToRun
        } catch {
            // Without rights the kernel refuses programs that it would let root load: no answer.
            guard geteuid() == 0 else { throw InputError("\(error)") }
            listings = []
            obstacles = ["\(error)"]
        }
    }

    /// Mount point of the v2 hierarchy: the first cgroup2 of /proc/self/mounts, as the daemon takes it.
    private static var cgroupRoot: String? {
        guard case .bytes(let bytes) = try? PolicyFiles.read("/proc/self/mounts", limit: 1 << 20) else {
            return nil
        }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }
}
