/// The container that a cgroup belongs to, by the name that container runtimes give its cgroup.
public enum ContainerID {
    /// Characters of the id in events, as in Tetragon's `docker`.
    public static let exportedLength = 31
    /// Docker, containerd, CRI-O and podman draw ids of 256 bits.
    private static let length = 64

    /// The start of the id of the innermost container on a cgroup's path; empty where there is none.
    ///
    /// Names are `docker-ID.scope`, `cri-containerd-ID.scope`, `crio-ID.scope`, `libpod-ID.scope`,
    /// `…:cri-containerd:ID`, or the bare id (cgroupfs drivers). `…-conmon-ID.scope` holds the monitor
    /// of a container, which runs on the host.
    public static func prefix(inCgroup path: [UInt8]) -> [UInt8] {
        var end = path.count
        while end > 0 {
            let start = path[..<end].lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            if let id = id(in: path[start..<end]) { return Array(id.prefix(exportedLength)) }
            end = start - 1
        }
        return []
    }

    private static func id(in name: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let scope = Array(".scope".utf8)
        let bare = name.suffix(scope.count).elementsEqual(scope) ? name.dropLast(scope.count) : name
        guard bare.count >= length else { return nil }
        let id = bare.suffix(length)
        guard id.allSatisfy(isHexadecimal) else { return nil }
        let before = bare.dropLast(length)
        guard let separator = before.last else { return id }
        guard separator == UInt8(ascii: "-") || separator == UInt8(ascii: ":") else { return nil }
        return before.dropLast().suffix(6).elementsEqual("conmon".utf8) ? nil : id
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
