import YAMLReader

/// Every setting: the one place that names them. The loader, `--show-config` and the words of `--help` come
/// from here.
public enum SettingTable {
    /// In the order of `--show-config` and of docs/operations.md.
    public static let all: [Setting] =
        general + control + export + scope + events + workloads + identity + sizes

    /// The setting that a flag (`--socket`) sets.
    public static func setting(flag: String) -> Setting? { all.first { $0.flag == flag } }

    private static let general: [Setting] = [
        .list(
            "policy", \.policies, flag: "--policy",
            "Policies to run: files, or directories of `*.yaml`, which are watched.",
            ValueSyntax.path),
        .boolean(
            "policy-outreach", \.policyOutreach, default: false,
            "Whether policies may make the daemon ask over the network (GetUrl, DnsLookup)."),
        .path(
            "manifests", \.manifests, flag: "--manifests",
            "Directory of Kubernetes manifests that stand in for an API server; watched."),
        .address(
            "metrics", \.metrics, flag: "--metrics",
            "Where /metrics (Prometheus) and /healthz are served over HTTP, without authentication."),
        .path(
            "state-dir", \.stateDirectory, flag: "--state-dir", default: "/var/lib/secd",
            "Policies that came by the API, and identities, are kept here. Locked, so that a second daemon is refused."
        ),
        .path(
            "pin-dir", \.pinDirectory, flag: "--pin-dir", default: "/sys/fs/bpf/secd",
            "Directory on a bpf file system, for the moment of an orderly end; locked, and removed then."),
        .name(
            "node-name", \.nodeName, flag: "--node-name",
            "Name of this node in every event; empty = the host's name."),
        .name("cluster-name", \.clusterName, "Name of the cluster in every event."),
        .one(
            "log-level", \.logLevel, flag: "--log-level", default: "info",
            "What the daemon says about itself: trace, debug, info, notice, warning, error or critical.",
            { text, _ throws(ValueProblem) in try choice(text) }, show: { $0.rawValue }),
    ]

    private static let control: [Setting] = [
        .path(
            "socket", \.control.socket, flag: "--socket", default: "/run/secd/secd.sock",
            "Unix socket of the API (mode 0660)."),
        .name(
            "socket-group", \.control.group, default: "secd",
            "Group that may use the socket; where it does not exist, only root may."),
        .address("tcp.address", \.tcp.address, "Where the API is served over TCP with mutual TLS."),
        .path("tcp.certificate", \.tcp.certificate, "PEM file: the server's certificate chain."),
        .path("tcp.key", \.tcp.key, "PEM file: the server's key."),
        .path(
            "tcp.client-ca", \.tcp.clientAuthorities,
            "PEM file: the authorities of the clients' certificates."),
        .list(
            "tcp.administrators", \.tcp.administrators,
            "Clients that may change policies: common names of their certificates, or whole subjects (`CN=ops,O=Example`).",
            { text, _ throws(ValueProblem) in try ValueSyntax.subject(text) }),
    ]

