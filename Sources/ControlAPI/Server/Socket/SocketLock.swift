import Glibc
public import LinuxSystem
import Synchronization
import SystemPackage

/// The lock beside the daemon's socket (`PATH.lock`): says who serves it, before anybody listens, and ends with
/// the process.
public final class SocketLock: Sendable {
    /// The socket's.
    public let path: String
    /// Held until `release`. The file itself stays: removing it would let two daemons lock two different files
    /// of the same name.
    private let file: Mutex<OwnedFD?>

    /// Takes the lock; makes the directory where it is missing.
    ///
    /// - Parameters:
    ///   - path: The socket's, absolute.
    ///   - isLeaving: Asked where another holds the lock: whether it is about to go. Then it is waited for.
    /// - Throws: `ServerError`.
    public init(_ path: String, isLeaving: (borrowing OwnedFD) -> Bool = { _ in false }) throws {
        guard path.hasPrefix("/") else {
            throw ServerError("the socket's path \"\(path)\" is not absolute: begin it with /")
        }
        guard path.utf8.count <= UnixSocket.longestPath else {
            throw ServerError(
                "the socket's path is \(path.utf8.count) bytes long and the kernel takes \(UnixSocket.longestPath): choose a shorter one"
            )
        }
        try Self.makeDirectory(of: path)
        self.path = path
        file = Mutex(try Self.take(path, isLeaving))
    }

    /// Lets another daemon have the path.
    func release() {
        file.withLock { $0 = nil }
    }

    private static func take(_ path: String, _ isLeaving: (borrowing OwnedFD) -> Bool) throws -> OwnedFD {
        let name = path + ".lock"
        do throws(Errno) {
            let lock = try OwnedFD.open(name, O_RDWR | O_CREAT, permissions: 0o600)
            while true {
                if try lock.lockExclusively() { return lock }
                guard isLeaving(lock) else { break }
                // There is no event for the locks of a process that is exiting.
                usleep(10_000)
            }
        } catch .permissionDenied {
            throw ServerError("no permission to create \(name): run secd as root, or choose another --socket")
        } catch {
            throw ServerError("cannot lock \(name): \(error)")
        }
        throw ServerError("another secd serves \(path): stop it, or choose another --socket")
    }

    private static func makeDirectory(of path: String) throws {
        var directory = FilePath(path).removingLastComponent()
        var missing: [FilePath] = []
        while (try? FileStatus(path: directory.string)) == nil, !directory.components.isEmpty {
            missing.append(directory)
            directory = directory.removingLastComponent()
        }
        for directory in missing.reversed() {
            do throws(Errno) {
                try FileTree.makeDirectory(directory.string, permissions: 0o755)
                // The umask may have taken bits away that members of the group need.
                try SystemCall.result { unsafe chmod(directory.string, 0o755) }
            } catch {
                if error == .fileExists { continue }
                throw ServerError(
                    "cannot create \(directory) for the socket: \(error): create it, or choose another --socket"
                )
            }
        }
    }
}
