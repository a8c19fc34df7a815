import CBPFShims
import CLibbpf
import Glibc
public import SystemPackage

/// An attached program. Detached when the value goes away; nothing of it is pinned, so it also
/// ends with the daemon, whatever ends the daemon.
@safe
public struct BPFLink: ~Copyable {
    private var link: OpaquePointer

    init(adopting link: OpaquePointer) {
        unsafe self.link = link
    }

    deinit {
        unsafe bpf_link__destroy(link)
    }

    /// Detaches the program without waiting for it.
    ///
    /// Closing the last descriptor of a tracepoint's link waits for a grace period of RCU, 30 to 90 ms each,
    /// one after another. A link whose last reference is a name in a bpf file system is taken down by a
    /// worker of the kernel (bpf_link_put, kernel/bpf/syscall.c): so it is given one, which is removed at once.
    ///
    /// - Parameter path: A name that is free. Where it is not in a bpf file system, this waits after all.
    public consuming func detachInBackground(through path: String) {
        let isPinned = unsafe bpf_link__pin(link, path) == 0
        unsafe bpf_link__destroy(link)
        if isPinned { _ = unsafe unlink(path) }
        discard self
    }

    /// Reads an iterator link to its end: what its program wrote with `bpf_seq_write`.
    /// - Throws: `Errno` of the failed call.
    public func readIterator() throws(Errno) -> [UInt8] {
        let descriptor = unsafe secd_iterator_fd(link)
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 {
                // EAGAIN: the iterator gives its time back to the scheduler after a while.
                if [EINTR, EAGAIN].contains(currentErrno()) { continue }
                throw Errno(rawValue: currentErrno())
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}
