public import ArgumentParser
import PolicyCompiler
import PolicyModel
import YAMLReader

/// `secctl policy explain`: why a policy matches an event, or does not.
public struct PolicyExplainCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why policies match recorded events, or do not; needs no root and no daemon.",
        discussion: """
            Reads events of hooks (kprobe, tracepoint, lsm, uprobe, usdt) as lines of JSON, from files or stdin, and \
            judges each by the policies: every selector with every condition. Lines of other kinds are skipped. What \
            a line does not say (an argument that it does not show) is unknown.

            Exit code 0: a selector matches each event. 1: none does, of some event. 2: a file cannot be read or used, \
            or no line is an event of a hook.

              secctl events -o json --last 1 -e kprobe | secctl policy explain keys.yaml
              secctl policy explain keys.yaml events.json -o json
            """)

    @OptionGroup var display: DisplayOptions

    @Argument(help: "File of policies.", completion: .file(extensions: ["yaml", "yml"]))
    var policy: String

    @Argument(help: "Files of events; none or - is stdin.")
    var events: [String] = []

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let policies = try Self.policies(policy)
            let out = Output()
            let palette = display.palette(for: out)
            var records: [Record] = []
            var judged = 0
            var isUnmatched = false
            for path in events.isEmpty ? ["-"] : events {
                var reader = try LogFiles.reader(path)
                try reader.readLines { bytes, _ in
                    guard let line = try? EventLine(parsing: bytes), let call = RecordedCall(line) else {
                        return true
                    }
                    judged += 1
                    let found = CallExplanation.all(call, policies)
                    isUnmatched = isUnmatched || !found.contains { $0.isMatch }
                    switch display.output {
                    case .json: records.append(Record(time: line.time, place: call.place, entries: found))
                    case .table:
                        try out.line("\(TerminalText.escaped(line.time)) \(TerminalText.escaped(call.place))")
                        if found.isEmpty { try out.line("  no entry of \(policy) is for it") }
                        for entry in found { for text in entry.lines(palette) { try out.line("  " + text) } }
                    }
                    return true
                }
            }
            if display.output == .json { try out.line(try Listing.json(records)) }
            try out.flush()
            if judged == 0 { throw InputError("no line is an event of a hook (process_kprobe and the like)") }
            if isUnmatched { throw Failures.badNews }
        }
    }

    /// An event and what the policies say to it.
    private struct Record: Encodable {
        var time: String
        var place: String
        var entries: [CallExplanation]
    }

    private static func policies(_ path: String) throws -> [CheckedPolicy] {
        guard case .bytes(let bytes) = try PolicyFiles.read(path, limit: PolicyReader.limits.bytes) else {
            throw InputError("\(path) is too large for policies")
        }
        var batch = PolicyBatch()
        batch.add(file: path, bytes: bytes)
        if batch.hasErrors { throw InputError("\(path) has errors: secctl policy check \(path)") }
        return batch.policies
    }
}
