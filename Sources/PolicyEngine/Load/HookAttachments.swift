import BPFRuntime
import CEventABI
import Glibc
import SystemPackage

/// What is attached, and for which hooks. Only what a generation needs, and nothing twice.
final class HookAttachments {
    /// A hook that a generation wants.
    struct Wanted {
        var number: UInt32
        var mechanism: HookMechanism
        var waits: Bool
        /// Of the function or tracepoint that a program is loaded for.
        var arguments: Int
        /// Arguments, by bit, that lead to memory of programs.
        var touched: UInt16 = 0
    }

    /// Why a hook could not be attached.
    struct Failure: Error {
        /// Its number.
        var hook: UInt32
        var error: BPFError
    }

    /// A link in an array: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// What one hook alone needs.
    private struct Own {
        var links: [Link]
        var programs: [LoadedPrograms]
    }

    private let programs: EnginePrograms
    private let cgroupRoot: String?
    private let probes: ProgramProbes
    private let multi: MultiProbes
    private let guards: GuardPrograms
    private var own: [UInt32: Own] = [:]
    private let calls: CallHooks
    private let enforcers: Enforcers
    private var enforcing: Set<UInt32> = []
    /// By enforcer: places where what waits for its calls is looked at.
    private var enforcedPlaces: [UInt32: Set<UInt32>] = [:]
    private var forks: Link?
    private var places: [UInt32: [UInt32]] = [:]
    private var placeLinks: [UInt32: [Link]] = [:]

    init(_ programs: EnginePrograms, cgroupRoot: String?, _ enforcers: Enforcers) {
        self.programs = programs
        self.cgroupRoot = cgroupRoot
        probes = ProgramProbes(programs)
        multi = MultiProbes(programs)
        guards = GuardPrograms(programs)
        calls = CallHooks(programs)
        self.enforcers = enforcers
    }

    /// Attaches what is missing. Where that fails, nothing more is attached than before.
    func attach(_ wanted: [Wanted], keeping before: [Wanted]) throws(Failure) {
        for index in wanted.indices {
            do throws(BPFError) {
                try attach(wanted[index])
            } catch {
                detach(allBut: before)
                throw Failure(hook: wanted[index].number, error: error)
            }
        }
        do throws(Failure) {
            try multi.attach(wanted)
        } catch {
            detach(allBut: before)
            throw error
        }
    }

    /// Numbers that must stay with their hooks, though no generation has these any more.
    var heldNumbers: Set<UInt32> { multi.numbers }

    private func attach(_ hook: Wanted) throws(BPFError) {
        switch hook.mechanism.attachment {
        case .calls(let positions, let returned):
            try calls.attach(hook, calls: positions, returned: returned)
        case .guarded(let positions, let needed):
            for one in needed { try guards.attach(one, for: hook.number) }
            try calls.attach(hook, calls: positions, returned: false)
        case .places(let places): for place in places { try attach(hook.number, at: place) }
        // `FilePrevention` has marks instead, and probes of one link come together.
        case .files, .multiProbe: return
        case .tracepoint(let category, let event):
            guard own[hook.number] == nil else { return }
            let loaded = try programs.common(EnginePrograms.tracepoint)
            let link = try loaded.file.attach(
                EnginePrograms.tracepoint, tracepoint: category, event, cookie: UInt64(hook.number))
            own[hook.number] = Own(links: [Link(link)], programs: [loaded])
        case .callPoints(let events):
            guard own[hook.number] == nil else { return }
            let loaded = try programs.common(EnginePrograms.tracepoint)
            let links = try events.map { event throws(BPFError) in
                Link(
                    try loaded.file.attach(
                        EnginePrograms.tracepoint, tracepoint: "syscalls", event, cookie: UInt64(hook.number))
                )
            }
            own[hook.number] = Own(links: links, programs: [loaded])
        case .rawTracepoint(let event):
            guard own[hook.number] == nil else { return }
            let loaded = try programs.instance(
                EnginePrograms.rawTracepoint, target: nil, hook: hook.number, arguments: hook.arguments,
                only: hook.mechanism.standIn?.only)
            let link = try loaded.file.attach(EnginePrograms.rawTracepoint, rawTracepoint: event)
            own[hook.number] = Own(links: [Link(link)], programs: [loaded])
        case .function(let target, let program, let returning):
            // The return first: what a call keeps waits for it.
            let names = (hook.waits ? [returning].compactMap(\.self) : []) + [program]
            try attachOnce(hook, names) { programs, name throws(BPFError) in
                let loaded = try programs.instance(
                    name, target: target, hook: hook.number, arguments: hook.arguments)
                return (loaded, Link(try loaded.file.attach(name)))
            }
        case .program(let places): try probes.attach(hook, places)
        case .loads: try attachLoads(hook)
        case .probe(let function):
            let names = (hook.waits ? [EnginePrograms.probeReturn] : []) + [EnginePrograms.probe]
            try attachOnce(hook, names) { programs, name throws(BPFError) in
                let loaded = try programs.common(name)
                let link = try loaded.file.attach(
                    name, kprobe: function, onReturn: name == EnginePrograms.probeReturn,
                    cookie: UInt64(hook.number))
                return (loaded, Link(link))
            }
        }
    }

    private func attachLoads(_ hook: Wanted) throws(BPFError) {
        guard own[hook.number] == nil else { return }
        let loaded = try programs.loadPrograms()
        let cookie = UInt64(hook.number)
        var links: [Link] = []
        for place in Self.loadPlaces.indices {
            let (program, category, event) = Self.loadPlaces[place]
            do throws(BPFError) {
                let link = try loaded.file.attach(program, tracepoint: category, event, cookie: cookie)
                links.append(Link(link))
            } catch {
                // Built without protection keys, a kernel has no such call.
                if event != Self.keyedProtect { throw error }
            }
        }
        own[hook.number] = Own(links: links, programs: [loaded])
    }

