package import AgentModel
import FoundationEssentials
import Glibc
import LinuxSystem
import PolicyCompiler
import SystemPackage
import YAMLReader

/// What an operator said about a policy beside its text.
package struct PolicyOverride: Codable, Sendable, Equatable {
    /// False = it is kept, and does not run.
    package var enabled: Bool?
    /// Goes before the text's own.
    package var mode: PolicyRunMode?
    /// It may act on the daemon and the first process.
    package var isForced: Bool?
    /// How its sender called the text.
    package var source: String?

    package init() {}

    var isEmpty: Bool { self == PolicyOverride() }
}

/// The policies that the API brought, and what was said about all policies, in the state directory: one file a
/// policy, and `overrides.json`. Each file is replaced whole, and is on the disk before the change counts.
package struct PolicyArchive: Sendable {
    /// A policy's text as it was kept.
    package struct Text: Sendable {
        package var path: String
        package var bytes: [UInt8]
    }

    /// What is on the disk.
    package struct Content: Sendable {
        package var texts: [Text] = []
        package var overrides: [PolicyKey: PolicyOverride] = [:]
        /// What could not be read, a sentence each.
        package var problems: [String] = []
    }

    /// Files to write and to remove, all beside their final names until `commit`.
    struct Staged {
        fileprivate var renames: [(from: String, to: String)] = []
        fileprivate var removals: [String] = []
    }

    private struct Entry: Codable {
        var key: PolicyKey
        var override: PolicyOverride
    }

    private static let overridesName = "overrides.json"
    /// Of names that are being written.
    private static let unfinished = ".new-"
    /// Bytes of `overrides.json` that are read: some 100,000 entries.
    private static let overridesLimit = 32 << 20

    /// In the state directory.
    package let directory: String

    /// - Parameter folder: of the state directory, which is its alone.
    package init(stateDirectory: String, folder: String = "policies") {
        directory = stateDirectory + "/" + folder
    }

    // MARK: Reading

    /// Reads everything; removes what an interrupted change left behind.
    package func load() -> Content {
        var content = Content()
        let names: [String]
        do throws(Errno) {
            names = try FileTree.names(in: directory).sorted()
        } catch .noSuchFileOrDirectory {
            return content
        } catch {
            content.problems.append("cannot read the kept policies in \(directory): \(error)")
            return content
        }
        for name in names {
            let path = "\(directory)/\(name)"
            if name.hasPrefix(Self.unfinished) {
                try? FileTree.remove(path)
                continue
            }
            let isText = name.hasSuffix(".yaml")
            guard isText || name == Self.overridesName else { continue }
            switch ConfiguredFiles.read(path, limit: isText ? PolicyReader.limits.bytes : Self.overridesLimit)
            {
            case .bytes(let bytes) where isText: content.texts.append(Text(path: path, bytes: bytes))
            case .bytes(let bytes):
                do {
                    let entries = try JSONDecoder().decode([Entry].self, from: Data(bytes))
                    for entry in entries { content.overrides[entry.key] = entry.override }
                } catch {
                    content.problems.append(
                        "\(path) is damaged: which policies are disabled or only monitor is forgotten")
                }
            case .unreadable(let reason): content.problems.append("cannot read \(path): \(reason)")
            }
        }
        return content
    }

    // MARK: Writing

    /// The file of a policy. Names may be longer than names of files can be.
    package func path(of key: PolicyKey) -> String {
        let name = key.namespace.isEmpty ? key.name : "\(key.namespace)+\(key.name)"
        guard name.utf8.count > 180 else { return "\(directory)/\(name).yaml" }
        // FNV-1a: tells long names with the same beginning apart.
        let digest = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return "\(directory)/\(name.prefix(150))~\(String(digest, radix: 16)).yaml"
    }

    /// Writes files beside their final names, and waits until they are on the disk.
    /// - Parameter overrides: nil = those that are there stay.
    func stage(
        texts: [PolicyKey: [UInt8]], removing removed: [PolicyKey],
        overrides: [PolicyKey: PolicyOverride]?
    ) throws(PolicyChangeError) -> Staged {
        var staged = Staged()
        do throws(Errno) {
            do throws(Errno) {
                try FileTree.makeDirectory(directory, permissions: 0o700)
            } catch  where error == .fileExists {}
            for (key, bytes) in texts.sorted(by: { $0.key < $1.key }) {
                try write(bytes, to: path(of: key), &staged)
            }
            if let overrides {
                try write(Self.encoded(overrides), to: "\(directory)/\(Self.overridesName)", &staged)
            }
            staged.removals = removed.map { path(of: $0) }
        } catch {
            discard(staged)
            throw PolicyChangeError(
                .unavailable,
                "nothing was changed: cannot keep policies in \(directory): \(error); a restart would lose them"
            )
        }
        return staged
    }

    /// Gives the files their names.
    func commit(_ staged: Staged) throws(PolicyChangeError) {
        do throws(Errno) {
            for index in staged.renames.indices {
                try FileTree.rename(staged.renames[index].from, to: staged.renames[index].to)
            }
            for path in staged.removals {
                do throws(Errno) {
                    try FileTree.remove(path)
                } catch  where error == .noSuchFileOrDirectory {}
            }
            try OwnedFD.open(directory, O_RDONLY | O_DIRECTORY).synchronize()
        } catch {
            discard(staged)
            throw PolicyChangeError(.unavailable, "cannot keep policies in \(directory): \(error)")
        }
    }

    /// Removes what was written.
    func discard(_ staged: Staged) {
        for index in staged.renames.indices { try? FileTree.remove(staged.renames[index].from) }
    }

    private func write(_ bytes: [UInt8], to path: String, _ staged: inout Staged) throws(Errno) {
        let temporary = "\(directory)/\(Self.unfinished)\(staged.renames.count)"
        let file = try OwnedFD.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, permissions: 0o600)
        staged.renames.append((temporary, path))
        if let failure = unsafe file.writeAll(bytes.span.bytes).failure { throw failure }
        try file.synchronize()
    }

    private static func encoded(_ overrides: [PolicyKey: PolicyOverride]) -> [UInt8] {
        let entries = overrides.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map {
            Entry(key: $0.key, override: $0.value)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Strings and booleans: nothing here can fail to be encoded.
        return (try? encoder.encode(entries)).map { Array($0) } ?? Array("[]".utf8)
    }
}
