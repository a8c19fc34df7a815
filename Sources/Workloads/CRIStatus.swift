import FoundationEssentials

/// `ContainerStatusResponse` of the CRI, asked for with words of the runtime's own (`verbose`): only there stands
/// whether a container has all rights.
package struct CRIStatus: Sendable {
    /// Of the first process, in the namespace of the runtime; 0 = not said.
    package private(set) var process: UInt32 = 0
    /// Nil = not said.
    package private(set) var isPrivileged: Bool?

    /// `ContainerStatusRequest`.
    package static func request(id: String) -> [UInt8] {
        ProtobufReader.message(1, Array(id.utf8)) + [2 << 3, 1]
    }

    /// containerd has the container's configuration in it, CRI-O a flag of its own.
    private struct Info: Decodable {
        var pid: Int64?
        var privileged: Bool?
        var config: Settings?

        struct Settings: Decodable {
            var linux: Linux?
        }

        struct Linux: Decodable {
            var context: Context?

            enum CodingKeys: String, CodingKey {
                case context = "security_context"
            }
        }

        struct Context: Decodable {
            var privileged: Bool?
        }
    }

    package init(_ bytes: [UInt8]) {
        let entries = ProtobufReader.fields(bytes[...]).filter { $0.number == 2 }.map(\.value.entry)
        guard let text = entries.first(where: { $0.key == "info" })?.value,
            let info = try? JSONDecoder().decode(Info.self, from: Data(text.utf8))
        else { return }
        process = UInt32(clamping: info.pid ?? 0)
        // containerd leaves out what is false.
        isPrivileged = info.privileged ?? info.config.map { $0.linux?.context?.privileged ?? false }
    }
}
