import EventFilters
import EventModel
import Testing

/// Each field of `tetragon.Filter`, with the semantics of Tetragon's pkg/filters.
@Suite struct EventFilterTests {
    @Test func noConditionMatchesEverything() throws {
        #expect(try matches { _ in })
        #expect(try matches(exitLine) { _ in })
    }

    @Test func regularExpressionsAreNotAnchored() throws {
        #expect(try matches { $0.binaryRegex = ["curl"] })
        #expect(try matches { $0.binaryRegex = ["wget", "cur."] })
        #expect(try matches { $0.binaryRegex = ["^curl"] } == false)
        #expect(try matches { $0.argumentsRegex = ["https://.*org$"] })
        #expect(try matches { $0.parentBinaryRegex = ["bash$"] })
        #expect(try matches { $0.parentBinaryRegex = ["curl"] } == false)
        #expect(try matches { $0.parentArgumentsRegex = ["^-c "] })
    }

    @Test func ancestorsBeginWithTheGrandparent() throws {
        #expect(try matches { $0.ancestorBinaryRegex = ["systemd$"] })
        #expect(try matches { $0.ancestorBinaryRegex = ["bash"] } == false)
        #expect(try matches { $0.ancestorBinaryRegex = ["curl"] } == false)
    }

    @Test func conditionsAreAllNeededAndValuesAreAlternatives() throws {
        #expect(
            try matches {
                $0.binaryRegex = ["no", "curl"]
                $0.pid = [1, 4711]
            })
        #expect(
            try matches {
                $0.binaryRegex = ["curl"]
                $0.pid = [1]
            } == false)
    }

    @Test func theEmptyNamespaceIsTheHost() throws {
        #expect(try matches { $0.namespace = ["shop"] })
        #expect(try matches { $0.namespace = ["sho"] } == false)
        #expect(try matches { $0.namespace = [""] } == false)
        #expect(try matches(exitLine) { $0.namespace = ["", "kube-system"] })
        #expect(try matches { $0.namespaceRegex = ["^s"] })
        #expect(try matches(exitLine) { $0.namespaceRegex = [".*"] } == false)
    }

    @Test func pods() throws {
        #expect(try matches { $0.podRegex = ["^web-"] })
        #expect(try matches(exitLine) { $0.podRegex = [".*"] } == false)
        #expect(try matches { $0.containerNameRegex = ["nginx"] })
        #expect(try matches { $0.containerID = ["0123456789abcdef01"] })
        #expect(try matches { $0.containerID = ["^123"] } == false)
        #expect(try matches { $0.labels = ["app=web,tier!=back"] })
        #expect(try matches { $0.labels = ["app=db", "tier in (front)"] })
        #expect(try matches(exitLine) { $0.labels = ["!app"] } == false)
    }

    @Test func healthChecksAreAlsoThoseOfTheParent() throws {
        #expect(try matches { $0.healthCheck = true })
        #expect(try matches { $0.healthCheck = false } == false)
        #expect(try matches(exitLine) { $0.healthCheck = false })
        let child = execLine.replacing("\"maybe_exec_probe\":true", with: "\"maybe_exec_probe\":false")
            .replacing(
                "\"pid\":100,", with: "\"pid\":100,\"pod\":{\"container\":{\"maybe_exec_probe\":true}},")
        #expect(try matches(child) { $0.healthCheck = true })
    }

    @Test func pidSetFollowsDescendants() throws {
        for pid: UInt32 in [4711, 100, 10, 1] {
            #expect(try matches { $0.pidSet = [pid] })
            #expect(try matches { $0.pid = [pid] } == (pid == 4711))
        }
        #expect(try matches { $0.pidSet = [2] } == false)
    }

    @Test func kindsAndTrees() throws {
        #expect(try matches { $0.eventSet = [5, 1] })
        #expect(try matches { $0.eventSet = [5, 999] } == false)
        #expect(try matches { $0.inInitTree = false })
        #expect(try matches(exitLine) { $0.inInitTree = true })
    }

    @Test func policyNames() throws {
        #expect(try matches { $0.policyNames = [""] } == false)
        let line = execLine.replacing(
            "{\"process_exec\":{", with: "{\"process_exec\":{\"policy_name\":\"p1\",")
        #expect(try matches(line) { $0.policyNames = ["p0", "p1"] })
        #expect(try matches(line) { $0.policyNames = ["p"] } == false)
    }

    /// One event of many policies is found by each of them.
    @Test func everyPolicyThatMatched() throws {
        let line = execLine.replacing(
            "{\"process_exec\":{",
            with: #"{"process_kprobe":{"policy_name":"p1","policies":[{"name":"p1"},{"name":"p2"}],"#)
        #expect(try event(line).policyNames == ["p1", "p2"])
        #expect(try matches(line) { $0.policyNames = ["p2"] })
        #expect(try matches(line) { $0.policyNames = ["p3"] } == false)
    }

    @Test func capabilities() throws {
        func holds(_ fill: (inout CapabilitiesSpec) -> Void) throws -> Bool {
            var spec = CapabilitiesSpec()
            fill(&spec)
            return try matches { $0.capabilities = spec }
        }
        func set(_ fill: (inout CapabilitiesSpec.SetSpec) -> Void) -> CapabilitiesSpec.SetSpec {
            var set = CapabilitiesSpec.SetSpec()
            fill(&set)
            return set
        }
        #expect(try holds { $0.permitted = set { $0.any = 0b110 } })
        #expect(try holds { $0.permitted = set { $0.all = 0b111 } } == false)
        #expect(try holds { $0.permitted = set { $0.all = 0b11 } })
        #expect(try holds { $0.permitted = set { $0.exactly = 0b11 } })
        #expect(try holds { $0.effective = set { $0.exactly = 0b11 } } == false)
        #expect(try holds { $0.inheritable = set { $0.none = .max } })
        #expect(try holds { $0.permitted = set { $0.none = 0b10 } } == false)
        let missing = #expect(throws: FilterError.self) { try holds { $0.permitted = set { _ in } } }
        #expect(
            missing?.description
                == "capabilities \"permitted\": exactly one of any, all, exactly and none must be given, not 0"
        )
        let twice = #expect(throws: FilterError.self) {
            try holds {
                $0.effective = set {
                    $0.any = 1
                    $0.none = 2
                }
            }
        }
        #expect(twice?.text == "effective")
    }

    @Test func denyWins() throws {
        let curl = filter { $0.binaryRegex = ["curl"] }
        let host = filter { $0.namespace = [""] }
        func passes(_ allow: [FilterSpec], _ deny: [FilterSpec], _ line: String = execLine) throws -> Bool {
            try FilterSet(allow: allow, deny: deny).passes(event(line))
        }
        #expect(try passes([], []))
        #expect(try passes([curl, host], []))
        #expect(try passes([curl], [curl]) == false)
        #expect(try passes([host], []) == false)
        #expect(try passes([], [host]))
        #expect(try passes([], [host], exitLine) == false)
        #expect(try FilterSet().isEmpty)
    }

    @Test func resultsAreRememberedInTheProcess() throws {
        let filter = try EventFilter(filter { $0.binaryRegex = ["curl"] })
        let other = try EventFilter(EventFiltersTests.filter { $0.binaryRegex = ["wget"] })
        let event = try event()
        for _ in 0..<3 {
            #expect(filter.matches(event))
            #expect(!other.matches(event))
        }
        var memory = FilterMemory()
        for number in 0..<1_000 { memory.remember(number % 2 == 0, of: number) }
        #expect(memory.result(of: 999) == false)
        #expect(memory.result(of: 998) == true)
        #expect(
            memory.result(of: 1) == nil, "a long-lived process does not remember every filter that ever was")
    }

    @Test func errorsNameTheFieldTheTextAndThePlace() {
        let error = #expect(throws: FilterError.self) {
            try EventFilter(filter { $0.parentBinaryRegex = ["ok", "a(b"] })
        }
        #expect(error?.field == "parent_binary_regex")
        #expect(error?.position == 1)
        #expect(error?.description == "parent_binary_regex \"a(b\": a ( without its ) at character 2")
    }

    @Test func listsAreBounded() {
        let filters = #expect(throws: FilterError.self) {
            try FilterSet(deny: Array(repeating: FilterSpec(), count: 1_001))
        }
        #expect(filters?.description == "deny_list: more than 1000 filters")
        let values = #expect(throws: FilterError.self) {
            try EventFilter(filter { $0.pid = Array(0...1_000) })
        }
        #expect(values?.description == "pid: more than 1000 values")
    }
}
