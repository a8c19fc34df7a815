/// Reads paths of cgroups: below the root of the hierarchy, as the kernel writes them.
public struct CgroupPathReader {
    /// Deeper paths are read as far as this: no runtime nests so deep.
    private static let deepest = 64

    private var place = CgroupPlace()
    /// The name above, for layouts of two levels (`docker/ID`).
    private var above = Substring()
    /// Whether the walk is inside of a container: slices and units there are its own.
    private var isInside = false

    private init() {}

    /// What a path says.
    public static func place(of path: String) -> CgroupPlace {
        var reader = CgroupPathReader()
        for name in path.split(separator: "/").prefix(deepest) {
            reader.take(name)
            reader.above = name
        }
        return reader.place
    }

    private mutating func take(_ name: Substring) {
        if takePod(name) { return }
        if let container = ContainerCgroup(name, above: above) { return enter(container) }
        if name.hasSuffix(".slice") { return takeSlice(name) }
        if let unit = SystemdName.unit(name) { return takeUnit(name, unit) }
        // What a unit, a container or a session makes below itself belongs to it.
        if place.kind == .host, !Self.parents.contains(name) { place.kind = .other }
    }

    /// Names under which runtimes gather their containers.
    private static let parents: Set<Substring> = [
        "docker", "libpod_parent", "lxc", "kubepods", "besteffort", "burstable", "buildkit", "machine",
    ]

    private mutating func enter(_ container: ContainerCgroup) {
        place.kind = container.kind
        place.runtime = container.runtime
        place.id = container.id
        place.unit = ""
        isInside = container.kind != .monitor
    }

    private mutating func takeSlice(_ name: Substring) {
        guard !isInside else { return }
        place.slice = SystemdName.unescaped(name)
        if let user = SystemdName.number(name, between: "user-", and: ".slice") { place.user = user }
        place.kind = place.podUID.isEmpty ? .host : .pod
        place.unit = ""
    }

    private mutating func takeUnit(_ name: Substring, _ unit: String) {
        if let machine = SystemdName.machine(name) {
            place.kind = .machine
            place.runtime = machine.runtime
            place.id = machine.name
            place.unit = unit
            isInside = true
            return
        }
        place.unit = unit
        guard !isInside else { return }
        if let user = SystemdName.number(name, between: "user@", and: ".service") { place.user = user }
        let isSession = name.hasPrefix("session-") && name.hasSuffix(".scope") && place.user != nil
        place.kind = isSession ? .session : .unit
    }

    /// `kubepods-burstable-pod1a_2b.slice` of systemd's driver, `kubepods/burstable/pod1a-2b` of the other.
    private mutating func takePod(_ name: Substring) -> Bool {
        var text = name
        if name.hasSuffix(".slice") {
            guard let start = name.firstRange(of: "kubepods") else { return false }
            text = name[start.upperBound...].dropLast(".slice".count)
            guard let pod = text.firstRange(of: "-pod") else { return false }
            place.quality = Self.quality(text[..<pod.lowerBound].drop { $0 == "-" })
            place.podUID = String(text[pod.upperBound...].map { $0 == "_" ? "-" : $0 })
            place.slice = SystemdName.unescaped(name)
        } else {
            guard name.hasPrefix("pod"), ["kubepods", "besteffort", "burstable"].contains(above) else {
                return false
            }
            text = name.dropFirst(3)
            place.quality = Self.quality(above == "kubepods" ? "" : above)
            place.podUID = String(text)
        }
        place.kind = .pod
        place.unit = ""
        place.id = ""
        place.runtime = ""
        isInside = false
        return true
    }

    private static func quality(_ name: Substring) -> String { name.isEmpty ? "guaranteed" : String(name) }
}

/// The cgroup of a container by its own name and that of the one above.
struct ContainerCgroup {
    var kind = CgroupPlace.Kind.container
    var runtime = ""
    var id = ""

    /// Docker, containerd, CRI-O and podman draw ids of 256 bits.
    private static let idLength = 64
    /// Names that runtimes put before an id.
    private static let runtimes: [Substring: String] = [
        "docker": "docker", "cri-containerd": "containerd", "containerd": "containerd",
        "nerdctl": "containerd",
        "crio": "cri-o", "libpod": "podman", "buildkit": "docker",
    ]

    /// Nil where the name is none of a container.
    init?(_ name: Substring, above: Substring) {
        if takeLXC(name, above) { return }
        let isScope = name.hasSuffix(".scope")
        let bare = isScope ? name.dropLast(".scope".count) : name
        let id = bare.suffix(Self.idLength)
        if id.utf8.count == Self.idLength, id.utf8.allSatisfy(Self.isHexadecimal) {
            self.id = String(id)
            let before = bare.dropLast(Self.idLength)
            guard let separator = before.last else {
                runtime = Self.runtimes[above] ?? (above == "libpod_parent" ? "podman" : "")
                return
            }
            guard separator == "-" || separator == ":" else { return nil }
            takePrefix(before.dropLast())
            return
        }
        // runc and crun with systemd's driver: the id is whatever their caller chose.
        for name in ["runc", "crun"]
        where isScope && bare.hasPrefix(name + "-") && bare.count > name.count + 1 {
            runtime = name
            self.id = SystemdName.unescaped(bare.dropFirst(name.count + 1))
            return
        }
        return nil
    }

    private mutating func takePrefix(_ prefix: Substring) {
        var prefix = prefix
        if let colon = prefix.lastIndex(of: ":") { prefix = prefix[prefix.index(after: colon)...] }
        if prefix.hasSuffix("conmon") {
            kind = .monitor
            prefix = prefix.dropLast("conmon".count)
            if prefix.last == "-" { prefix = prefix.dropLast() }
        }
        runtime = Self.runtimes[prefix] ?? ""
    }

    private mutating func takeLXC(_ name: Substring, _ above: Substring) -> Bool {
        for (prefix, kind) in [("lxc.payload.", CgroupPlace.Kind.container), ("lxc.monitor.", .monitor)]
        where name.hasPrefix(prefix) && name.count > prefix.count {
            self.kind = kind
            runtime = "lxc"
            id = String(name.dropFirst(prefix.count))
            return true
        }
        guard above == "lxc" else { return false }
        runtime = "lxc"
        id = String(name)
        return true
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
