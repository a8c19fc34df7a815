import AgentCore
import Glibc
import Testing

extension KernelSuite {
    @Suite("paths of files") struct FilePathTests {
        let folder = TemporaryFolder(in: FileTree.all)

        private var start: [Step] { [.umask(0o022), Step("chdir", folder.path)] }
        /// Mounts of its own, gone with the process.
        private let privateMounts = [Step("unshare", Clone.newMounts), Step("private-mounts")]

        private func told(
            _ rung: FileRung, _ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation
        )
            throws -> [String]
        {
            try rung.told(in: folder.path, start + steps, sourceLocation: sourceLocation)
        }

        private func put(_ names: String...) throws {
            for name in names { try Activity.run(.open(.path(folder / name), O_CREAT | O_WRONLY, 0o644)) }
        }

        @Test("dots, slashes and ways up are taken out", arguments: FileRung.available)
        func detours(_ rung: FileRung) throws {
            try Activity.run(.mkdir(.path(folder / "d")), .mkdir(.path(folder / "d/...")))
            let name = folder.path.split(separator: "/").last ?? ""
            let upward = String(repeating: "../", count: 300)

            let events = try told(
                rung,
                [
                    .mkdir("./d//../d/./e/"), .mkdir("../\(name)/d/x/"), .rmdir("//\(folder.path)///d/e"),
                    .rename("d/./x", ".//d/.../y"), .rmdir("d/.../y/../y"),
                    .rmdir("\(upward)\(folder.path)/d/..."),
                    .rmdir("\(folder.path)/../\(name)/d/"),
                ])

            #expect(
                events == [
                    "create d/e 0755", "create d/x 0755", "delete d/e AT_REMOVEDIR", "rename d/x → d/.../y",
                    "delete d/.../y AT_REMOVEDIR", "delete d/... AT_REMOVEDIR", "delete d AT_REMOVEDIR",
                ])
        }

