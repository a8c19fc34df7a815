import FilePrevention
import Glibc
import LinuxSystem
import Synchronization

/// A directory of its own, gone with the test.
final class AskedFiles {
    let path: String

    init() throws {
        var template = Array("/tmp/secd-files-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SystemCall.lastErrno }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in (try? FileTree.names(in: path)) ?? [] {
            let inner = path + "/" + name
            if unsafe unlink(inner) != 0 { remove(inner) }
        }
        unsafe rmdir(path)
    }

    static func / (files: AskedFiles, name: String) -> String { files.path + "/" + name }

    /// Makes a file with some bytes.
    func make(_ name: String) {
        let file = unsafe fopen(self / name, "we")
        unsafe fputs("secret", file)
        unsafe fclose(file)
    }

    /// errno of an open for reading; 0 = it was opened.
    static func open(_ path: String) -> Int32 {
        let file = unsafe Glibc.fopen(path, "re")
        guard let file = unsafe file else { return errno }
        unsafe fclose(file)
        return 0
    }
}

/// Refuses files by their names: those that policies have for them, or their own.
final class NameJudge: FileJudge {
    /// Names that end so are refused.
    private let endings: [String]
    /// Asked before it answers; may block.
    private let before: @Sendable () -> Void

    init(refusing endings: String..., before: @escaping @Sendable () -> Void = {}) {
        self.endings = endings
        self.before = before
    }

    func judge(_ question: borrowing FileQuestion) -> FileVerdict {
        before()
        var name = unsafe String(decoding: question.name, as: UTF8.self)
        if name.isEmpty {
            var link = [CChar](repeating: 0, count: 4097)
            let length = unsafe readlink("/proc/self/fd/\(question.descriptor)", &link, 4096)
            name = String(decoding: link[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return endings.contains { name.hasSuffix($0) } ? .refused : .allowed
    }
}

/// What was told.
final class Troubles: Sendable {
    private let told = Mutex<[FileTrouble]>([])

    var all: [FileTrouble] { told.withLock(\.self) }

    func add(_ trouble: FileTrouble) { told.withLock { $0.append(trouble) } }

    /// Waits until one of these was told; false after ten seconds.
    func wait(for isWanted: (FileTrouble) -> Bool) -> Bool {
        for _ in 0..<2000 {
            if all.contains(where: isWanted) { return true }
            usleep(5000)
        }
        return false
    }
}

extension FilePrevention {
    /// Asks about these files from now on.
    func run(_ wanted: [WantedFiles], refusesUnjudged: Bool = false) throws {
        let hook = FileHook(
            number: 1, events: [.open, .execute, .read, .content], fileArgument: 0, accessArgument: 1,
            refusesUnjudged: refusesUnjudged)
        try prepare(wanted, [hook])
        settle()
    }
}
