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
    }

    /// Why a hook could not be attached.
    struct Failure: Error {
        /// Its number.
        var hook: UInt32
        var reason: String
    }

    /// A link in an array: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// What one hook alone needs.
    private struct Own {
        var links: [Link]
        var programs: LoadedPrograms
    }

    private let programs: EnginePrograms
    private let cgroupRoot: String?
    private var own: [UInt32: Own] = [:]
    private var calls: [UInt32: UInt32] = [:]
    private var enter: Link?
    private var exit: Link?
    private var places: [UInt32: [UInt32]] = [:]
    private var placeLinks: [UInt32: [Link]] = [:]

    init(_ programs: EnginePrograms, cgroupRoot: String?) {
        self.programs = programs
        self.cgroupRoot = cgroupRoot
    }

    /// Attaches what is missing. Where that fails, nothing more is attached than before.
    func attach(_ wanted: [Wanted], keeping before: [Wanted]) throws(Failure) {
        for index in wanted.indices {
            do throws(BPFError) {
                try attach(wanted[index])
            } catch {
                detach(allBut: before)
                throw Failure(hook: wanted[index].number, reason: "\(error)")
            }
        }
    }

    private func attach(_ hook: Wanted) throws(BPFError) {
        switch hook.mechanism.attachment {
        case .calls(let positions):
            for position in positions where calls[position] != hook.number {
                let call = secd_policy_call(enter: hook.number, exit: hook.number)
                try programs.maps.calls.map.update(position, call)
                calls[position] = hook.number
            }
            if enter == nil { enter = Link(try programs.calls.file.attach(EnginePrograms.enter)) }
            if hook.waits, exit == nil { exit = Link(try programs.calls.file.attach(EnginePrograms.exit)) }
        case .tracepoint(let category, let event):
            guard own[hook.number] == nil else { return }
            let link = try programs.calls.file.attach(
                EnginePrograms.tracepoint, tracepoint: category, event, cookie: UInt64(hook.number))
            own[hook.number] = Own(links: [Link(link)], programs: programs.calls)
        case .rawTracepoint(let event):
            guard own[hook.number] == nil else { return }
            let loaded = try programs.instance(
                EnginePrograms.rawTracepoint, hook: hook.number, arguments: hook.arguments)
            let link = try loaded.file.attach(EnginePrograms.rawTracepoint, rawTracepoint: event)
            own[hook.number] = Own(links: [Link(link)], programs: loaded)
        case .place(let place): try attach(hook.number, at: place)
        }
    }

    private func attach(_ hook: UInt32, at place: UInt32) throws(BPFError) {
        var hooks = places[place] ?? []
        if !hooks.contains(hook) {
            hooks.append(hook)
            try write(hooks, place)
        }
        guard placeLinks[place] == nil, let cgroupRoot else { return }
        let loaded = try programs.cgroupPrograms()
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

    /// Detaches what none of these hooks needs. What cannot be taken back does no harm: its hook has no tables.
    func detach(allBut kept: [Wanted]) {
        let numbers = Set(kept.map(\.number))
        for (position, hook) in calls where !numbers.contains(hook) {
            try? programs.maps.calls.map.update(position, secd_policy_call(enter: 0, exit: 0))
            calls[position] = nil
        }
        let onCalls = kept.filter { if case .calls = $0.mechanism.attachment { true } else { false } }
        if onCalls.isEmpty { enter = nil }
        if !onCalls.contains(where: \.waits) { exit = nil }
        for hook in own.keys where !numbers.contains(hook) { own[hook] = nil }
        for (place, hooks) in places {
            let left = hooks.filter { numbers.contains($0) }
            if left != hooks { try? write(left, place) }
            if left.isEmpty { placeLinks[place] = nil }
        }
    }
}
