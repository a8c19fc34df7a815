import CEventABI
import EventDecoder
import EventModel
import PolicyModel
import TestSupport
import Testing

@Suite struct PolicyCatalogueTests {
    private static let types: [ArgumentType] = [.file, .int, .string, .sock, .charBuf, .uint64]

    /// A hook of 200 selectors: rule 0 watches, rule 1 denies, rule 2 would kill, the others watch.
    private static let catalogue: PolicyCatalogue = {
        let field = { (column: Int, label: String) in EventShape.Field(column: column, label: label) }
        let first = EventShape(
            arguments: [field(0, "file"), field(1, "")], data: [field(2, "")], returnValue: field(1, ""))
        let second = EventShape(arguments: [field(3, "peer"), field(0, "")])
        let rules = (0..<200).map { index in
            PolicyCatalogue.Rule(
                rule: PolicyRule(
                    policy: "p\(index)", mode: index == 2 ? .monitor : .enforce,
                    action: index == 1 ? .override : index == 2 ? .kill : .post),
                shape: index == 3 ? 1 : 0, returnAction: .post,
                outcome: index == 1 ? .denied : index == 2 ? .killed : .none, error: index == 1 ? 13 : 0,
                conditions: [
                    PolicyCatalogue.Condition(name: "matchArgs[0]", columns: [0]),
                    PolicyCatalogue.Condition(name: "matchBinaries[0]", columns: []),
                ])
        }
        let hook = PolicyCatalogue.Hook(
            hook: PolicyHook(.function("f"), mechanism: "kprobe", effect: .prevent),
            columns: types.enumerated().map { Column(source: .argument($0), type: $1) },
            shapes: [first, second], rules: rules)
        return PolicyCatalogue(generation: 5, hooks: [1: hook])
    }()

    private func decoded(_ record: PolicyRecordBytes) -> PolicyEvent? { Self.decoded(record.bytes) }

    private static func decoded(_ bytes: [UInt8]) -> PolicyEvent? {
        guard let view = unsafe RecordView(bytes.span.bytes) else { return nil }
        return catalogue.event(view)
    }

    @Test func rulesOfAllSetsAreNamed() throws {
        var record = PolicyRecordBytes()
        record.sets = [[0, 1, 2, 64, 199], [64], [1], [2]]
        record.fixed.flags = SECD_POLICY_EVENT_DENIED
        let event = try #require(decoded(record))
        // Who acted first, then who would have, then the others.
        #expect(event.matches.map(\.rule.policy) == ["p1", "p2", "p0", "p64", "p199"])
        #expect(event.verdict == .denied)
        #expect(event.expected == .killed)
        #expect(event.error == 13)
        #expect(event.action == .override)
        #expect(event.returnAction == nil)
        #expect(event.isUncertain)
        // The file of the condition is not in the record.
        #expect(event.matches.map(\.unknown) == [[], [], [], ["matchArgs[0]"], []])
        #expect(event.generation == 5)
        #expect(event.tid == 43)
    }

    @Test func aProgramThatWasChangedIsAVerdictOfItsOwn() throws {
        var record = PolicyRecordBytes()
        record.fixed.flags = SECD_POLICY_EVENT_CHANGED
        #expect(try #require(decoded(record)).verdict == .changed)
        record.fixed.flags = SECD_POLICY_EVENT_CHANGED | SECD_POLICY_EVENT_SIGNALLED
        #expect(try #require(decoded(record)).verdict == .changed)
        record.fixed.flags = SECD_POLICY_EVENT_CHANGED | SECD_POLICY_EVENT_FAILED
        #expect(try #require(decoded(record)).signalFailed)
    }

    @Test func whatIsUnknownIsTheProcessWhereAllValuesAreKnown() throws {
        var record = PolicyRecordBytes()
        record.sets[1] = [0]
        record.add(0, SECD_POLICY_VALUE_PATH, Array("/a".utf8))
        #expect(try #require(decoded(record)).matches[0].unknown == ["matchBinaries[0]"])
    }

