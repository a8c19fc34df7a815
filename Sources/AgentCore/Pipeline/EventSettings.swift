package import EventModel

/// What the configuration says about events.
package struct EventSettings: Sendable {
    /// Kinds that are not sent.
    package var unwanted: Set<EventKind> = [.processFork] {
        didSet { isUnwanted = Self.table(unwanted) }
    }
    private var isUnwanted = Self.table([.processFork])
    /// Send the environment of every exec.
    package var environment = false
    /// Send the SHA-256 of every executable.
    package var digests = false
    /// Send events of Unix sockets.
    package var unixSockets = true
    /// Watched paths and the kinds (by name) that are wanted for each, in the order of the sensor's
    /// watch numbers.
    package var files: [(path: String, kinds: Set<String>)] = []
    /// Somebody waits for events though nobody has subscribed: they are not kept back to come with others.
    package var isWatched = false
    package var redaction = Redaction()
    /// Open sockets that are remembered at most.
    package var socketLimit = 65_536

    package init() {}

    @inline(__always)
    func wants(_ kind: EventKind) -> Bool {
        !isUnwanted[kind]
    }

    private static func table(_ kinds: Set<EventKind>) -> EventKindTable<Bool> {
        var table = EventKindTable(repeating: false)
        for kind in kinds { table[kind] = true }
        return table
    }
}
