import CEventABI
import CLinuxShims
import EventModel
import Glibc

/// Digests of files that events of policies show (`imaHash`), by their paths. Owned by the worker.
struct FileDigests {
    private let digests = BinaryDigests()

    /// Puts the digest of the event's first file into it. The file is read when its event is: what stands at its
    /// path by then counts. Nothing is put in where it cannot be read, or not in time.
    func complete(_ event: inout PolicyEvent) {
        guard let path = event.arguments.lazy.compactMap(\.filePath).first, path.first == UInt8(ascii: "/")
        else { return }
        var status = stat()
        guard unsafe lstat(String(decoding: path, as: UTF8.self), &status) == 0,
            status.st_mode & S_IFMT == S_IFREG
        else { return }
        var file = secd_exec()
        file.binary_inode.number = UInt64(status.st_ino)
        file.binary_inode.device = ProcfsImage.kernelDevice(UInt64(status.st_dev))
        file.binary_inode.size = UInt64(clamping: status.st_size)
        file.binary_inode.ctime_ns =
            UInt64(clamping: status.st_ctim.tv_sec) &* 1_000_000_000
            &+ UInt64(clamping: status.st_ctim.tv_nsec)
        if case .digest(let digest) = digests.digest(of: file, path: path[...]) {
            event.fileHash = "sha256:" + String(decoding: digest, as: UTF8.self)
        }
    }
}

extension PolicyArgument {
    /// The path of a file as the kernel has it; nil where it is none.
    fileprivate var filePath: [UInt8]? {
        switch value {
        case .path(let file), .file(let file), .program(let file): file.path
        default: nil
        }
    }
}
