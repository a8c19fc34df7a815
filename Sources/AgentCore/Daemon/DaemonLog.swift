import Configuration
import Glibc
import Logging

/// The daemon's own log: lines on stderr. Under systemd stderr is journald, which adds time and unit
/// and reads the priority from a `<N>` prefix (sd-daemon(3)).
struct DaemonLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let underJournald: Bool

    init(level: Logger.Level, underJournald: Bool) {
        logLevel = level
        self.underJournald = underJournald
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = underJournald ? "<\(Self.priority(event.level))>" : "secd \(event.level): "
        line += "\(event.message)"
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(value)"
        }
        line += "\n"
        // One write a line, so that lines of several threads do not mix.
        let bytes = Array(line.utf8)
        unsafe bytes.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}

extension Logger.Level {
    /// The configuration's level.
    init(_ level: AgentConfiguration.LogLevel) {
        self = Logger.Level(rawValue: level.rawValue) ?? .info
    }
}
