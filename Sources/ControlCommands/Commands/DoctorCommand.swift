package import AgentModel
public import ArgumentParser

/// `secctl doctor`: what this machine can do for secd.
public struct DoctorCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show which kernel mechanisms are here, what uses them, and what is lost without them.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let rows = try await connection.daemon().mechanisms()
            try out.line(
                try Listing.text(rows, as: display.output, display.palette(for: out), width: out.columns))
            try out.flush()
        }
    }
}

extension MechanismListing: ListDisplayable {
    package static var columns: [Column] {
        [Column("mechanism"), Column("here"), Column("used by"), Column("without it")]
    }

    package static var overflow: CellOverflow { .wrap }

    package var row: [String] {
        let here = available ? "yes" : reason.isEmpty ? "no" : "no (\(reason))"
        return [mechanism, here, usedBy, without]
    }
}
