import Glibc
import LinuxSystem
import Logging
import Synchronization
import SystemPackage

/// The daemon's Unix socket: the file, and its permissions.
///
/// Order matters: the lock is taken before anything is removed, so a second daemon can never pull
/// the socket away from the first; and the file gets its permissions before the socket listens, so
/// that nobody connects in between.
final class SocketFile: Sendable {
    private let lock: SocketLock
    var path: String { lock.path }
    /// The transport serves a duplicate, so that it can be made anew on the same socket.
    private let listener: Mutex<OwnedFD?>

    /// Listens.
    /// - Parameter lock: says where, and that it is ours. It is released by `close`, and where this fails.
    /// - Throws: `ServerError`.
    convenience init(_ lock: SocketLock, group: String, logger: Logger) throws {
        do {
            try self.init(locked: lock, group, logger)
        } catch {
            lock.release()
            throw error
        }
    }

    private init(locked lock: SocketLock, _ group: String, _ logger: Logger) throws {
        let path = lock.path
        try Self.removeStale(path)
        let listener = try Self.bind(path)
        do throws(Errno) {
            try Self.setPermissions(path, group: group, logger: logger)
            try Self.listen(listener.raw)
        } catch {
            try? FileTree.remove(path)
            throw ServerError("cannot listen on \(path): \(error)")
        }
        self.lock = lock
        self.listener = Mutex(listener)
    }

    /// Makes room for a crowd of connections that wait to be accepted: a full queue refuses the next
    /// with EAGAIN, which looks like a broken daemon. For after the transport's start, which asks for
    /// 128 (swift-nio 2.9x, ServerSocketChannel).
    func widenQueue() throws(Errno) {
        try listener.withLock { listener throws(Errno) in
            guard let number = listener?.raw else { throw .badFileDescriptor }
            try Self.listen(number)
        }
    }

    private static func listen(_ number: CInt) throws(Errno) {
        // More than any net.core.somaxconn, which bounds it.
        try SystemCall.result { Glibc.listen(number, 65_535) }
    }

    /// A descriptor of the listening socket for a transport, which closes it.
    func descriptorForTransport() throws(Errno) -> Int {
        try listener.withLock { listener throws(Errno) in
            guard let duplicate = try listener?.duplicate() else { throw .badFileDescriptor }
            return Int(duplicate.release())
        }
    }

    /// Removes the file, which is ours since the lock is, and listens no more.
    func remove() {
        try? FileTree.remove(path)
        listener.withLock { $0 = nil }
    }

    /// Lets another daemon have the path.
    func close() {
        remove()
        lock.release()
    }

    /// Removes what a killed daemon left behind.
    private static func removeStale(_ path: String) throws {
        guard let status = try? FileStatus(path: path) else { return }
        guard status.kind == .socket else {
            throw ServerError("\(path) exists and is not a socket: move it away, or choose another --socket")
        }
        if UnixAddress.probe(path) == nil {
            throw ServerError("another program serves \(path): stop it, or choose another --socket")
        }
        do throws(Errno) {
            try FileTree.remove(path)
        } catch {
            throw ServerError("cannot remove the stale socket \(path): \(error)")
        }
    }

    private static func bind(_ path: String) throws -> OwnedFD {
        do throws(Errno) {
            let descriptor = try UnixAddress.makeSocket()
            let number = descriptor.raw
            unsafe try UnixAddress.call(path) { unsafe Glibc.bind(number, $0, $1) }
            return descriptor
        } catch .permissionDenied {
            throw ServerError("no permission to create \(path): run secd as root, or choose another --socket")
        } catch {
            throw ServerError("cannot create the socket \(path): \(error)")
        }
    }

    /// Root and the group's members may connect; only root where the group does not exist.
    private static func setPermissions(_ path: String, group: String, logger: Logger) throws(Errno) {
        try SystemCall.result { unsafe chmod(path, 0o600) }
        guard !group.isEmpty else { return }
        guard let number = groupNumber(group) else {
            logger.info("group does not exist: only root may use the socket", metadata: ["group": "\(group)"])
            return
        }
        do throws(Errno) {
            try SystemCall.result { unsafe lchown(path, uid_t.max, number) }
        } catch {
            logger.warning(
                "cannot give the socket to the group: only its owner may use it",
                metadata: ["group": "\(group)", "error": "\(error)"])
            return
        }
        try SystemCall.result { unsafe chmod(path, 0o660) }
    }

    private static func groupNumber(_ name: String) -> gid_t? {
        var entry = unsafe group()
        var found: UnsafeMutablePointer<group>?
        // Enough for a group of thousands of members (getgrnam_r(3)).
        var space = [CChar](repeating: 0, count: 1 << 18)
        guard unsafe getgrnam_r(name, &entry, &space, space.count, &found) == 0, unsafe found != nil else {
            return nil
        }
        return unsafe entry.gr_gid
    }
}
