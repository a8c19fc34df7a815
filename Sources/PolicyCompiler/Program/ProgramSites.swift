public import PolicyModel
import YAMLReader

/// A place in a program's file, as probes are put there.
public struct ProgramSite: Sendable, Hashable {
    /// In the file.
    public var offset: UInt64
    /// Of the number that the kernel counts up while a probe is there; 0 = none.
    public var counterOffset: UInt64
    /// Where its arguments are; nil: it is a function, and they are where calls pass them.
    public var arguments: [UsdtArgument]?

    public init(offset: UInt64, counterOffset: UInt64 = 0, arguments: [UsdtArgument]? = nil) {
        self.offset = offset
        self.counterOffset = counterOffset
        self.arguments = arguments
    }
}

extension ELFImage {
    /// Sites of one USDT probe: one for each place where the compiler has put it.
    private static let siteLimit = 1024

    /// The type information that stands in the program itself; nil = there is none.
    public func typeInformation() -> [UInt8]? {
        sections.first { $0.name == ".BTF" }.flatMap { contents(of: $0, limit: UInt64(BTFImage.sizeLimit)) }
    }

    /// The sites of a uprobe or USDT probe in this program; of other points none.
    public func sites(of point: AttachPoint) throws(ProgramObstacle) -> [ProgramSite] {
        switch point {
        case .uprobe(_, let location, let counter):
            return [ProgramSite(offset: try offset(of: location), counterOffset: counter)]
        case .usdt(_, let provider, let name): return try probes(provider, name)
        case .function, .syscall, .tracepoint, .rawTracepoint, .lsm, .mapping: return []
        }
    }

    private func offset(of location: ProbeLocation) throws(ProgramObstacle) -> UInt64 {
        switch location {
        case .offset(let offset):
            guard isCode(offset) else {
                throw ProgramObstacle(.place, "at offset \(offset) of the file is no code")
            }
            return offset
        case .address(let address):
            guard let offset = offset(of: address, executable: true) else {
                throw ProgramObstacle(.place, "at address 0x\(String(address, radix: 16)) is no code")
            }
            return offset
        case .symbol(let name): return try offset(ofPlace: name)
        }
    }

    /// `name`, or `name+0x9`: so many bytes behind the begin of the function.
    private func offset(ofPlace name: String) throws(ProgramObstacle) -> UInt64 {
        guard let plus = name.lastIndex(of: "+"),
            let distance = NumberSyntax.unsigned(String(name[name.index(after: plus)...]))
        else { return try offset(ofFunction: name) }
        let (offset, overflow) = try offset(ofFunction: String(name[..<plus]))
            .addingReportingOverflow(distance)
        guard !overflow, isCode(offset) else { throw ProgramObstacle(.place, "at \"\(name)\" is no code") }
        return offset
    }

    /// From one place of the program's code to another, as the program is mapped; both are offsets in the file.
    public func distance(from: UInt64, to: UInt64) -> Int64? {
        guard let start = address(ofCode: from), let end = address(ofCode: to) else { return nil }
        return Int64(bitPattern: end &- start)
    }

    private func offset(ofFunction name: String) throws(ProgramObstacle) -> UInt64 {
        switch symbol(name) {
        case .found(let address):
            // `symbol` takes only what is code.
            guard let offset = offset(of: address, executable: true) else {
                throw ProgramObstacle(.place, "\"\(name)\" is no code")
            }
            return offset
        case .chosenAtStart:
            throw ProgramObstacle(
                .place, "the code of \"\(name)\" is chosen when the program starts (IFUNC)",
                hint: "name one of the functions that it chooses from, or an address")
        case .ambiguous(let addresses):
            let list = addresses.prefix(8).map { "0x" + String($0, radix: 16) }.joined(separator: ", ")
            throw ProgramObstacle(
                .place, "\(addresses.count) functions are called \"\(name)\"", hint: "addrs: one of \(list)")
        case .absent(let similar):
            let hasSymbols = sections.contains { $0.kind == 2 || $0.kind == 11 }
            let nearest = Spelling.nearest(to: name, among: similar).map { "did you mean \"\($0)\"?" }
            throw ProgramObstacle(
                .place, hasSymbols ? "it has no function \"\(name)\"" : "it has no names of functions",
                hint: nearest ?? (hasSymbols ? "" : "give offsets or addrs"))
        }
    }

    private func probes(_ provider: String, _ name: String) throws(ProgramObstacle) -> [ProgramSite] {
        let all = probes()
        let found = all.filter { $0.provider == provider && $0.name == name }
        guard !found.isEmpty else {
            if all.isEmpty { throw ProgramObstacle(.place, "it offers no USDT probes") }
            let names = Set(all.map { "\($0.provider):\($0.name)" })
            let nearest = Spelling.nearest(to: "\(provider):\(name)", among: names.sorted())
            throw ProgramObstacle(
                .place, "it has no probe \"\(provider):\(name)\"",
                hint: nearest.map { "did you mean \"\($0)\"?" }
                    ?? "it has " + names.sorted().prefix(8).joined(separator: ", "))
        }
        guard found.count <= Self.siteLimit else {
            throw ProgramObstacle(
                .place, "the probe stands at \(found.count) places; at most \(Self.siteLimit)")
        }
        return found.map {
            ProgramSite(
                offset: $0.offset, counterOffset: $0.counterOffset,
                arguments: machine == .x86 ? UsdtArgument.parse($0.arguments) : [])
        }
    }
}