    @Test func whoseProcessItIs() throws {
        var record = PolicyRecordBytes()
        record.sets[0] = [0]
        #expect(try #require(decoded(record)).attribution == nil)
        record.fixed.flags = SECD_POLICY_EVENT_INTERRUPT
        #expect(try #require(decoded(record)).attribution == .interrupted)
        record.fixed.flags |= SECD_POLICY_EVENT_TRACKED
        #expect(try #require(decoded(record)).attribution == .tracked)
        // In a thread of the kernel, which nothing has interrupted.
        record.fixed.flags = SECD_POLICY_EVENT_TRACKED
        #expect(try #require(decoded(record)).attribution == .tracked)
    }

    @Test func aThousandRules() throws {
        let rules = (0..<4096).map { index in
            PolicyCatalogue.Rule(rule: PolicyRule(policy: "p\(index)"), shape: 0)
        }
        let hook = PolicyCatalogue.Hook(
            hook: PolicyHook(.lsm("x"), mechanism: "lsm", effect: .prevent), columns: [], shapes: [],
            rules: rules)
        let catalogue = PolicyCatalogue(generation: 5, hooks: [1: hook])
        var record = PolicyRecordBytes()
        record.sets[0] = Set((0..<1000).map { $0 * 4 })
        let bytes = record.bytes
        guard let view = unsafe RecordView(bytes.span.bytes) else { return #expect(Bool(false)) }
        let decoded = catalogue.event(view)
        let event = try #require(decoded)
        #expect(event.matches.map(\.rule.policy) == (0..<1000).map { "p\($0 * 4)" })
    }

    @Test func valuesByTheirTypes() throws {
        var record = PolicyRecordBytes()
        record.sets[0] = [0, 3]
        record.fixed.flags = SECD_POLICY_EVENT_RETURNED
        record.fixed.result = -2
        record.fixed.call_ns = 400_000
        record.add(0, SECD_POLICY_VALUE_PATH, Array("/etc/shadow".utf8), number: 0o100640)
        record.add(2, SECD_POLICY_VALUE_TEXT, Array("abc".utf8), state: SECD_POLICY_VALUE_TRUNCATED)
        var end = secd_policy_endpoint()
        (end.family, end.type, end.protocol, end.state) = (2, 1, 6, 1)
        (end.destination.0, end.destination.3, end.destination_port) = (192, 8, 443)
        record.add(3, SECD_POLICY_VALUE_ENDPOINT, PolicyRecordBytes.raw(end))
        let event = try #require(decoded(record))
        #expect(event.arguments.map(\.label) == ["file", "", "peer"])
        guard case .file(let file) = event.arguments[0].value else { return #expect(Bool(false)) }
        #expect(String(decoding: file.path, as: UTF8.self) == "/etc/shadow")
        #expect(file.mode == 0o100640)
        #expect(event.arguments[0].origin == .kernel)
        // Not in the record: said, and not left out.
        #expect(event.arguments[1].state == .unreadable)
        guard case .socket(let socket) = event.arguments[2].value else { return #expect(Bool(false)) }
        #expect(socket.destination == [192, 0, 0, 8])
        #expect(socket.destinationPort == 443)
        #expect(event.data.map(\.state) == [.truncated])
        guard case .int(let result) = event.returned?.value else { return #expect(Bool(false)) }
        #expect(result == -2)
        #expect(event.returnAction == .post)
        #expect(event.duration == 600_000)
    }

    /// A path that is the user's string says so.
    @Test func pathsSayWhoWroteThem() throws {
        var record = PolicyRecordBytes()
        record.add(0, SECD_POLICY_VALUE_TEXT, Array("../x".utf8))
        #expect(try #require(decoded(record)).arguments[0].origin == .user)
        record.values = []
        record.add(0, SECD_POLICY_VALUE_PATH, Array("/x".utf8), pathFlags: SECD_PATH_USER)
        #expect(try #require(decoded(record)).arguments[0].origin == .user)
    }

    @Test(arguments: [
        (SECD_POLICY_VALUE_ABSENT, PolicyArgument.State.absent),
        (SECD_POLICY_VALUE_UNREADABLE, .unreadable), (9, .unreadable),
    ])
    func valuesThatAreNotThere(_ state: Int32, _ shown: PolicyArgument.State) throws {
        var record = PolicyRecordBytes()
        record.add(0, SECD_POLICY_VALUE_PATH, state: state)
        #expect(try #require(decoded(record)).arguments[0].state == shown)
    }

    @Test func flagsAndStacks() throws {
        var record = PolicyRecordBytes()
        record.fixed.flags =
            SECD_POLICY_EVENT_KILLED | SECD_POLICY_EVENT_DENIED | SECD_POLICY_EVENT_LOST_ENTRY
            | SECD_POLICY_EVENT_FAILED | SECD_POLICY_EVENT_COMPAT
        record.fixed.held_back = 70
        record.kernelFrames = [1, 2]
        record.userFrames = [3]
        let event = try #require(decoded(record))
        #expect(event.verdict == .killed)
        #expect(event.returnMissed)
        #expect(event.signalFailed)
        #expect(event.abi == .i386)
        #expect(event.heldBack == 70)
        #expect(event.kernelStack.map(\.address) == [1, 2])
        #expect(event.userStack.map(\.address) == [3])
    }

    /// What the generation does not have.
    @Test func strangeNumbersAreRefused() {
        #expect(decoded(PolicyRecordBytes(generation: 6)) == nil)
        #expect(decoded(PolicyRecordBytes(hook: 2)) == nil)
        var record = PolicyRecordBytes()
        record.sets[0] = []
        #expect(decoded(record) == nil)
        record.sets[0] = [200]
        #expect(decoded(record) == nil)
        record = PolicyRecordBytes()
        record.add(6, SECD_POLICY_VALUE_NUMBER)
        #expect(decoded(record) == nil)
        record = PolicyRecordBytes()
        record.add(3, SECD_POLICY_VALUE_ENDPOINT, [1, 2, 3])
        #expect(decoded(record) == nil)
    }

    /// Cut anywhere, or with a value that leads out of the record.
    @Test func cutRecordsAreRefused() throws {
        var record = PolicyRecordBytes()
        record.sets = [[0, 70], [0], [1], [2]]
        record.add(0, SECD_POLICY_VALUE_PATH, Array("/etc/shadow".utf8))
        record.add(1, SECD_POLICY_VALUE_NUMBER, number: 4)
        record.kernelFrames = [1]
        let whole = record.bytes
        #expect(Self.decoded(whole) != nil)
        for length in 32..<whole.count {
            var cut = Array(whole[..<length])
            cut.replaceSubrange(0..<4, with: PolicyRecordBytes.raw(UInt32(length)))
            #expect(Self.decoded(cut) == nil, "cut to \(length)")
        }
    }

    /// Any damage gives an event or none, and never reads beyond the record.
    @Test(arguments: 0..<8)
    func noDamageCrashesIt(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var record = PolicyRecordBytes()
        record.sets = [[0, 3, 70], [3], [1], [2]]
        for column in 0..<6 {
            record.add(
                UInt16(column), Int32.random(in: 0...10, using: &random),
                random.bytes(Int.random(in: 0..<70, using: &random)), number: random.next(),
                state: Int32.random(in: 0...4, using: &random))
        }
        record.userFrames = [random.next()]
        let whole = record.bytes
        var events = 0
        for _ in 0..<2_000 {
            var damaged = whole
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 8..<damaged.count, using: &random)
                damaged[place] = UInt8(truncatingIfNeeded: random.next() >> (random.next() % 8))
            }
            if let event = Self.decoded(damaged) {
                events += 1
                #expect(!event.matches.isEmpty)
            }
        }
        #expect(events < 2_000)
    }

    @Test func theNewestGenerationsAreKept() {
        var catalogues = PolicyCatalogues()
        for number in 1...20 {
            catalogues.add(PolicyCatalogue(generation: UInt32(number), hooks: [:]))
        }
        #expect(catalogues[generation: 20]?.generation == 20)
        #expect(catalogues[generation: 13]?.generation == 13)
        #expect(catalogues[generation: 12] == nil)
    }
}
