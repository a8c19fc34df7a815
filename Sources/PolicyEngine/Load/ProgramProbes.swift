import BPFRuntime
import CEventABI
import PolicyCompiler
import SystemPackage

/// Probes in programs and libraries. Each has a number, which the kernel gives to the program that it calls.
final class ProgramProbes {
    /// A link in an array: noncopyable values cannot stand there by themselves.
    private final class Link {
        private let link: BPFLink
        init(_ link: consuming BPFLink) { self.link = link }
    }

    /// What stands at the sites of one hook.
    private struct Own {
        var numbers: [UInt32] = []
        var calls: [Link] = []
        var returns: [Link] = []
        var touches: [Link] = []
        var touched: UInt16 = 0
    }

    private let programs: EnginePrograms
    private var own: [UInt32: Own] = [:]
    private var next: UInt32 = 1
    private var free: [UInt32] = []

    init(_ programs: EnginePrograms) {
        self.programs = programs
    }

    /// Puts probes at places where the hook has none yet. Where that fails, `detach` takes back what was put.
    func attach(_ hook: HookAttachments.Wanted, _ places: ProgramPlaces) throws(BPFError) {
        let loaded = try programs.userPrograms()
        var mine = own[hook.number] ?? Own()
        do throws(BPFError) {
            try attach(hook, places, loaded, &mine)
        } catch {
            own[hook.number] = mine
            throw error
        }
        own[hook.number] = mine
    }

    private func attach(
        _ hook: HookAttachments.Wanted, _ places: ProgramPlaces, _ loaded: UserPrograms, _ mine: inout Own
    ) throws(BPFError) {
        let touched = hook.touched | mine.touched
        if mine.numbers.isEmpty {
            for _ in places.sites { mine.numbers.append(try takeNumber()) }
        }
        if mine.calls.isEmpty || touched != mine.touched {
            for index in places.sites.indices {
                let value = Self.site(places.sites[index], hook: hook.number, touched: touched)
                try loaded.sites.map.update(mine.numbers[index], value)
            }
            mine.touched = touched
        }
        // The return first: what a call keeps waits for it.
        if hook.waits, mine.returns.isEmpty {
            mine.returns = try links(
                EnginePrograms.placeReturn, places, loaded.file, mine.numbers, onReturn: true)
        }
        if mine.calls.isEmpty {
            mine.calls = try calls(hook.mechanism, places, loaded, mine.numbers)
        }
        // The newest is called first.
        if touched != 0 || places.sites.contains(where: \.readsMemory), mine.touches.isEmpty {
            mine.touches = try links(EnginePrograms.placeTouch, places, loaded.file, mine.numbers)
        }
    }

    /// Probes that judge, and change the program where policies do that.
    private func calls(
        _ mechanism: HookMechanism, _ places: ProgramPlaces, _ loaded: UserPrograms, _ numbers: [UInt32]
    ) throws(BPFError) -> [Link] {
        guard mechanism.canWrite || mechanism.canChange else {
            return try links(EnginePrograms.place, places, loaded.file, numbers)
        }
        let (programs, name) = try programs.changeProgram(
            registers: mechanism.canChange, writes: mechanism.canWrite)
        return try links(name, places, programs.file, numbers)
    }

    private func links(
        _ program: String, _ places: ProgramPlaces, _ file: borrowing BPFProgramFile, _ numbers: [UInt32],
        onReturn: Bool = false
    ) throws(BPFError) -> [Link] {
        var links: [Link] = []
        for index in places.sites.indices {
            let site = places.sites[index]
            let link = try file.attach(
                program, toFile: places.program.path, offset: site.offset, counterOffset: site.counterOffset,
                onReturn: onReturn, cookie: UInt64(numbers[index]))
            links.append(Link(link))
        }
        return links
    }

    /// Takes the probes of all other hooks away.
    func detach(allBut hooks: Set<UInt32>) {
        for hook in own.keys where !hooks.contains(hook) {
            guard let mine = own.removeValue(forKey: hook) else { continue }
            free += mine.numbers
        }
    }

    private func takeNumber() throws(BPFError) -> UInt32 {
        if let number = free.popLast() { return number }
        guard next < UInt32(SECD_POLICY_SITES) else {
            throw BPFError(operation: "add a probe to", object: "the places in programs", errno: .noSpace)
        }
        defer { next += 1 }
        return next
    }

    private static func site(_ site: ProgramSite, hook: UInt32, touched: UInt16) -> secd_policy_site {
        var value = secd_policy_site()
        value.hook = hook
        value.touched = touched
        guard let arguments = site.arguments else {
            value.arguments = UInt16(SECD_POLICY_SITE_FUNCTION)
            return value
        }
        value.arguments = UInt16(arguments.count)
        CArray.copy(arguments.map { fetch($0) }, to: &value.fetch)
        return value
    }

    private static func fetch(_ argument: UsdtArgument) -> secd_policy_fetch {
        var fetch = secd_policy_fetch()
        fetch.size = UInt8(argument.size)
        if argument.isSigned { fetch.flags |= UInt8(SECD_POLICY_FETCH_SIGNED) }
        switch argument.origin {
        case .constant(let value):
            fetch.kind = UInt8(SECD_POLICY_FETCH_CONSTANT)
            fetch.offset = Int64(bitPattern: value)
        case .register(let register):
            fetch.kind = UInt8(SECD_POLICY_FETCH_REGISTER)
            fetch.base = register.position
            fetch.size = UInt8(min(argument.size, register.size))
        case .memory(let base, let index, let scale, let offset):
            fetch.kind = UInt8(SECD_POLICY_FETCH_MEMORY)
            fetch.base = base.position
            fetch.offset = offset
            fetch.shift = UInt8(scale.trailingZeroBitCount)
            if let index {
                fetch.index = index.position
                fetch.flags |= UInt8(SECD_POLICY_FETCH_INDEXED)
            }
        case .unknown: fetch.kind = UInt8(SECD_POLICY_FETCH_UNKNOWN)
        }
        return fetch
    }
}

extension ProgramSite {
    /// Whether an argument stands in memory, which may not be there.
    fileprivate var readsMemory: Bool {
        (arguments ?? []).contains { if case .memory = $0.origin { true } else { false } }
    }
}
