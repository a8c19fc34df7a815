import BPFObjects
import BPFRuntime
import CEventABI
import SystemPackage

/// A loaded object that several hooks use.
final class LoadedPrograms {
    let file: BPFProgramFile
    /// Memory of the programs that were loaded from it.
    let kernelBytes: UInt64

    /// - Parameter programs: those that were loaded.
    init(_ file: consuming BPFProgramFile, programs: [String]) {
        var bytes: UInt64 = 0
        for program in programs {
            guard let descriptor = try? file.programDescriptor(program) else { continue }
            bytes += KernelMemory.bytes(ofDescriptor: descriptor)
        }
        kernelBytes = bytes
        self.file = file
    }
}

/// Does not keep it.
private struct LoadedReference {
    weak var programs: LoadedPrograms?
}

/// The programs for places in programs, and what they know of these places.
final class UserPrograms {
    let file: BPFProgramFile
    let sites: SharedBPFMap

    init(_ file: consuming BPFProgramFile, sites: SharedBPFMap) {
        self.file = file
        self.sites = sites
    }
}

/// Loads the engine's programs, all on the same maps; each when a policy first needs it.
final class EnginePrograms {
    let maps: PolicyMaps
    private let agent: secd_agent
    private let setup: secd_policy_setup
    /// Rings and what else other objects have, and the engine's own maps.
    private let shared: [SharedBPFMap]
    private var common: [String: LoadedPrograms] = [:]
    /// Of all kinds; those that are gone are forgotten when others come.
    private var loaded: [LoadedReference] = []
    /// How many of `shared` are not the engine's own.
    private let foreign: Int
    private var userLoaded: UserPrograms?
    private var changeLoaded: [ChangeProgram: LoadedPrograms] = [:]

    /// A program that changes those that meet it, and whether it may write into their memory.
    private struct ChangeProgram: Hashable {
        var name: String
        var writes: Bool
    }

    static let enter = "on_sys_enter"
    static let exit = "on_sys_exit"
    static let tracepoint = "on_tracepoint"
    static let probe = "on_probe"
    static let probeReturn = "on_probe_return"
    static let forkMarks = "on_fork_marks"
    static let rawTracepoint = "on_raw_tracepoint"

    static let place = "on_place"
    static let placeReturn = "on_place_return"
    static let placeTouch = "on_place_touch"
    static let placeWrite = "on_place_write"
    static let placeChange = "on_place_change"
    static let loadMap = "on_load_map"
    static let loadProtect = "on_load_protect"
    static let loadExec = "on_load_exec"

    private static let user = [BPFObjects.traceuser, BPFObjects.traceuserProbe]
    private static let change = [BPFObjects.tracechange, BPFObjects.tracechangeProbe]
    private static let load = [BPFObjects.traceload, BPFObjects.traceloadProbe]
    private static let trace = [BPFObjects.trace, BPFObjects.traceProbe]
    private static let function = [BPFObjects.tracefunction, BPFObjects.tracefunctionProbe]

    /// Makes the maps.
    /// - Parameters:
    ///   - shared: maps of the sensors.
    ///   - setup: without a hook.
    init(agent: secd_agent, shared: [SharedBPFMap], setup: secd_policy_setup) throws(BPFError) {
        self.agent = agent
        self.setup = setup
        let first = try Self.load(Self.trace, [], agent, setup, shared)
        maps = try PolicyMaps(first.file)
        var all = shared
        let known = Set(shared.map { $0.map.name })
        for name in first.file.mapNames where name.hasPrefix("secd_") && !known.contains(name) {
            all.append(SharedBPFMap(try first.file.openMap(name)))
        }
        self.shared = all
        foreign = shared.count
    }

    /// Memory of the engine's maps, but for those inside of maps of maps, and of the programs that are loaded.
    var kernelBytes: UInt64 {
        shared.dropFirst(foreign).reduce(0) { $0 + $1.map.kernelBytes }
            + loaded.reduce(0) { $0 + ($1.programs?.kernelBytes ?? 0) }
    }

    private func noted(_ programs: LoadedPrograms) -> LoadedPrograms {
        loaded.removeAll { $0.programs == nil }
        loaded.append(LoadedReference(programs: programs))
        return programs
    }

    /// A program that serves all hooks of its mechanism.
    func common(_ program: String) throws(BPFError) -> LoadedPrograms {
        if let known = common[program] { return known }
        let loaded = noted(try Self.load(Self.trace, [program], agent, setup, shared))
        common[program] = loaded
        return loaded
    }

    /// The program at functions of which one link has many, or that at their returns.
    func multiProbe(_ program: String) throws(BPFError) -> LoadedPrograms {
        let key = "multi/\(program)"
        if let known = common[key] { return known }
        let loaded = noted(
            try Self.load(
                Self.trace, [program], agent, setup, shared, attachType: BPFProgramFile.multiProbeType))
        common[key] = loaded
        return loaded
    }

