import AgentCore
import AgentModel
import Glibc
import Synchronization
import Testing

extension KernelSuite {
    @Suite(
        "containers of runc", .serialized,
        .enabled(if: Containers.isPossible, "runc cannot run containers here")) struct WorkloadTests
    {
        let containers: Containers
        let agent = LiveAgent.shared

        init() throws { containers = try Containers() }

        /// Of a container that has ended.
        private func execs(from mark: Int, of id: String) throws -> [CapturedEvent] {
            // Its events may wait for their name, and pass by those of others then.
            let first = try agent.expect("process_exec", from: mark) {
                $0.process["workload"]["id"].text == id
            }
            _ = try agent.expect("process_exit", of: first.process["pid"].int, from: mark)
            try agent.settle()
            return agent.capture.all.dropFirst(mark).filter {
                $0.kind == "process_exec" && $0.process["workload"]["id"].text == id
            }
        }

        @Test(
            "every event knows its container, from the first exec to the last exit; runc itself is not of it")
        func names() throws {
            let id = "secd-names-\(getpid())"
            let mark = agent.capture.count
            #expect(try containers.run(id, "busybox true; busybox false; busybox true") == .exited(0))

            let inside = try execs(from: mark, of: id)
            #expect(
                inside.map { $0.process["arguments"].text.split(separator: " ").first.map(String.init) } == [
                    "sh", "true", "false", "true",
                ])
            for event in inside {
                let workload = event.process["workload"]
                #expect(workload["kind"].text == "container")
                #expect(workload["name"].text == id)
                #expect(workload["runtime"].text == "runc")
                #expect(workload["labels"]["app"].text == "test")
                #expect(!workload["naming"].isPresent)
            }
            for event in inside {
                let exit = try agent.expect("process_exit", of: event.process["pid"].int, from: mark)
                #expect(exit.process["workload"]["name"].text == id)
            }
            let runc = agent.capture.all.dropFirst(mark).filter {
                $0.kind == "process_exec" && $0.process["binary"].text.hasSuffix("runc")
            }
            #expect(!runc.isEmpty)
            #expect(runc.allSatisfy { $0.process["workload"]["id"].text != id })
        }

        @Test("a cgroup that is not called after its container")
        func otherCgroup() throws {
            let id = "secd-other-\(getpid())"
            let mark = agent.capture.count
            #expect(try containers.run(id, "busybox true", cgroup: "/secd-odd-\(getpid())/x") == .exited(0))
            #expect(try execs(from: mark, of: id).count == 2)
            // runc leaves the cgroup above, in every hierarchy.
            try Activity.run(
                .exec(
                    "/usr/bin/find",
                    [
                        "find", "/sys/fs/cgroup", "-depth", "-name", "secd-odd-\(getpid())", "-exec", "rmdir",
                        "{}", ";",
                    ]))
        }

