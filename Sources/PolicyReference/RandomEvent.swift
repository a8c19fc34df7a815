public import PolicyModel

/// Makes random events for hooks of random policies.
public struct RandomEvent {
    private typealias Pool = RandomPolicy.Pool
    private var random: SeededGenerator

    /// The same seed gives the same events.
    public init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// An event at a point, with a value for everything that the columns show.
    public mutating func event(at point: AttachPoint, _ columns: [Column]) -> HookEvent {
        var event = HookEvent(point: point, process: process(), hasReturned: random.oneIn(2))
        for column in columns where !column.atReturn || event.hasReturned {
            for facet in facets(column.type) {
                event.values[HookEvent.Key(column, facet)] = observed(column, facet)
            }
        }
        return event
    }

    private func facets(_ type: ArgumentType) -> [Facet] {
        var facets = Facet.allCases.filter { type.socketFacets.contains($0) }
        if type.integer != nil { facets.append(.number) }
        if let text = type.textFacet { facets.append(text) }
        if type.textFacet == .path { facets.append(.fileType) }
        return facets
    }

    private mutating func observed(_ column: Column, _ facet: Facet) -> Observed<FieldValue> {
        if random.oneIn(12) { return .absent }
        if random.oneIn(12) { return .unreadable }
        switch facet {
        case .text, .path:
            let text = text()
            guard random.oneIn(15) else { return .present(.text(text)) }
            let filler = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, column.capacity - text.count))
            return .truncated(.text(Array((text + filler).prefix(column.capacity))))
        case .sourceAddress, .destinationAddress: return .present(.address(address()))
        case .number: return .present(.number(number(column.type)))
        case .sourcePort, .destinationPort:
            return .present(.number(random.pick([0, 22, 80, 443, 1023, 1024, 1500, 65535])))
        case .protocolNumber: return .present(.number(random.pick([1, 6, 17])))
        case .family: return .present(.number(random.pick([1, 2, 10])))
        case .socketState: return .present(.number(random.pick([1, 3, 7, 10])))
        case .fileType: return .present(.number(random.pick([0x8000, 0x4000, 0xc000, 0x2000])))
        }
    }

    private mutating func text() -> [UInt8] {
        var text = random.pick(Pool.paths)
        if random.oneIn(3) { text += random.pick(["/", "x", ".so", "passwd", "/etc/passwd", ""]) }
        if random.oneIn(10) { text = random.pick(Pool.endings + Pool.pieces + [""]) }
        return Array(text.utf8)
    }

    private mutating func address() -> [UInt8] {
        random.pick([
            [127, 0, 0, 1], [127, 1, 2, 3], [10, 1, 2, 3], [10, 1, 9, 9], [10, 2, 0, 0], [8, 8, 8, 8],
            [UInt8](repeating: 0, count: 15) + [1],
            [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 12),
            [0x20, 0x01, 0x0d, 0xb8, 0, 1] + [UInt8](repeating: 7, count: 10),
        ])
    }

    private mutating func number(_ type: ArgumentType) -> UInt64 {
        let bits: UInt64 = random.pick([
            0, 1, 2, 3, 63, 64, 65, 100, 127, 128, 4095, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, .max, 1 << 21,
            1 << 39,
        ])
        guard let shape = type.integer, shape.bytes < 8 else { return bits }
        let width = UInt64(shape.bytes * 8)
        let mask: UInt64 = (1 << width) - 1
        let cut = bits & mask
        return shape.isSigned && cut >> (width - 1) == 1 ? cut | ~mask : cut
    }

    // MARK: Processes

    private mutating func process() -> ProcessFacts {
        var facts = ProcessFacts(identity: identity())
        facts.ancestors = (0..<Int.random(in: 0...3, using: &random)).map { _ in identity() }
        facts.ancestryIsComplete = !random.oneIn(10)
        let arguments = (0..<Int.random(in: 0...3, using: &random)).map { _ in
            Array(random.pick(Pool.arguments).utf8)
        }
        facts.commandArguments =
            random.oneIn(12) ? .unreadable : random.oneIn(12) ? .truncated(arguments) : .present(arguments)
        for kind in NamespaceKind.allCases where !random.oneIn(15) {
            facts.namespaces[kind] = random.pick([0, 7, 4_026_531_840, 4_026_532_000])
        }
        facts.namespaceChanges = random.oneIn(12) ? .unreadable : .present(random.pick([0, 1, 4, 8, 1 << 9]))
        for set in CapabilitySet.allCases {
            if !random.oneIn(15) { facts.capabilities[set] = random.pick([0, 1, 1 << 13, 1 << 21, .max]) }
            if !random.oneIn(15) { facts.capabilityChanges[set] = random.pick([0, 0, 1 << 21, 1 << 39]) }
        }
        facts.isInInitialUserNamespace = !random.oneIn(4)
        facts.workload = workload()
        return facts
    }

    private mutating func identity() -> ProcessIdentity {
        let path = Array(random.pick(Pool.binaries + ["/usr/lib/x", "/bin/dash"]).utf8)
        let binary: Observed<[UInt8]> =
            random.oneIn(15) ? .unreadable : random.oneIn(15) ? .absent : .present(path)
        let file = Array(random.pick(Pool.binaries + ["/opt/run.sh"]).utf8)
        let script: Observed<[UInt8]> =
            random.oneIn(20) ? .unreadable : random.oneIn(3) ? .present(file) : .absent
        return ProcessIdentity(
            binary: binary, script: script, pid: random.pick([1, 2, 7, 8, 1000, 4_194_304]),
            namespacePID: random.pick([0, 1, 2, 7]))
    }

    private mutating func workload() -> Observed<WorkloadFacts> {
        if random.oneIn(10) { return .unreadable }
        if random.oneIn(3) { return .present(.host) }
        let labels: [String: String]? = random.oneIn(4) ? nil : ["app": random.pick(Pool.labels)]
        return .present(
            .container(
                ContainerFacts(
                    namespace: random.pick(["demo", "other", ""]), podLabels: labels, name: "main")))
    }
}