    private static let loadPlaces = [
        (EnginePrograms.loadExec, "sched", "sched_process_exec"),
        (EnginePrograms.loadMap, "syscalls", "sys_exit_mmap"),
        (EnginePrograms.loadProtect, "syscalls", "sys_exit_mprotect"),
        (EnginePrograms.loadProtect, "syscalls", keyedProtect),
    ]
    private static let keyedProtect = "sys_exit_pkey_mprotect"

    /// Attaches programs of one hook, those that it does not have yet.
    private func attachOnce(
        _ hook: Wanted, _ names: [String],
        _ attach: (EnginePrograms, String) throws(BPFError) -> (LoadedPrograms, Link)
    ) throws(BPFError) {
        var mine = own[hook.number] ?? Own(links: [], programs: [])
        for name in names.dropLast(mine.links.count) {
            let loaded = try attach(programs, name)
            mine.programs.append(loaded.0)
            mine.links.append(loaded.1)
        }
        own[hook.number] = mine
    }

    /// Has what waits for the calls of enforcers met there. Where that fails, `detach` takes back what was done.
    func attach(_ wanted: [Enforcers.Wanted]) throws(Failure) {
        for index in wanted.indices {
            do throws(BPFError) {
                try attach(wanted[index])
            } catch {
                throw Failure(hook: Enforcers.user(wanted[index].number), error: error)
            }
        }
    }

    private func attach(_ enforcer: Enforcers.Wanted) throws(BPFError) {
        enforcing.insert(enforcer.number)
        var calls: Set<UInt32> = []
        for mechanism in enforcer.calls {
            switch mechanism.attachment {
            case .guarded(let positions, let needed):
                for one in needed { try guards.attach(one, for: Enforcers.user(enforcer.number)) }
                calls.formUnion(positions.isEmpty ? needed.map(guards.place) : positions)
            case .places(let needed):
                enforcedPlaces[enforcer.number, default: []].formUnion(needed)
                for place in needed { try attachPrograms(at: place) }
                calls.formUnion(needed.map { UInt32(SECD_POLICY_ENFORCED_PLACES) + $0 })
            default: continue
            }
        }
        try enforcers.write(enforcer.number, calls)
        // Last of all: a notice that comes earlier waits for the next call.
        try self.calls.enforce(enforcer.number, calls: calls.filter { $0 < UInt32(SECD_POLICY_CALLS) })
    }

    private func attach(_ hook: UInt32, at place: UInt32) throws(BPFError) {
        var hooks = places[place] ?? []
        if !hooks.contains(hook) {
            hooks.append(hook)
            try write(hooks, place)
        }
        try attachPrograms(at: place)
    }

    private func attachPrograms(at place: UInt32) throws(BPFError) {
        guard placeLinks[place] == nil, let cgroupRoot else { return }
        let loaded = try programs.cgroupPrograms(place)
        let directory = unsafe open(cgroupRoot, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw BPFError(operation: "open", object: cgroupRoot, errno: .noSuchFileOrDirectory)
        }
        defer { close(directory) }
        var links: [Link] = []
        for program in CgroupPlaces.programs[Int(place)] {
            links.append(Link(try loaded.file.attach(program, cgroup: directory)))
        }
        placeLinks[place] = links
    }

    private func write(_ hooks: [UInt32], _ place: UInt32) throws(BPFError) {
        guard hooks.count <= Int(SECD_POLICY_PLACE_HOOKS) else {
            throw BPFError(operation: "add a hook to", object: "the cgroup programs", errno: .noSpace)
        }
        var value = secd_policy_place()
        CArray.copy(hooks, to: &value.hook)
        try programs.maps.places.map.update(place, value)
        places[place] = hooks
    }

    /// From here on children inherit the marks of their parents.
    func followForks() throws(Failure) {
        guard forks == nil else { return }
        do throws(BPFError) {
            let loaded = try programs.common(EnginePrograms.forkMarks)
            forks = Link(try loaded.file.attach(EnginePrograms.forkMarks))
        } catch {
            throw Failure(hook: 0, error: error)
        }
    }

    /// No generation has marks any more.
    func stopFollowingForks() { forks = nil }

    /// Detaches what none of these hooks and enforcers needs. What cannot be taken back does no harm: its hook
    /// has no tables.
    /// - Parameter enforcers: nil = all of them stay.
    func detach(allBut kept: [Wanted], enforcers left: Set<UInt32>? = nil) {
        let numbers = Set(kept.map(\.number))
        if let left {
            enforcing = left
            enforcers.keep(left)
            enforcedPlaces = enforcedPlaces.filter { left.contains($0.key) }
        }
        calls.detach(allBut: numbers, enforcers: enforcing)
        for hook in own.keys where !numbers.contains(hook) { own[hook] = nil }
        guards.detach(allBut: numbers.union(enforcing.map(Enforcers.user)))
        probes.detach(allBut: numbers)
        multi.detach(allBut: numbers)
        for (place, hooks) in places {
            let left = hooks.filter { numbers.contains($0) }
            if left != hooks { try? write(left, place) }
        }
        let enforced = enforcedPlaces.values.reduce(into: Set()) { $0.formUnion($1) }
        for place in placeLinks.keys where (places[place] ?? []).isEmpty && !enforced.contains(place) {
            placeLinks[place] = nil
        }
    }
}
