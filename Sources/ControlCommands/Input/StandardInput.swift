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

    /// Whether bytes come within a time; false at once where the other side has closed and left none.
    package static func hasData(descriptor: Int32 = STDIN_FILENO, within wait: Duration = patience) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let end = ContinuousClock.now + wait
        while true {
            let left = ContinuousClock.now.duration(to: end)
            let milliseconds = max(0, Int32(clamping: Int64(left / .milliseconds(1))))
            let count = unsafe poll(&request, 1, milliseconds)
            if count < 0, errno == EINTR { continue }
            return count > 0 && request.revents & Int16(POLLIN) != 0
        }
    }
}
