public import LinuxSystem
public import Logging
import Synchronization
import YAMLReader

/// The manifests of this machine: what the files say now, and who wants to know.
public final class ManifestDirectory: Sendable {
    /// Files that are read at most.
    private static let mostFiles = 4096

    fileprivate struct State {
        var set = ManifestSet()
        var content = ManifestContent()
        /// About the directory.
        var obstacles: [String] = []
        var followers: [@Sendable (ManifestContent) -> Void] = []
        /// Kinds that were said to be unused.
        var mentioned: Set<ManifestKind> = []
    }

    /// Where they are.
    public let files: ConfiguredFiles
    private let nodeName: String
    private let logger: Logger
    private let state = Mutex(State())

    /// Reads what is there.
    /// - Parameters:
    ///   - path: of the directory.
    ///   - nodeName: of this node: pods that are given to another one are not of it.
    public init(_ path: String, nodeName: String, logger: Logger) {
        files = ConfiguredFiles([path], of: "manifests")
        self.nodeName = nodeName
        self.logger = logger
        refresh(nil)
    }

    /// Looks at all files again (`nil`), or at some.
    public func refresh(_ changed: Set<String>?) {
        state.withLock { state in
            let before = Set(state.problems)
            read(changed, &state)
            state.content = state.set.content(node: nodeName)
            for problem in state.problems where !before.contains(problem) { logger.error("\(problem)") }
            for kind in state.content.unused.keys.sorted(by: { $0.rawValue < $1.rawValue })
            where state.mentioned.insert(kind).inserted {
                logger.notice("manifests: \(kind.rawValue) is read and not used yet")
            }
            // Inside: who is told twice is told in the order of the changes.
            for follower in state.followers { follower(state.content) }
        }
    }

    private func read(_ changed: Set<String>?, _ state: inout State) {
        let listed = files.list()
        state.obstacles = listed.problems
        let paths = Array(listed.files.prefix(Self.mostFiles))
        if listed.files.count > paths.count {
            state.obstacles.append(
                "manifests: \(listed.files.count) files; only the first \(Self.mostFiles) are read")
        }
        state.set.keep(paths)
        for path in paths where changed?.contains(path) ?? true || !state.set.has(path) {
            state.set.take(path, ConfiguredFiles.read(path, limit: ManifestText.limits.bytes))
        }
    }

    /// Calls `body` with what the files say, now and after each change; it must not wait, and not call back.
    package func follow(_ body: @escaping @Sendable (ManifestContent) -> Void) {
        state.withLock { state in
            state.followers.append(body)
            body(state.content)
        }
    }

    /// What the files say.
    package var content: ManifestContent { state.withLock { $0.content } }

    /// Whether the directory itself can be read.
    var isReadable: Bool { state.withLock { $0.obstacles.isEmpty } }

    /// Sentences about what is wrong.
    public var problems: [String] { state.withLock { $0.problems } }

    /// Sentences about what one may not expect, though nothing is wrong.
    public var notes: [String] {
        let content = content
        let unused = content.unused.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "\($0.value) \($0.key.rawValue)"
        }
        let sentence = "manifests: \(unused.joined(separator: ", ")): read and not used yet"
        return (unused.isEmpty ? [] : [sentence]) + content.pods.doubts.map { "manifests: \($0)" }
    }
}

extension ManifestDirectory.State {
    fileprivate var problems: [String] { obstacles + content.problems }
}
