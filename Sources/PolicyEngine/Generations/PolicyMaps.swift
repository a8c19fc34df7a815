import BPFRuntime
import SystemPackage

/// The maps that all programs of the engine share: made with the first object that is loaded.
final class PolicyMaps: Sendable {
    let control: SharedBPFMap
    let calls: SharedBPFMap
    let places: SharedBPFMap
    let hooks: SharedBPFMap
    let rows: SharedBPFMap
    let rules: SharedBPFMap
    let starts: SharedBPFMap
    let indexes: SharedBPFMap
    let keys: SharedBPFMap
    let tries: SharedBPFMap
    let workloads: SharedBPFMap
    let generations: SharedBPFMap
    let counters: SharedBPFMap
    let ancestries: SharedBPFMap
    let origins: SharedBPFMap
    let scripts: SharedBPFMap
    let doomed: SharedBPFMap
    let owners: SharedBPFMap
    /// By the lowest bit of an epoch.
    let counts: [SharedBPFMap]
    let waiting: SharedBPFMap
    let enforced: SharedBPFMap

    /// - Parameter file: loaded.
    init(_ file: borrowing BPFProgramFile) throws(BPFError) {
        control = try Self.open("secd_policy_control", file)
        calls = try Self.open("secd_policy_calls", file)
        places = try Self.open("secd_policy_places", file)
        hooks = try Self.open("secd_policy_hooks", file)
        rows = try Self.open("secd_policy_rows", file)
        rules = try Self.open("secd_policy_rules", file)
        starts = try Self.open("secd_policy_starts", file)
        indexes = try Self.open("secd_policy_indexes", file)
        keys = try Self.open("secd_policy_keys", file)
        tries = try Self.open("secd_policy_tries", file)
        workloads = try Self.open("secd_policy_workloads", file)
        generations = try Self.open("secd_policy_generations", file)
        ancestries = try Self.open("secd_policy_ancestries", file)
        origins = try Self.open("secd_policy_origins", file)
        scripts = try Self.open("secd_policy_scripts", file)
        waiting = try Self.open("secd_policy_waiting", file)
        counters = try Self.open("secd_policy_counters", file)
        enforced = try Self.open("secd_policy_enforced", file)
        doomed = try Self.open("secd_policy_doomed", file)
        owners = try Self.open("secd_policy_owners", file)
        counts = [try Self.open("secd_policy_counts_0", file), try Self.open("secd_policy_counts_1", file)]
    }

    private static func open(_ name: String, _ file: borrowing BPFProgramFile) throws(BPFError)
        -> SharedBPFMap
    {
        SharedBPFMap(try file.openMap(name))
    }
}
