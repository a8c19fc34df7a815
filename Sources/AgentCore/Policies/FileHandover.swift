import FilePrevention
import Glibc
import Logging
import PolicyEngine
import Synchronization

/// What the asking about files needs of the daemon: somebody who keeps groups over a restart, and words in
/// the log.
final class FileHandover: Sendable {
    private static let prefix = "secd-files"

    /// Groups of the daemon before this one, until they are used or closed.
    private let kept: Mutex<[(descriptor: Int32, name: String)]>
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
        let kept = ServiceNotifier.kept(Self.prefix)
        if !kept.isEmpty {
            logger.notice("\(kept.count) groups of fanotify came from the daemon before: their calls wait")
        }
        self.kept = Mutex(kept)
    }

    /// Taken once: the groups that were kept go to whom it is given.
    var settings: FileSettings {
        let logger = logger
        var settings = FileSettings()
        settings.adopting = take().map(\.descriptor)
        settings.keeper = FilePrevention.Keeper(
            keep: { ServiceNotifier.keep($0, $1) }, forget: { ServiceNotifier.forget($0) })
        settings.tell = { Self.log($0, logger) }
        return settings
    }

    /// Ends the groups that were kept: their calls pass.
    func letGo() {
        for group in take() { close(group.descriptor) }
    }

    private func take() -> [(descriptor: Int32, name: String)] {
        let taken = kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
        // The descriptors here are enough; the manager's would keep the groups for ever.
        for group in taken { ServiceNotifier.forget(group.name) }
        return taken
    }

    private static func log(_ trouble: FileTrouble, _ logger: Logger) {
        switch trouble {
        case .stuck:
            let whom = "calls about files that policies name"
            logger.error(
                "fanotify: the thread that answers is stuck; \(whom) are answered as they want it in doubt")
        case .recovered: logger.notice("fanotify: the thread that answers goes on")
        case .overflow(let count):
            logger.error("fanotify: the kernel's queue was full \(count) times: those calls passed unasked")
        case .untaken(let count):
            logger.warning("fanotify: \(count) questions could not be taken: those calls were refused")
        case .unjudged(let count):
            logger.warning("fanotify: \(count) calls were answered as policies want it in doubt: not judged")
        case .notMarked(let path, let reason):
            logger.warning("fanotify cannot ask about \(path): \(reason)")
        }
    }
}
