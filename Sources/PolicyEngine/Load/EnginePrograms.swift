import BPFObjects
import BPFRuntime
import CEventABI
import SystemPackage

/// A loaded object that several hooks use.
final class LoadedPrograms {
    let file: BPFProgramFile
    init(_ file: consuming BPFProgramFile) { self.file = file }
}

/// Loads the engine's programs, all on the same maps.
final class EnginePrograms {
    /// Programs on all system calls, and on tracepoints: loaded once.
    let calls: LoadedPrograms
    let maps: PolicyMaps
    private let agent: secd_agent
    private let setup: secd_policy_setup
    /// Rings and what else other objects have; then the engine's own maps, too.
    private var shared: [SharedBPFMap]
    private var cgroup: LoadedPrograms?

    static let enter = "on_sys_enter"
    static let exit = "on_sys_exit"
    static let tracepoint = "on_tracepoint"
    static let rawTracepoint = "on_raw_tracepoint"

    /// - Parameters:
    ///   - shared: maps of the sensors.
    ///   - setup: without a hook.
    init(agent: secd_agent, shared: [SharedBPFMap], setup: secd_policy_setup) throws(BPFError) {
        self.agent = agent
        self.setup = setup
        self.shared = shared
        calls = try Self.load(
            [BPFObjects.trace, BPFObjects.traceProbe], ["on_sys_enter", "on_sys_exit", "on_tracepoint"], agent,
            setup, shared)
        maps = try PolicyMaps(calls.file)
        let known = Set(shared.map { $0.map.name })
        for name in calls.file.mapNames where name.hasPrefix("secd_") && !known.contains(name) {
            self.shared.append(SharedBPFMap(try calls.file.openMap(name)))
        }
    }

    /// A program that is loaded for one function or tracepoint.
    func instance(_ program: String, hook: UInt32, arguments: Int) throws(BPFError) -> LoadedPrograms {
        var setup = setup
        setup.hook = hook
        setup.arguments = UInt32(arguments)
        return try Self.load([BPFObjects.trace, BPFObjects.traceProbe], [program], agent, setup, shared)
    }

    /// The cgroup programs: loaded when a policy first asks for them.
    func cgroupPrograms() throws(BPFError) -> LoadedPrograms {
        if let cgroup { return cgroup }
        let loaded = try Self.load(
            [BPFObjects.tracecgroup], CgroupPlaces.programs.flatMap(\.self), agent, setup, shared)
        cgroup = loaded
        return loaded
    }

    /// Loads the first build that the kernel accepts.
    private static func load(
        _ builds: [BPFObject], _ programs: [String], _ agent: secd_agent, _ setup: secd_policy_setup,
        _ shared: [SharedBPFMap]
    ) throws(BPFError) -> LoadedPrograms {
        var first: BPFError?
        for build in builds {
            do throws(BPFError) {
                var file = try BPFProgramFile(elf: build.elf, name: build.name)
                file.selectPrograms { programs.contains($0) }
                try file.setConstant("secd_agent", agent)
                try file.setConstant("secd_policy_setup", setup)
                let names = Set(file.mapNames)
                for map in shared where names.contains(map.map.name) { try file.reuse(map.map) }
                try file.load()
                return LoadedPrograms(file)
            } catch {
                first = first ?? error
            }
        }
        throw first ?? BPFError(operation: "load", object: "trace", errno: .noSuchFileOrDirectory)
    }
}

/// Cgroup programs by SECD_POLICY_PLACE_*.
enum CgroupPlaces {
    static let programs = [
        ["on_connect4", "on_connect6"], ["on_sendmsg4", "on_sendmsg6"], ["on_bind4", "on_bind6"],
    ]
}
