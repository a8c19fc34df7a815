import BPFRuntime
import CEventABI

/// Guards that are attached: one for each function or LSM hook, for all policies together.
final class GuardPrograms {
    /// A guard with those that need it.
    private struct Standing {
        var hooks: Set<UInt32>
        var link: Link
        var programs: LoadedPrograms
    }

    /// A link in a dictionary: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    private let programs: EnginePrograms
    private var standing: [CallGuard: Standing] = [:]
    private var places: [CallGuard: UInt32] = [:]

    init(_ programs: EnginePrograms) { self.programs = programs }

    /// Attaches a guard where it does not stand yet, for a hook that judges calls.
    func attach(_ one: CallGuard, for hook: UInt32) throws(BPFError) {
        if standing[one] != nil {
            standing[one]?.hooks.insert(hook)
            return
        }
        let loaded = try programs.instance(
            one.program, target: one.target, hook: place(one), arguments: one.arguments)
        let link = Link(try loaded.file.attach(one.program))
        standing[one] = Standing(hooks: [hook], link: link, programs: loaded)
    }

    /// Where a guard stands among the calls that enforcers name: behind all system calls, for ever.
    func place(_ one: CallGuard) -> UInt32 {
        let place = places[one] ?? UInt32(SECD_POLICY_CALLS) + UInt32(places.count)
        places[one] = place
        return place
    }

    /// Detaches guards that none of these hooks needs.
    func detach(allBut kept: Set<UInt32>) {
        for (one, state) in standing {
            let left = state.hooks.intersection(kept)
            if left.isEmpty { standing[one] = nil } else { standing[one]?.hooks = left }
        }
    }
}
