import BPFRuntime
import CEventABI

/// Calls that matched and have not returned (`secd_policy_waiting`), where their hook goes away.
struct WaitingCalls {
    private let map: SharedBPFMap

    init(_ map: SharedBPFMap) { self.map = map }

    /// Forgets the calls of hooks that are gone: nobody will tell them, and what they keep would be taken for
    /// that of a later call.
    /// - Returns: how many there were.
    func forget(_ hooks: Set<UInt32>) -> UInt64 {
        map.map.keys(as: secd_policy_waiting_key.self).reduce(0) { count, key in
            hooks.contains(key.hook) && map.map.remove(key) ? count + 1 : count
        }
    }
}
