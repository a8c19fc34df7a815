import Foundation

/// When to colour.
package enum ColorMode: String, CaseIterable, Sendable {
    case auto, always, never

    /// `auto` colours on a terminal, unless `NO_COLOR` (no-color.org) or `TERM=dumb` says no.
    package func isOn(terminal: Bool, environment: [String: String]) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: terminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
        }
    }
}

/// What a piece of a line means; the colour follows from it.
package enum Style: Sendable {
    case plain, faint, strong
    /// Verbs by family.
    case process, ended, network, file, privilege, daemon
    /// Good, doubtful and bad news.
    case good, warning, alarm
}

/// Styles as terminal codes, or nothing.
package struct Palette: Sendable {
    package let isOn: Bool

    package init(isOn: Bool) {
        self.isOn = isOn
    }

    package func paint(_ text: String, _ style: Style) -> String {
        guard isOn, !text.isEmpty, let code = Self.code(style) else { return text }
        return "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    private static func code(_ style: Style) -> String? {
        switch style {
        case .plain: nil
        case .faint, .ended: "2"
        case .strong: "1"
        case .process, .good: "32"
        case .network: "36"
        case .file, .warning: "33"
        case .privilege: "35"
        case .daemon: "34"
        case .alarm: "1;31"
        }
    }
}
