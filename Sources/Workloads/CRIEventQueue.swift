/// Events of a runtime that wait to be read, so many and so large at most.
package struct CRIEventQueue: Sendable {
    /// Whoever takes them does nothing that lasts.
    package static let mostEvents = 4096
    /// Of all that wait, bytes.
    package static let mostBytes = 16 << 20

    private var events: [[UInt8]] = []
    private var bytes = 0
    private var isIncomplete = false

    package init() {}

    /// Keeps an event, or remembers that there was no room.
    package mutating func put(_ event: [UInt8]) {
        guard events.count < Self.mostEvents, event.count <= Self.mostBytes - bytes else {
            isIncomplete = true
            return
        }
        events.append(event)
        bytes += event.count
    }

    /// Those that came since the last call, oldest first, and whether there were more.
    package mutating func take() -> (events: [[UInt8]], isIncomplete: Bool) {
        defer { self = CRIEventQueue() }
        return (events, isIncomplete)
    }
}
