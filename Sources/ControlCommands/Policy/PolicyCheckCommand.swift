public import ArgumentParser
import EventFilters
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors
import YAMLReader

/// `secctl policy check`: everything that is wrong with policies, without root and without a daemon.
public struct PolicyCheckCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find everything that is wrong with policies; needs no root and no daemon.",
        discussion: """
            Reads TracingPolicy files, compiles them together, and says where something is wrong, why, and what \
            may be meant. Of a folder, all .yaml and .yml files below it are read.

            Exit code 0: no errors (there may be warnings). 1: errors. 2: a file cannot be read, or --kernel \
            finds no type information.

            With --kernel root also learns which mechanism each hook gets here, what it does not see, and what \
            would be refused, as `policy status` says when it runs.

              secctl policy check policies/
              secctl policy check --kernel -o json open.yaml
            """)

    /// How the findings are written.
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(name: .shortAndLong, help: "text or json.")
    var output: Format = .text

    @Flag(
        help: "Check against this kernel, too: functions, types, tracepoints, places in programs, mechanisms."
    )
    var kernel = false

    @Argument(help: "Files or folders; - is stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var paths: [String]

    public init() {}

    private static func kernelSettings() throws -> CheckSettings {
        do {
            return try PolicyKernel.settings { pattern in
                (try? LinearRegex(pattern)).map { expression in { expression.matches($0) } }
            }
        } catch {
            throw InputError(error.description)
        }
    }

    public func run() async throws {
        try await Failures.reported {
            var settings = CheckSettings()
            if kernel {
                settings = try Self.kernelSettings()
            }
            var batch = PolicyBatch(settings)
            var isUnread = false
            for path in try PolicyFiles.list(paths) {
                do {
                    switch try PolicyFiles.read(path, limit: PolicyReader.limits.bytes) {
                    case .bytes(let bytes): batch.add(file: path, bytes: bytes)
                    case .tooLarge(let size): batch.refuse(file: path, size: size)
                    }
                } catch let error as InputError {
                    // The other files are still worth a verdict.
                    isUnread = true
                    batch.note(file: path, error.description)
                }
            }
            var planned: [PolicyReport] = []
            if kernel, !batch.policies.isEmpty {
                do {
                    let forecast = try LocalForecast.make(batch.policies, settings)
                    if let refusal = forecast.refusal { batch.note(refusal) }
                    planned = forecast.reports
                } catch let error as InputError {
                    Output.remark("mechanisms are known to root alone: \(error.description)")
                }
            }
            let report = PolicyCheckReport(batch, planned)
            let out = Output()
            switch output {
            case .json: try out.line(try Listing.json(report))
            case .text: for line in report.lines(batch) { try out.line(line) }
            }
            try out.flush()
            if isUnread { throw Failures.noAnswer }
            if report.errors > 0 { throw Failures.badNews }
        }
    }
}
