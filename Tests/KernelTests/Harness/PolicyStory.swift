import Testing

extension LivePolicies {
    /// Runs steps to their end; events of policies at the process and at those that it makes and waits for,
    /// in the order of the stream.
    func events(ofAll steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws
        -> [CapturedEvent]
    {
        let mark = agent.capture.count
        _ = try agent.run(steps: steps, sourceLocation: sourceLocation)
        return events(from: mark)
    }

    /// Events of policies at any process, from a line of the stream on.
    func events(from mark: Int) -> [CapturedEvent] {
        agent.capture.all.dropFirst(mark).filter {
            $0.kind == "process_kprobe" || $0.kind == "process_tracepoint"
        }
    }

    /// Runs steps under policies that name their process by its number.
    func run(
        _ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation, under texts: (Int) -> [String]
    ) throws -> Story {
        let process = try Activity([.wait] + steps)
        try run(texts(process.pid), sourceLocation: sourceLocation)
        let mark = agent.capture.count
        process.release()
        let status = try process.wait()
        _ = try agent.expect("process_exit", of: process.pid, from: mark, sourceLocation: sourceLocation)
        return Story(process, status, agent.capture.events(of: process.pid, from: mark))
    }
}

extension [CapturedEvent] {
    /// Those that a policy matched, alone or among others.
    func matched(by policy: String) -> [CapturedEvent] {
        filter { $0.body["policies"].array.contains { $0["name"].text == policy } }
    }

    /// The number that each shows as its argument at a position.
    func numbers(_ position: Int = 0) -> [Int] {
        map { $0.body["args"][position]["int_arg"].int ?? -1 }
    }
}

/// Selectors of one hook, each in a policy of its own, so that events say which of them hold.
enum PolicySelectors {
    /// A selector's filters, and what its events must show.
    typealias Case<Shown> = (filters: String, shown: [Shown])

    /// Names of the policies, in the order of their selectors.
    static func name(_ index: Int) -> String { "selector-\(index)" }

    /// What each of the policies told, compared with what it should tell.
    static func check<Shown: Equatable>(
        _ cases: [Case<Shown>], _ events: [CapturedEvent], sourceLocation: SourceLocation = #_sourceLocation,
        _ shown: (CapturedEvent) -> Shown
    ) {
        for (index, expected) in cases.enumerated() {
            #expect(
                events.matched(by: name(index)).map(shown) == expected.shown, "\(expected.filters)",
                sourceLocation: sourceLocation)
        }
        #expect(
            events.allSatisfy { !$0.body["uncertain"].bool }, "nothing is unknown",
            sourceLocation: sourceLocation)
    }
}
