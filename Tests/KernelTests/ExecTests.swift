import Glibc
import Testing

extension KernelSuite {
    @Suite("exec") struct ExecTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()
        let ownPID = Int(getpid())

        @Test("a program with arguments: fork, exec and exit, each once, with everything")
        func plain() throws {
            let story = try agent.run(
                Step("chdir", folder.path), .exec("/bin/true", ["true", "a b", "", "c"]))

            #expect(story.kinds == ["process_fork", "process_exec", "process_exit"])
            let exec = try story.exec()
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/true"))
            #expect(exec.process["argv"].strings == ["true", "a b", "", "c"])
            #expect(exec.process["arguments"].string == " \"a b\"  c")
            #expect(exec.process["cwd"].string == folder.path)
            #expect(exec.process["pid"].int == story.pid)
            #expect(exec.process["tid"].int == story.pid)
            #expect(exec.process["uid"].int == Int(geteuid()))
            #expect(exec.process["process_credentials"]["gid"].int == Int(getegid()))
            #expect(exec.process["comm"].string == "true")
            #expect(!exec.process["tty"].isPresent)
            #expect(exec.process["flags"].text.split(separator: " ").prefix(2) == ["execve", "clone"])
            #expect(exec.process["ns"]["mnt"]["inum"].int == Kernel.inode("/proc/self/ns/mnt"))
            #expect(
                exec.process["ns"]["pid_for_children"]["inum"].int
                    == Kernel.inode("/proc/self/ns/pid_for_children"))
            #expect(try story.exit().execID == exec.execID)
            #expect(try story.exit().body["status"].number == 0)
            #expect(!(try story.exit().body["signal"].isPresent))
        }

        @Test("parents are the images that forked, up to PID 1")
        func ancestry() throws {
            let story = try agent.run(.exec("/bin/true"))

            let fork = try story.only("process_fork")
            let exec = try story.exec()
            // The process before its exec is not its own parent.
            #expect(exec.process["parent_exec_id"].text == exec.parent["exec_id"].text)
            #expect(exec.parent["pid"].int == ownPID)
            #expect(exec.parent["binary"].string == Kernel.testBinary)
            #expect(exec.process["previous_exec_id"].string == fork.execID)
            #expect(fork.process["parent_exec_id"].text == exec.parent["exec_id"].text)
            #expect(exec.ancestors.last?["pid"].int == 1)
            #expect(exec.ancestors.map { $0["pid"].number } == parents(of: ownPID))
            #expect(exec.process["in_init_tree"].bool == (exec.ancestors.last?["pid"].int == 1))
        }

        @Test("a relative path and a link give the real binary, and what was passed")
        func relativeAndLink() throws {
            let real = try folder.copy("/bin/true", as: "real")
            folder.link("link", to: "real")

            let exec = try agent.run(Step("chdir", folder.path), .exec("./link", ["x"])).exec()

            #expect(exec.process["binary"].string == real)
            #expect(exec.process["filename"].string == "./link")
            #expect(exec.process["argv"].strings == ["x"])
        }

        @Test("A becomes B becomes C: three images, one parent")
        func chain() throws {
            let story = try agent.run(.exec("/bin/sh", ["sh", "-c", "exec /usr/bin/env /bin/true"]))

            let images = story.execs
            #expect(
                images.map { $0.process["binary"].text }
                    == ["/bin/sh", "/usr/bin/env", "/bin/true"].map(Kernel.resolved))
            #expect(Set(images.map(\.execID)).count == 3)
            #expect(Set(images.map { $0.process["parent_exec_id"].text }).count == 1)
            #expect(images[1].process["previous_exec_id"].string == images[0].execID)
            #expect(images[2].process["previous_exec_id"].string == images[1].execID)
            #expect(Set(images.map { roughly($0.process["process_start_time"]) }).count == 1)
            #expect(images.map { $0.process["flags"].text.contains("clone") } == [true, false, false])
            #expect(try story.exit().execID == images[2].execID)
        }

        @Test("vfork")
        func vfork() throws {
            let story = try agent.run(.exec(by: "vfork-exec", "/bin/true"))

            let children = try agent.children(of: try story.exit().execID)
            #expect(children.map(\.kind) == ["process_fork", "process_exec", "process_exit"])
            #expect(Set(children.map(\.pid)).count == 1)
            #expect(children[1].parent["pid"].int == story.pid)
            #expect(children[2].execID == children[1].execID)
        }

        @Test("exec from a thread that does not lead: same process, the thread is named")
        func nonLeader() throws {
            let story = try agent.run(.exec(by: "exec-thread", "/bin/true"))

            #expect(story.kinds == ["process_fork", "process_exec", "process_exit"])
            let fork = try story.only("process_fork")
            let exec = try story.exec()
            #expect(exec.pid == story.pid)
            #expect(exec.process["tid"].number > story.pid)
            #expect(exec.process["previous_exec_id"].string == fork.execID)
            #expect(exec.process["parent_exec_id"].text == fork.process["parent_exec_id"].text)
            #expect(roughly(exec.process["process_start_time"]) == roughly(fork.process["start_time"]))
            #expect(exec.process["binary_properties"]["privileges_changed"].array.isEmpty)
            #expect(try story.exit().execID == exec.execID)
            #expect(try story.exit().body["threads"].number == 2)
        }

        @Test("a memfd has no file")
        func memfd() throws {
            let exec = try agent.run(Step("exec-memfd", "hidden", "/bin/true", "x")).exec()

            #expect(exec.process["binary"].string == "/memfd:hidden")
            #expect(exec.process["fileless"].bool)
            #expect(exec.process["binary_deleted"].bool)
            #expect(exec.process["path_flags"].text.contains("detached"))
            let inode = exec.process["binary_properties"]["file"]["inode"]
            #expect(inode["links"].int == 0)
            #expect(inode["number"].number > 0)
            #expect(exec.process["binary_properties"]["file"]["path"].string == "/memfd:hidden")
            #expect(exec.process["filename"].text.hasPrefix("/dev/fd/"))
            #expect(exec.process["argv"].strings == ["x"])
        }

        @Test("a script in a memfd: the interpreter has a file, the script has none")
        func memfdScript() throws {
            let path = try folder.script("job", "#!/bin/sh\nexit 9\n")

            let story = try agent.run(Step("exec-memfd", "hidden", path, "x"))

            let exec = try story.exec()
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/sh"))
            #expect(exec.process["fileless"].bool)
            #expect(!exec.process["binary_deleted"].bool)
            #expect(try story.exit().body["status"].int == 9)
            // Through a descriptor, too, but of a file that has a name.
            let named = try agent.run(.exec(by: "exec-fd", path, ["job"])).exec()
            #expect(!named.process["fileless"].bool)
        }

        @Test("an executable that was deleted")
        func deleted() throws {
            let binary = try folder.copy("/bin/sleep", as: "gone")

            let story = try agent.run(
                .exec("/bin/sh", ["sh", "-c", "exec 3< \(binary); rm \(binary); exec /proc/self/fd/3 0"]))

            let exec = try #require(story.execs.last)
            #expect(exec.process["binary"].string == binary)
            #expect(exec.process["binary_deleted"].bool)
            #expect(exec.process["binary_properties"]["file"]["inode"]["links"].int == 0)
        }

        @Test("a script: interpreter as binary, the script beside it")
        func script() throws {
            let path = try folder.script("job", "#!/bin/sh -e\nexit 7\n")

            let story = try agent.run(.exec(path, ["job", "x"]))

            let exec = try story.exec()
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/sh"))
            #expect(exec.process["script"]["path"].string == path)
            #expect(exec.process["script"]["interpreter"].string == "/bin/sh")
            #expect(exec.process["argv"].strings == ["/bin/sh", "-e", path, "x"])
            #expect(try story.exit().body["status"].int == 7)
        }

        @Test("a script by a relative path has an absolute one")
        func relativeScript() throws {
            _ = try folder.script("job", "#!/bin/sh\n")

            let exec = try agent.run(Step("chdir", folder.path), .exec("./job")).exec()

            #expect(exec.process["script"]["path"].string == folder / "job")
        }

        @Test("a script through a descriptor")
        func scriptThroughDescriptor() throws {
            let path = try folder.script("job", "#!/bin/sh\nexit 8\n")

            let story = try agent.run(.exec(by: "exec-fd", path, ["job"]))

            let exec = try story.exec()
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/sh"))
            #expect(exec.process["script"]["path"].text.hasPrefix("/dev/fd/"))
            #expect(try story.exit().body["status"].int == 8)
        }

        @Test("a failed exec gives no event")
        func failed() throws {
            let story = try agent.run(.exec("/bin/sh", ["sh", "-c", "\(folder / "missing"); exit 0"]))

            let children = try agent.children(of: try story.exit().execID)
            #expect(children.map(\.kind) == ["process_fork", "process_exit"])
            #expect(children.last?.body["status"].int == 127)
        }

        @Test("a terminal is named")
        func terminal() throws {
            let exec = try agent.run(Step("terminal"), .exec("/bin/true")).exec()

            #expect(exec.process["tty"].text.hasPrefix("pts"))
        }

        /// A moment to a tenth of a second: UTC is read anew every second, so its last digits move.
        private func roughly(_ time: JSON) -> Substring { time.text.prefix(21) }

        private func parents(of pid: Int) -> [Int] {
            var result: [Int] = []
            var current = pid
            while current > 1, let parent = Kernel.status(current, "PPid"), parent > 0 {
                result.append(parent)
                current = parent
            }
            return result
        }
    }
}
