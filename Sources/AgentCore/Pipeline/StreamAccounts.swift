import BPFRuntime
package import CEventABI
package import EventDecoder
package import EventModel

/// The books of the stream: what came from every ring and CPU, what gave no event, what is missing.
package struct StreamAccounts {
    /// One ring and CPU.
    private struct Account {
        var tracker = SequenceTracker()
        /// Records since the last event.
        var skipped: UInt64 = 0
        /// Lost records that gaps have explained.
        var explained: UInt64 = 0
        var explainedByKind = [UInt64](repeating: 0, count: Int(SECD_KIND_COUNT))
        /// The kernel's counter at the last look, and what had been seen then: a hole at the end of
        /// the stream is one that both looks show.
        var kernelSequence: UInt64 = 0
        var seenAtLook: UInt64 = 0
        /// Time of the last record, for the `from` of a gap.
        var lastTime: UInt64 = 0

        @inline(__always)
        mutating func book(_ head: secd_record) -> SequenceTracker.Gap? {
            skipped += 1
            lastTime = head.time_ns
            return tracker.take(head.sequence)
        }
    }

    private var accounts: [[Account]]
    package let cpus: Int

    package init(cpus: Int) {
        self.cpus = cpus
        accounts = Array(repeating: Array(repeating: Account(), count: cpus), count: Int(SECD_RING_COUNT))
    }

    /// Books a record. Returns a gap where one is certain now.
    @inline(__always)
    package mutating func book(_ head: secd_record) -> SequenceTracker.Gap? {
        let cpu = Int(head.cpu)
        guard cpu < cpus else { return nil }
        return accounts[Int(head.ring)][cpu].book(head)
    }

    /// The origin of an event made from a record that was booked; its line is set later.
    @inline(__always)
    package mutating func origin(_ head: secd_record) -> Origin {
        let cpu = Int(head.cpu)
        guard cpu < cpus else { return Origin(ring: head.ring, cpu: head.cpu, sequence: head.sequence) }
        let skipped = accounts[Int(head.ring)][cpu].skipped - 1
        accounts[Int(head.ring)][cpu].skipped = 0
        return Origin(ring: head.ring, cpu: head.cpu, sequence: head.sequence, skipped: skipped)
    }

    /// A booked record that cannot be read, as a gap: it is missing, not skipped.
    package mutating func gap(of head: secd_record, _ context: EncodingContext) -> StreamGap {
        accounts[Int(head.ring)][Int(head.cpu)].skipped -= 1
        let time = context.time(head.time_ns)
        return StreamGap(
            cause: .undecodable, ring: head.ring, cpu: head.cpu, first: head.sequence, last: head.sequence,
            count: 1, byKind: [(RecordKind.name(Int(head.kind)), 1)], from: time, to: time)
    }

    /// Describes a gap with what the kernel counted.
    mutating func explain(
        _ gap: SequenceTracker.Gap, ring: Int, cpu: Int, _ streams: borrowing BPFMap,
        _ context: EncodingContext,
        now: UInt64
    ) -> StreamGap {
        let counted: [secd_stream] = streams.lookupPerCPU(UInt32(ring))
        var kinds: [(name: String, count: UInt64)] = []
        var lost: UInt64 = 0
        if cpu < counted.count {
            lost = counted[cpu].lost
            let byKind = Self.array(counted[cpu].lost_by_kind)
            for kind in byKind.indices {
                let more = byKind[kind] &- accounts[ring][cpu].explainedByKind[kind]
                if more > 0 { kinds.append((RecordKind.name(kind), more)) }
                accounts[ring][cpu].explainedByKind[kind] = byKind[kind]
            }
        }
        accounts[ring][cpu].explained += gap.count
        let explained = accounts[ring][cpu].explained <= lost
        return StreamGap(
            cause: explained ? .ringFull : .unexplained, ring: UInt8(ring), cpu: UInt32(cpu),
            first: gap.first,
            last: gap.last, count: gap.count, byKind: kinds,
            from: context.time(accounts[ring][cpu].lastTime), to: context.time(now))
    }

    /// Compares with the kernel's counters: finds holes that no later record reveals. Call about once
    /// a second, when the rings have been read.
    mutating func audit(
        _ streams: borrowing BPFMap, ringIsEmpty: (Int) -> Bool
    ) -> [(ring: Int, cpu: Int, gap: SequenceTracker.Gap)] {
        var found: [(ring: Int, cpu: Int, gap: SequenceTracker.Gap)] = []
        for ring in accounts.indices {
            let counted: [secd_stream] = streams.lookupPerCPU(UInt32(ring))
            for cpu in 0..<min(cpus, counted.count) {
                var account = accounts[ring][cpu]
                let seen = account.tracker.received
                // The same number at two looks, nothing read in between, and nothing waiting: what
                // is missing now will not come.
                if ringIsEmpty(ring), account.kernelSequence == counted[cpu].sequence,
                    account.seenAtLook == seen,
                    let gap = account.tracker.close(through: counted[cpu].sequence)
                {
                    found.append((ring, cpu, gap))
                }
                account.kernelSequence = counted[cpu].sequence
                account.seenAtLook = seen
                accounts[ring][cpu] = account
            }
        }
        return found
    }

    /// The last number that the kernel gave, by ring and CPU.
    func kernelNumbers(_ streams: borrowing BPFMap) -> [[UInt64]] {
        accounts.indices.map { ring in
            let counted: [secd_stream] = streams.lookupPerCPU(UInt32(ring))
            return counted.map(\.sequence)
        }
    }

    /// Declares every hole up to `numbers` a gap: for the end, when all that was numbered has been read.
    package mutating func close(through numbers: [[UInt64]]) -> [(
        ring: Int, cpu: Int, gap: SequenceTracker.Gap
    )] {
        var found: [(ring: Int, cpu: Int, gap: SequenceTracker.Gap)] = []
        for ring in accounts.indices {
            for cpu in 0..<min(cpus, numbers[ring].count) {
                while let gap = accounts[ring][cpu].tracker.close(through: numbers[ring][cpu]) {
                    found.append((ring, cpu, gap))
                }
            }
        }
        return found
    }

    /// Last numbers, for the end of the stream.
    package var positions: [StreamStop.Position] {
        accounts.indices.flatMap { ring in
            accounts[ring].indices.compactMap { cpu in
                let highest = accounts[ring][cpu].tracker.highest
                return highest == 0
                    ? nil
                    : StreamStop.Position(
                        ring: UInt8(ring), cpu: UInt32(cpu), sequence: highest,
                        skipped: accounts[ring][cpu].skipped)
            }
        }
    }

    /// Records read from a ring.
    package func received(_ ring: Int) -> UInt64 {
        accounts[ring].reduce(0) { $0 + $1.tracker.received }
    }

    private static func array<Tuple>(_ tuple: Tuple) -> [UInt64] {
        unsafe withUnsafeBytes(of: tuple) { unsafe Array($0.bindMemory(to: UInt64.self)) }
    }
}

/// Kinds of records by name, for gaps and the status page.
enum RecordKind {
    static func name(_ kind: Int) -> String {
        switch Int32(kind) {
        case SECD_KIND_FORK: "fork"
        case SECD_KIND_EXEC: "exec"
        case SECD_KIND_EXIT: "exit"
        case SECD_KIND_CREDENTIALS: "credentials"
        case SECD_KIND_ARGUMENTS: "arguments"
        case SECD_KIND_ENVIRONMENT: "environment"
        case SECD_KIND_CGROUP: "cgroup"
        case SECD_KIND_SOCKET: "socket"
        case SECD_KIND_FILE: "file"
        case SECD_KIND_DNS: "dns"
        case SECD_KIND_POLICY: "policy"
        case SECD_KIND_TEST: "test"
        default: "kind\(kind)"
        }
    }
}
