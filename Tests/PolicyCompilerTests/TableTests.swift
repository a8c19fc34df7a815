import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// Tables: closure, sharing, size.
@Suite struct TableTests {
    static func generation(_ documents: [String]) throws -> Generation {
        var batch = PolicyBatch()
        batch.add(file: "all.yaml", bytes: Array(documents.joined(separator: "---\n").utf8))
        try #require(batch.files[0].diagnostics.filter { $0.severity == .error } == [])
        return try batch.generation()
    }

    static func files(_ name: String, _ operation: String, _ paths: [String], extra: String = "") -> String {
        Sample.policy(
            "kprobes:\n- call: security_file_open\n  syscall: false\n  args:\n  - index: 0\n    type: file\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: \(operation)\n      values: [\(paths.map { "\"\($0)\"" }.joined(separator: ", "))]\n\(extra)"
        ).replacing("name: sample", with: "name: \(name)")
    }

    static func text(_ tables: HookTables) throws -> (ClassDimension, TextTable) {
        for dimension in tables.dimensions {
            if case .classes(let classes) = dimension,
                case .column(_, .path, .text(let table)) = classes.input
            {
                return (classes, table)
            }
        }
        throw Missing()
    }

    struct Missing: Error {}

    @Test func aLongerPrefixIncludesTheShorterAndAPathIncludesBoth() throws {
        let generation = try Self.generation([
            Self.files("a", "Prefix", ["/etc"]), Self.files("b", "Prefix", ["/etc/ssh"]),
            Self.files("c", "Equal", ["/etc/ssh/key"]), Self.files("d", "NotPrefix", ["/etc"]),
        ])
        let tables = generation.hooks[0]
        let (dimension, table) = try Self.text(tables)
        let rules = { (text: String) in
            tables.rows[Int(dimension.rows[Int(table.find(Array(text.utf8), isTruncated: false))])].rules
        }
        #expect(rules("/etc/ssh/key") == [0, 1, 2])
        #expect(rules("/etc/ssh/other") == [0, 1])
        #expect(rules("/etc/passwd") == [0])
        #expect(rules("/usr") == [3])
        #expect(table.lengths == [8, 4])
        #expect(tables.rows[Int(dimension.unreadableRow)].rules == [0, 1, 2, 3])
    }

    @Test func rulesOfAllPoliciesShareOneHook() throws {
        let generation = try Self.generation((0..<5).map { Self.files("p\($0)", "Equal", ["/x\($0 % 2)"]) })
        #expect(generation.hooks.count == 1)
        #expect(generation.hooks[0].columns.count == 1)
        #expect(generation.hooks[0].groups.map(\.rules) == [0..<1, 1..<2, 2..<3, 3..<4, 4..<5])
        let (_, table) = try Self.text(generation.hooks[0])
        #expect(table.exact.count == 2)
        // One row for each of two paths, one for everything else, one for the unreadable.
        #expect(generation.hooks[0].rows.count == 4)
    }

    @Test func wordsAndSummaryBeyondSixtyFourRules() throws {
        let generation = try Self.generation((0..<200).map { Self.files("p\($0)", "Equal", ["/x\($0)"]) })
        let tables = generation.hooks[0]
        let (dimension, table) = try Self.text(tables)
        let row = tables.rows[Int(dimension.rows[Int(table.find(Array("/x150".utf8), isTruncated: false))])]
        #expect(row.words.count == 4)
        #expect(row.summary == 0b100)
        #expect(row.rules == [150])
    }

    @Test func aThousandPoliciesWithFiveThousandPaths() throws {
        let documents = (0..<1_000).map { number in
            Self.files(
                "p\(number)", "Equal", (0..<4).map { "/data/\(number)/file\($0)" } + ["/shared"],
                extra: "    matchBinaries:\n    - operator: In\n      values: [\"/opt/bin\(number)\"]\n")
        }
        let generation = try Self.generation(documents)
        let tables = generation.hooks[0]
        #expect(tables.rules.count == 1_000)
        let (_, table) = try Self.text(tables)
        #expect(table.exact.count == 4_001)
        // The four files of a policy have the same row.
        #expect(tables.rows.count <= 2 * 1_000 + 4)
        #expect(generation.processTables.count == 1)
        let evaluator = GenerationEvaluator(generation)
        let key = HookEvent.Key(tables.columns[0], .path)
        let process = ProcessFacts(
            identity: ProcessIdentity(binary: .present(Array("/opt/bin700".utf8)), pid: 1, namespacePID: 1))
        for (path, policies) in [("/data/700/file2", [700]), ("/shared", [700]), ("/data/701/file2", [])] {
            let event = HookEvent(
                point: tables.point, process: process, values: [key: .present(.text(Array(path.utf8)))])
            #expect(evaluator.verdict(event).entry.map(\.policy) == policies)
        }
    }

    @Test func moreRulesThanRoomAreRefused() throws {
        let policies = try #require(
            Sample.check(
                (0..<5).map { number in
                    var spec = "kprobes:\n- call: sys_read\n  selectors:\n"
                    for _ in 0..<1_000 { spec += "  - matchPIDs:\n    - operator: In\n      values: [1]\n" }
                    return Sample.policy(spec).replacing("name: sample", with: "name: p\(number)")
                }.joined(separator: "---\n")
            ).policies as [CheckedPolicy]?)
        #expect(policies.count == 5)
        let refusal = #expect(throws: GenerationBuilder.LimitExceeded.self) {
            try GenerationBuilder.build(policies)
        }
        #expect(refusal?.rules == 5_000)
        #expect(
            refusal?.description
                == "sys_read has 5000 selectors of all policies together; there is room for 4096")
    }

    @Test func textComesLast() throws {
        let generation = try Self.generation([
            Self.files(
                "a", "Postfix", [".so"],
                extra:
                    "    matchBinaries:\n    - operator: In\n      values: [\"/a\"]\n    matchCapabilities:\n    - operator: In\n      values: [CAP_BPF]\n"
            )
        ])
        let kinds = generation.hooks[0].dimensions.map { dimension in
            switch dimension {
            case .classes(let classes): if case .process = classes.input { "process" } else { "column" }
            case .bits: "bits"
            }
        }
        #expect(kinds == ["process", "bits", "column"])
    }

    /// Component by component is the same as byte by byte.
    @Test func pathsBeginWithComponents() {
        let prefixes = ["/", "/e", "/etc", "/etc/", "/etc/pass", "/etc/ssh/", "/etc/ssh/key"]
        let paths = ["/", "/e", "/etc", "/etcetera", "/etc/passwd", "/etc/ssh", "/etc/ssh/key", "/usr/etc"]
        for prefix in prefixes {
            let key = PathKey(prefix: Array(prefix.utf8))
            for path in paths {
                #expect(key?.holds(for: Array(path.utf8)) == path.hasPrefix(prefix), "\(prefix) \(path)")
            }
        }
        #expect(PathKey(prefix: Array("/etc/pass".utf8))?.components == [Array("etc".utf8)])
        #expect(PathKey(prefix: Array("etc".utf8)) == nil)
    }

    @Test func syscallsHaveTheNumbersOfTheHeader() {
        let table = SyscallTable.x86
        #expect(table.numbers["openat"] == 257)
        #expect(table.numbers["execveat"] == 322)
        #expect(table.numbers["openat2"] == 437)
        #expect(table.compatNumbers["openat"] == 295)
        #expect(table.canonicalName("stat") == "newstat")
        #expect(SyscallTable.bareName("__x64_sys_read").name == "read")
    }
}
