import Glibc
import Testing

extension KernelSuite {
    @Suite("files") struct FileTests {
        let folder = TemporaryFolder(in: FileTree.all)

        /// Every test begins in its own watched folder, with a file and a folder that nobody is told about.
        private var start: [Step] { [.umask(0o022), Step("chdir", folder.path)] }

        private func told(
            _ rung: FileRung, _ steps: Step..., sourceLocation: SourceLocation = #_sourceLocation
        )
            throws -> [String]
        {
            try rung.told(in: folder.path, start + steps, sourceLocation: sourceLocation)
        }

        /// Makes empty files, untold.
        private func put(_ names: String...) throws {
            for name in names { try Activity.run(.open(.path(folder / name), O_CREAT | O_WRONLY, 0o644)) }
        }

        @Test("opened for writing, each way once; reading is not told", arguments: FileRung.available)
        func opens(_ rung: FileRung) throws {
            try put("a")

            let events = try told(
                rung, .open("a", O_WRONLY), .openat(Call.here, "a", O_RDWR | O_APPEND),
                Step("openat2", Call.here, "a", O_WRONLY | O_TRUNC, 0, 0), .call(85, "a", 0o600),
                .call(76, "a", 10), Step("open-by-handle", "a", O_WRONLY),
                .open("a", O_RDONLY), .open("a", O_RDONLY | O_CREAT), .open("a", Call.pathOnly),
                .open(".", O_RDONLY))

            #expect(
                events == [
                    "open a O_WRONLY", "open a O_RDWR|O_APPEND", "open a O_WRONLY|O_TRUNC",
                    "open a O_WRONLY|O_CREAT|O_TRUNC", "open a O_WRONLY|O_TRUNC", "open a O_WRONLY",
                ])
        }

