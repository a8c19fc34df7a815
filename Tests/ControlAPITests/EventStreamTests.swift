import ControlAPI
import ControlProtos
import EventFilters
import GRPCCore
import SwiftProtobuf
import Testing

@Suite(.hangGuard) struct EventStreamTests {
    @Test func clientGetsLinesAsTheyCome() async throws {
        try await Fixture.run { fixture in
            let seen = Collected<String>()
            async let reading: Void = fixture.client.events(Subscription(format: .json, peer: "")) { lines in
                await seen.append(lines.texts)
                return await seen.all.count < 4
            }
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish([Array("{\"a\":1}".utf8), Array("{\"b\":2}".utf8)])
            try await eventually { await seen.all.count == 2 }
            fixture.agent.publish([Array("{\"c\":3}".utf8), Array("{\"ä\":4}".utf8)])
            try await reading
            #expect(await seen.all == ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"ä\":4}"])
            #expect(fixture.agent.subscribers[0].subscription.peer == "unix")
            try await eventually { fixture.agent.subscribers[0].ended }
        }
    }

    @Test func tetragonClientGetsEncodedEventsAndLoss() async throws {
        try await Fixture.run { fixture in
            async let reading = fixture.getEvents(count: 4)
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish([try execEvent("/bin/a")])
            fixture.agent.publish([try execEvent("/bin/b"), try execEvent("/bin/c")], lost: 17)
            let events = try await reading
            #expect(events.map(\.processExec.process.binary) == ["/bin/a", "", "/bin/b", "/bin/c"])
            #expect(events[1].rateLimitInfo.numberOfDroppedProcessEvents == 17)
            #expect(events[1].nodeName == "fake-node")
            #expect(events[1].time.seconds > 1_700_000_000)
            // The client has hung up without a word: the subscription goes too.
            try await eventually { fixture.agent.subscribers[0].ended }
        }
    }

    @Test func linesReportLossEvenWithoutEvents() async throws {
        try await Fixture.run { fixture in
            let lost = Collected<UInt64>()
            async let reading: Void = fixture.client.events(Subscription(format: .json, peer: "")) { lines in
                await lost.append([lines.lost])
                return await lost.all.count < 3
            }
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish([[0x7b, 0x7d]])
            fixture.agent.publish([[0x7b, 0x7d]], lost: 3)
            fixture.agent.publish([], lost: 4)
            try await reading
            #expect(await lost.all == [0, 3, 4])
        }
    }

    @Test func largeBatchesArriveWhole() async throws {
        try await Fixture.run { fixture in
            let events =
                (0..<3000).map { Array(String(repeating: "x", count: $0 % 700).utf8) } + [
                    [UInt8](repeating: 0x79, count: 12 << 20)
                ]
            let seen = Collected<Int>()
            async let reading: Void = fixture.client.events(Subscription(format: .json, peer: "")) { lines in
                await seen.append((0..<lines.count).map { lines[$0].count })
                return await seen.all.count < events.count
            }
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish(events)
            try await reading
            #expect(await seen.all == events.map(\.count))
        }
    }

    @Test func filtersArriveAsWritten() async throws {
        try await Fixture.run { fixture in
            var allow = FilterSpec()
            allow.binaryRegex = ["^/bin/"]
            allow.healthCheck = false
            allow.pid = [1, .max]
            allow.pidSet = [7]
            allow.eventSet = [1, 50_013, -3]
            allow.labels = ["app=x"]
            allow.celExpression = ["true"]
            allow.inInitTree = true
            var capabilities = CapabilitiesSpec()
            capabilities.effective = .init()
            capabilities.effective?.any = 1 << 21 | 1 << 40 | 1
            capabilities.effective?.none = 1 << 63
            allow.capabilities = capabilities
            var deny = FilterSpec()
            deny.namespace = [""]
            deny.ancestorBinaryRegex = ["cron$"]
            var fields = FieldFilterSpec()
            fields.eventSet = [5]
            fields.fields = ["process.exec_id", "parent"]
            fields.include = false
            fields.invertEventSet = true
            let subscription = Subscription(
                allow: [allow], deny: [deny], fieldFilters: [fields], format: .json, peer: "")
            async let reading: Void = fixture.client.events(subscription) { _ in false }
            try await fixture.agent.waitForSubscribers(1)
            fixture.agent.publish([[0x7b, 0x7d]])
            try await reading
            let got = fixture.agent.subscribers[0].subscription
            #expect(got.allow == [allow])
            #expect(got.deny == [deny])
            #expect(got.fieldFilters == [fields])
        }
    }

