package import AgentModel
public import ArgumentParser
import ControlAPI

/// `secctl doctor`: what this machine can do for secd.
public struct DoctorCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Show which kernel mechanisms are here, what uses them, and what is lost without them.",
        discussion: """
            Asks the daemon. Where none runs here and none was named, this machine is probed (as root): exit code 0 \
            if secd could run here, 1 if not.
            """)

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let rows: [MechanismListing]
            var obstacles: [String] = []
            do {
                rows = try await connection.daemon().mechanisms()
            } catch let error as ClientError where error.isUnreachable && !connection.isGiven {
                Output.remark("\(error); this machine was probed without a daemon")
                let local = try LocalMechanisms()
                rows = local.listings
                obstacles = local.obstacles
            }
            let out = Output()
            if !rows.isEmpty {
                try out.line(
                    try Listing.text(rows, as: display.output, display.palette(for: out), width: out.columns))
            }
            try out.flush()
            guard !obstacles.isEmpty else { return }
            for obstacle in obstacles { Output.remark("secd cannot run here: \(obstacle)") }
            throw Failures.badNews
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
