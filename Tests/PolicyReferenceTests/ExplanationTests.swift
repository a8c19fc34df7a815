import PolicyCompiler
import PolicyModel
import PolicyReference
import Testing
import YAMLReader

/// Meaning of policies, case by case; the tables must say the same each time.
@Suite struct ExplanationTests {
    /// The first hook of a policy around `selectors`.
    static func hook(_ selectors: String, head: String = "") throws -> CheckedHook {
        let text = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: p
            spec:
            \(head)
              kprobes:
              - call: security_file_permission
                syscall: false
                return: true
                args:
                - index: 0
                  type: file
                - index: 1
                  type: int
                returnArg:
                  index: 0
                  type: int
                selectors:
            \(selectors)
            """
        var batch = PolicyBatch()
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        try #require(batch.files[0].diagnostics.filter { $0.severity == .error } == [])
        return try #require(batch.policies.first?.hooks.first)
    }

    static func event(
        _ hook: CheckedHook, path: Observed<FieldValue> = .present(.text(Array("/etc/passwd".utf8))),
        mask: Observed<FieldValue> = .present(.number(4)), process: ProcessFacts = Self.process()
    ) -> HookEvent {
        HookEvent(
            point: hook.points[0], process: process,
            values: [
                HookEvent.Key(hook.columns[0], .path): path, HookEvent.Key(hook.columns[1], .number): mask,
            ])
    }

    static func process(_ binary: String = "/usr/bin/cat", above: [String] = []) -> ProcessFacts {
        let identity = { (path: String) in
            ProcessIdentity(binary: .present(Array(path.utf8)), pid: 100, namespacePID: 1)
        }
        return ProcessFacts(identity: identity(binary), ancestors: above.map(identity))
    }

    /// What the interpreter says, after the tables said the same.
    static func explain(_ hook: CheckedHook, _ event: HookEvent) throws -> Explanation {
        let policy = CheckedPolicy(file: "", place: .nowhere, name: "p", hooks: [hook])
        let verdict = GenerationEvaluator(try GenerationBuilder.build([policy])).verdict(event)
        let explanation = ReferenceInterpreter.explain(hook, event)
        #expect(verdict.entry == AgreementTests.hit(explanation, 0, 0))
        return explanation
    }

    static let passwd = """
            - label: passwd
              matchArgs:
              - index: 0
                operator: Equal
                values: ["/etc/passwd"]
              - index: 1
                operator: Equal
                values: ["4"]
        """

    @Test func aMatchNamesItsSelector() throws {
        let hook = try Self.hook(Self.passwd)
        let explanation = try Self.explain(hook, Self.event(hook))
        #expect(explanation.deciding == 0)
        #expect(explanation.selectors[0].label == "passwd")
        #expect(!explanation.isUncertain && explanation.enforces)
    }

    @Test func aMissNamesTheConditionAndItsLine() throws {
        let hook = try Self.hook(Self.passwd)
        let explanation = try Self.explain(hook, Self.event(hook, mask: .present(.number(2))))
        #expect(explanation.deciding == nil)
        #expect(explanation.selectors[0].failed?.field == "matchArgs[1]")
        #expect(explanation.selectors[0].failed?.place.line == 25)
    }

    @Test func anObservingRuleMatchesTheUnreadable() throws {
        let hook = try Self.hook(Self.passwd)
        let explanation = try Self.explain(hook, Self.event(hook, path: .unreadable))
        #expect(explanation.deciding == 0)
        #expect(explanation.isUncertain)
        // A condition that is certainly false decides all the same.
        let other = try Self.explain(hook, Self.event(hook, path: .unreadable, mask: .present(.number(2))))
        #expect(other.deciding == nil)
    }

    @Test(arguments: [("", false), ("  unknown: allow", false), ("  unknown: deny", true)])
    func anEnforcingRuleFollowsThePolicy(_ head: String, _ enforces: Bool) throws {
        let hook = try Self.hook(Self.passwd + "\n      matchActions:\n      - action: Sigkill", head: head)
        let explanation = try Self.explain(hook, Self.event(hook, path: .unreadable))
        #expect(explanation.deciding == 0)
        #expect(explanation.isUncertain)
        #expect(explanation.enforces == enforces)
    }

    @Test func whatOnlyReportsGivesWayToACertainKill() throws {
        let selectors = """
                - matchArgs:
                  - index: 0
                    operator: Equal
                    values: ["/etc/passwd"]
                  matchActions:
                  - action: Sigkill
                - matchBinaries:
                  - operator: In
                    values: ["/usr/bin/cat"]
                  matchActions:
                  - action: Sigkill
            """
        let hook = try Self.hook(selectors)
        let certain = try Self.explain(hook, Self.event(hook))
        #expect(certain.deciding == 0)
        let unknown = try Self.explain(hook, Self.event(hook, path: .unreadable))
        #expect(unknown.deciding == 1)
        #expect(unknown.enforces && !unknown.isUncertain)
        let nobody = try Self.explain(
            hook, Self.event(hook, path: .unreadable, process: Self.process("/bin/sh")))
        #expect(nobody.deciding == 0)
        #expect(!nobody.enforces && nobody.isUncertain)
    }

    @Test(arguments: [
        ("Equal", "/etc/passwd", Truth.no), ("NotEqual", "/etc/passwd", .yes), ("Prefix", "xx", .yes),
        ("Prefix", "/etc", .no), ("NotPrefix", "/etc", .yes), ("Postfix", ".so", .unknown),
        ("NotPostfix", ".so", .unknown), ("SubString", "xxx", .yes), ("SubString", "abc", .unknown),
    ])
    func ofATruncatedTextOnlyTheBeginningIsKnown(_ operation: String, _ value: String, _ truth: Truth) throws
    {
        let hook = try Self.hook(
            """
                - matchArgs:
                  - index: 0
                    operator: \(operation)
                    values: ["\(value)"]
            """)
        let text = [UInt8](repeating: UInt8(ascii: "x"), count: Column.textCapacity)
        let explanation = try Self.explain(hook, Self.event(hook, path: .truncated(.text(text))))
        #expect(explanation.selectors[0].truth == truth)
    }

    @Test(arguments: [("Equal", Truth.no), ("NotEqual", .yes), ("Postfix", .no), ("NotPostfix", .yes)])
    func whatIsAbsentEqualsNothing(_ operation: String, _ truth: Truth) throws {
        let hook = try Self.hook(
            """
                - matchArgs:
                  - index: 0
                    operator: \(operation)
                    values: ["/etc/passwd"]
            """)
        let explanation = try Self.explain(hook, Self.event(hook, path: .absent))
        #expect(explanation.selectors[0].truth == truth)
    }

    @Test func childrenAreFollowedAtAnyDepth() throws {
        let follow = """
                - matchBinaries:
                  - operator: In
                    followChildren: true
                    values: ["/usr/sbin/sshd"]
            """
        let hook = try Self.hook(follow)
        let deep =
            ["/bin/sh"] + Array(repeating: "/usr/bin/env", count: 60) + ["/usr/sbin/sshd", "/sbin/init"]
        #expect(try Self.explain(hook, Self.event(hook, process: Self.process(above: deep))).deciding == 0)
        #expect(
            try Self.explain(hook, Self.event(hook, process: Self.process("/usr/sbin/sshd"))).deciding == 0)
        #expect(
            try Self.explain(hook, Self.event(hook, process: Self.process(above: ["/bin/sh"]))).deciding
                == nil)
        var cut = Self.process(above: ["/bin/sh"])
        cut.ancestryIsComplete = false
        #expect(try Self.explain(hook, Self.event(hook, process: cut)).isUncertain)
    }

    @Test func parentsAndAncestorsAreNotTheProcessItself() throws {
        let filters = { (key: String) in
            """
                - \(key):
                  - operator: In
                    values: ["/usr/sbin/sshd"]
            """
        }
        let parent = try Self.hook(filters("matchParentBinaries"))
        let ancestor = try Self.hook(filters("matchAncestorBinaries"))
        let own = Self.process("/usr/sbin/sshd")
        let child = Self.process("/bin/sh", above: ["/usr/sbin/sshd"])
        let grandchild = Self.process("/bin/ls", above: ["/bin/sh", "/usr/sbin/sshd"])
        #expect(try Self.explain(parent, Self.event(parent, process: own)).deciding == nil)
        #expect(try Self.explain(parent, Self.event(parent, process: child)).deciding == 0)
        #expect(try Self.explain(parent, Self.event(parent, process: grandchild)).deciding == nil)
        #expect(try Self.explain(ancestor, Self.event(ancestor, process: own)).deciding == nil)
        #expect(try Self.explain(ancestor, Self.event(ancestor, process: child)).deciding == 0)
        #expect(try Self.explain(ancestor, Self.event(ancestor, process: grandchild)).deciding == 0)
    }

    @Test func returnedValuesNarrowWhatMatchedAtTheCall() throws {
        let hook = try Self.hook(
            Self.passwd + "\n      matchReturnArgs:\n      - operator: LT\n        values: [\"0\"]")
        let policy = CheckedPolicy(file: "", place: .nowhere, name: "p", hooks: [hook])
        let evaluator = GenerationEvaluator(try GenerationBuilder.build([policy]))
        for (value, count) in [(UInt64(bitPattern: -13), 1), (0, 0)] {
            var event = Self.event(hook)
            event.hasReturned = true
            event.values[HookEvent.Key(hook.columns[2], .number)] = .present(.number(value))
            let verdict = evaluator.verdict(event)
            #expect(verdict.entry.count == 1)
            #expect(verdict.returning.count == count)
            #expect((ReferenceInterpreter.explainReturn(hook, event).deciding != nil) == (count == 1))
        }
    }
}
