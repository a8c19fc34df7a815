import Foundation

/// What stdin is connected to, and whether it has something for us.
package enum StandardInput: Sendable, Equatable {
    /// An ordinary file: somebody gives us something to read, be it empty.
    case file
    /// A pipe: from a program that writes, or one that services, cron and ssh leave open for nobody.
    case pipe
    /// A terminal, `/dev/null`, a socket.
    case nothing

    /// How long a pipe may be silent before it counts as one that nobody writes to.
    package static let patience = Duration.seconds(2)

    /// - Parameter descriptor: stdin, but for tests.
    package init(descriptor: Int32 = STDIN_FILENO) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            self = .nothing
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFIFO: self = .pipe
        default: self = .nothing
        }
    }

    /// What a pipe has for us.
    package enum Content: Sendable {
        case data
        /// Nobody can write any more, and nothing is left.
        case closed
        /// Nothing came so far.
        case silent
    }

    /// Waits for bytes or the other side's end, but not longer than a time.
    package static func look(
        descriptor: Int32 = STDIN_FILENO, within wait: Duration = patience
    ) -> Content {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let end = ContinuousClock.now + wait
        while true {
            let left = ContinuousClock.now.duration(to: end)
            let milliseconds = max(0, Int32(clamping: Int64(left / .milliseconds(1))))
            let count = unsafe poll(&request, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .silent }
            return request.revents & Int16(POLLIN) != 0 ? .data : .closed
        }
    }
}
