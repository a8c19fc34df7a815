import Glibc
import Testing

extension KernelSuite {
    @Suite("paths") struct PathTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()

        /// A tmpfs of its own at `folder`, gone with the process.
        private var privateMount: [Step] {
            [
                Step("unshare", Clone.newMounts), Step("private-mounts"),
                Step("mount", "none", folder.path, "tmpfs", 0), Step("chdir", folder.path),
            ]
        }

        private func story(_ steps: [Step]) throws -> Story {
            try agent.run(steps: steps)
        }

        @Test("chroot: the host's path, and what the process sees")
        func chroot() throws {
            let jail = folder.makeFolder("jail")
            try Activity.run(
                Step("mkdir", jail + "/bin"), Step("copy", "/bin/busybox", jail + "/bin/true", 0o755))

            let exec = try story([Step("chroot", jail), Step("chdir", "/bin"), .exec("/bin/true")]).exec()

            #expect(exec.process["binary"].string == jail + "/bin/true")
            #expect(exec.process["binary_in_root"].string == "/bin/true")
            #expect(exec.process["cwd"].string == jail + "/bin")
            #expect(exec.process["cwd_in_root"].string == "/bin")
            #expect(exec.process["filename"].string == "/bin/true")
        }

        @Test("chroot with the root as working directory, and one outside of it")
        func chrootEdges() throws {
            let jail = folder.makeFolder("jail")
            try Activity.run(Step("copy", "/bin/busybox", jail + "/true", 0o755))

            let inside = try story([Step("chroot", jail), Step("chdir", "/"), .exec("/true")]).exec()
            let outside = try story([Step("chdir", "/"), Step("chroot", jail), .exec("/true")]).exec()

            #expect(inside.process["cwd"].string == jail)
            #expect(inside.process["cwd_in_root"].string == "/")
            #expect(outside.process["cwd"].string == "/")
            #expect(!outside.process["cwd_in_root"].isPresent)
        }

        @Test("a path of 4095 bytes")
        func longest() throws {
            // Components of 200 bytes until the binary's path has exactly the length that Linux allows.
            var path = folder.path
            var steps = privateMount
            while 4095 - path.utf8.count > 201 + 2 {
                let name = String(repeating: "d", count: min(200, 4095 - path.utf8.count - 1 - 2))
                steps.append(Step("enter", name))
                path += "/" + name
            }
            let name = String(repeating: "b", count: 4095 - path.utf8.count - 1)
            steps += [Step("copy", "/bin/true", name, 0o755), .exec("./" + name, ["x", "y"])]

            let exec = try story(steps).exec()

            #expect(exec.process["binary"].text.utf8.count == 4095)
            #expect(exec.process["binary"].string == path + "/" + name)
            #expect(exec.process["cwd"].string == path)
            #expect(exec.process["argv"].strings == ["x", "y"])
            #expect(!exec.process["path_flags"].isPresent)
        }

        @Test("a working directory deeper than a path can be is cut in front, and says so")
        func tooDeep() throws {
            let name = String(repeating: "d", count: 250)
            let steps = privateMount + Array(repeating: Step("enter", name), count: 20) + [.exec("/bin/true")]

            let exec = try story(steps).exec()

            #expect(exec.process["cwd"].text.hasSuffix("/" + name))
            #expect(exec.process["cwd"].text.utf8.count > 3800)
            #expect(exec.process["path_flags"].text.contains("truncated"))
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/true"))
        }

        @Test("long binary, long directory and long argv at once: nothing is lost")
        func everythingLong() throws {
            var path = folder.path
            var steps = privateMount
            let name = String(repeating: "d", count: 200)
            while path.utf8.count < 3700 {
                steps.append(Step("enter", name))
                path += "/" + name
            }
            let argument = String(repeating: "a", count: 4000)
            steps += [Step("copy", "/bin/true", "t", 0o755), .exec(path + "/t", ["x", argument])]

            let exec = try story(steps).exec()

            #expect(exec.process["binary"].string == path + "/t")
            #expect(exec.process["cwd"].string == path)
            #expect(exec.process["argv"].strings == ["x", argument])
            #expect(!exec.process["argv_missing_bytes"].isPresent)
        }

        @Test("a name with bytes that are not UTF-8")
        func binaryName() throws {
            let name: [UInt8] = [0xff, UInt8(ascii: "\""), 10, UInt8(ascii: "x")]
            let steps =
                privateMount + [
                    Step("copy", bytes: [Array("/bin/true".utf8), name, Array("493".utf8)]),
                    Step("exec", bytes: [Array("./".utf8) + name, Array("x".utf8)]),
                ]

            let exec = try story(steps).exec()

            #expect(exec.process["binary"].string == folder / "\u{fffd}\"\nx")
        }

        @Test("a bind mount: the path by which it was reached")
        func bindMount() throws {
            let (source, target) = (folder.makeFolder("source"), folder.makeFolder("target"))
            _ = try folder.copy("/bin/true", as: "source/program")

            let exec = try story([
                Step("unshare", Clone.newMounts), Step("private-mounts"),
                Step("mount", source, target, "none", MS_BIND),
                Step("chdir", target), .exec(target + "/program"),
            ]).exec()

            #expect(exec.process["binary"].string == target + "/program")
            #expect(exec.process["cwd"].string == target)
            #expect(
                exec.process["binary_properties"]["file"]["inode"]["number"].int
                    == Kernel.inode(source + "/program"))
        }

        @Test(
            "overlayfs: the merged path",
            .enabled(if: Kernel.hasFileSystem("overlay"), "the kernel has no overlayfs"))
        func overlay() throws {
            let exec = try story(
                privateMount + [
                    Step("mkdir", "lower"), Step("mkdir", "upper"), Step("mkdir", "work"),
                    Step("mkdir", "merged"),
                    Step("copy", "/bin/true", "lower/program", 0o755),
                    Step(
                        "mount", "overlay", "merged", "overlay", 0,
                        "lowerdir=lower,upperdir=upper,workdir=work"),
                    Step("chdir", "merged"), .exec("./program"),
                ]
            ).exec()

            #expect(exec.process["binary"].string == folder / "merged/program")
            #expect(exec.process["cwd"].string == folder / "merged")
        }

        @Test("a mount that was taken away lazily")
        func detached() throws {
            let exec = try story(
                privateMount + [
                    Step("copy", "/bin/true", "program", 0o755), Step("umount", folder.path, 2),
                    .exec("./program"),
                ]
            ).exec()

            #expect(exec.process["binary"].text.hasSuffix("/program"))
            #expect(exec.process["path_flags"].text.contains("detached"))
        }

        @Test("the root directory as working directory")
        func root() throws {
            let exec = try story([Step("chdir", "/"), .exec("/bin/true")]).exec()

            #expect(exec.process["cwd"].string == "/")
            #expect(exec.process["flags"].text.contains("rootcwd"))
            #expect(!exec.process["cwd_in_root"].isPresent && !exec.process["binary_in_root"].isPresent)
        }
    }
}
