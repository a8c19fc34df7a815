import Glibc
import JSONTree
import LinuxSystem
import SystemPackage

/// Files of the state directory that are replaced whole: whoever reads them has the old text or the new one.
enum KeptFile {
    /// - Throws: `Errno` where it cannot be written.
    static func replace(_ path: String, with text: String) throws(Errno) {
        let temporary = path + ".new"
        do {
            let file = try OwnedFD.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o600)
            if let failure = unsafe file.writeAll(Array(text.utf8).span.bytes).failure { throw failure }
            try file.synchronize()
        }
        try FileTree.rename(temporary, to: path)
    }
}

extension JSONValue {
    /// An object of texts, sorted by key.
    static func texts(_ values: [String: String]) -> JSONValue {
        .object(values.sorted { $0.key < $1.key }.map { (key: $0.key, value: .string($0.value)) })
    }
}
