import Glibc

/// The names that the kernel looks up one after another on the way to a file, through all links.
enum LinkTrail {
    /// Links that the kernel follows for one path (MAXSYMLINKS of include/linux/namei.h).
    private static let linksLimit = 40

    /// Walks an absolute path. `visit` gets each name with its directory, which has no links, before it is
    /// looked up. What is behind a missing name is walked, too: it may come.
    static func walk(_ path: String, _ visit: (_ directory: String, _ name: String) -> Void) {
        var directory = "/"
        var rest = Array(path.split(separator: "/").reversed())
        var links = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                directory = parent(of: directory)
                continue
            }
            visit(directory, String(name))
            let full = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
            guard let target = target(of: full) else {
                directory = full
                continue
            }
            links += 1
            guard links <= linksLimit else { return }
            if target.hasPrefix("/") { directory = "/" }
            rest += target.split(separator: "/").reversed()
        }
    }

    private static func parent(of directory: String) -> String {
        guard let slash = directory.lastIndex(of: "/"), slash != directory.startIndex else { return "/" }
        return String(directory[..<slash])
    }

    /// Where a link leads; nil where the path is none.
    private static func target(of path: String) -> String? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &text, text.count)
        guard count > 0 else { return nil }
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
