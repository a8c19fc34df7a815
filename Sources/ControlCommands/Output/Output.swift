import Foundation

/// The reader of our output has gone (`secctl events | head`): end quietly.
package struct OutputClosed: Error {}

/// Standard output, written in batches of whole lines.
package final class Output {
    /// Bytes that are held back at most until the next `flush`.
    private static let batchBytes = 64 * 1024

    private let descriptor: Int32
    private var buffer: [UInt8] = []
    package let isTerminal: Bool

    package init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        // A closed pipe shall be an error of write(2), which ends us in order.
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// Columns of the terminal; nil where the output is none.
    package var columns: Int? {
        var size = winsize()
        guard isTerminal, unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }

    /// Calls `action` from a thread of its own when nobody reads our pipe any more; a write alone would
    /// notice only with the next event.
    package func whenReaderLeaves(_ action: @escaping @Sendable () -> Void) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        let descriptor = descriptor
        Thread.detachNewThread {
            var pipe = pollfd(fd: descriptor, events: 0, revents: 0)
            while unsafe poll(&pipe, 1, -1) < 0, errno == EINTR {}
            if pipe.revents & Int16(POLLERR) != 0 { action() }
        }
    }

    package func line(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        try endLine()
    }

    package func line(_ bytes: Span<UInt8>) throws {
        for index in bytes.indices { buffer.append(bytes[index]) }
        try endLine()
    }

    /// Text without a line break (codes for the terminal).
    package func raw(_ text: String) {
        buffer.append(contentsOf: text.utf8)
    }

    private func endLine() throws {
        buffer.append(0x0A)
        if buffer.count >= Self.batchBytes { try flush() }
    }

    package func flush() throws {
        var start = 0
        while start < buffer.count {
            let count = unsafe buffer.withUnsafeBytes { bytes in
                unsafe write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
            }
            if count >= 0 {
                start += count
                continue
            }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
                continue
            }
            buffer.removeAll()
            if code == EPIPE { throw OutputClosed() }
            throw InputError("cannot write the output: \(InputError.text(of: code))")
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// A remark beside the output, on stderr.
    package static func remark(_ text: String) {
        let line = "secctl: " + TerminalText.escaped(text) + "\n"
        FileHandle.standardError.write(Data(line.utf8))
    }
}