    private static let export: [Setting] = [
        .path(
            "export.file.path", \.exportPath, flag: "--export-file", default: "/var/log/secd/events.json",
            "File of JSON lines, one event each; empty = none."),
        .size(
            "export.file.max-size", \.exportFile.maxBytes, default: "100M",
            "Size at which the file is rotated; 0 = never."
        ) {
            bytes throws(ValueProblem) in
            guard bytes == 0 || bytes >= 64 << 10 else {
                throw ValueProblem(message: "smaller than 64K: the daemon would only rotate")
            }
        },
        .one(
            "export.file.max-age", \.exportFile.maxSeconds, default: "0",
            "Age at which the file is rotated (15m, 12h, 7d); 0 = never.",
            { text, _ throws(ValueProblem) in try ValueSyntax.duration(text) },
            show: { ValueSyntax.show(duration: $0) }),
        .one(
            "export.file.max-backups", \.exportFile.maxBackups, default: "5",
            "Rotated files that are kept, oldest removed first; 0 = all.",
            { text, _ throws(ValueProblem) in try ValueSyntax.count(text) }, show: { String($0) }),
        .boolean(
            "export.file.compress", \.exportFile.compress, default: true,
            "Whether rotated files are compressed (gzip)."),
        .one(
            "export.file.permissions", \.exportFile.permissions, default: "0600",
            "Permissions of the file and its backups, octal.",
            { text, _ throws(ValueProblem) in try ValueSyntax.permissions(text) },
            show: { ValueSyntax.show(permissions: $0) }),
        .boolean(
            "export.journald", \.export.journald, flag: "--export-journald", default: false,
            "Whether events go to journald, with fields."),
        .size(
            "export.queue-size", \.export.queueBytes, default: "16M",
            "Memory for events that wait for one sink; what does not fit is lost and counted."
        ) {
            bytes throws(ValueProblem) in
            guard (1 << 20...1 << 30).contains(bytes) else {
                throw ValueProblem(message: "expected 1M to 1G")
            }
        },
    ]

    private static let scope: [Setting] = [
        .path(
            "scope.netns", \.scope.networkNamespace, flag: "--netns",
            "Watch one network namespace only, by path (/run/netns/NAME)."),
        .path(
            "scope.cgroup-root", \.scope.cgroupRoot, flag: "--cgroup-root",
            "Watch one cgroup and what is below it only, by directory."),
    ]

    private static let events: [Setting] = [
        .boolean(
            "events.process.fork", \.events.fork, default: false,
            "Report forks, too; processes are known without."),
        .boolean(
            "events.process.environment", \.events.environment, default: false,
            "Report the environment of every exec, redacted."),
        .boolean(
            "events.process.sha256", \.events.sha256, default: false,
            "Report the SHA-256 of every executable (cached by inode)."),
        .list(
            "events.redact", \.events.redact,
            "What the groups of these expressions match in arguments and environment becomes *****; all of the match without groups.",
            { text, _ throws(ValueProblem) in try ValueSyntax.pattern(text) }),
        .boolean("events.socket.enabled", \.events.sockets, default: true, "Report sockets."),
        .boolean("events.socket.unix", \.events.unixSockets, default: true, "Report Unix sockets, too."),
        .make(
            "events.files", nil, "", "Paths whose changes are reported: a list of {path, operations}.",
            isList: true,
            fileOnly: true, read: readWatchedPaths,
            show: { $0.events.files.map(\.text).joined(separator: ",") },
            copy: { $1.events.files = $0.events.files }),
    ]

