import EventFilters
import EventModel
import Testing

@Suite struct JSONEventTests {
    @Test func readsWhatFiltersAsk() throws {
        let event = try event()
        #expect(event.type == EventType(.processExec))
        let process = try #require(event.process)
        #expect(process.pid == 4711 && process.uid == 1000 && process.binary == "/usr/bin/curl")
        #expect(process.arguments == "-s https://example.org" && process.execID == "bjoxOjE=")
        #expect(process.permitted == 0b11 && process.effective == 1 && process.inheritable == 0)
        #expect(
            process.podNamespace == "shop" && process.podName == "web-5f7"
                && process.podLabels["tier"] == "front")
        #expect(
            process.containerID == "0123456789abcdef0123" && process.containerName == "nginx"
                && process.maybeExecProbe)
        #expect(event.parent?.pid == 100)
        #expect(event.ancestors.map(\.pid) == [10, 1])
        #expect(event.policyNames == [])
        #expect(event.value(at: ["process_exec", "parent", "binary"]) == .string("/bin/bash"))
        #expect(event.value(at: ["process_exec", "none"]) == nil)
        #expect(event.line.value(at: ["secd", "line"]) == .string("77"))
    }

    @Test func readsAllOfJSON() throws {
        let line =
            #" { "a" : [ 1 , -2.5e1, true , false , null, 18446744073709551615, {} , [] ] , "t":"\"\\\/\b\f\n\r\t\u00e4\ud83e\udd8a\ud800x","process_exit":{} } "#
        let event = try JSONEvent(line.utf8)
        #expect(event.type == EventType(.processExit) && event.process == nil && event.ancestors.isEmpty)
        #expect(
            event.line.value(at: ["a"])
                == .list([
                    .int(1), .double(-25), .bool(true), .bool(false), .null, .uint(.max), .map([:]),
                    .list([]),
                ]))
        #expect(event.line.value(at: ["t"]) == .string("\"\\/\u{8}\u{c}\n\r\tä🦊\u{fffd}x"))
    }

    @Test(arguments: [
        ("", 0), ("{", 1), ("[1,", 3), ("{\"a\":}", 5), ("{\"a\" 1}", 5), ("{a:1}", 1), ("\"abc", 0),
        ("{\"a\":1}x", 7), ("tru", 0),
        ("\"\\q\"", 1), ("\"\\u12\"", 1), ("1.2.3", 0), ("-", 0), ("{\"a\":\"\u{1}\"}", 6), ("[1 2]", 3),
        ("{\"a\":1,}", 7), ("nul", 0),
    ])
    func refusesWithAPosition(_ line: String, _ position: Int) {
        let error = #expect(throws: FilterError.self) { try JSONEvent(line.utf8) }
        #expect(error?.position == position, "\(error?.description ?? "")")
    }

    @Test(arguments: ["{}", "[]", "1", "{\"secd\":{}}", "{\"process_exec\":1}", "{\"time\":\"x\"}"])
    func refusesLinesWithoutAnEvent(_ line: String) {
        let error = #expect(throws: FilterError.self) { try JSONEvent(line.utf8) }
        #expect(error?.reason == "no event in the object")
    }

    /// A line of Tetragon's own log: filters work on kinds that secd does not make.
    @Test func readsTetragonsKinds() throws {
        let line = """
            {"process_kprobe":{"process":{"pid":7,"binary":"/bin/cat"},"parent":{"pid":6,"binary":"/bin/sh"},\
            "function_name":"security_file_permission","args":[{"file_arg":{"path":"/etc/shadow"}}],\
            "policy_name":"shadow"},"node_name":"n","time":"2026-01-02T03:04:05Z","node_labels":{"a":"b"}}
            """
        #expect(try event(line).type.number == 9)
        #expect(try matches(line) { $0.eventSet = [9] })
        #expect(try !matches(line) { $0.eventSet = [1, 5] })
        #expect(try matches(line) { $0.binaryRegex = ["cat$"] })
        #expect(try !matches(line) { $0.binaryRegex = ["dog$"] })
        #expect(try matches(line) { $0.policyNames = ["shadow"] })
        #expect(try matches(line) { $0.parentBinaryRegex = ["^/bin/sh$"] })
        #expect(try event(line).policyNames == ["shadow"])
        #expect(
            try matches(line) { $0.celExpression = ["process_kprobe.args[0].file_arg.path == '/etc/shadow'"] }
        )
        #expect(try !matches(line) { $0.celExpression = ["process_exec.process.pid == 7u"] })
    }

    /// A kind that nobody knows yet passes the filters that do not name kinds.
    @Test func readsKindsOfTheFuture() throws {
        let line = #"{"node_labels":{},"process_dream":{"process":{"pid":7,"binary":"/bin/cat"}},"time":"x"}"#
        #expect(try event(line).type.name == "process_dream")
        #expect(try matches(line) { $0.pid = [7] })
        #expect(try !matches(line) { $0.eventSet = [1, 9] })
    }

    @Test func isBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: FilterError.self) { try JSONEvent(deep.utf8) }
        let long = [UInt8](repeating: 0x20, count: 17 << 20)
        #expect(throws: FilterError.self) { try JSONEvent(long) }
    }

    @Test func odderValuesDoNotDisturb() throws {
        let line =
            #"{"process_exec":{"process":{"pid":-1,"uid":"7","binary":5,"cap":{"permitted":[1,"NONE"]},"pod":[]},"parent":3,"ancestors":{}}}"#
        let event = try JSONEvent(line.utf8)
        #expect(event.process?.pid == 0 && event.process?.binary == "" && event.process?.permitted == 0)
        #expect(event.parent == nil && event.ancestors.isEmpty)
    }
}
