import AgentCore
import Glibc
import LinuxSystem
import Sensors
import Testing

extension KernelSuite {
    @Suite("digests of executables") struct DigestTests {
        private static let agent: LiveAgent = {
            do {
                let agent = try LiveAgent {
                    $0.events.unwanted = []
                    $0.events.digests = true
                    $0.sensors.sockets = false
                }
                try agent.start()
                return agent
            } catch {
                fatalError("the engine does not start: \(error)")
            }
        }()

        private let agent = Self.agent
        private let folder = TemporaryFolder()

        /// What the machine's own tool says.
        private func sha256(_ path: String) throws -> String {
            let output = unsafe try #require(unsafe popen("sha256sum '\(path)'", "re"))
            var line = [CChar](repeating: 0, count: 256)
            let read = unsafe fgets(&line, Int32(line.count), output) != nil
            try #require(unsafe pclose(output) == 0 && read)
            return String(decoding: line.prefix(64).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        /// Runs a program until its exec event need not say that the file is still being read: a busy machine
        /// may take longer than an exec waits.
        private func digest(of steps: Step...) throws -> String {
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            while true {
                let process = try agent.run(steps: steps).exec().process
                let missing = process["binary_sha256_missing"].text
                if missing != "pending" || MonotonicClock.now > deadline {
                    return process["binary_sha256"].string ?? missing
                }
            }
        }

        @Test("are what sha256sum says", arguments: ["/bin/true", "/bin/sh"])
        func real(_ program: String) throws {
            #expect(try digest(of: .exec(program, ["x", "-c", ":"])) == sha256(Kernel.resolved(program)))
        }

        @Test("follow a change in place: the same file, other contents")
        func changed() throws {
            let program = try folder.copy("/bin/true", as: "program")
            let inode = try #require(Kernel.inode(program))
            let before = try sha256(program)
            #expect(try digest(of: .exec(program)) == before)
            // A few bytes behind the end change no program.
            let file = unsafe try #require(unsafe fopen(program, "ae"))
            unsafe fputs("more", file)
            unsafe fclose(file)

            #expect(Kernel.inode(program) == inode)
            let after = try sha256(program)
            #expect(after != before)
            #expect(try digest(of: .exec(program)) == after)
        }

        @Test("of what has no name: a memfd, a file that was deleted")
        func nameless() throws {
            let sleep = try sha256("/bin/sleep")
            let program = try folder.copy("/bin/sleep", as: "program")
            let stories = [
                [Step("exec-memfd", "hidden", "/bin/sleep", "sleep", "1000")],
                [Step("exec", program, "sleep", "1000")],
            ]
            for steps in stories {
                #expect(try digestOfLiving(steps) == sleep)
            }
            let deleted = try folder.copy("/bin/sleep", as: "deleted")
            // The first process keeps the file while a second one, through its link, executes it again.
            let holder = try Activity([Step("exec", deleted, "sleep", "1000")])
            _ = try agent.expect("process_exec", of: holder.pid)
            unsafe unlink(deleted)
            #expect(try digestOfLiving([Step("exec", "/proc/\(holder.pid)/exe", "sleep", "1000")]) == sleep)
        }

        @Test(
            "on overlayfs, whose files have another device for stat(2) than for the kernel",
            .enabled(if: Kernel.hasFileSystem("overlay"), "the kernel has no overlayfs"))
        func overlay() throws {
            let steps = [
                Step("unshare", Clone.newMounts), Step("private-mounts"),
                Step("mount", "tmpfs", folder.path, "tmpfs", 0), Step("chdir", folder.path),
                Step("mkdir", "lower"), Step("mkdir", "upper"), Step("mkdir", "work"),
                Step("mkdir", "merged"),
                Step("copy", "/bin/sleep", "lower/program", 0o755),
                Step(
                    "mount", "overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"),
                Step("exec", "merged/program", "sleep", "1000"),
            ]
            #expect(try digestOfLiving(steps) == sha256("/bin/sleep"))
        }

        /// As `digest`, for a program that lives until its event has come.
        private func digestOfLiving(_ steps: [Step]) throws -> String {
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            while true {
                let mark = agent.capture.count
                let activity = try Activity(steps)
                let process = try agent.expect("process_exec", of: activity.pid, from: mark).process
                kill(pid_t(activity.pid), SIGKILL)
                try activity.wait()
                let missing = process["binary_sha256_missing"].text
                if missing != "pending" || MonotonicClock.now > deadline {
                    return process["binary_sha256"].string ?? missing
                }
            }
        }

        @Test("a file that takes long: the event says so, events of later go with the digest")
        func late() throws {
            let program = try folder.copy("/bin/sh", as: "sh")
            // Zeros behind the end: nothing for the program, a fifth of a second for the digest.
            #expect(unsafe truncate(program, Kernel.scaled(200) << 20) == 0)
            let script = "while :; do (:); read x < /dev/null; done"
            let shell = try Activity([.exec(program, ["sh", "-c", script])])
            let exec = try agent.expect("process_exec", of: shell.pid)
            #expect(exec.process["binary_sha256_missing"].string == "pending")
            #expect(!exec.process["binary_sha256"].isPresent)

            // A child is told with everything its image has.
            let child = try agent.expect("process_fork") {
                $0.parent["pid"].int == shell.pid && $0.process["binary_sha256"].isPresent
            }
            kill(pid_t(shell.pid), SIGKILL)
            try shell.wait()
            #expect(child.process["binary_sha256"].string == (try sha256(program)))
            #expect(!child.process["binary_sha256_missing"].isPresent)
        }

        @Test("too large a file is not read, and the event says so")
        func large() throws {
            let program = try folder.copy("/bin/true", as: "program")
            #expect(unsafe truncate(program, Int(BinaryDigests.largest) + 1) == 0)

            #expect(try digest(of: .exec(program)) == "too_large")
        }
    }
}
