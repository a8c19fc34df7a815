import JSONTree
import PolicyModel

/// What an event says about the process that made the call. What it does not say counts as not readable.
enum RecordedProcess {
    static func facts(_ body: JSONValue) -> ProcessFacts {
        let process = body["process"]
        // Capabilities and namespaces at the call stand outside, where a policy asks for them.
        let rights = body["rights"].exists ? body["rights"] : process
        var above = body["ancestors"].elements
        let parent = body["parent"]
        if parent.exists, above.first?["exec_id"].text != parent["exec_id"].text {
            above.insert(parent, at: 0)
        }
        let isFirst = process["pid"].unsigned == 1
        return ProcessFacts(
            identity: identity(process), ancestors: above.map { identity($0) },
            ancestryIsComplete: isFirst || above.last?["pid"].unsigned == 1,
            commandArguments: arguments(process), namespaces: namespaces(rights["ns"]),
            namespaceChanges: .unreadable, capabilities: capabilities(rights["cap"]),
            workload: workload(process))
    }

    private static func identity(_ process: JSONValue) -> ProcessIdentity {
        let pid = UInt32(clamping: process["pid"].unsigned ?? 0)
        let inside = process["pod"]["container"]["pid"].unsigned.map { UInt32(clamping: $0) }
        let binary = process["binary"].textOrEmpty
        let script = process["script"]["path"].textOrEmpty
        return ProcessIdentity(
            binary: binary.isEmpty ? .unreadable : .present(Array(binary.utf8)),
            script: script.isEmpty ? .absent : .present(Array(script.utf8)), pid: pid,
            namespacePID: inside ?? pid)
    }

    /// One by one where the line has them so; one string cannot be told apart where anything is quoted.
    private static func arguments(_ process: JSONValue) -> Observed<[[UInt8]]> {
        if process["argv"].exists {
            let list = process["argv"].elements.dropFirst().map { Array($0.textOrEmpty.utf8) }
            return process["argv_missing_bytes"].exists ? .truncated(list) : .present(list)
        }
        guard process.exists else { return .unreadable }
        let text = process["arguments"].textOrEmpty
        if text.contains("\"") || text.contains("\\") { return .unreadable }
        return .present(text.split(separator: " ").map { Array($0.utf8) })
    }

    private static func namespaces(_ ns: JSONValue) -> [NamespaceKind: UInt64] {
        let names: [NamespaceKind: String] = [
            .uts: "uts", .ipc: "ipc", .mount: "mnt", .pid: "pid", .pidForChildren: "pid_for_children",
            .net: "net", .time: "time", .timeForChildren: "time_for_children", .cgroup: "cgroup",
            .user: "user",
        ]
        return names.compactMapValues { name in
            guard ns[name].exists else { return nil }
            return ns[name]["is_host"].isTrue ? 0 : ns[name]["inum"].unsigned
        }
    }

    private static func capabilities(_ cap: JSONValue) -> [CapabilitySet: UInt64] {
        guard cap.exists else { return [:] }
        let names: [CapabilitySet: String] = [
            .effective: "effective", .inheritable: "inheritable", .permitted: "permitted",
        ]
        return names.mapValues { name in
            cap[name].elements.reduce(0) { mask, capability in
                let number = KernelNames.capabilities.firstIndex(of: capability.textOrEmpty)
                return mask | (number.map { 1 << UInt64($0) } ?? 0)
            }
        }
    }

    private static func workload(_ process: JSONValue) -> Observed<WorkloadFacts> {
        let pod = process["pod"]
        guard pod.exists else {
            // Name and repository of a container outside of pods are not in the line.
            return process["docker"].textOrEmpty.isEmpty ? .present(.host) : .unreadable
        }
        let labels = Dictionary(
            pod["pod_labels"].members.map { ($0.key, $0.value.textOrEmpty) }, uniquingKeysWith: { $1 })
        return .present(
            .container(
                ContainerFacts(
                    namespace: pod["namespace"].textOrEmpty, podLabels: labels,
                    name: pod["container"]["name"].textOrEmpty,
                    repository: pod["container"]["image"]["name"].textOrEmpty)))
    }
}