    /// The daemon's own end of a stream is OK: a deadline must look different, whoever notices it first.
    @Test func aDeadlineIsNoEndInOrder() async throws {
        try await Fixture.run { fixture in
            for _ in 0..<5 {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await fixture.getEvents(count: 1, timeout: .milliseconds(100))
                }
                #expect(error?.code == .deadlineExceeded)
            }
        }
    }

    @Test func aggregationArrivesOrIsRefused() async throws {
        try await Fixture.run { fixture in
            let usualRequest = Tetragon_GetEventsRequest.with { $0.aggregationOptions.channelBufferSize = 7 }
            let shortRequest = Tetragon_GetEventsRequest.with {
                $0.aggregationOptions.channelBufferSize = 7
                $0.aggregationOptions.windowSize.seconds = 5
                $0.aggregationOptions.windowSize.nanos = 1
            }
            async let usual = fixture.getEvents(usualRequest, count: 1)
            try await fixture.agent.waitForSubscribers(1)
            async let short = fixture.getEvents(shortRequest, count: 1)
            try await fixture.agent.waitForSubscribers(2)
            fixture.agent.publish([try execEvent("/bin/a")])
            _ = try await (usual, short)
            let specs = fixture.agent.subscribers.map(\.subscription.aggregation)
            #expect(specs.map { $0?.window } == [15_000_000_000, 5_000_000_001])
            #expect(specs.map { $0?.capacity } == [7, 7])
            let endless = Tetragon_GetEventsRequest.with { $0.aggregationOptions.windowSize.seconds = .max }
            let refusal = await #expect(throws: RPCError.self) {
                _ = try await fixture.getEvents(endless, count: 1)
            }
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message.contains("aggregation_options.window_size") == true)
        }
    }

    @Test func wrongFilterIsRefusedInItsOwnWords() async throws {
        try await Fixture.run { fixture in
            var filter = FilterSpec()
            filter.binaryRegex = ["("]
            let words = "binary_regex \"(\": a group is not closed at character 1"
            let error = await #expect(throws: ClientError.self) {
                try await fixture.client.events(Subscription(allow: [filter], format: .json, peer: "")) { _ in
                    false
                }
            }
            #expect(error?.description == words)
            var request = Tetragon_GetEventsRequest()
            request.allowList = [.with { $0.binaryRegex = ["("] }]
            let refusal = await #expect(throws: RPCError.self) {
                _ = try await fixture.getEvents(request, count: 1)
            }
            #expect(refusal?.code == .invalidArgument)
            #expect(refusal?.message == words)
        }
    }

    @Test func stalledClientDoesNotHoldUpAnotherNorMemory() async throws {
        try await Fixture.run { fixture in
            let stalled = Task {
                try await fixture.client.events(Subscription(format: .json, peer: "")) { _ in
                    try? await Task.sleep(for: .seconds(60))
                    return false
                }
            }
            try await fixture.agent.waitForSubscribers(1)
            let seen = Collected<Int>()
            let count = 1000
            async let reading: Void = fixture.client.events(Subscription(format: .json, peer: "")) { lines in
                await seen.append([Int(lines.lost) + lines.count])
                return await seen.all.reduce(0, +) < count
            }
            try await fixture.agent.waitForSubscribers(2)
            let event = [UInt8](repeating: 0x20, count: 32 << 10)
            for number in 0..<count {
                fixture.agent.publish([event])
                // As fast as the live one reads, for the most part.
                if number % 4 == 3 { try await Task.sleep(for: .milliseconds(1)) }
            }
            try await eventually {
                if await seen.all.reduce(0, +) < count { fixture.agent.publish([event]) }
                return await seen.all.reduce(0, +) >= count
            }
            try await reading
            // 32 MB were published; the window, the transport and the queue hold little of it.
            #expect(fixture.agent.subscribers[0].accepted < 6 << 20)
            #expect(fixture.agent.subscribers[0].lost > 500)
            stalled.cancel()
            try? await stalled.value
            try await eventually { fixture.agent.subscribers[0].ended }
        }
    }
}
