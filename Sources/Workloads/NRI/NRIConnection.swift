import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// The socket of NRI: read by the provider's thread, written by it and by those who have answers.
final class NRIConnection: Sendable {
    private let descriptor: OwnedFD
    /// Whether messages still arrive.
    private let isWhole = Mutex(true)

    /// - Throws: `Errno` of connect(2).
    init(to path: String) throws(Errno) { descriptor = try UnixSocket.connectStream(to: path) }

    var raw: Int32 { descriptor.raw }

    /// Sends a message, in one frame. Where the socket does not take it at once its other end reads nothing, and the
    /// connection ends: the reader is told by its end.
    /// - Returns: whether the socket took it.
    @discardableResult
    func send(_ message: TTRPCMessage) -> Bool {
        let frame = message.frame
        return isWhole.withLock { isWhole in
            guard isWhole else { return false }
            let count = unsafe Glibc.send(descriptor.raw, frame, frame.count, Int32(MSG_NOSIGNAL))
            if count == frame.count { return true }
            isWhole = false
            shutdown(descriptor.raw, Int32(SHUT_RDWR))
            return false
        }
    }

    /// What has come; empty = nothing; nil = the other side has closed.
    func take() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let number = raw
        do throws(Errno) {
            let count = try SystemCall.nonBlocking {
                unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, $0.count) }
            }
            guard let count else { return [] }
            return count > 0 ? Array(chunk[..<count]) : nil
        } catch {
            return nil
        }
    }

    /// Nothing is sent or received any more.
    func end() {
        isWhole.withLock { isWhole in
            isWhole = false
            shutdown(descriptor.raw, Int32(SHUT_RDWR))
        }
    }
}
