import ControlAPI

/// Live events of a daemon, with its own word on what did not reach us.
package struct LiveEvents {
    let daemon: any Daemon
    let request: EventRequest
    let printer: EventPrinter
    /// Wait this long and connect again, when the daemon goes; nil = end.
    let reconnectWait: Duration?
    /// End after this many events.
    let limit: Int?

    package init(
        daemon: any Daemon, request: EventRequest, printer: EventPrinter, reconnectWait: Duration?,
        limit: Int?
    ) {
        self.daemon = daemon
        self.request = request
        self.printer = printer
        self.reconnectWait = reconnectWait
        self.limit = limit
    }

    /// Shows events until the limit; throws `ClientError` when the daemon goes and nobody waits for it: who
    /// watched the stream must not take its end for "nothing more happened".
    package func run() async throws {
        var left = limit ?? .max
        while true {
            do {
                try await daemon.events(request) { lines in
                    try show(lines, &left)
                    return left > 0
                }
                guard left > 0 else { return }
                throw ClientError(
                    "the daemon ended the stream: it stops or restarts"
                        + (reconnectWait == nil ? " (--reconnect waits for it)" : ""))
            } catch let error as ClientError {
                guard let reconnectWait else { throw error }
                Output.remark("\(error.description); connecting again in \(reconnectWait)")
                try await Task.sleep(for: reconnectWait)
            }
        }
    }

    private func show(_ lines: EventLines, _ left: inout Int) throws {
        if lines.lost > 0 {
            try printer.flush()
            Output.remark(
                "\(Quantity.counted(lines.lost, "event")) lost here: this client reads too slowly "
                    + "(the daemon's files and journal have them)")
        }
        let bytes = lines.bytes.span
        var start = 0
        for end in lines.ends where left > 0 {
            guard end >= start, end <= bytes.count else { break }
            let line = bytes.extracting(start..<end)
            start = end
            left -= 1
            guard printer.needsEvent else {
                try printer.print(raw: line)
                continue
            }
            guard let event = try? EventLine(parsing: line) else {
                Output.remark("the daemon sent a line that is no event")
                continue
            }
            try printer.print(event, raw: line)
        }
        try printer.flush()
    }
}
