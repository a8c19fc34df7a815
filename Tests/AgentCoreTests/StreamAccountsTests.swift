import AgentCore
import CEventABI
import EventDecoder
import EventModel
import Testing

/// The books: what came of every ring and CPU, what gave no event, what is missing.
@Suite struct StreamAccountsTests {
    private func head(_ sequence: UInt64, ring: Int32 = SECD_RING_LIFECYCLE, cpu: UInt32 = 0) -> secd_record {
        var head = secd_record()
        head.ring = UInt8(ring)
        head.cpu = cpu
        head.sequence = sequence
        head.time_ns = sequence * 1000
        return head
    }

    @Test func recordsWithoutAnEventAreSkippedOnTheNextLineOfTheirRingAndCPU() {
        var accounts = StreamAccounts(cpus: 2)
        for record in [head(1), head(2), head(1, cpu: 1), head(1, ring: SECD_RING_OBSERVATION), head(3)] {
            #expect(accounts.book(record) == nil)
        }

        #expect(accounts.origin(head(3)).skipped == 2)
        #expect(accounts.origin(head(1, cpu: 1)).skipped == 0)
        #expect(accounts.book(head(4)) == nil)
        #expect(accounts.origin(head(4)).skipped == 0)
        #expect(accounts.received(0) == 5)
        #expect(accounts.received(2) == 1)
    }

    @Test func aHoleIsAGapWhenEnoughCameBehindIt() {
        var accounts = StreamAccounts(cpus: 1)
        var gaps = (1...3).compactMap { accounts.book(head($0)) }
        gaps += (6...69).compactMap { accounts.book(head($0)) }
        #expect(gaps.isEmpty)

        let gap = accounts.book(head(70))
        #expect(gap?.first == 4)
        #expect(gap?.last == 5)
        #expect(gap?.count == 2)
    }

    @Test func theEndClosesEveryHoleUpToTheKernelsNumbers() {
        var accounts = StreamAccounts(cpus: 2)
        for sequence in [1, 2, 5] as [UInt64] { _ = accounts.book(head(sequence)) }
        _ = accounts.book(head(1, ring: SECD_RING_OBSERVATION, cpu: 1))

        let found = accounts.close(through: [[7, 0], [0, 0], [0, 4]])
        #expect(found.map(\.ring) == [0, 0, 2])
        #expect(found.map(\.cpu) == [0, 0, 1])
        #expect(found.map(\.gap.first) == [3, 6, 2])
        #expect(found.map(\.gap.last) == [4, 7, 4])
        #expect(accounts.close(through: [[7, 0], [0, 0], [0, 4]]).isEmpty)
    }

    @Test func positionsAreTheLastNumbersAndWhatWasSkippedSince() {
        var accounts = StreamAccounts(cpus: 2)
        for sequence in 1...4 as ClosedRange<UInt64> { _ = accounts.book(head(sequence, cpu: 1)) }
        _ = accounts.origin(head(2, cpu: 1))
        _ = accounts.book(head(5, cpu: 1))

        #expect(accounts.positions.count == 1)
        #expect(accounts.positions[0].ring == 0)
        #expect(accounts.positions[0].cpu == 1)
        #expect(accounts.positions[0].sequence == 5)
        #expect(accounts.positions[0].skipped == 1)
    }

    @Test func aDamagedRecordIsMissingAndNotSkipped() {
        var accounts = StreamAccounts(cpus: 1)
        for sequence in 1...3 as ClosedRange<UInt64> { _ = accounts.book(head(sequence)) }
        let context = EncodingContext(nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 0)
        var damaged = head(3)
        damaged.kind = UInt16(SECD_KIND_DNS)

        let gap = accounts.gap(of: damaged, context)
        #expect([gap.first, gap.last, gap.count] == [3, 3, 1])
        #expect(gap.byKind.map(\.name) == ["dns"])
        #expect(accounts.positions[0].skipped == 2)
        #expect(accounts.positions[0].sequence == 3)
    }
}
