public import ArgumentParser
import ControlAPI
import EventFilters
import EventModel
import Foundation

/// `secctl top`: which programs start, connect and touch files most.
public struct TopCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Show which programs start others, connect and open files most.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filters: EventFilterOptions

    @Option(
        name: [.customShort("d"), .customLong("delay")],
        help: ArgumentHelp("Seconds between tables.", valueName: "seconds"))
    var delay = 2.0

    @Flag(help: "Show one table and end.")
    var once = false

    @Option(name: [.customShort("l"), .customLong("limit")], help: ArgumentHelp("Rows.", valueName: "count"))
    var limit = 20

    @Option(help: "Colour: auto (on a terminal, unless NO_COLOR is set), always, never.")
    var color: ColorMode = .auto

    public init() {}

    public mutating func validate() throws {
        guard delay >= 0.1, delay <= 86_400 else {
            throw ValidationError("--delay takes 0.1 to 86400 seconds")
        }
        guard limit > 0 else { throw ValidationError("--limit takes a number from 1 on") }
    }

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            var display = DisplayOptions()
            display.color = color
            let board = TopBoard(
                delay: .seconds(delay), once: once, limit: limit, palette: display.palette(for: out),
                terminal: out.isTerminal)
            let daemon = try connection.daemon()
            out.whenReaderLeaves { _exit(Failures.good.rawValue) }
            let request = Self.request(filters.filter)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await board.collect(from: daemon, request) }
                group.addTask { try await board.show() }
                // Whoever ends first ends both: the daemon, or the last table.
                _ = try await group.next()
                group.cancelAll()
            }
        }
    }

    /// The caller's filter, narrowed to the kinds that are counted.
    static func request(_ filter: FilterSpec?) -> EventRequest {
        var spec = filter ?? FilterSpec()
        if spec.eventSet.isEmpty { spec.eventSet = TopCounts.kinds.map(\.rawValue) }
        var request = EventRequest()
        request.allow = [spec]
        return request
    }
}

/// Counts of the running span, and their table.
private actor TopBoard {
    private var counts = TopCounts()
    private var lost: UInt64 = 0
    private let delay: Duration
    private let once: Bool
    private let limit: Int
    private let palette: Palette
    private let terminal: Bool

    init(delay: Duration, once: Bool, limit: Int, palette: Palette, terminal: Bool) {
        self.delay = delay
        self.once = once
        self.limit = limit
        self.palette = palette
        self.terminal = terminal
    }

    func collect(from daemon: any Daemon, _ request: EventRequest) async throws {
        try await daemon.events(request) { lines in
            lost += lines.lost
            for index in 0..<lines.count {
                if let event = try? EventLine(parsing: Array(lines[index]).span) { counts.add(event) }
            }
            return true
        }
    }

    func show() async throws {
        let out = Output()
        repeat {
            try await Task.sleep(for: delay)
            if terminal, !once { out.raw("\u{1B}[H\u{1B}[2J") }
            let seconds = Double(delay.components.seconds) + Double(delay.components.attoseconds) / 1e18
            let remark = lost > 0 ? palette.paint(", \(lost) lost here: the counts are too low", .alarm) : ""
            try out.line(
                "\(Quantity.counted(counts.events, "event")) in \(String(format: "%g", seconds)) s\(remark)")
            try out.line(
                Listing.table(TopCounts.columns, counts.rows(limit: limit), palette, width: out.columns))
            try out.flush()
            counts = TopCounts()
            lost = 0
        } while !once
    }
}