        @Test("who enters is of the container, and not of its first process's tree")
        func entered() throws {
            let id = "secd-enter-\(getpid())"
            let mark = agent.capture.count
            let container = try containers.start(id, "busybox sleep 60")
            _ = try agent.expect("process_exec", from: mark) {
                $0.process["workload"]["id"].text == id && $0.process["arguments"].text == "sleep 60"
            }
            #expect(try containers.exec(id, ["/bin/busybox", "true"]) == .exited(0))
            let listed = try Activity([.exec(Containers.runc, ["runc", "kill", id, "KILL"])]).wait()
            #expect(listed == .exited(0))
            try container.wait()

            let inside = try execs(from: mark, of: id)
            let entered = inside.filter { $0.process["arguments"].text == "true" }
            #expect(entered.count == 1)
            #expect(entered.allSatisfy { !$0.process["in_init_tree"].bool })
            #expect(
                inside.filter { $0.process["arguments"].text != "true" }.allSatisfy {
                    $0.process["in_init_tree"].bool
                })
        }

        @Test(
            "a container in a container: each has its own, and the inner runtime is of the outer one",
            .enabled(if: Containers.canPivot, "containers that were made without pivot_root make none"))
        func nested() throws {
            let (outer, inner) = ("secd-outer-\(getpid())", "secd-inner-\(getpid())")
            let bundle = try containers.bundle(
                inner, "busybox echo \(inner); exit 0", cgroup: "/\(outer)/\(inner)")
            let mark = agent.capture.count
            #expect(
                try containers.runWithPrograms(
                    outer, "\(Containers.runc) run --bundle \(bundle) \(inner) && /bin/true")
                    == .exited(0))

            let inside = try execs(from: mark, of: inner)
            #expect(
                inside.map { $0.process["arguments"].text.split(separator: " ").first.map(String.init) }
                    == ["sh", "echo"])
            // runc, and what it starts before the container's first program.
            let around = try execs(from: mark, of: outer)
            let programs = around.map { $0.process["binary"].text.split(separator: "/").last ?? "" }
            #expect(around.first?.process["arguments"].text.hasPrefix("-c") == true)
            #expect(programs.contains("runc") && programs.last == "true", "\(programs)")
            let ends = agent.capture.all.dropFirst(mark).filter {
                $0.kind == "process_exit" && $0.process["workload"]["id"].text == inner
            }
            #expect(ends.map { $0.process["arguments"].text.prefix(4) }.sorted() == ["echo", "sh -"])
        }

        @Test("five hundred containers, as fast as runc can: each of their events has the right one")
        func storm() throws {
            // One takes three seconds where processors are emulated.
            let count = Kernel.scale < 1 ? 8 : 500
            let mark = agent.capture.count
            var running: [(id: String, activity: Activity)] = []
            func finishOne() throws {
                let first = running.removeFirst()
                #expect(try first.activity.wait() == .exited(0), "\(first.id)")
            }
            for number in 0..<count {
                let id = "secd-storm-\(getpid())-\(number)"
                // The argument says which container it is.
                let script = "busybox echo \(id); busybox echo \(id); busybox echo \(id)"
                running.append((id, try containers.start(id, script)))
                if running.count == 4 { try finishOne() }
            }
            while !running.isEmpty { try finishOne() }

            var seen: [String: Int] = [:]
            var first = 0
            var wrong: [CapturedEvent] = []
            // Events may wait for their name, and pass by those of others then: all are awaited.
            var left = count * 7
            _ = agent.capture.wait(Kernel.patience, from: mark) { event in
                guard event.kind == "process_exec" || event.kind == "process_exit" else { return false }
                let arguments = event.process["arguments"].text
                let workload = event.process["workload"]
                if arguments.hasPrefix("echo secd-storm-") {
                    let id = String(arguments.dropFirst("echo ".count))
                    if workload["name"].text == id, !workload["naming"].isPresent {
                        seen[id, default: 0] += 1
                    } else {
                        wrong.append(event)
                    }
                } else if event.kind == "process_exec", arguments.hasPrefix("sh -c"),
                    arguments.contains("echo secd-storm-")
                {
                    if workload["name"].text.hasPrefix("secd-storm-") {
                        first += 1
                    } else {
                        wrong.append(event)
                    }
                } else {
                    return false
                }
                left -= 1
                return left == 0
            }
            #expect(left == 0)
            #expect(wrong.isEmpty, "\(wrong.prefix(3))")
            #expect(first == count)
            #expect(seen.count == count)
            #expect(seen.values.allSatisfy { $0 == 6 })
        }

        /// Where a policy says which containers it is for.
        enum Chooser: CaseIterable { case policy, selector }

        @Test(
            "a policy that chooses a container, as a whole or in one selector, acts in that container alone",
            arguments: Chooser.allCases)
        func policy(_ chooser: Chooser) throws {
            let live = LivePolicies.shared
            let id = "secd-policy-\(getpid())-\(chooser)"
            let path = "/nowhere/\(id)"
            let chosen = "{matchExpressions: [{key: name, operator: In, values: [\(id)]}]}"
            let text =
                switch chooser {
                case .policy:
                    PolicySample.opens("selected", below: path).replacing(
                        "  kprobes:", with: "  containerSelector: \(chosen)\n  kprobes:")
                case .selector:
                    PolicySample.hook(
                        "selected", "sys_openat", [(0, "int"), (1, "string")],
                        selector: "{matchWorkloads: {containerSelector: \(chosen)}, "
                            + "matchArgs: [{index: 1, operator: Prefix, values: [\"\(path)\"]}]}")
                }
            try live.run([text])
            defer { _ = try? live.run([]) }
            let mark = live.agent.capture.count
            let names = [id, id + "-b"]
            let running = try names.map { try containers.start($0, "busybox sleep 60") }
            for name in names {
                _ = try live.agent.expect("process_exec", from: mark) {
                    $0.process["workload"]["id"].text == name && $0.process["arguments"].text == "sleep 60"
                }
                // cat ends with 1: there is no such file.
                #expect(try containers.exec(name, ["/bin/busybox", "cat", path + "/a"]) == .exited(1))
            }
            try Activity.run(.openat(Call.here, .path(path + "/c"), O_RDONLY).fails(ENOENT))
            for name in names {
                try Activity([.exec(Containers.runc, ["runc", "kill", name, "KILL"])]).wait()
            }
            for container in running { try container.wait() }
            try live.agent.settle()

            let events = live.agent.capture.all.dropFirst(mark).filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0.body["args"][1]["string_arg"].text } == [path + "/a"])
            #expect(events.allSatisfy { $0.process["workload"]["name"].text == id })
            #expect(events.allSatisfy { !$0.body["uncertain"].bool })
        }

        @Test("with seven selectors a container without a class asks for a new generation, once")
        func classes() throws {
            let live = LivePolicies.shared
            let id = "secd-classes-\(getpid())"
            let path = "/nowhere/\(id)"
            // Each selector is another test of containers; with seven their sets are made as they are met.
            let texts = (0..<7).map { number in
                PolicySample.opens("class\(number)", below: path).replacing(
                    "  kprobes:",
                    with: """
                          containerSelector:
                            matchExpressions:
                            - {key: name, operator: In, values: [\(number == 6 ? id : "other-\(number)")]}
                          kprobes:
                        """)
            }
            let asked = Mutex(0)
            live.agent.engine.whenWorkloadsLackClasses { asked.withLock { $0 += 1 } }
            defer { live.agent.engine.whenWorkloadsLackClasses {} }
            try live.run(texts)
            defer { _ = try? live.run([]) }
            let before = asked.withLock(\.self)

            let mark = live.agent.capture.count
            let running = try containers.start(id, "busybox sleep 60")
            _ = try live.agent.expect("process_exec", from: mark) {
                $0.process["workload"]["name"].text == id && $0.process["arguments"].text == "sleep 60"
            }
            #expect(asked.withLock(\.self) == before + 1)
            // As the daemon does then.
            try live.run(texts)
            #expect(try containers.exec(id, ["/bin/busybox", "cat", path + "/a"]) == .exited(1))
            try Activity([.exec(Containers.runc, ["runc", "kill", id, "KILL"])]).wait()
            try running.wait()
            try live.agent.settle()

            let events = live.agent.capture.all.dropFirst(mark).filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0.body["policy_name"].text } == ["class6"])
            #expect(events.allSatisfy { !$0.body["uncertain"].bool })
        }

        @Test("a policy for the host leaves containers alone")
        func hostSelector() throws {
            let live = LivePolicies.shared
            let id = "secd-host-\(getpid())"
            let path = "/nowhere/\(id)"
            let text = PolicySample.opens("host", below: path).replacing(
                "  kprobes:", with: "  hostSelector: {}\n  kprobes:")
            try live.run([text])
            defer { _ = try? live.run([]) }
            let mark = live.agent.capture.count
            #expect(try containers.run(id, "busybox cat \(path)/a; exit 0") == .exited(0))
            try Activity.run(.openat(Call.here, .path(path + "/b"), O_RDONLY).fails(ENOENT))
            try live.agent.settle()

            let events = live.agent.capture.all.dropFirst(mark).filter { $0.kind == "process_kprobe" }
            // Of a container that just begins it is not known: such an event says so.
            let certain = events.filter { !$0.body["uncertain"].bool }
            #expect(certain.map { $0.body["args"][1]["string_arg"].text } == [path + "/b"])
        }
    }
}
