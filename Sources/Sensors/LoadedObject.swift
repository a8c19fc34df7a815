import AgentModel
import BPFObjects
import BPFRuntime
import CEventABI
import Glibc
import Logging
import SystemPackage

/// One object of one sensor in the kernel, with its links.
final class LoadedObject {
    let plan: SensorPlan
    var file: BPFProgramFile
    private let chosen: [(ladder: Ladder, mechanism: Mechanism?)]
    private var links: [AttachedLink] = []
    private(set) var status: SensorStatus
    /// Maps that another object made.
    private let shared: Set<String>

    /// A link in an array: noncopyable values cannot stand there by themselves.
    final class AttachedLink {
        private var link: BPFLink?
        init(_ link: consuming BPFLink) { self.link = consume link }

        func detachInBackground(through path: String) {
            if let link = link.take() { link.detachInBackground(through: path) }
        }
    }

    /// Loads the best build of a sensor that the kernel accepts.
    /// - Throws: `SensorError`.
    init(
        _ plan: SensorPlan, _ facts: KernelFacts, _ options: SensorOptions, _ maps: SharedMaps,
        logger: Logger
    ) throws {
        let chosen = plan.choose(facts, without: options.withoutMechanisms)
        for case (let ladder, nil) in chosen where ladder.isRequired {
            throw SensorError(
                "the \(plan.name) sensor has no mechanism for \(ladder.function) on this kernel; without it you lose \(ladder.lossWithout)"
            )
        }
        do {
            file = try Self.load(plan, plan.object, chosen, options, maps)
        } catch {
            logger.debug(
                "build with direct loads refused, trying probe reads", metadata: ["error": "\(error)"])
            do {
                file = try Self.load(plan, plan.probeObject, chosen, options, maps)
            } catch let second {
                throw SensorError(
                    "the kernel refuses the \(plan.name) sensor: \(second)",
                    log: "\(error.log)\n\(second.log)")
            }
        }
        self.plan = plan
        self.chosen = chosen
        shared = Set(maps.members.map { $0.map.name })
        var mechanisms: [String: String] = [:]
        var blindSpots: [String] = []
        for (ladder, mechanism) in chosen {
            mechanisms[ladder.function] = mechanism?.name ?? "none"
            if let spot = mechanism?.blindSpot { blindSpots.append("\(ladder.function): \(spot)") }
            if mechanism == nil { blindSpots.append("\(ladder.function): \(ladder.lossWithout)") }
        }
        status = SensorStatus(name: plan.name, enabled: true, mechanisms: mechanisms, blindSpots: blindSpots)
    }

    private static func load(
        _ plan: SensorPlan, _ object: BPFObject, _ chosen: [(ladder: Ladder, mechanism: Mechanism?)],
        _ options: SensorOptions, _ maps: SharedMaps
    ) throws(BPFError) -> BPFProgramFile {
        var file = try BPFProgramFile(elf: object.elf, name: plan.name)
        var wanted = Set(chosen.flatMap { $0.mechanism?.attachments.map(\.program) ?? [] })
        if let iterator = plan.iterator { wanted.insert(iterator) }
        file.selectPrograms { wanted.contains($0) }
        var agent = options.agent
        for case (_, let mechanism?) in chosen { agent.flags |= mechanism.agentFlags }
        try file.setConstant("secd_agent", agent)
        if let pid = options.loadPID { try file.setConstant("secd_load_pid", pid) }
        for attachment in chosen.flatMap({ $0.mechanism?.attachments ?? [] }) {
            if case .cgroup(let program, let type?) = attachment {
                try file.setExpectedAttachType(type, of: program)
            }
        }
        let own = Set(file.mapNames)
        for shared in maps.members where own.contains(shared.map.name) { try file.reuse(shared.map) }
        try file.load()
        return file
    }

    /// Attaches every chosen mechanism.
    /// - Throws: `SensorError`; the links made so far go with the object.
    func attach(_ options: SensorOptions) throws {
        for case (let ladder, let mechanism?) in chosen {
            for attachment in mechanism.attachments {
                do {
                    try attach(attachment, options)
                } catch {
                    throw SensorError(
                        "\(plan.name) sensor, \(ladder.function) by \(mechanism.name): \(error)",
                        log: error.log)
                }
            }
        }
    }

    /// Detaches every program without waiting for the kernel.
    /// - Parameter path: what free names in a bpf file system begin with.
    func detachInBackground(through path: String) {
        for (number, link) in links.enumerated() { link.detachInBackground(through: "\(path)-\(number)") }
        links.removeAll()
    }

    private func attach(_ attachment: Attachment, _ options: SensorOptions) throws(BPFError) {
        switch attachment {
        case .section(let program):
            links.append(AttachedLink(try file.attach(program)))
        case .tracepoints(let program, let category, let events):
            for event in events where Self.exists(category, event) {
                links.append(AttachedLink(try file.attach(program, tracepoint: category, event)))
            }
        case .run: break
        case .kprobe(let program, let function, let onReturn):
            links.append(AttachedLink(try file.attach(program, kprobe: function, onReturn: onReturn)))
        case .cgroup(let program, _):
            guard let root = options.cgroupRoot else { return }
            let directory = unsafe open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard directory >= 0 else {
                throw BPFError(operation: "open", object: root, errno: .noSuchFileOrDirectory)
            }
            defer { close(directory) }
            links.append(AttachedLink(try file.attach(program, cgroup: directory)))
        }
    }

    private static func exists(_ category: String, _ event: String) -> Bool {
        unsafe access("/sys/kernel/tracing/events/\(category)/\(event)/id", F_OK) == 0
    }

    /// Memory of the object's own maps; shared ones count where they were made.
    var kernelBytes: UInt64 {
        file.mapNames.filter { !shared.contains($0) }.reduce(0) { sum, name in
            guard let map = try? file.openMap(name) else { return sum }
            return sum + map.kernelBytes
        }
    }

    /// Time and runs of every loaded program.
    var runs: [(program: String, nanoseconds: UInt64, runs: UInt64)] {
        loaded.compactMap { name in
            guard let counted = try? file.runs(of: name) else { return nil }
            return (name, counted.nanoseconds, counted.runs)
        }
    }

    /// Names of the programs that were loaded.
    private var loaded: [String] {
        var wanted = Set(chosen.flatMap { $0.mechanism?.attachments.map(\.program) ?? [] })
        if let iterator = plan.iterator { wanted.insert(iterator) }
        return file.programNames.filter { wanted.contains($0) }
    }

    /// Verified instructions of every loaded program.
    var verifiedInstructions: [(program: String, instructions: Int)] {
        loaded.compactMap { name in
            guard let count = try? file.verifiedInstructions(of: name) else { return nil }
            return (name, count)
        }
    }
}