    private static let workloads: [Setting] = [
        .one(
            "workloads.enrich-wait", \.workloads.enrichWait, flag: "--enrich-wait", default: "200ms",
            "How long an event waits for the name of its container (0 to 10s); others pass it by.",
            { text, _ throws(ValueProblem) in try ValueSyntax.wait(text) },
            show: { ValueSyntax.show(wait: $0) }),
        .list(
            "workloads.runtime-dirs", \.workloads.runtimeDirectories,
            "Directories in which runc or crun keep their state, beside the usual ones.", ValueSyntax.path),
        .path(
            "workloads.docker", \.workloads.dockerSocket, default: "/run/docker.sock",
            "Unix socket of Docker's API; empty = it is not asked."),
        .path(
            "workloads.podman", \.workloads.podmanSocket, default: "/run/podman/podman.sock",
            "Unix socket of Podman's API; empty = it is not asked."),
        .path(
            "workloads.containerd", \.workloads.containerdSocket,
            default: "/run/containerd/containerd.sock",
            "Unix socket of containerd, asked by the CRI and its own API; empty = it is not asked."),
        .path(
            "workloads.crio", \.workloads.crioSocket, default: "/run/crio/crio.sock",
            "Unix socket of CRI-O; empty = it is not asked."),
        .path(
            "workloads.nri", \.workloads.nriSocket, default: "/run/nri/nri.sock",
            "Unix socket of NRI: containerd and CRI-O ask there before a container starts; empty = not used."),
        .one(
            "workloads.kubernetes", \.workloads.kubernetes, default: "off",
            "The API of the cluster: off, in-cluster (the service account of the pod), or the path of a kubeconfig.",
            { text, base throws(ValueProblem) in
                if text.isEmpty { return "off" }
                return ["off", "in-cluster"].contains(text) ? text : try ValueSyntax.path(text, base: base)
            }, show: { $0 }),
        .one(
            "workloads.kubelet.server", \.workloads.kubelet.server, default: "auto",
            "The kubelet, asked while that API says nothing: auto (https://127.0.0.1:10250 where workloads.kubernetes is not off), off, or a URL.",
            { text, _ throws(ValueProblem) in try ValueSyntax.kubelet(text) }, show: { $0 }),
        .path(
            "workloads.kubelet.ca", \.workloads.kubelet.authority,
            "PEM file: the authorities of the kubelet's certificate; empty = that of the cluster."),
        .name(
            "workloads.kubelet.server-name", \.workloads.kubelet.serverName,
            "The name in the kubelet's certificate; empty = node-name."),
        .path(
            "workloads.kubelet.token-file", \.workloads.kubelet.token,
            "File of a token for the kubelet, read again each time; empty = what the API is asked with."),
        .path(
            "workloads.kubelet.certificate", \.workloads.kubelet.certificate,
            "PEM file: this node's chain, for the kubelet; empty = what the API is asked with."),
        .path(
            "workloads.kubelet.key", \.workloads.kubelet.key,
            "PEM file: the key to workloads.kubelet.certificate."),
        .boolean(
            "workloads.kubelet.insecure", \.workloads.kubelet.insecure, default: false,
            "Whether the kubelet's certificate is not checked: whoever listens there gets the token."),
        .list(
            "workloads.hook-fail-closed", \.workloads.hookFailClosed,
            "Namespaces whose containers `secctl oci-hook` and NRI refuse while policies do not hold for them.",
            ValueSyntax.namespace),
    ]

    private static let identity: [Setting] = [
        .list(
            "identity.labels", \.identity.labels,
            "Patterns of labels that count for an identity (k8s:app), or do not (!pod-template-hash), beside the usual ones.",
            { text, _ throws(ValueProblem) in try ValueSyntax.pattern(text) }),
        .one(
            "identity.grace", \.identity.grace, default: "10m",
            "How long the number of labels that nobody has any more stays theirs.",
            { text, _ throws(ValueProblem) in
                let seconds = try ValueSyntax.duration(text)
                guard seconds >= 10 else { throw ValueProblem(message: "expected 10s or more") }
                return seconds
            }, show: { ValueSyntax.show(duration: $0) }),
        .one(
            "identity.cluster-id", \.identity.clusterID, default: "0",
            "Number of this cluster among connected ones, 0 to 255: the upper bits of its identities.",
            { text, _ throws(ValueProblem) in
                let number = try ValueSyntax.count(text)
                guard number <= 255 else { throw ValueProblem(message: "expected 0 to 255") }
                return number
            }, show: { String($0) }),
        .list(
            "identity.etcd.endpoints", \.identity.etcd.endpoints,
            "Where many nodes keep identities: members of an etcd cluster (https://HOST:2379); none = a file in state-dir.",
            { text, _ throws(ValueProblem) in try ValueSyntax.name(text) }),
        .name(
            "identity.etcd.prefix", \.identity.etcd.prefix, default: "cilium/state/identities/v1",
            "What the keys of identities in etcd begin with."),
        .one(
            "identity.etcd.lease", \.identity.etcd.lease, default: "15m",
            "After how long the claims of a node that is gone end.",
            { text, _ throws(ValueProblem) in
                let seconds = try ValueSyntax.duration(text)
                guard (20...86_400).contains(seconds) else {
                    throw ValueProblem(message: "expected 20s to 1d")
                }
                return seconds
            }, show: { ValueSyntax.show(duration: $0) }),
        .path(
            "identity.etcd.ca", \.identity.etcd.authorities,
            "PEM file: the authorities of etcd's certificates; empty = those of the system."),
        .path(
            "identity.etcd.certificate", \.identity.etcd.certificate, "PEM file: this node's chain, for etcd."
        ),
        .path("identity.etcd.key", \.identity.etcd.key, "PEM file: the key to identity.etcd.certificate."),
    ]