        @Test(
            "relative to a descriptor, and to folders that were renamed meanwhile",
            arguments: FileRung.available)
        func descriptors(_ rung: FileRung) throws {
            try Activity.run(.mkdir(.path(folder / "d")), .mkdir(.path(folder / "e")))

            let events = try told(
                rung,
                [
                    .open("d", O_RDONLY), .open("e", Call.pathOnly),
                    .openat(Call.first, "a", O_CREAT | O_WRONLY),
                    .rename("d", "f"), .unlinkat(Call.first, "a"),
                    .openat(Call.first + 1, "b", O_CREAT | O_WRONLY),
                    .call(264, .number(Call.first + 1), "b", .number(Call.first), "c"),
                    Step("chdir", "f"), .rename("../f", "../g"), .unlink("c"),
                    .unlinkat(99, "x").fails(EBADF),
                ])

            #expect(
                events == [
                    "create d/a O_WRONLY|O_CREAT 0644", "rename d → f", "delete f/a",
                    "create e/b O_WRONLY|O_CREAT 0644", "rename e/b → f/c", "rename f → g", "delete g/c",
                ])
        }

        @Test(
            "through symbolic links: what is opened is known, what is named only to the kernel's hooks",
            arguments: FileRung.available)
        func symbolicLinks(_ rung: FileRung) throws {
            try put("a")
            let outside = FileTree.out + "/to-\(rung)"
            _ = unsafe Glibc.symlink(folder.path, outside)
            folder.link("away", to: FileTree.out)
            folder.link("last", to: "a")

            let events = try told(
                rung,
                [
                    .open(.path(outside + "/a"), O_WRONLY), .open("last", O_WRONLY), .chmod("last", 0o600),
                    .mkdir(.path(outside + "/d")), .mkdir("away/d-\(rung)"),
                    .unlink(.path(outside)),
                ])

            #expect(
                events
                    == (rung == .direct
                        ? ["open a O_WRONLY", "open a O_WRONLY", "chmod a 0600", "create d 0755"]
                        : [
                            "open a O_WRONLY", "open a O_WRONLY", "chmod last 0600",
                            "create away/d-calls 0755",
                        ]))
        }

        @Test("chroot: the host's path, and what the process sees", arguments: FileRung.available)
        func chroot(_ rung: FileRung) throws {
            let jail = folder.makeFolder("jail")

            let events = try rung.events([
                Step("chroot", jail), Step("chdir", "/"), .umask(0), .open("/a", O_CREAT | O_WRONLY),
                .mkdir("/d"), .rename("../../a", "d/../../../b"), .unlink("b"),
            ])

            #expect(
                events.map { FileTree.words($0, below: folder.path) } == [
                    "create jail/a O_WRONLY|O_CREAT 0666", "create jail/d 0755", "rename jail/a → jail/b",
                    "delete jail/b",
                ])
            #expect(events.map { $0.body["file"]["path_in_root"].text } == ["/a", "/d", "/a", "/b"])
        }

        @Test(
            "mounts: the path by which it was reached, through as many as there are",
            arguments: FileRung.available)
        func mounts(_ rung: FileRung) throws {
            let (source, target) = (FileTree.out + "/source-\(rung)", folder.makeFolder("target"))
            try Activity.run(.mkdir(.path(source)))

            let events = try told(
                rung,
                privateMounts + [
                    Step("mount", "none", target, "tmpfs", 0), .mkdir("target/d"),
                    Step("mount", "none", target + "/d", "tmpfs", 0),
                    .open("target/d/a", O_CREAT | O_WRONLY), .unlink("target/d/a"),
                    Step("mount", source, target, "none", MS_BIND), .open("target/b", O_CREAT | O_WRONLY),
                    .chmod("target/b", 0o600),
                    // The same file by a path that nobody watches.
                    .chmod(.path(source + "/b"), 0o640), .unlink(.path(source + "/b")),
                ])

            #expect(
                events == [
                    "create target/d 0755", "create target/d/a O_WRONLY|O_CREAT 0644", "delete target/d/a",
                    "create target/b O_WRONLY|O_CREAT 0644", "chmod target/b 0600",
                ])
        }

        @Test("over two mounts nothing can be renamed: told with the error", arguments: FileRung.available)
        func acrossMounts(_ rung: FileRung) throws {
            try put("a")
            let target = folder.makeFolder("target")

            let events = try told(
                rung,
                privateMounts + [
                    Step("mount", "none", target, "tmpfs", 0), .rename("a", "target/a").fails(EXDEV),
                ])

            #expect(events == ["rename a → target/a EXDEV"])
        }

        @Test("a mount that was taken away lazily has no place any more", arguments: FileRung.available)
        func detached(_ rung: FileRung) throws {
            let target = folder.makeFolder("target")

            let events = try told(
                rung,
                privateMounts + [
                    Step("mount", "none", target, "tmpfs", 0), Step("chdir", "target"),
                    .open("a", O_CREAT | O_WRONLY), Step("umount", target, 2), .chmod("a", 0o600),
                    .unlink("a"),
                ])

            #expect(events == ["create target/a O_WRONLY|O_CREAT 0644"])
        }

        @Test(
            "overlayfs: the merged path, once, though another file is written below",
            .enabled(if: Kernel.hasFileSystem("overlay"), "the kernel has no overlayfs"),
            arguments: FileRung.available)
        func overlay(_ rung: FileRung) throws {
            let layers = folder.makeFolder("layers")

            let events = try told(
                rung,
                privateMounts + [
                    Step("mount", "none", layers, "tmpfs", 0), Step("chdir", layers), Step("mkdir", "lower"),
                    Step("mkdir", "upper"), Step("mkdir", "work"),
                    Step("mkdir", "merged"), Step("copy", "/bin/true", "lower/a", 0o644),
                    Step("copy", "/bin/true", "lower/b", 0o644),
                    Step(
                        "mount", "overlay", "merged", "overlay", 0,
                        "lowerdir=lower,upperdir=upper,workdir=work"),
                    Step("chdir", "merged"), .open("a", O_WRONLY), .open("c", O_CREAT | O_WRONLY),
                    .chmod("b", 0o600),
                    .rename("c", "d"), .unlink("a"), .mkdir("e"), .rmdir("e"),
                ])

            #expect(
                events.filter { $0.contains("layers/merged/") } == [
                    "open layers/merged/a O_WRONLY", "create layers/merged/c O_WRONLY|O_CREAT 0644",
                    "chmod layers/merged/b 0600", "rename layers/merged/c → layers/merged/d",
                    "delete layers/merged/a", "create layers/merged/e 0755",
                    "delete layers/merged/e AT_REMOVEDIR",
                ])
            // Four folders, and two copies that are created and given their mode.
            #expect(events.count { !$0.contains("layers/merged/") } == 8)
        }

        @Test("deleted while open: its last name, and that it is gone", arguments: FileRung.available)
        func deleted(_ rung: FileRung) throws {
            try put("a")

            let events = try rung.events(
                start + [.open("a", O_RDONLY), .unlink("a"), .fchmod(Call.first, 0o600)])

            #expect(events.map { FileTree.words($0, below: folder.path) } == ["delete a", "chmod a 0600"])
            #expect(events.last?.body["file"]["path_flags"].string == "path:deleted")
            #expect(events.last?.body["file"]["inode"]["links"].number == 0)
        }

        @Test("a working directory that was deleted", arguments: FileRung.available)
        func deletedFolder(_ rung: FileRung) throws {
            try Activity.run(.mkdir(.path(folder / "d")))

            let events = try told(
                rung, [Step("chdir", "d"), .rmdir("../d"), .open("a", O_CREAT | O_WRONLY).fails(ENOENT)])

            #expect(events == ["delete d AT_REMOVEDIR", "open d/a O_WRONLY|O_CREAT ENOENT"])
        }

        @Test("names of 255 bytes and paths of 4095", arguments: FileRung.available)
        func long(_ rung: FileRung) throws {
            var path = folder.path
            var steps: [Step] = []
            while 4095 - path.utf8.count > 256 {
                let name = String(repeating: "d", count: min(255, 4095 - path.utf8.count - 1 - 2))
                steps.append(Step("enter", name))
                path += "/" + name
            }
            let name = String(repeating: "n", count: 4095 - path.utf8.count - 1)
            let depth = steps.count

            let events = try rung.events(
                start + steps + [
                    .open(.path(name), O_CREAT | O_WRONLY), .chmod(.path(path + "/" + name), 0o600),
                    .rename(.path(path + "/" + name), "n"), .rename("n", .path(path + "/" + name)),
                    .unlink(.path(name)),
                ]
            ).dropFirst(depth)

            let longest = path + "/" + name
            #expect(longest.utf8.count == 4095)
            #expect(
                events.map { String($0.kind.dropFirst(5)) } == [
                    "create", "chmod", "rename", "rename", "delete",
                ])
            #expect(
                events.map { $0.body["file"]["path"].text == longest } == [true, true, true, false, true])
            #expect(
                events.map { $0.body["file"]["target"].text.utf8.count } == [
                    0, 0, path.utf8.count + 2, 4095, 0,
                ])
            #expect(!events.contains { $0.body["file"]["path_flags"].text.contains("truncated") })
        }

        @Test("deeper than a path can be long: not told, and counted", arguments: FileRung.available)
        func tooDeep(_ rung: FileRung) async throws {
            let before = await rung.agent.engine.programCounters()["path_too_long"] ?? 0
            let name = String(repeating: "d", count: 250)
            let levels = Array(repeating: Step("enter", name), count: 20)
            // Only the folders whose path is at most 4095 bytes long.
            let visible = (4095 - folder.path.utf8.count) / 251

            let events = try told(rung, levels + [.open("a", O_CREAT | O_WRONLY), .unlink("a")])

            // A string is cut at its end, the kernel's path in front: then nothing compares any more.
            #expect(events.count == visible + (rung == .calls ? 1 : 0))
            let after = await rung.agent.engine.programCounters()["path_too_long"] ?? 0
            #expect(Int(after - before) >= 20 - visible + 1)
        }

        @Test("a name with bytes that are not UTF-8", arguments: FileRung.available)
        func binaryName(_ rung: FileRung) throws {
            let name = CallArgument.path([0xff, UInt8(ascii: "\""), 10, UInt8(ascii: "x")])

            let events = try told(rung, [.open(name, O_CREAT | O_WRONLY), .rename(name, "b")])

            #expect(
                events == [
                    "create \u{fffd}\"\nx O_WRONLY|O_CREAT 0644", "rename \u{fffd}\"\nx → b",
                ])
        }

        @Test(
            "io_uring: seen by the kernel's hooks, not by system calls, and the status says so",
            .enabled(
                if: Kernel.can(Step("ring", 0, 0, 0, "", 0, 0)), "the kernel has no io_uring, or forbids it"),
            arguments: FileRung.available)
        func ring(_ rung: FileRung) throws {
            let (open, unlink, forced) = (18, 36, 1 << 4)
            var events: [String] = []

            for flags in [0, forced] {
                events += try told(
                    rung,
                    [
                        Step("ring", open, flags, Call.here, "a", O_CREAT | O_WRONLY, 0o640),
                        Step("ring", unlink, flags, Call.here, "a", 0, 0),
                    ])
            }

            let once = ["create a O_WRONLY|O_CREAT 0640", "delete a"]
            #expect(events == (rung == .direct ? once + once : []))
            #expect(
                rung.blindSpots.contains { $0.hasPrefix("open: ") && $0.contains("io_uring") }
                    == (rung == .calls))
            #expect(rung.blindSpots.contains { $0.hasPrefix("names: ") && $0.contains("io_uring") })
        }
    }
}
