package import EventModel

/// What the configuration says about events.
package struct EventSettings: Sendable {
    /// Kinds that are not sent.
    package var unwanted: Set<EventKind> = [.processFork]
    /// Send the environment of every exec.
    package var environment = false
    /// Send the SHA-256 of every executable.
    package var digests = false
    /// Send events of Unix sockets.
    package var unixSockets = true
    /// Watched paths and the kinds (by name) that are wanted for each, in the order of the sensor's
    /// watch numbers.
    package var files: [(path: String, kinds: Set<String>)] = []
    package var redaction = Redaction()
    /// Open sockets that are remembered at most.
    package var socketLimit = 65_536

    package init() {}

    @inline(__always)
    func wants(_ kind: EventKind) -> Bool {
        unwanted.isEmpty || !unwanted.contains(kind)
    }
}

/// Hides values of environment variables whose name says that they are secret.
package struct Redaction: Sendable {
    /// Upper-case parts of names; Tetragon redacts nothing by itself, we would rather not export
    /// a password by default.
    package var nameParts = [
        "PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "PRIVATE", "CREDENTIAL",
    ]
    static let replacement = Array("*****".utf8)

    /// Replaces secret values in NUL-terminated `NAME=value` entries.
    func apply(toEnvironment bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else {
                result.append(contentsOf: entry)
                result.append(0)
                continue
            }
            let name = String(decoding: entry[..<equals], as: UTF8.self).uppercased()
            result.append(contentsOf: entry[...equals])
            let secret = nameParts.contains { name.contains($0) }
            result.append(contentsOf: secret ? Self.replacement[...] : entry[(equals + 1)...])
            result.append(0)
        }
        return result
    }
}
