import BPFRuntime
import CEventABI
import Glibc
import SystemPackage

/// Sockets that TrackSock ties to processes: the programs that see these sockets end.
///
/// A socket is known by its address alone where packets and timers touch it, so its entry must go with it.
final class SocketOwners {
    private let map: SharedBPFMap
    private let cgroupRoot: String?
    private var programs: [LoadedPrograms] = []
    private var destroyed: BPFLink?
    private var released: BPFLink?

    private static let onDestroyed = "on_sock_destroyed"
    private static let onReleased = "on_sock_released"

    /// Why a policy that ties sockets cannot run.
    static let condition =
        "to see sockets end it needs a cgroup2 hierarchy, and none is mounted (mount -t cgroup2 none /sys/fs/cgroup)"
    /// What a policy that ties sockets does not do.
    static let blindSpot =
        "TrackSock: sockets of IP only; events in interrupts and kernel threads are told as of the process that "
        + "the socket is tied to, but filters on processes still see who ran"

    init(_ map: SharedBPFMap, cgroupRoot: String?) {
        self.map = map
        self.cgroupRoot = cgroupRoot
    }

    /// From here on entries end with their sockets.
    /// - Throws: `BPFError` where the kernel refuses the programs.
    func follow(_ engine: EnginePrograms) throws(BPFError) {
        guard destroyed == nil || released == nil, let cgroupRoot else { return }
        let loaded = (try engine.common(Self.onDestroyed), try engine.common(Self.onReleased))
        programs = [loaded.0, loaded.1]
        let directory = unsafe open(cgroupRoot, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw BPFError(operation: "open", object: cgroupRoot, errno: .noSuchFileOrDirectory)
        }
        defer { close(directory) }
        destroyed = try loaded.0.file.attach(Self.onDestroyed)
        released = try loaded.1.file.attach(Self.onReleased, cgroup: directory)
        // What a program of before may have left when nobody saw sockets end.
        forget()
    }

    /// No policy ties sockets any more.
    func stop() {
        guard destroyed != nil || released != nil else { return }
        destroyed = nil
        released = nil
        forget()
    }

    /// Sockets that are tied now.
    var count: Int { map.map.keys(as: UInt64.self).count }

    private func forget() {
        for key in map.map.keys(as: UInt64.self) { _ = map.map.remove(key) }
    }
}
