import Foundation
import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Each way to compare: what is meant gives an event, what is near it gives none.
    @Suite("operators of policies", .serialized) struct PolicyOperatorTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// openat(2) by its name, with a selector.
        private func opens(_ name: String, _ selector: String) -> String {
            PolicySample.hook(
                name, "sys_openat", [(0, "int"), (1, "string"), (2, "int")], selector: selector)
        }

        private func open(_ names: [String]) -> [Step] {
            names.map { .openat(Call.here, .path(folder / $0), O_RDONLY).fails(ENOENT) }
        }

        private func names(_ story: Story) -> [String] {
            live.events(story).map { $0.body["args"][1]["string_arg"].text.components(behind: folder.path) }
        }

        @Test("SubString finds texts wherever they are, and those that lie over each other")
        func substrings() throws {
            try live.run([
                opens("one", #"matchArgs: [{index: 1, operator: SubString, values: [needle, dle/x]}]"#)
            ])

            let story = try live.agent.run(
                steps: open([
                    "needle", "a-needle-b", "needl", "NEEDLE", "candle/x", "candle-x", "needneedle",
                ]))

            #expect(names(story) == ["needle", "a-needle-b", "candle/x", "needneedle"])
        }

        @Test("SubStringIgnCase takes letters of both cases for the same, in the pattern and in the text")
        func substringsOfBothCases() throws {
            try live.run([
                opens("both", #"matchArgs: [{index: 1, operator: SubStringIgnCase, values: [NeeDle]}]"#)
            ])

            let story = try live.agent.run(steps: open(["a-needle", "NEEDLE", "nEEDLe-b", "needl"]))

            #expect(names(story) == ["a-needle", "NEEDLE", "nEEDLe-b"])
        }

        @Test("a program named by a link is the file that it leads to, whichever name it is started by")
        func linkedPrograms() throws {
            _ = try folder.copy("/bin/cat", as: "program")
            _ = try folder.copy("/bin/cat", as: "stranger")
            folder.link("alternative", to: "program")
            folder.link("link", to: folder / "alternative")
            let target = try folder.script("target", "")
            let selector = { (operation: String) in
                "{matchBinaries: [{operator: \(operation), values: [\"\(self.folder / "link")\"]}], "
                    + "matchArgs: [{index: 1, operator: Equal, values: [\"\(target)\"]}]}"
            }
            try live.run([opens("meant", selector("In")), opens("others", selector("NotIn"))])

            let policies = try ["link", "alternative", "program", "stranger"].map { name in
                let story = try live.agent.run(.exec(folder / name, ["cat", target]))
                return live.events(story).map { $0.body["policy_name"].text }
            }

            #expect(policies == [["meant"], ["meant"], ["meant"], ["others"]])
        }

        @Test("a file below any number of directories is below all of them")
        func deepFiles() throws {
            // A path as long as one can be has room for so many.
            let deep = folder.path + String(repeating: "/d", count: 1000)
            try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
            let writes = { (name: String, beginning: String) in
                PolicySample.hook(
                    name, "sys_write", [(0, "fd")],
                    selector: "matchArgs: [{index: 0, operator: Prefix, values: [\"\(beginning)/\"]}]")
            }
            let shallow = folder.path + String(repeating: "/d", count: 40)
            try live.run([
                writes("below", folder.path), writes("deeper", shallow), writes("beside", folder / "e"),
                PolicySample.killsWriters(folder / "e"),
            ])
            defer { _ = try? live.run([]) }

            let story = try live.agent.run(
                .open(.path(deep + "/file"), O_CREAT | O_WRONLY), .call(1, .number(Call.first), "x", 1))

            #expect(story.status == .exited(0))
            #expect(live.events(story).map { $0.body["policies"].array.count } == [2])
            #expect(live.events(story).map { $0.body["policy_name"].text } == ["below"])
            #expect(!live.events(story).contains { $0.body["uncertain"].bool })
        }

        @Test("a thousand texts are looked for in one pass, each for its own policy")
        func manySubstrings() throws {
            let texts = (0..<1000).map { "part-\($0 + 1000)." }
            try live.run(
                texts.enumerated().map { index, text in
                    opens("p\(index)", "matchArgs: [{index: 1, operator: SubString, values: [\"\(text)\"]}]")
                })

            let story = try live.agent.run(
                steps: open(["x-part-1777.y", "part-17770", "part-1000.part-1999."]))

            let events = live.events(story)
            #expect(events.map { $0.body["policies"].array.count } == [1, 2])
            #expect(events.map { $0.body["policy_name"].text } == ["p777", "p0"])
        }

        @Test("SubString looks into the path of a file that the kernel knows")
        func substringsOfFiles() throws {
            try live.run([
                PolicySample.hook(
                    "files", "sys_write", [(0, "fd")],
                    selector: #"matchArgs: [{index: 0, operator: SubString, values: [/deep/]}]"#)
            ])

            let story = try live.agent.run(
                Step("mkdir", folder / "deep"), .open(.path(folder / "deep/a"), O_CREAT | O_WRONLY),
                .call(1, .number(Call.first), "x", 1), .open(.path(folder / "b"), O_CREAT | O_WRONLY),
                .call(1, .number(Call.first + 1), "x", 1))

            #expect(
                live.events(story).map { $0.body["args"][0]["file_arg"]["path"].text } == [folder / "deep/a"])
        }

        @Test("matchCmdArgs finds text inside of an argument of the process")
        func substringsOfArguments() throws {
            try live.run([
                PolicySample.hook(
                    "arguments", "sys_exit_group", [(0, "int")],
                    selector: "matchCmdArgs: [{index: 0, operator: SubString, values: [\"=needle=\"]}]")
            ])

            let meant = try live.agent.run(.exec("/bin/true", ["true", "x=needle=y"]))
            let other = try live.agent.run(.exec("/bin/true", ["true", "y", "=needle="]))

            #expect(live.events(meant).count == 1)
            #expect(live.events(other).isEmpty)
        }

        @Test("NotSubString holds where none of the texts is inside")
        func notSubstrings() throws {
            try live.run([
                opens(
                    "not",
                    """
                    matchArgs:
                        - {index: 1, operator: Prefix, values: ["\(folder.path)"]}
                        - {index: 1, operator: NotSubString, values: [needle, pin]}
                    """)
            ])

            let story = try live.agent.run(steps: open(["needle", "a", "a-pin", "pi-n"]))

            #expect(names(story) == ["a", "pi-n"])
        }

        @Test("a script is named by the first argument of its interpreter, as it was started")
        func scripts() throws {
            let script = folder / "script"
            try live.run([
                PolicySample.hook(
                    "scripts", "sys_exit_group", [(0, "int")],
                    selector: "matchCmdArgs: [{index: 0, operator: Equal, values: [\"\(script)\"]}]")
            ])

            let meant = try live.agent.run(
                Step("write", script, 0), Step("put", script, "#!/bin/sh\nexit 0\n"),
                .chmod(.path(script), 0o755), .exec(script))
            let other = try live.agent.run(.exec("/bin/sh", ["sh", "-c", "exit 0"]))

            #expect(live.events(meant).count == 1)
            #expect(live.events(other).isEmpty)
        }

        @Test(
            "CelExpr computes with arguments, by their types",
            arguments: [
                ("arg0 > 7 && arg0 < 16", [8, 15]), ("uint32(arg0) >= uint32(64) || !(arg0 != 3)", [3, 64]),
                ("arg0 + 1 == 16", [15]), ("and(arg0, 8) != 0", [8, 15]),
            ])
        func expressions(_ expression: String, _ expected: [Int]) throws {
            try live.run([
                PolicySample.hook(
                    "masks", "sys_umask", [(0, "int")],
                    selector: "matchArgs: [{operator: CelExpr, values: [\"\(expression)\"]}]")
            ])

            let story = try live.agent.run(steps: [3, 7, 8, 15, 16, 64].map { .umask($0) })

            #expect(live.events(story).map { $0.body["args"][0]["int_arg"].int } == expected)
        }

        @Test("endings of more lengths than are hashed")
        func endings() throws {
            let endings = (1...20).map { String("abcdefghijklmnopqrstuvwxyz".suffix($0)) + "!" }
            try live.run([
                opens("endings", "matchArgs: [{index: 1, operator: Postfix, values: [\(list(endings))]}]"),
                opens(
                    "long",
                    #"matchArgs: [{index: 1, operator: Postfix, values: ["fghijklmnopqrstuvwxyz!"]}]"#),
            ])

            let story = try live.agent.run(steps: open(["az!", "yz", "xyz!", "0efghijklmnopqrstuvwxyz!"]))

            #expect(names(story) == ["az!", "xyz!", "0efghijklmnopqrstuvwxyz!"])
            #expect(live.events(story).map { $0.body["policies"].array.count } == [1, 1, 2])
        }

        private func list(_ values: [String]) -> String {
            values.map { "\"\($0)\"" }.joined(separator: ", ")
        }

        @Test("matchNamespaceChanges: a namespace that was left since exec, by children, too")
        func namespaceChanges() throws {
            try live.run([
                PolicySample.hook(
                    "left", "sys_umask", [(0, "int")],
                    selector: "matchNamespaceChanges: [{operator: In, values: [Uts, Ipc]}]")
            ])

            let story = try live.agent.run(
                .umask(1), Step("unshare", Clone.newMounts), .umask(2), Step("unshare", Clone.newUTS),
                .umask(3))
            let child = try live.agent.run(Step("unshare", Clone.newIPC), .fork, .umask(4))
            let fresh = try live.agent.run(
                Step("unshare", Clone.newUTS), .exec("/bin/sh", ["sh", "-c", "umask 5"]))

            #expect(live.events(story).map { $0.body["args"][0]["int_arg"].int } == [3])
            let forked = live.agent.capture.all.filter {
                $0.kind == "process_kprobe" && $0.process["parent_exec_id"].isPresent
                    && $0.body["args"][0]["int_arg"].int == 4
            }
            #expect(forked.count == 1 && live.events(child).isEmpty)
            #expect(live.events(fresh).isEmpty)
        }

        @Test("matchCapabilityChanges: capabilities that were dropped since exec")
        func capabilityChanges() throws {
            try live.run([
                PolicySample.hook(
                    "dropped", "sys_umask", [(0, "int")],
                    selector:
                        "matchCapabilityChanges: [{type: Effective, operator: In, values: [CAP_SYS_ADMIN]}]")
            ])

            let story = try live.agent.run(.umask(1), Step("capset", 1 << 5), .umask(2))

            #expect(live.events(story).map { $0.body["args"][0]["int_arg"].int } == [2])
        }
    }
}

extension String {
    /// What follows a folder's path and a slash.
    fileprivate func components(behind folder: String) -> String {
        hasPrefix(folder + "/") ? String(dropFirst(folder.count + 1)) : self
    }
}
