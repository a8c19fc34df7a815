import Testing

extension KernelSuite {
    @Suite("argv") struct ArgumentTests {
        let agent = LiveAgent.shared

        private func exec(_ arguments: [[UInt8]]) throws -> CapturedEvent {
            try agent.run(Step("exec", bytes: [Array("/bin/true".utf8)] + arguments)).exec()
        }

        @Test("arguments of 100 KiB and of nearly 2 MiB arrive whole", arguments: [1, 20])
        func long(_ count: Int) throws {
            let arguments = (0..<count).map { index in
                [UInt8](repeating: UInt8(ascii: "a") + UInt8(index), count: 100_000 + index)
            }

            let event = try exec(arguments)

            // Compared by parts: a failure must not print two megabytes.
            let argv = event.process["argv"].strings
            #expect(argv.map(\.utf8.count) == arguments.map(\.count))
            #expect(zip(argv, arguments).allSatisfy { Array($0.utf8) == $1 })
            #expect(!event.process["argv_missing_bytes"].isPresent)
            #expect(!event.process["flags"].text.contains("truncArgs"))
        }

        @Test("later events have the beginning of long arguments, and say so")
        func later() throws {
            let argument = [UInt8](repeating: UInt8(ascii: "z"), count: 120_000)
            let story = try agent.run(
                Step("exec", bytes: [Array("/bin/true".utf8), Array("true".utf8), argument]))

            #expect(try story.exec().process["arguments"].text.utf8.count == 120_000)
            let exit = try story.exit().process
            #expect(exit["arguments"].text == String(repeating: "z", count: 4096 - 5))
            #expect(exit["flags"].text.split(separator: " ").contains("truncArgs"))
        }

        @Test(
            "lengths around what the record itself carries",
            arguments: [4090, 4091, 4092, 4093, 8192, 32_639, 36_735, 36_736, 36_737])
        func boundaries(_ length: Int) throws {
            // "true" + NUL + the argument + NUL
            let argument = (0..<length - 6).map { UInt8(ascii: "a") + UInt8($0 % 26) }

            let event = try exec([Array("true".utf8), argument])

            #expect(event.process["argv"].array.count == 2)
            #expect(Array(event.process["argv"][1].text.utf8) == argument)
            #expect(!event.process["argv_missing_bytes"].isPresent)
        }

        @Test("long arguments from two processors at once: every list is whole")
        func concurrent() throws {
            // All of them fit into the ring at once: this is about order, not about load.
            let count = Kernel.scaled(12)
            let mark = agent.capture.count
            let long = String(repeating: "x", count: 120_000)
            let both = try (0..<2).map { index in
                try Activity([
                    Step("many-exec", count, "/bin/true", "true", long, long, long, long, "end of \(index)")
                ])
            }
            for activity in both { #expect(try activity.wait() == .exited(0)) }
            try agent.settle()

            let parents = both.map(\.pid)
            let execs = agent.capture.all.dropFirst(mark).filter {
                $0.kind == "process_exec" && parents.contains($0.parent["pid"].number)
            }
            #expect(execs.count == 2 * count)
            #expect(!execs.contains { $0.process["argv_missing_bytes"].isPresent })
            #expect(execs.allSatisfy { $0.process["argv"].array.count == 6 })
            #expect(
                execs.allSatisfy { exec in
                    let index = parents.firstIndex(of: exec.parent["pid"].number) ?? -1
                    return exec.process["argv"].array.last?.text == "end of \(index)"
                })
        }

        @Test("ten thousand arguments")
        func many() throws {
            let arguments = (0..<10_000).map { Array("argument \($0)".utf8) }

            let event = try exec(arguments)

            #expect(event.process["argv"].strings == arguments.map { String(decoding: $0, as: UTF8.self) })
        }

        @Test("bytes that are not UTF-8, controls, quotes and empty arguments keep the line valid")
        func binary() throws {
            let event = try exec([
                Array("true".utf8), [0xff, 0xfe, UInt8(ascii: "x")], [], [1, 9, 10, 13, 27, 127],
                Array("\"\\/ü€😀".utf8), [0xe2, 0x82], [],
            ])

            let argv = event.process["argv"].strings
            #expect(argv.count == 7)
            #expect(argv[1].unicodeScalars.last == "x" && argv[1].unicodeScalars.first == "\u{fffd}")
            #expect(argv[2].isEmpty && argv[6].isEmpty)
            #expect(argv[3] == "\u{1}\t\n\r\u{1b}\u{7f}")
            #expect(argv[4] == "\"\\/ü€😀")
            #expect(argv[5].unicodeScalars.allSatisfy { $0 == "\u{fffd}" })
        }

        @Test("no argv at all: the kernel passes one empty argument")
        func none() throws {
            let event = try agent.run(Step("exec-without-argv", Kernel.resolved("/bin/true"))).exec()

            #expect(event.process["argv"].strings == [""])
            #expect(event.process["arguments"].text.isEmpty)
        }
    }
}