    private static let sizes: [Setting] = [
        .size(
            "rings.lifecycle", \.rings.lifecycle, default: "8M", "Ring of process events.", check: ringSize),
        .size("rings.verdict", \.rings.verdict, default: "1M", "Ring of decisions.", check: ringSize),
        .size(
            "rings.observation", \.rings.observation, default: "16M", "Ring of socket and file events.",
            check: ringSize),
        .size("processes.memory", \.processMemory, default: "16M", "Memory of the process tree.") {
            bytes throws(ValueProblem) in
            guard (1 << 20...4 << 30).contains(bytes) else {
                throw ValueProblem(message: "expected 1M to 4G")
            }
        },
    ]

    /// The kernel takes powers of two that are multiples of a page (kernel/bpf/ringbuf.c, `ringbuf_map_alloc`).
    private static func ringSize(_ bytes: UInt64) throws(ValueProblem) {
        guard bytes.nonzeroBitCount == 1, (64 << 10...1 << 30).contains(bytes) else {
            throw ValueProblem(message: "a ring is a power of two from 64K to 1G", hint: "like 8M")
        }
    }

    private static func choice<Choice: CaseIterable & RawRepresentable<String>>(_ text: String)
        throws(ValueProblem) -> Choice
    {
        if let choice = Choice(rawValue: text.lowercased()) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        throw ValueProblem(
            message: "unknown value \"\(text)\"",
            hint: Spelling.suggestion(for: text, among: known) ?? "one of: " + known.joined(separator: ", "))
    }

    private static func readWatchedPaths(_ reader: SettingReader, _ configuration: inout AgentConfiguration) {
        guard case .file(let cursor) = reader.layer else { return }
        var paths: [String] = []
        configuration.events.files = cursor.each().compactMap { element in
            element.rejectUnknownKeys(known: ["path", "operations"])
            guard let place = element.required("path"), let text = place.string() else { return nil }
            if let fault = AgentConfiguration.WatchedPath.fault(of: text, after: paths) {
                place.report(fault)
                return nil
            }
            paths.append(text)
            let operations = element.optional("operations")?.each()
                .compactMap { $0.oneOf(AgentConfiguration.WatchedPath.Operation.self) }
            return AgentConfiguration.WatchedPath(
                path: text, operations: Set(operations ?? AgentConfiguration.WatchedPath.Operation.allCases))
        }
    }
}

extension AgentConfiguration.WatchedPath {
    /// `/etc`, or `/usr/bin (create delete)` where not every operation is meant.
    var text: String {
        guard operations.count < Operation.allCases.count else { return path }
        return
            "\(path) (\(Operation.allCases.filter(operations.contains).map(\.rawValue).joined(separator: " ")))"
    }
}

extension AgentConfiguration {
    /// The file's settings while they are read: they may come before or without its path.
    var exportFile: Export.File {
        get { export.file ?? pendingFile }
        set { if export.file == nil { pendingFile = newValue } else { export.file = newValue } }
    }

    var exportPath: String {
        get { export.file?.path ?? "" }
        set {
            if newValue.isEmpty {
                pendingFile = export.file ?? pendingFile
                export.file = nil
            } else {
                var file = exportFile
                file.path = newValue
                export.file = file
            }
        }
    }
}
