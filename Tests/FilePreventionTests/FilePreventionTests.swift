import FilePrevention
import Glibc
import LinuxSystem
import Testing

/// Needs the right to ask about files: root, and a kernel with permission events.
let canAsk = FilePrevention.obstacle == nil

@Suite("questions about files", .serialized, .enabled(if: canAsk, "fanotify permission events are not there"))
struct FilePreventionTests {
    private let files: AskedFiles
    private let troubles = Troubles()

    init() throws { files = try AskedFiles() }

    private func prevention(
        _ judge: NameJudge, _ options: FilePrevention.Options = FilePrevention.Options()
    ) throws -> FilePrevention {
        let troubles = troubles
        return try FilePrevention(judge, options) { troubles.add($0) }
    }

    private func exact(_ names: String..., events: FileEvents = .open) -> [WantedFiles] {
        names.map { WantedFiles(path: files / $0, isPrefix: false, events: events) }
    }

    @Test("a file is refused by every name that it has, however often it is opened; its neighbours are not")
    func names() throws {
        files.make("secret")
        files.make("other")
        unsafe link(files / "secret", files / "link")
        unsafe symlink(files / "secret", files / "symbolic")
        let prevention = try prevention(NameJudge(refusing: "/secret"))
        defer { prevention.stop() }
        try prevention.run(exact("secret"))

        for name in ["secret", "link", "symbolic"] {
            #expect((0..<50).allSatisfy { _ in AskedFiles.open(files / name) == EPERM })
        }
        let asked = prevention.counters.asked
        #expect(AskedFiles.open(files / "other") == 0)

        #expect(asked == 150)
        #expect(prevention.counters.asked == asked)
        #expect(prevention.counters.refused == 150)
        #expect(unsafe rename(files / "secret", files / "renamed") == 0)
        #expect(AskedFiles.open(files / "renamed") == EPERM)
    }

    @Test("what comes to a name is refused from its first moment: a new file, one that is renamed to it")
    func replaced() throws {
        files.make("before")
        let prevention = try prevention(NameJudge(refusing: "/secret"))
        defer { prevention.stop() }
        try prevention.run(exact("secret"))

        files.make("new")
        #expect(AskedFiles.open(files / "new") == 0)
        #expect(unsafe rename(files / "new", files / "secret") == 0)
        #expect(AskedFiles.open(files / "secret") == EPERM)
        #expect(unsafe unlink(files / "secret") == 0)
        let made = unsafe open(files / "secret", O_CREAT | O_WRONLY, 0o600)

        #expect(made == -1)
    }

    @Test("all files below a directory are refused, in directories that come later, too")
    func trees() throws {
        unsafe mkdir(files / "tree", 0o700)
        unsafe mkdir(files / "tree/deep", 0o700)
        files.make("tree/deep/a")
        let prevention = try prevention(NameJudge(refusing: "a"))
        defer { prevention.stop() }
        try prevention.run([WantedFiles(path: files / "tree/", isPrefix: true, events: .open)])

        #expect(AskedFiles.open(files / "tree/deep/a") == EPERM)
        unsafe mkdir(files / "tree/deep/later", 0o700)
        files.make("tree/deep/later/b")
        #expect(unsafe rename(files / "tree/deep/later/b", files / "tree/deep/later/a") == 0)
        // The directory is marked when its coming is told.
        var result: Int32 = 0
        for _ in 0..<2000 where result != EPERM {
            result = AskedFiles.open(files / "tree/deep/later/a")
            usleep(1000)
        }

        #expect(result == EPERM)
    }

    @Test("marks of the next generation stand beside those of this one; what is given up leaves nothing")
    func generations() throws {
        files.make("a")
        files.make("b")
        let prevention = try prevention(NameJudge(refusing: "/a", "/b"))
        defer { prevention.stop() }
        try prevention.run(exact("a"))
        let hook = FileHook(
            number: 2, events: .open, fileArgument: 0, accessArgument: nil, refusesUnjudged: false)

        try prevention.prepare(exact("b"), [hook])
        #expect([AskedFiles.open(files / "a"), AskedFiles.open(files / "b")] == [EPERM, EPERM])
        prevention.abandon()
        #expect([AskedFiles.open(files / "a"), AskedFiles.open(files / "b")] == [EPERM, 0])
        try prevention.prepare(exact("b"), [hook])
        prevention.settle()

        #expect([AskedFiles.open(files / "a"), AskedFiles.open(files / "b")] == [0, EPERM])
        try prevention.run([])
        #expect(AskedFiles.open(files / "b") == 0)
    }

    @Test("a beginning that leads through a link is refused with the path behind it")
    func links() throws {
        unsafe mkdir(files / "real", 0o700)
        unsafe symlink(files / "real", files / "linked")
        let prevention = try prevention(NameJudge())
        defer { prevention.stop() }

        let failure = #expect(throws: FilePreventionFailure.self) {
            try prevention.run([WantedFiles(path: files / "linked/", isPrefix: true, events: .open)])
        }

        #expect(failure?.reason.contains(files / "real") == true)
    }
}
