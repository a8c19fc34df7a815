import CEventABI
import TestSupport
import Testing

/// Records whose head is whole and whose rest is not: their number came, their event does not.
@Suite struct DamagedRecordTests {
    @Test func isAGapAtItsPlace() throws {
        var records = Records()
        let replay = Replay()
        replay.take(
            records.exec(100), records.test(), records.damaged(SECD_KIND_EXEC, behind: 20), records.exec(101))

        let events = try replay.events()
        #expect(events.map(\.kind) == ["process_exec", "stream_gap", "process_exec"])
        let gap = try #require(events[1]["stream_gap"])
        #expect(gap["cause"]?.text == "undecodable")
        #expect(gap["ring"]?.text == "lifecycle")
        #expect(gap["cpu"]?.integer == 0)
        #expect(["first", "last", "count"].map(gap.number) == [3, 3, 1])
        #expect(gap.at("by_kind.0.kind")?.text == "exec")
        #expect(gap.at("by_kind")?.elements?.count == 1)
        // The test record before it was skipped; the damaged one was not.
        #expect(events[2].number("secd.seq") == 4)
        #expect(events[2].number("secd.skipped") == 1)
        #expect(replay.undecodable == 1)
    }

    @Test(arguments: [
        SECD_KIND_FORK, SECD_KIND_EXEC, SECD_KIND_EXIT, SECD_KIND_CREDENTIALS, SECD_KIND_ARGUMENTS,
        SECD_KIND_ENVIRONMENT, SECD_KIND_CGROUP, SECD_KIND_SOCKET, SECD_KIND_FILE, SECD_KIND_DNS,
        SECD_KIND_POLICY, SECD_KIND_COUNT, 65_535,
    ])
    func everyKindIsCounted(_ kind: Int32) throws {
        var records = Records()
        let replay = Replay()
        for _ in 0..<3 { replay.take(records.damaged(kind, ring: SECD_RING_OBSERVATION, behind: 3)) }
        replay.take(records.exec(100))

        let events = try replay.events()
        #expect(events.map(\.kind) == ["stream_gap", "stream_gap", "stream_gap", "process_exec"])
        #expect(events.prefix(3).map { $0.number("stream_gap.first") } == [1, 2, 3])
        #expect(events.prefix(3).map { $0.number("stream_gap.count") } == [1, 1, 1])
        #expect(Set(events.prefix(3).map { $0.at("stream_gap.cause")?.text }) == ["undecodable"])
        #expect(events[3].number("secd.skipped") == 0)
        #expect(replay.undecodable == 3)
    }

    /// The strings of an exec are longer than its record.
    @Test func lengthsThatLeadOutOfTheRecord() throws {
        var records = Records()
        let replay = Replay()
        var exec = records.exec(100, "/bin/true")
        exec.removeLast(4)
        exec[0] -= 4
        replay.take(exec)

        let events = try replay.events()
        #expect(events.map(\.kind) == ["stream_gap"])
        #expect(events[0].at("stream_gap.cause")?.text == "undecodable")
    }

    /// Without a whole head nobody knows whose number it is: counted, and found by the numbers.
    @Test func damagedHeadsAreCountedAlone() throws {
        var records = Records()
        let replay = Replay()
        var version = records.test()
        version[7] = 99
        let cpu = records.test(cpu: 1 << 20)
        replay.take(Array(records.test().prefix(20)), version, cpu, records.exec(100))

        #expect(try replay.events().map(\.kind) == ["process_exec"])
        #expect(replay.undecodable == 3)
    }
}
