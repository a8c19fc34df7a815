import FoundationEssentials
import TextEncoding
import WorkloadModel

/// The sandbox of a pod as containerd's own API has it. It is there from before its cgroup is made; the CRI lists a sandbox
/// when it runs.
package enum ContainerdSandbox {
    /// Where containerd has what belongs to pods.
    static let namespace = "k8s.io"

    private static let key = "io.cri-containerd.sandbox.metadata"

    /// What the CRI's part of containerd writes down with the container (pkg/cri/store/sandbox).
    private struct Extension: Decodable {
        var metadata: Metadata

        enum CodingKeys: String, CodingKey {
            case metadata = "Metadata"
        }

        struct Metadata: Decodable {
            var config: Config

            enum CodingKeys: String, CodingKey {
                case config = "Config"
            }
        }

        /// `PodSandboxConfig` of the CRI.
        struct Config: Decodable {
            var metadata: Name
            var labels: [String: String]?
            var annotations: [String: String]?
        }

        struct Name: Decodable {
            var name: String
            var uid: String?
            var namespace: String?
        }
    }

    /// `GetContainerResponse`; nil where it is no sandbox.
    package static func sandbox(_ bytes: [UInt8]) -> CRIAnswer.Sandbox? {
        let container = ProtobufReader.fields(bytes[...]).first { $0.number == 1 }?.value.fields ?? []
        guard let id = container.first(where: { $0.number == 1 })?.value.text,
            let config = container.lazy.filter({ $0.number == 10 }).compactMap({ config($0.value) }).first
        else { return nil }
        var sandbox = CRIAnswer.Sandbox()
        sandbox.id = id
        sandbox.pod.name = config.metadata.name
        sandbox.pod.uid = config.metadata.uid ?? ""
        sandbox.pod.namespace = config.metadata.namespace ?? ""
        sandbox.pod.labels = config.labels ?? [:]
        sandbox.pod.annotations = config.annotations ?? [:]
        return sandbox.withoutKubelet
    }

    /// Of an entry of `map<string, google.protobuf.Any>`.
    private static func config(_ entry: ProtobufReader.Value) -> Extension.Config? {
        let fields = entry.fields
        guard fields.first(where: { $0.number == 1 })?.value.text == key,
            let json = fields.first(where: { $0.number == 2 })?.value.fields.first(where: { $0.number == 2 })
        else { return nil }
        return try? JSONDecoder().decode(Extension.self, from: Data(json.value.bytes)).metadata.config
    }
}
