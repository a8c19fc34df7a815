import Foundation

/// What an engine has on disk about a container that it just starts. Its API cannot be asked then: the engine holds
/// the container until the runtime, and with it the hook, is done.
struct EngineRecord {
    var name = ""
    var image = ""

    /// Bytes; an entry has some hundred.
    private static let longestList = 32 << 20

    // MARK: containers/storage

    private struct Stored: Decodable {
        var id: String
        var names: [String]?
        var metadata: String?
    }

    private struct Metadata: Decodable {
        var image: String?

        enum CodingKeys: String, CodingKey {
            case image = "image-name"
        }
    }

    /// Podman's: lists of containers (containers/storage) above the bundle `…/DRIVER-containers/ID/userdata`.
    static func podman(_ id: String, bundle: String) -> EngineRecord? {
        let own = "/\(id)/userdata"
        guard bundle.hasSuffix(own) else { return nil }
        let directory = bundle.dropLast(own.count)
        for list in ["containers.json", "volatile-containers.json"] {
            let stored = HookFile.decode([Stored].self, "\(directory)/\(list)", limit: longestList)
            guard let entry = stored?.first(where: { $0.id == id }) else { continue }
            let metadata = entry.metadata.flatMap {
                try? JSONDecoder().decode(Metadata.self, from: Data($0.utf8))
            }
            return EngineRecord(name: entry.names?.first ?? "", image: metadata?.image ?? "")
        }
        return nil
    }

    // MARK: Docker

    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Configured: Decodable {
        var Name: String?
        var Config: Settings?

        struct Settings: Decodable {
            var Image: String?
        }
    }

    /// Docker's: `config.v2.json` in the directory from which it mounts `/etc/hosts` and the like into the container.
    static func docker(_ id: String, mounts: [String]) -> EngineRecord? {
        let own = "/containers/\(id)/"
        guard !id.contains("/"), let mount = mounts.first(where: { $0.contains(own) }),
            let end = mount.firstRange(of: own)?.upperBound,
            let settings = HookFile.decode(
                Configured.self, mount[..<end] + "config.v2.json", limit: longestList)
        else { return nil }
        // Docker writes a slash before names.
        let name = settings.Name ?? ""
        return EngineRecord(
            name: name.hasPrefix("/") ? String(name.dropFirst()) : name, image: settings.Config?.Image ?? "")
    }
}
