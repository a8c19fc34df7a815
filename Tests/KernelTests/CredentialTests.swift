import AgentCore
import AgentModel
import Sensors
import Testing

/// What pam_loginuid does: the kernel begins an audit session with the next number.
private let login = "echo 4242 > /proc/self/loginuid"

extension KernelSuite {
    @Suite("credentials") struct CredentialTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()

        @Test("setuid: every capability goes")
        func setuid() throws {
            let change = try agent.run(Step("setuid", 65534)).only("process_credentials")

            #expect(change.body["old"]["euid"].number == 0)
            #expect(change.body["new"]["uid"].int == 65534 && change.body["new"]["suid"].int == 65534)
            #expect(change.body["old_cap"]["effective"].strings.contains("CAP_SETUID"))
            #expect(change.body["new_cap"]["effective"].array.isEmpty)
            expectSyscall(change, "setuid")
        }

        @Test("setresgid changes what it names")
        func setresgid() throws {
            let change = try agent.run(Step("setresgid", 10, 20, 30)).only("process_credentials")

            #expect(
                ["gid", "egid", "sgid", "fsgid"].map { change.body["new"][$0].number } == [10, 20, 30, 20])
            #expect(change.body["new"]["uid"].number == 0)
            expectSyscall(change, "setresgid")
        }

        @Test("capset")
        func capset() throws {
            // CAP_KILL alone
            let change = try agent.run(Step("capset", 1 << 5)).only("process_credentials")

            #expect(change.body["new_cap"]["permitted"].strings == ["CAP_KILL"])
            #expect(change.body["new_cap"]["effective"].strings == ["CAP_KILL"])
            expectSyscall(change, "capset")
        }

        @Test("unshare of the user namespace")
        func unshare() throws {
            let change = try agent.run(Step("unshare", Clone.newUser)).only("process_credentials")

            #expect(change.body["new"]["user_ns"]["level"].int == 1)
            #expect(!change.body["old"]["user_ns"].isPresent)
            expectSyscall(change, "unshare")
        }

        @Test("clone into a new user namespace: its rights and its number, at once and after exec")
        func cloneUser() throws {
            let story = try agent.run(
                Step("setresuid", 65534, 65534, 65534), Step("clone", Clone.newUser), .report,
                .exec("/bin/true"))

            let child = try story.activity.report()
            let change = try agent.expect("process_credentials", of: child)
            #expect(change.body["old"]["uid"].int == 65534)
            #expect(!change.body["old"]["user_ns"].isPresent)
            #expect(change.body["old_cap"]["effective"].array.isEmpty)
            #expect(change.body["new"]["user_ns"]["level"].int == 1)
            #expect(change.body["new"]["user_ns"]["uid"].int == 65534)
            #expect(change.body["new_cap"]["effective"].strings.contains("CAP_SYS_ADMIN"))
            let exec = try agent.expect("process_exec", of: child)
            let inum = exec.process["ns"]["user"]["inum"].number
            #expect(inum > 0 && inum != Kernel.inode("/proc/self/ns/user"))
            #expect(change.process["ns"]["user"]["inum"].int == inum)
            #expect(exec.process["process_credentials"]["user_ns"]["level"].int == 1)
            _ = try agent.expect("process_exit", of: child)
            #expect(
                agent.capture.events(of: child).map(\.kind) == [
                    "process_fork", "process_credentials", "process_exec", "process_exit",
                ])
        }

        @Test(
            "setns into another's user namespace",
            .enabled(if: Kernel.canEnterUserNamespace, "user namespaces of others cannot be opened"))
        func enterUser() throws {
            let owner = try Activity([Step("unshare", Clone.newUser), .report, .wait])
            let pid = try owner.report()
            let change = try agent.run(Step("setns", "/proc/\(pid)/ns/user")).only("process_credentials")
            let unshared = try agent.expect("process_credentials", of: pid)
            owner.release()
            try owner.wait()

            #expect(change.body["new"]["user_ns"]["level"].int == 1)
            #expect(
                change.process["ns"]["user"]["inum"].int == unshared.process["ns"]["user"]["inum"].int)
            expectSyscall(change, "setns")
        }

        @Test("credentials are a thread's: a child has those of the one that forked it")
        func threadCredentials() throws {
            let story = try agent.run(
                Step("thread-setuid", 65534), .fork, .report, .exec("/bin/true"))

            #expect(try story.only("process_credentials").body["new"]["uid"].int == 65534)
            let child = try story.activity.report()
            let change = try agent.expect("process_credentials", of: child)
            #expect(change.body["old"]["uid"].int == 65534)
            #expect(change.body["new"]["uid"].number == 0)
            #expect(try agent.expect("process_exec", of: child).process["uid"].number == 0)
        }

        @Test("the same again is no change")
        func unchanged() throws {
            let story = try agent.run(
                Step("setresuid", 0, 0, 0), Step("setresgid", 0, 0, 0), Step("setuid", 0))

            #expect(story.kinds == ["process_fork", "process_exit"])
        }

        @Test("what changed before exec is what exec shows")
        func thenExec() throws {
            let story = try agent.run(
                Step("setresgid", 7, 7, 7), Step("setresuid", 5, 6, 6), .exec("/bin/true"))

            #expect(
                story.kinds == [
                    "process_fork", "process_credentials", "process_credentials", "process_exec",
                    "process_exit",
                ])
            let exec = try story.exec()
            #expect(exec.process["uid"].int == 6)
            #expect(exec.process["process_credentials"]["uid"].int == 5)
            #expect(exec.process["process_credentials"]["egid"].int == 7)
            // euid and uid differ from the caller's, but not because of the file.
            #expect(exec.process["binary_properties"]["privileges_changed"].array.isEmpty)
        }

        @Test("a setuid program raises its user, and says so")
        func setuidProgram() throws {
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o4755)

            let exec = try agent.run(Step("setuid", 65534), .exec(binary)).exec()

            #expect(exec.process["binary_properties"]["setuid"].number == 0)
            #expect(exec.process["binary_properties"]["setuid"].isPresent)
            #expect(
                exec.process["binary_properties"]["privileges_changed"].strings == [
                    "PRIVILEGES_RAISED_EXEC_FILE_SETUID"
                ])
            #expect(exec.process["process_credentials"]["euid"].number == 0)
            #expect(exec.process["process_credentials"]["uid"].int == 65534)
            #expect(exec.process["uid"].number == 0)
        }

        /// Kernels before 6.10 without BPF LSM have only this.
        @Test(
            "raises by the setuid bit are seen by fexit alone, in a thread, too",
            .enabled(if: Kernel.hasFentry, "needs fexit"))
        func raisesByFexit() throws {
            let agent = try LiveAgent {
                $0.events.unwanted = []
                $0.sensors.sockets = false
                $0.sensors.withoutMechanisms = ["tp_btf/sched_prepare_exec", "lsm/"]
            }
            try agent.start()
            defer { agent.stop() }
            let used = agent.engine.sensors.status.first { $0.name == "process" }?.mechanisms["prepare-exec"]
            #expect(used == "fexit/security_bprm_creds_from_file")
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o4755)

            let raised = try agent.run(Step("setuid", 65534), .exec(binary)).exec()
            let byThread = try agent.run(Step("setuid", 65534), .exec(by: "exec-thread", binary))
            let plain = try agent.run(Step("setuid", 65534), .exec("/bin/true")).exec()

            for exec in [raised, try byThread.exec()] {
                #expect(
                    exec.process["binary_properties"]["privileges_changed"].strings == [
                        "PRIVILEGES_RAISED_EXEC_FILE_SETUID"
                    ])
            }
            #expect(try byThread.exit().body["threads"].number == 2)
            #expect(plain.process["binary_properties"]["privileges_changed"].array.isEmpty)
            #expect(!plain.process["binary_properties"]["privileges_unknown"].bool)
        }

        @Test("a setgid program")
        func setgidProgram() throws {
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o2755)

            let exec = try agent.run(
                Step("setresgid", 65534, 65534, 65534), Step("setuid", 65534), .exec(binary)
            ).exec()

            #expect(
                exec.process["binary_properties"]["privileges_changed"].strings == [
                    "PRIVILEGES_RAISED_EXEC_FILE_SETGID"
                ])
            #expect(exec.process["process_credentials"]["egid"].number == 0)
        }

        @Test("the setuid bit of a program that root runs raises nothing")
        func setuidByRoot() throws {
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o4755)

            let exec = try agent.run(.exec(binary)).exec()

            #expect(exec.process["binary_properties"]["privileges_changed"].array.isEmpty)
        }

        @Test("no_new_privs takes the setuid bit's effect away")
        func noNewPrivileges() throws {
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o4755)

            let exec = try agent.run(Step("setuid", 65534), Step("no-new-privileges"), .exec(binary)).exec()

            #expect(exec.process["uid"].int == 65534)
            #expect(exec.process["binary_properties"]["privileges_changed"].array.isEmpty)
        }

        @Test("file capabilities raise a user without changing it")
        func fileCapabilities() throws {
            let binary = try folder.copy("/bin/true", as: "raise")
            // CAP_NET_RAW
            try folder.setCapabilities(binary, 1 << 13)

            let exec = try agent.run(Step("setuid", 65534), .exec(binary)).exec()

            #expect(
                exec.process["binary_properties"]["privileges_changed"].strings == [
                    "PRIVILEGES_RAISED_EXEC_FILE_CAP"
                ])
            #expect(exec.process["cap"]["permitted"].strings == ["CAP_NET_RAW"])
            #expect(exec.process["uid"].int == 65534)
        }

        @Test("a setuid program that a thread executes")
        func setuidByThread() throws {
            let binary = try folder.copy("/bin/true", as: "raise", mode: 0o4755)

            let exec = try agent.run(Step("setuid", 65534), .exec(by: "exec-thread", binary)).exec()

            #expect(
                exec.process["binary_properties"]["privileges_changed"].strings == [
                    "PRIVILEGES_RAISED_EXEC_FILE_SETUID"
                ])
            #expect(exec.process["tid"].int != exec.pid)
        }

        @Test(
            "the login user and the audit session are those of the image that the exec began",
            .enabled(
                if: Kernel.can(.exec("/bin/sh", ["sh", "-c", login])),
                "the kernel has no audit, or takes no login user"))
        func auditSession() throws {
            let script = login + "; read session < /proc/self/sessionid; exec /bin/true $session"
            let story = try agent.run(.exec("/bin/sh", ["sh", "-c", script]))

            try #require(story.execs.count == 2)
            let (before, after) = (story.execs[0].process, story.execs[1].process)
            // 4294967295 = none, which the field says, too.
            #expect(before["auid"].int == Int(Kernel.readText("/proc/self/loginuid")))
            #expect(after["auid"].int == 4242)
            let session = try #require(after["argv"].strings.last.flatMap(Int.init))
            #expect(session > 0 && after["session_id"].int == session)
            #expect(before["session_id"].int != session)
            #expect(try story.exit().process["auid"].int == 4242)
        }

        /// The mechanism that sees every cause cannot name the system call.
        private func expectSyscall(_ event: CapturedEvent, _ name: String) {
            let bySyscall = agent.engine.sensors.status.contains {
                $0.mechanisms["credentials"] == "tracepoint/syscalls"
            }
            #expect(event.body["syscall"].string == (bySyscall ? name : nil))
        }
    }
}
