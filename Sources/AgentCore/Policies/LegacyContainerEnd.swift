import CLinuxShims
import Glibc
package import LinuxSystem
package import SystemPackage

/// Ends everything in a cgroup of v1, which has no `cgroup.kill`: each process gets its signal, and then those that
/// were forked meanwhile, until nobody is left without. Who has the signal forks no more, so that there is an end.
package enum LegacyContainerEnd {
    /// Looks at the cgroup: a process that is forked while it is read is found at the next. Nobody gets past
    /// this but by forking faster than files are read.
    private static let mostLooks = 256

    /// - Parameter path: of the cgroup below the root.
    /// - Throws: `.noSuchFileOrDirectory` where it is gone, `.resourceTemporarilyUnavailable` where it does not become empty,
    ///   and what keeps a process from its signal.
    package static func end(_ path: String, in hierarchy: CgroupHierarchy) throws(Errno) {
        var signalled: Set<Member> = []
        for _ in 0..<mostLooks {
            var left: Set<Member> = []
            for number in try members(of: hierarchy.root + path) {
                if let member = try Member(number) { left.insert(member) }
            }
            if signalled.isSuperset(of: left) { return }
            for process in left where !signalled.contains(process) {
                try signal(process.number, path, hierarchy)
                signalled.insert(process)
            }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// A process, told apart from a later one of its number.
    private struct Member: Hashable {
        var number: UInt32
        /// Ticks since the boot.
        var start: UInt64

        /// Nil = it is gone.
        /// - Throws: what keeps that from being known: who is not seen is not gone.
        init?(_ number: UInt32) throws(Errno) {
            guard let start = try ProcessLife.start(of: Int32(bitPattern: number)) else { return nil }
            (self.number, self.start) = (number, start)
        }
    }

    /// A process that is gone or has left the cgroup gets none.
    private static func signal(
        _ process: UInt32, _ path: String, _ hierarchy: CgroupHierarchy
    ) throws(Errno) {
        do throws(Errno) {
            let descriptor = try OwnedFD { secd_pidfd_open(Int32(bitPattern: process)) }
            // The descriptor holds it: from here on the number is nobody else's.
            guard let isInside = hierarchy.holds(process, in: path) else {
                if try Member(process) == nil { return }
                throw Errno.ioError
            }
            if isInside { _ = try SystemCall.result { secd_pidfd_send_signal(descriptor.raw, SIGKILL) } }
        } catch {
            if error != .noSuchProcess { throw error }
        }
    }

    /// Processes in a cgroup and below it.
    private static func members(of directory: String) throws(Errno) -> Set<UInt32> {
        var found: Set<UInt32> = []
        var pending = [directory]
        while let next = pending.popLast() {
            do throws(Errno) {
                for name in try FileTree.names(in: next) where name != "cgroup.procs" {
                    if try isDirectory(next + "/" + name) { pending.append(next + "/" + name) }
                }
                let text = try BoundedFile.content(of: next + "/cgroup.procs", limit: 1 << 24)
                found.formUnion(
                    String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { UInt32($0) })
            } catch {
                // One below that is gone has nobody in it; it may go while its file is open, too.
                let isGone = error == .noSuchFileOrDirectory || error == .operationNotSupportedByDevice
                if next == directory || !isGone { throw error }
            }
        }
        return found
    }

    private static func isDirectory(_ path: String) throws(Errno) -> Bool {
        do throws(Errno) {
            return try FileStatus(path: path).kind == .directory
        } catch {
            if error == .noSuchFileOrDirectory { return false }
            throw error
        }
    }
}

extension CgroupHierarchy {
    /// Whether a process is in a cgroup or below it; nil = that cannot be read.
    func holds(_ process: UInt32, in path: String) -> Bool? {
        guard let own = self.path(ofProcess: process) else { return nil }
        return own == path || own.hasPrefix(path + "/")
    }
}
