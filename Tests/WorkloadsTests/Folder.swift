import Foundation

/// A folder that goes with its test.
final class Folder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
        make("")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func make(_ name: String) {
        try? FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    /// Writes a file; the folders above are made.
    func write(_ name: String, _ text: String) {
        let file = path + "/" + name
        let above = (file as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(atPath: above, withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: file, contents: Data(text.utf8))
    }

    func inode(_ name: String) -> UInt64 {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return (attributes?[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
    }
}