        @Test("created, with the mode that it got", arguments: FileRung.available)
        func creates(_ rung: FileRung) throws {
            let events = try told(
                rung, .open("a", O_WRONLY | O_CREAT, 0o640), .call(85, "b", 0o666),
                .open("c", O_RDONLY | O_CREAT | O_EXCL, 0o777), .mkdir("d", 0o777),
                .call(258, .number(Call.here), "d/e", 0o1700), .call(133, "f", 0o010_666, 0),
                .call(259, .number(Call.here), "d/g", 0o100_600, 0))

            #expect(
                events == [
                    "create a O_WRONLY|O_CREAT 0640", "create b O_WRONLY|O_CREAT|O_TRUNC 0644",
                    "create c O_CREAT|O_EXCL 0755", "create d 0755", "create d/e 01700", "create f 0644",
                    "create d/g 0600",
                ])
        }

        @Test("what was refused is told with the error", arguments: FileRung.available)
        func refused(_ rung: FileRung) throws {
            try put("a")

            let events = try rung.events(
                start + [
                    .open("missing", O_WRONLY).fails(ENOENT), .open(".", O_WRONLY).fails(EISDIR),
                    .open("a", O_WRONLY | O_CREAT | O_EXCL).fails(EEXIST),
                    .open("missing", O_RDONLY).fails(ENOENT),
                    .mkdir("a").fails(EEXIST), .call(76, "missing", 0).fails(ENOENT),
                    Step("setresuid", Call.nobody, Call.nobody, Call.nobody),
                    .open("a", O_RDWR).fails(EACCES), .open("new", O_RDONLY | O_CREAT).fails(EACCES),
                    .unlink("a").fails(EACCES), .chmod("a", 0o777).fails(EPERM),
                    .call(92, "a", 0, 0).fails(EPERM), .call(76, "a", 0).fails(EACCES),
                    .rename("a", "b").fails(EACCES),
                ])

            #expect(
                events.map { FileTree.words($0, below: folder.path) } == [
                    "open missing O_WRONLY ENOENT", "open . O_WRONLY EISDIR",
                    "open a O_WRONLY|O_CREAT|O_EXCL EEXIST", "create a 0755 EEXIST",
                    "open missing O_WRONLY|O_TRUNC ENOENT",
                    "open a O_RDWR EACCES", "open new O_CREAT EACCES", "delete a EACCES",
                    "chmod a 0777 EPERM",
                    "chown a uid 0 gid 0 EPERM", "open a O_WRONLY|O_TRUNC EACCES", "rename a → b EACCES",
                ])
            #expect(events.first?.body["file"]["result"].int == -Int(ENOENT))
        }

        @Test("deleted, and what the file system refused to delete", arguments: FileRung.available)
        func deletes(_ rung: FileRung) throws {
            try put("a", "b", "c")
            try Activity.run(
                .mkdir(.path(folder / "d")), .mkdir(.path(folder / "e")), .mkdir(.path(folder / "full")),
                .mkdir(.path(folder / "full/x")))

            let events = try told(
                rung, .unlink("a"), .unlinkat(Call.here, "b"), .rmdir("d"),
                .unlinkat(Call.here, "e", Call.removeDirectory), .rmdir("full").fails(ENOTEMPTY),
                .unlink("full").fails(EISDIR), .rmdir("c").fails(ENOTDIR), .unlink("missing").fails(ENOENT))

            #expect(
                events == [
                    "delete a", "delete b", "delete d AT_REMOVEDIR", "delete e AT_REMOVEDIR",
                    "delete full AT_REMOVEDIR ENOTEMPTY", "delete full EISDIR",
                    "delete c AT_REMOVEDIR ENOTDIR",
                    "delete missing ENOENT",
                ])
        }

        @Test("renamed, exchanged, in and out", arguments: FileRung.available)
        func renames(_ rung: FileRung) throws {
            try put("a", "b", "c")
            let outside = FileTree.out + "/x"

            let events = try told(
                rung, .rename("a", "d"), .call(264, .number(Call.here), "b", .number(Call.here), "e"),
                .renameat2("d", "f", Call.noReplace), .renameat2("e", "f", Call.noReplace).fails(EEXIST),
                .renameat2("e", "f", Call.exchange), .renameat2("e", "missing", Call.exchange).fails(ENOENT),
                .rename("c", .path(outside)), .rename(.path(outside), "g"),
                .rename("missing", "x").fails(ENOENT),
                .rename(.path(FileTree.out), .path(FileTree.root + "/away")),
                .rename(.path(FileTree.root + "/away"), .path(FileTree.out)))

            #expect(
                events == [
                    "rename a → d", "rename b → e", "rename d → f RENAME_NOREPLACE",
                    "rename e → f RENAME_NOREPLACE EEXIST", "rename e → f RENAME_EXCHANGE",
                    "rename e → missing RENAME_EXCHANGE ENOENT", "rename c → \(outside)",
                    "rename \(outside) → g",
                    "rename missing → x ENOENT",
                ])
        }

        @Test("linked, hard and symbolic", arguments: FileRung.available)
        func links(_ rung: FileRung) throws {
            try put("a")
            let outside = FileTree.out + "/link-\(rung)"

            let events = try told(
                rung, .call(86, "a", "b"),
                .call(265, .number(Call.here), "a", .number(Call.here), "c", 0), .symlink("/nowhere", "d"),
                .call(266, "../x", .number(Call.here), "e"), .call(86, "a", "b").fails(EEXIST),
                .call(86, "a", .path(outside)), .call(86, .path(outside), "f"), .unlink(.path(outside)))

            #expect(
                events == [
                    "link a → b", "link a → c", "link d", "link e", "link a → b EEXIST",
                    "link a → \(outside)",
                    "link \(outside) → f",
                ])
        }

        @Test("a file without a name gets one", arguments: FileRung.available)
        func temporaryFile(_ rung: FileRung) throws {
            let events = try told(
                rung, .open(".", Call.temporary | O_RDWR, 0o600),
                .call(265, .number(Call.first), "", .number(Call.here), "named", .number(Call.emptyPath)),
                .fchmod(Call.first, 0o640))

            let hidden = events.first.map { $0.split(separator: " ")[1] } ?? ""
            #expect(hidden.hasPrefix("#"))
            #expect(
                events.first == "open \(hidden) O_RDWR|O_TMPFILE"
                    || events.first == "create \(hidden) O_RDWR|O_TMPFILE 0600")
            #expect(events.dropFirst().first == "link \(hidden) → named AT_EMPTY_PATH")
            #expect(events.last?.hasSuffix(" 0640") == true)
            #expect(events.count == 3)
        }

        @Test("mode and owner, by name and by descriptor", arguments: FileRung.available)
        func attributes(_ rung: FileRung) throws {
            try put("a")
            folder.link("l", to: "a")

            let events = try told(
                rung, .open("a", O_RDONLY), .chmod("a", 0o600), .fchmod(Call.first, 0o4755),
                .call(268, .number(Call.here), "a", 0o640), .call(92, "a", 1, 2),
                .call(93, .number(Call.first), 3, -1),
                .call(94, "l", 4, 5), .call(260, .number(Call.here), "a", -1, 6, 0),
                .call(260, .number(Call.first), "", 7, 8, .number(Call.emptyPath)))

            #expect(
                events == [
                    "chmod a 0600", "chmod a 04755", "chmod a 0640", "chown a uid 1 gid 2", "chown a uid 3",
                    "chown l AT_SYMLINK_NOFOLLOW uid 4 gid 5", "chown a gid 6",
                    "chown a AT_EMPTY_PATH uid 7 gid 8",
                ])
        }

        @Test(
            "fchmodat2",
            .enabled(
                if: Kernel.can(Step.call(452, -100, "/tmp", 0o1777, 0)), "the kernel has no fchmodat2 (6.6)"),
            arguments: FileRung.available)
        func newChmod(_ rung: FileRung) throws {
            try put("a")

            let events = try told(
                rung, .open("a", O_RDONLY), .call(452, .number(Call.here), "a", 0o604, 0),
                .call(452, .number(Call.first), "", 0o605, .number(Call.emptyPath)))

            #expect(events == ["chmod a 0604", "chmod a AT_EMPTY_PATH 0605"])
        }

        @Test("mapped as code, at once or later", arguments: FileRung.available)
        func maps(_ rung: FileRung) throws {
            try put("a")

            let events = try told(
                rung, .open("a", O_RDONLY), .mmap(Call.first, PROT_READ), .mprotect(PROT_READ | PROT_EXEC),
                .mmap(Call.first, PROT_READ | PROT_EXEC), .mmap(Call.first, PROT_READ), .mprotect(PROT_NONE))

            #expect(events == ["map a PROT_READ|PROT_EXEC", "map a PROT_READ|PROT_EXEC"])
        }

        @Test("who did it, to which inode, and where the path comes from", arguments: FileRung.available)
        func facts(_ rung: FileRung) throws {
            try put("a")
            let inode = Kernel.inode(folder / "a")

            let story = try rung.agent.run(steps: start + [.open("a", O_WRONLY), .chmod("a", 0o600)])
            let (open, chmod) = (try story.only("file_open"), try story.only("file_chmod"))

            for event in [open, chmod] {
                #expect(event.pid == story.pid)
                #expect(event.execID == (try story.only("process_fork").execID))
                #expect(event.parent["pid"].int == Int(getpid()))
                #expect(event.ancestors.last?["pid"].int == 1)
                #expect(!event.body["file"]["result"].isPresent)
                #expect(!event.body["file"]["path_flags"].text.contains("unreadable"))
            }
            #expect(open.body["file"]["source"].string == "kernel")
            #expect(open.body["file"]["inode"]["number"].int == inode)
            #expect(chmod.body["file"]["source"].string == (rung == .direct ? "kernel" : "user"))
            #expect(chmod.body["file"]["inode"]["number"].int == (rung == .direct ? inode : nil))
        }

        @Test(
            "a path covers itself and what is below; neighbours are not told", arguments: FileRung.available)
        func neighbours(_ rung: FileRung) throws {
            let names = [
                FileTree.one, FileTree.one + "2", FileTree.root + "/one/fil", FileTree.pre + "/x",
                FileTree.root + "/prefix/x", FileTree.pre + "fix2", FileTree.longest, FileTree.longest + "l",
                FileTree.out + "/x",
            ]
            let steps = names.flatMap { [Step.open(.path($0), O_CREAT | O_WRONLY), .unlink(.path($0))] }

            let events = try rung.told(in: FileTree.root, [.umask(0o022)] + steps)

            let expected = [
                "one/file", "pre/x", String(FileTree.longest.dropFirst(FileTree.root.utf8.count + 1)),
            ]
            #expect(
                events == expected.flatMap { ["create \($0) O_WRONLY|O_CREAT 0644", "delete \($0)"] })
        }

        @Test("many at once, on all CPUs: none is lost, none is told twice", arguments: FileRung.available)
        func storm(_ rung: FileRung) throws {
            let count = Kernel.scaled(100)
            let mark = rung.agent.capture.count
            let workers = try (0..<4).map { worker in
                try Activity(
                    start
                        + (0..<count).flatMap { index -> [Step] in
                            [
                                .open("\(worker)-\(index)", O_CREAT | O_WRONLY), .close(Call.first),
                                .unlink("\(worker)-\(index)"),
                            ]
                        })
            }
            for worker in workers { #expect(try worker.wait() == .exited(0)) }
            try rung.agent.settle()

            for (number, worker) in workers.enumerated() {
                let events = rung.agent.capture.events(of: worker.pid, from: mark).filter {
                    $0.kind.hasPrefix("file_")
                }
                #expect(
                    events.map { FileTree.words($0, below: folder.path) }
                        == (0..<count).flatMap {
                            ["create \(number)-\($0) O_WRONLY|O_CREAT 0644", "delete \(number)-\($0)"]
                        })
            }
            #expect(!rung.agent.capture.all.contains { $0.kind == "stream_gap" })
        }
    }
}
