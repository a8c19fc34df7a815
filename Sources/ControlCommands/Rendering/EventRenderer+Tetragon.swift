import JSONTree

extension EventRenderer {
    /// Events that Tetragon alone makes, from its logs; and the note of a server that this client is too slow.
    func foreign(_ event: EventLine, _ chain: ProcessChain, _ line: inout StyledLine) {
        if let count = event.body["number_of_dropped_process_events"].unsigned {
            return line.add(
                "lost \(Quantity.counted(count, "event")) here: this client reads too slowly", .alarm)
        }
        actor(chain, &line)
    }
}
