import ArgumentParser
import ControlAPI
import ControlCommands
import EventFilters
import EventModel
import Foundation
import Testing

@Suite struct CommandLineTests {
    private func filters(_ arguments: String...) throws -> FilterSpec? {
        try EventFilterOptions.parse(arguments).filter
    }

    @Test func noFlagsNoFilter() throws {
        #expect(try filters() == nil)
    }

    @Test func flagsOfTetraBecomeOneFilter() throws {
        var expected = FilterSpec()
        expected.eventSet = [1, 5, 50_013]
        expected.binaryRegex = ["curl", "^/bin/sh$"]
        expected.namespace = ["demo", "prod", ""]
        expected.podRegex = ["web"]
        expected.pid = [1, 2]
        expected.ancestorBinaryRegex = ["nginx"]
        expected.containerNameRegex = ["app"]
        expected.containerID = ["abc"]
        expected.policyNames = ["a", "b"]
        expected.celExpression = ["process_exec.process.pid == 1"]
        #expect(
            try filters(
                "-e", "PROCESS_EXEC,exit", "--event-types", "connect", "--process", "curl", "--processes",
                "^/bin/sh$", "-n", "demo,prod",
                "--host", "--pods", "web", "--pid", "1,2", "--ancestor", "nginx", "--containers", "app",
                "--container-id", "abc",
                "--policy-names", "a,b", "--cel-expression", "process_exec.process.pid == 1") == expected)
    }

    @Test func familiesOfKinds() throws {
        #expect(
            try filters("-e", "file")?.eventSet.count
                == EventKind.allCases.count { $0.name.description.hasPrefix("file_") })
        #expect(try filters("-e", "sockets")?.eventSet == [UInt8](10...17).map { 50_000 + Int32($0) })
        #expect(try filters("-e", "socket")?.eventSet == filters("-e", "sockets")?.eventSet)
        #expect(try filters("-e", "process")?.eventSet == [1, 5, 50_001, 50_002])
        #expect(try filters("-e", "processes")?.eventSet == [1, 5, 50_001, 50_002])
        #expect(try filters("-e", "policy")?.eventSet == [9, 10, 11, 12, 27, 28, 29])
        for kind in EventKind.allCases where kind != .socketCreate {
            #expect(EventVerb.numbers(named: EventVerb.name(of: kind)) == [kind.rawValue])
        }
        #expect(try filters("-e", "socket_create")?.eventSet == [50_010])
    }

    @Test func kindsOfTetragonsLogs() throws {
        #expect(try filters("-e", "PROCESS_KPROBE,lsm,rate_limit_info")?.eventSet == [9, 28, 40_001])
    }

    @Test func expressionsBetweenCommas() throws {
        #expect(try filters("--processes", "curl,wget")?.binaryRegex == ["curl", "wget"])
        #expect(try filters("--process", "a{1,2},[,]b,c\\,d")?.binaryRegex == ["a{1,2}", "[,]b", "c\\,d"])
        #expect(try filters("--namespace-regex", "^kube-")?.namespaceRegex == ["^kube-"])
    }

    /// Events carry 31 characters of an id.
    @Test func aWholeContainerIDMatchesItsStart() throws {
        let id = String(repeating: "0123456789abcdef", count: 4)
        #expect(try filters("--container-id", "\(id),abc")?.containerID == [String(id.prefix(31)), "abc"])
    }

    @Test(arguments: [
        ["-e", "nonsense"], ["--pid", "x"], ["--process", "("], ["--cel-expression", "1 +"],
    ])
    func wrongFiltersAreRefusedBeforeAnythingRuns(arguments: [String]) {
        #expect(throws: (any Error).self) { try EventFilterOptions.parse(arguments) }
    }

    @Test func fields() throws {
        let filters = try FieldOptions.parse(["-f", "process.pid,parent", "-F", "process.pod"]).filters
        #expect(filters.map(\.include) == [true, false])
        #expect(filters.map(\.fields) == [["process.pid", "parent"], ["process.pod"]])
    }

    @Test(arguments: [
        ["--last", "0"], ["--since", "yesterday"], ["--reconnect-wait", "5"], ["--live", "file"],
        ["-o", "xml"], ["--color", "red"],
    ])
    func wrongEventOptions(arguments: [String]) {
        #expect(throws: (any Error).self) { try Secctl.parseAsRoot(["events"] + arguments) }
    }

    @Test(arguments: [
        ["getevents", "--since", "-1h", "--until", "now", "-t", "x", "--timestamps", "-o", "wide", "a", "b"],
        ["--socket", "/x", "events", "--reconnect", "--reconnect-wait", "500ms"],
        ["tree", "--pid", "1", "--no-sockets"], ["events", "--stack-traces", "--ima-hash"],
        ["top", "-d", "0.5", "--once"], ["verify", "a", "-o", "json"], ["status", "--socket", "/x"],
        ["completion", "fish"],
    ])
    func accepted(arguments: [String]) throws {
        _ = try Secctl.parseAsRoot(arguments)
    }

    @Test func socketFromFlagThenEnvironmentThenDefault() throws {
        #expect(
            try ConnectionOptions.parse(["--socket", "/a"]).path(environment: ["SECD_SOCKET": "/b"]) == "/a")
        #expect(try ConnectionOptions.parse([]).path(environment: ["SECD_SOCKET": "/b"]) == "/b")
        #expect(
            try ConnectionOptions.parse([]).path(environment: ["SECD_SOCKET": ""]) == "/run/secd/secd.sock")
    }

    @Test(arguments: [
        (["--server-address", "node:1"], "certificates on both sides"),
        (["--server-address", "unix:///a", "--socket", "/b"], "exclude each other"),
        (["--tls-cert-file", "c", "--tls-key-file", "d"], "give --server-address HOST:PORT, too"),
        (
            [
                "--server-address", "node", "--tls-ca-cert-files", "a,b", "--tls-cert-file", "c",
                "--tls-key-file", "d",
            ], "HOST:PORT"
        ),
        (["--timeout", "soon"], "--timeout \"soon\": write 500ms, 10s, 1m"),
        (["--timeout", "0s"], "--timeout \"0s\""),
        (["--retries=-1"], "from 0 to 10"), (["--retries", "11"], "from 0 to 10"),
    ])
    func connectionsThatLeadNowhereAreWrongUsage(arguments: [String], words: String) throws {
        for command in [["status"] + arguments, arguments + ["events"]] {
            let error = #expect(throws: (any Error).self) { _ = try Secctl.parseAsRoot(command) }
            #expect(Secctl.exitCode(for: try #require(error)).rawValue == 64)
            #expect(Secctl.message(for: try #require(error)).contains(words))
        }
    }

    @Test func flagsOfTetraThatDoNothingAreSaid() throws {
        let arguments = ["--debug", "--max-recv-size", "4", "--tls-skip-verify"]
        let sentences = try ConnectionOptions.parse(arguments).withoutEffect
        #expect(sentences.count == 3)
        for (flag, sentence) in zip(["--debug", "--max-recv-size", "--tls-skip-verify"], sentences) {
            #expect(sentence.hasPrefix("\(flag) has no effect: "))
        }
        let events = try #require(try Secctl.parseAsRoot(["events", "-d"]) as? EventsCommand)
        #expect(events.connection.withoutEffect == [sentences[0]])
        #expect(try ConnectionOptions.parse([]).withoutEffect.isEmpty)
    }

    @Test(arguments: [
        ["--server-address", "unix:///a"],
        [
            "--server-address", "[::1]:54321", "--tls-ca-cert-files", "a", "--tls-cert-file", "c",
            "--tls-key-file", "d", "--tls-server-name", "e",
        ],
        ["--timeout", "10s", "--retries", "3"], ["--timeout", "1m30s", "--server-address", "unix:///a"],
    ])
    func addressesOfTetra(arguments: [String]) throws {
        _ = try ConnectionOptions.parse(arguments).daemon(environment: [:])
    }

    @Test(arguments: [
        ["--socket", "/x", "status"], ["status", "--socket", "/x"],
        ["--socket", "/y", "status", "--socket", "/x"],
    ])
    func socketBeforeAndBehindTheVerb(arguments: [String]) throws {
        let command = try #require(try Secctl.parseAsRoot(arguments) as? StatusCommand)
        #expect(command.connection.path(environment: [:]) == "/x")
    }

    @Test(arguments: [
        (["a"], false, true, StandardInput.file, true, EventSource.files(["a"])),
        (["-"], false, true, .pipe, false, .files(["-"])),
        ([], true, false, .file, true, .daemon),
        ([], false, true, .file, false, .stdin),
        ([], false, true, .pipe, true, .stdin),
        ([], false, true, .pipe, false, .journal),
        ([], false, false, .pipe, false, .stdin),
        ([], false, true, .nothing, false, .journal),
        ([], false, false, .nothing, false, .daemon),
    ])
    func whereEventsComeFrom(
        files: [String], live: Bool, wantsPast: Bool, stdin: StandardInput, hasData: Bool,
        expected: EventSource
    ) {
        let source = EventSource.choose(
            files: files, live: live, wantsPast: wantsPast, stdin: stdin, hasData: { hasData })
        #expect(source == expected)
    }

    /// As cron, ssh and harnesses leave it: open, and nobody writes.
    @Test func aSilentPipeHasNothing() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        #expect(StandardInput(descriptor: descriptor) == .pipe)
        #expect(StandardInput.look(descriptor: descriptor, within: .milliseconds(1)) == .silent)
        try pipe.fileHandleForWriting.write(contentsOf: Data([0x0a]))
        #expect(StandardInput.look(descriptor: descriptor) == .data)
        _ = try pipe.fileHandleForReading.read(upToCount: 1)
        try pipe.fileHandleForWriting.close()
        // At once: nobody can write any more.
        #expect(StandardInput.look(descriptor: descriptor, within: .seconds(3600)) == .closed)
    }

    @Test func aWalkEndsBehindItsWindow() {
        let second: Int64 = 1_000_000_000
        let window = TimeWindow(since: 0, until: 100 * second)
        #expect(!window.contains(101 * second) && !window.isOver(at: 101 * second))
        #expect(window.isOver(at: 800 * second) && !window.isOver(at: nil))
        #expect(!TimeWindow(since: 0).isOver(at: .max) && !TimeWindow(until: .max).isOver(at: .max))
    }

    @Test func helpListsEveryVerbAndFlag() {
        let root = Secctl.helpMessage(columns: 100)
        for verb in [
            "events, getevents", "tree", "ps", "sockets", "top", "status", "config, info", "doctor", "verify",
            "policy, tracingpolicy, tp", "workload, workloads", "pods",
            "identity, identities", "oci-hook", "version", "completion",
        ] {
            // A long name has its explanation on the next line.
            #expect(root.contains("\n  \(verb) ") || root.contains("\n  \(verb)\n"), "\(verb)")
        }
        let events = EventsCommand.helpMessage(columns: 100)
        for flag in [
            "--socket", "--timeout", "--retries", "-o, --output", "--color", "-e, --event-types",
            "--process, --processes",
            "--pod, --pods",
            "-n, --namespace, --namespaces", "--host", "--container, --containers", "--pid", "--ancestor",
            "--namespace-regex", "--labels", "--workload", "--unit", "--container-id",
            "--policy-names",
            "--cel-expression", "--since", "--until", "--last", "-f, --include-fields, --fields",
            "-F, --exclude-fields",
            "--timestamps", "--stack-traces", "--ima-hash", "--live", "--reconnect", "--reconnect-wait",
            "-t, --tty-encode",
        ] {
            #expect(events.contains("\n  \(flag) "), "\(flag)")
        }
    }

    /// The reference page shows the help as it is.
    @Test func referencePageIsUpToDate() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/secctl.md"
        ).standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text.contains("```\n" + Secctl.helpMessage(columns: 100) + "\n```"))
        #expect(text.contains("```\n" + Secctl.helpMessage(for: EventsCommand.self, columns: 100) + "\n```"))
    }
}
