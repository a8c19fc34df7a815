import JSONTree

/// A pod, as far as it is asked for: who made it, what its containers are, and which of them run.
package struct KubernetesPod: KubernetesObject {
    package static let apiVersion = "v1"
    package static let kind = "Pod"

    package var metadata: ObjectMetadata
    /// The node that it was given to; empty = none yet.
    package var nodeName = ""
    /// Pending, Running, Succeeded, Failed, Unknown; empty in manifests.
    package var phase = ""
    /// As they are wanted: those of the pod, before it (init) and for debugging (ephemeral).
    package var containers: [Container] = []
    /// As the kubelet reports them, of all three sorts.
    package var statuses: [ContainerStatus] = []
    /// Its addresses, textual; the first one is the main one.
    package var addresses: [String] = []
    /// RFC 3339; empty = not started.
    package var startTime = ""

    package init(metadata: ObjectMetadata) { self.metadata = metadata }

    package init(_ object: ObjectReader) throws(ObjectError) {
        metadata = try ObjectMetadata(object)
        if let spec = try object.optional("spec") {
            nodeName = try spec.text("nodeName", longest: 253)
            for name in ["initContainers", "containers", "ephemeralContainers"] {
                for one in try spec.list(name, most: 1000) { containers.append(try Container(one)) }
            }
        }
        guard let status = try object.optional("status") else { return }
        phase = try status.text("phase", longest: 253)
        startTime = try status.text("startTime", longest: 253)
        for one in try status.list("podIPs", most: 1000) {
            addresses.append(try one.text("ip", longest: 64))
        }
        for name in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
            for one in try status.list(name, most: 1000) { statuses.append(try ContainerStatus(one)) }
        }
    }

    /// A container as it is wanted.
    package struct Container: Sendable, Hashable {
        /// Unique in its pod.
        package var name = ""
        /// As it was asked for: `nginx:1.27`.
        package var image = ""
        /// Whether it has all rights of the host; nil = it does not say.
        package var isPrivileged: Bool?
        /// Commands that the kubelet runs in it, to see how it does: each a program and its arguments.
        package var probes: [[String]] = []

        package init(name: String, image: String = "") {
            self.name = name
            self.image = image
        }

        init(_ reader: ObjectReader) throws(ObjectError) {
            name = try reader.text("name", longest: 253)
            image = try reader.text("image")
            isPrivileged = try reader.optional("securityContext")?.bool("privileged")
            for kind in ["livenessProbe", "readinessProbe", "startupProbe"] {
                guard let exec = try reader.optional(kind)?.optional("exec") else { continue }
                var command: [String] = []
                for word in try exec.list("command") { command.append(try word.text(longest: 1 << 20)) }
                if !command.isEmpty, !probes.contains(command) { probes.append(command) }
            }
        }
    }

    /// A container as it is.
    package struct ContainerStatus: Sendable, Hashable {
        /// As in the specification.
        package var name = ""
        /// With its runtime: `containerd://…`; empty = none made yet.
        package var containerID = ""
        /// As the runtime calls it.
        package var image = ""
        /// Digest or id, perhaps with the name before it.
        package var imageID = ""
        /// RFC 3339; empty = it does not run.
        package var started = ""

        package init(name: String, containerID: String = "") {
            self.name = name
            self.containerID = containerID
        }

        init(_ reader: ObjectReader) throws(ObjectError) {
            name = try reader.text("name", longest: 253)
            containerID = try reader.text("containerID", longest: 1024)
            image = try reader.text("image")
            imageID = try reader.text("imageID")
            started = try reader.optional("state")?.optional("running")?.text("startedAt", longest: 253) ?? ""
        }

        /// The runtime, and its id of the container: `containerd`, `0123…`; both empty where there is none.
        package var runtimeAndID: (runtime: String, id: String) {
            guard let range = containerID.firstRange(of: "://") else { return ("", containerID) }
            return (String(containerID[..<range.lowerBound]), String(containerID[range.upperBound...]))
        }
    }
}