    /// A program that is loaded for one function, LSM hook or raw tracepoint.
    /// - Parameters:
    ///   - target: nil = the attachment says it.
    ///   - only: the calls that are meant; nil = all.
    func instance(
        _ program: String, target: String?, hook: UInt32, arguments: Int, only: StandIn.Only? = nil
    ) throws(BPFError) -> LoadedPrograms {
        var setup = setup
        setup.hook = hook
        setup.arguments = UInt32(arguments)
        if let only {
            setup.only_argument = only.argument + 1
            setup.only_value = only.value
        }
        return noted(try Self.load(Self.function, [program], agent, setup, shared, target: target))
    }

    /// The programs for places in programs, which share what they know of these.
    func userPrograms() throws(BPFError) -> UserPrograms {
        if let known = userLoaded { return known }
        let names = [Self.place, Self.placeReturn, Self.placeTouch]
        let file = try Self.open(Self.user, names, agent, setup, shared)
        let sites = SharedBPFMap(try file.openMap("secd_policy_sites"))
        let loaded = UserPrograms(file, sites: sites)
        userLoaded = loaded
        return loaded
    }

    /// The program for places in programs that policies change.
    /// - Parameters:
    ///   - registers: also of those, not only memory.
    ///   - writes: the kernel lets it write into memory.
    func changeProgram(registers: Bool, writes: Bool) throws(BPFError) -> (LoadedPrograms, name: String) {
        let key = ChangeProgram(name: registers ? Self.placeChange : Self.placeWrite, writes: writes)
        if let known = changeLoaded[key] { return (known, key.name) }
        let sites = try userPrograms().sites
        let file = try Self.open(
            Self.change, [key.name], agent, setup, shared + [sites],
            constant: ("secd_policy_writes", writes ? 1 : 0))
        let loaded = noted(LoadedPrograms(file, programs: [key.name]))
        changeLoaded[key] = loaded
        return (loaded, key.name)
    }

    /// The programs that see mapped files.
    func loadPrograms() throws(BPFError) -> LoadedPrograms {
        noted(
            try Self.load(Self.load, [Self.loadMap, Self.loadProtect, Self.loadExec], agent, setup, shared))
    }

    /// The program that judges for other processes, with the map that tells it for whom.
    func subjectProgram(_ program: String) throws(BPFError) -> BPFProgramFile {
        try Self.open([BPFObjects.tracefile], [program], agent, setup, shared)
    }

    /// The cgroup programs of a place.
    func cgroupPrograms(_ place: UInt32) throws(BPFError) -> LoadedPrograms {
        noted(
            try Self.load([BPFObjects.tracecgroup], CgroupPlaces.programs[Int(place)], agent, setup, shared))
    }

    /// Loads the first build that the kernel accepts.
    private static func load(
        _ builds: [BPFObject], _ programs: [String], _ agent: secd_agent, _ setup: secd_policy_setup,
        _ shared: [SharedBPFMap], target: String? = nil, attachType: UInt32? = nil
    ) throws(BPFError) -> LoadedPrograms {
        LoadedPrograms(
            try open(builds, programs, agent, setup, shared, target: target, attachType: attachType),
            programs: programs)
    }

    private static func open(
        _ builds: [BPFObject], _ programs: [String], _ agent: secd_agent, _ setup: secd_policy_setup,
        _ shared: [SharedBPFMap], target: String? = nil, constant: (name: String, value: UInt32)? = nil,
        attachType: UInt32? = nil
    ) throws(BPFError) -> BPFProgramFile {
        var refusals: [BPFError] = []
        for build in builds {
            do throws(BPFError) {
                var file = try BPFProgramFile(elf: build.elf, name: build.name)
                file.selectPrograms { programs.contains($0) }
                if let target { for program in programs { try file.setTarget(target, of: program) } }
                for program in programs {
                    guard let type = attachType ?? CgroupPlaces.attachTypes[program] else { continue }
                    try file.setExpectedAttachType(type, of: program)
                }
                try file.setConstant("secd_agent", agent)
                try file.setConstant("secd_policy_setup", setup)
                if let constant { try file.setConstant(constant.name, constant.value) }
                let names = Set(file.mapNames)
                for map in shared where names.contains(map.map.name) { try file.reuse(map.map) }
                try file.load()
                return file
            } catch {
                refusals.append(error)
            }
        }
        // The last build is the one for kernels that have least: its refusal is the reason, the others' are told
        // before it.
        guard var refusal = refusals.popLast() else {
            throw BPFError(operation: "load", object: "trace", errno: .noSuchFileOrDirectory)
        }
        refusal.log = (refusals.map { "\($0)\n\($0.log)" } + [refusal.log]).joined(separator: "\n")
        throw refusal
    }
}

/// Cgroup programs by SECD_POLICY_PLACE_*.
enum CgroupPlaces {
    static let programs = [
        ["on_connect4", "on_connect6"], ["on_sendmsg4", "on_sendmsg6"], ["on_bind4", "on_bind6"],
        ["on_release"], ["on_connect_unix"], ["on_device"], ["on_create"],
    ]

    /// Attach types that this libbpf has no section for: BPF_CGROUP_UNIX_CONNECT.
    static let attachTypes: [String: UInt32] = ["on_connect_unix": 49]
}
