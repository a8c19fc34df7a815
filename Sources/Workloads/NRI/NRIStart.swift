import LinuxSystem
public import WorkloadModel

/// A container that waits for its first instruction until its runtime has an answer.
public struct NRIStart: Sendable, Equatable {
    /// The runtime's; empty where its message could not be read.
    public let id: String
    /// The name that people gave it.
    public let name: String
    /// As its runtime calls itself: containerd, cri-o.
    public let runtime: String
    /// Nil where the runtime told of none.
    public let pod: Pod?
    /// Whether it is known whose it is: not where it is a pod's of which the runtime did not tell.
    public let isIdentified: Bool
    /// Its own, those of its image among them.
    public let labels: [String: String]
    /// Of the OCI configuration.
    public let annotations: [String: String]
    /// Its v2 cgroup, below the root of the hierarchy; empty where there is none.
    public let cgroup: String
    /// Why it cannot be told apart from others; nil = it can.
    public let obstacle: String?
    /// How long the runtime waits for the answer, at most.
    public let patience: Duration

    /// Of what a runtime waits: the rest is for the way there and back, and for a machine that is busy.
    private static let share = 0.75
    /// Where it does not say how long it waits (NRI's default).
    private static let usualPatience = Duration.seconds(2)
    /// A container waits, and all others that its runtime starts.
    private static let longestPatience = Duration.seconds(2)

    /// - Parameters:
    ///   - id: empty where its message could not be read.
    ///   - obstacle: why it cannot be told apart from others; nil = it can.
    package init(
        id: String, name: String = "", runtime: String = "", pod: Pod? = nil, labels: [String: String] = [:],
        annotations: [String: String] = [:], cgroup: String = "", obstacle: String? = nil,
        isIdentified: Bool = true, patience: Duration
    ) {
        (self.id, self.name, self.runtime) = (id, name, runtime)
        self.pod = pod
        (self.labels, self.annotations) = (labels, annotations)
        (self.cgroup, self.obstacle) = (cgroup, obstacle)
        self.isIdentified = isIdentified && !id.isEmpty
        self.patience = patience
    }

    /// - Parameters:
    ///   - subject: nil = the message could not be read.
    ///   - patience: of the runtime, milliseconds; 0 = it does not say.
    init(_ subject: NRIMessage.Subject?, runtime: String, patience: UInt64, cgroups: CgroupFiles) {
        let told = patience == 0 ? Self.usualPatience : .milliseconds(Int64(clamping: patience))
        let patience = min(told * Self.share, Self.longestPatience)
        guard let container = subject?.container, !container.id.isEmpty else {
            self.init(
                id: "", obstacle: "its runtime told of it in a message that cannot be read",
                patience: patience)
            return
        }
        let cgroup = Self.cgroup(of: container, cgroups)
        let named = container.cgroup.isEmpty ? "none" : container.cgroup.shown(512)
        let pod = subject?.sandbox?.pod
        let isIdentified = container.sandbox.isEmpty || !(pod?.namespace ?? "").isEmpty
        let missingCgroup =
            "it has no cgroup of its own in the v2 hierarchy (its runtime names process \(container.process), and for a "
            + "cgroup \(named))"
        self.init(
            id: container.id, name: container.name, runtime: runtime, pod: pod, labels: container.labels,
            annotations: container.annotations, cgroup: cgroup ?? "",
            obstacle: !isIdentified
                ? "its runtime did not tell of its pod" : cgroup == nil ? missingCgroup : nil,
            isIdentified: isIdentified, patience: patience)
    }

    /// Where the container's first process waits. A message that names another container's process, or one of the
    /// machine, must not make that cgroup this container's: so its id has to be in the path.
    private static func cgroup(of container: NRIMessage.Container, _ cgroups: CgroupFiles) -> String? {
        let own = cgroups.path(ofProcess: container.process)
        return [own, configured(container.cgroup)].lazy.compactMap(\.self)
            .compactMap { part(of: $0, with: container.id) }.first { cgroups.id(of: $0) != 0 }
    }

    /// A path up to the directory that has the id in its name: some runtimes put processes into one below.
    package static func part(of path: String, with id: String) -> String? {
        guard path.hasPrefix("/"), path.utf8.count <= longestPath, isPlausible(id) else { return nil }
        var result = ""
        for name in path.split(separator: "/") {
            result += "/" + name
            if isNamed(name, after: id) { return result }
        }
        return nil
    }

    /// Bytes of a path (PATH_MAX of include/uapi/linux/limits.h), and of a unit's name (UNIT_NAME_MAX of systemd).
    private static let (longestPath, longestUnit) = (4096, 256)

    /// What runtimes give: nothing that a directory of the machine has for a name.
    private static func isPlausible(_ id: String) -> Bool {
        (12...128).contains(id.utf8.count) && ![".slice", ".scope", ".service"].contains { id.hasSuffix($0) }
    }

    /// A cgroup's directory: the id, perhaps with the runtime before it, and as a scope of systemd.
    private static func isNamed(_ name: Substring, after id: String) -> Bool {
        name == id
            || ["-", ":"].contains { name.hasSuffix($0 + id) || name.hasSuffix($0 + id + ".scope") }
    }

    /// The path that a cgroup of the OCI configuration has: itself, or for systemd (`SLICE:PREFIX:NAME`) that of the
    /// scope in its slice, which lies in the slices whose names it begins with.
    package static func configured(_ text: String) -> String? {
        if text.hasPrefix("/") { return text }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard text.utf8.count <= longestPath, parts.count == 3, parts[0].utf8.count <= longestUnit,
            parts[0].hasSuffix(".slice"), !parts[0].contains("/")
        else { return nil }
        var (path, above) = ("", "")
        for word in parts[0].dropLast(".slice".count).split(separator: "-") {
            above += above.isEmpty ? String(word) : "-" + word
            path += "/\(above).slice"
        }
        return "\(path)/\(parts[1].isEmpty ? "" : parts[1] + "-")\(parts[2]).scope"
    }
}
