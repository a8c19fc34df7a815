extension AgentConfiguration.WatchedPath {
    /// As the kernel programs have room for them (bpf/abi/file.h): a prefix with its slash takes 248 bytes.
    private static let longest = 247
    private static let most = 128

    /// Why a path cannot be watched besides `earlier` ones, or nil. Paths are compared byte by byte with those
    /// that the kernel knows, so one that is written in another way would never match.
    static func fault(of path: String, after earlier: [String]) -> String? {
        let components = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let inner = path.hasSuffix("/") ? components.dropLast() : components
        if !path.hasPrefix("/") { return "\"\(path)\" is not absolute" }
        if inner.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) {
            return "\"\(path)\" has empty components, . or ..: write the path as it is"
        }
        if plain(path).utf8.count > longest { return "\"\(path)\" is longer than \(longest) bytes" }
        if earlier.contains(where: { plain($0) == plain(path) }) { return "\"\(path)\" is named twice" }
        if earlier.count >= most { return "\"\(path)\" is one too many: at most \(most) paths" }
        return nil
    }

    private static func plain(_ path: String) -> Substring {
        path.hasSuffix("/") && path.utf8.count > 1 ? path.dropLast() : path[...]
    }
}
