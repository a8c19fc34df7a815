import Configuration
import Glibc
import LinuxSystem
import Logging
import Synchronization
import TextEncoding

/// The daemon's own log: lines on stderr, each with its time (RFC 3339, UTC). Under systemd stderr is journald, which
/// adds time and unit and reads the priority from a `<N>` prefix (sd-daemon(3)).
struct DaemonLog: LogHandler {
    private let threshold: LogThreshold
    var metadata: Logger.Metadata = [:]
    private let underJournald: Bool

    init(_ threshold: LogThreshold, underJournald: Bool) {
        self.threshold = threshold
        self.underJournald = underJournald
    }

    var logLevel: Logger.Level {
        get { threshold.level }
        set { threshold.level = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line =
            underJournald ? "<\(Self.priority(event.level))>" : "\(Self.time) secd \(event.level): "
        line += "\(event.message)".asLogText
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(value)".asLogText
        }
        line += "\n"
        // One write a line, so that lines of several threads do not mix.
        let bytes = Array(line.utf8)
        unsafe bytes.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
    }

    /// Now, to the millisecond.
    private static var time: String {
        var text = OutputBuffer(capacity: 64)
        text.append(rfc3339: UnixTime(nanoseconds: RealtimeClock.now))
        return String(decoding: text.copyToArray().prefix(23), as: UTF8.self) + "Z"
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

extension String {
    /// As it may stand in a log that people read in a terminal and journald takes apart by lines: names from outside begin no
    /// line of their own, which could have a forged time or `<N>`, and move no cursor.
    package var asLogText: String {
        // What nearly all messages are.
        if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return self }
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": text += "\n    "
            case "\t": text += "\t"
            default:
                switch scalar.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator, .format: text += "\u{FFFD}"
                default: text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}

/// From which level on the daemon speaks: one for all copies of its logger, so that a reload reaches them.
final class LogThreshold: Sendable {
    private let value: Mutex<Logger.Level>

    init(_ level: Logger.Level) { value = Mutex(level) }

    var level: Logger.Level {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}

extension Logger.Level {
    /// The configuration's level.
    init(_ level: AgentConfiguration.LogLevel) {
        self = Logger.Level(rawValue: level.rawValue) ?? .info
    }
}
