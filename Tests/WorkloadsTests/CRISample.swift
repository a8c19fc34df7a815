import TextEncoding

/// Messages of the CRI, put together by hand as containerd 1.7 and later sends them.
enum CRISample {
    static let container = String(repeating: "c0", count: 32)
    static let sandbox = String(repeating: "5a", count: 32)

    static func text(_ number: UInt8, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, Array(value.utf8))
    }

    static func entry(_ number: UInt8, _ key: String, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, text(1, key) + text(2, value))
    }

    /// `PodSandboxStatus` in an event.
    static let pod = ProtobufReader.message(
        4,
        text(1, sandbox)
            + ProtobufReader.message(2, text(1, "web-1") + text(2, "u1") + text(3, "shop"))
            + [0x20, 7] + ProtobufReader.message(5, [])
            + entry(7, "app", "web") + entry(7, "io.kubernetes.pod.uid", "u1") + entry(8, "team", "checkout"))

    /// `ContainerStatus`, likewise.
    static let status = ProtobufReader.message(
        5,
        text(1, container) + ProtobufReader.message(2, text(1, "app")) + [0x18, 1, 0x20, 9]
            + ProtobufReader.message(8, text(1, "nginx:1.27")) + text(9, "sha256:00")
            + entry(12, "tier", "edge"))

    static let created = text(1, container) + [0x18, 1] + pod + status
    static let deleted = text(1, container) + [0x10, 3, 0x18, 2] + pod

    static func version(_ runtime: String, _ version: String) -> [UInt8] {
        text(1, "0.1.0") + text(2, runtime) + text(3, version) + text(4, "v1")
    }

    /// `GetContainerResponse` of containerd for a sandbox, with what the CRI's part of it wrote down.
    static func own(_ json: String, key: String = "io.cri-containerd.sandbox.metadata") -> [UInt8] {
        ProtobufReader.message(
            1,
            text(1, sandbox) + entry(2, "io.cri-containerd.kind", "sandbox") + text(3, "pause:1")
                + ProtobufReader.message(
                    10,
                    text(1, key)
                        + ProtobufReader.message(
                            2, text(1, "github.com/containerd/cri/pkg/store/sandbox/Metadata") + text(2, json)
                        )))
    }

    static let ownJSON = """
        {"Version":"v1","Metadata":{"ID":"\(sandbox)","Name":"web-1_shop_u1_0","Config":{"metadata":{"name":"web-1",
        "uid":"u1","namespace":"shop"},"labels":{"app":"web","io.kubernetes.pod.uid":"u1"},"annotations":
        {"team":"checkout"},"linux":{"cgroup_parent":"/kubepods"}},"NetNSPath":"","CNIResult":null}}
        """
}
