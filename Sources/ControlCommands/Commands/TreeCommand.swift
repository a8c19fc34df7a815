import AgentModel
public import ArgumentParser

/// `secctl tree`: processes as a tree, with their sockets.
public struct TreeCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "tree", abstract: "Show the tree of processes with their sockets.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions

    @Option(help: "Only this process, its ancestors and its descendants.")
    var pid: UInt32?

    @Flag(name: .shortAndLong, help: "Ended processes too, that are kept for late records.")
    var all = false

    @Flag(inversion: .prefixedNo, help: "Show the sockets of each process.")
    var sockets = true

    @Option(help: "Colour: auto (on a terminal, unless NO_COLOR is set), always, never.")
    var color: ColorMode = .auto

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let daemon = try connection.daemon()
            let test = try filter.test()
            let processes = try await daemon.processes().filter { test($0.workload) }
            let open = sockets ? try await daemon.sockets() : []
            var display = DisplayOptions()
            display.color = color
            let tree = ProcessTreeText(
                processes: processes, sockets: open, palette: display.palette(for: out), width: out.columns,
                all: all)
            if let pid, !tree.contains(pid: pid) {
                throw InputError("no live process has pid \(pid) (as secd sees pids: those of the host)")
            }
            for line in tree.lines(pid: pid) { try out.line(line) }
            try out.flush()
        }
    }
}
