import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Rate limits: one event a key and interval, and everything else is counted.
    @Suite("rate limits of policies", .serialized) struct PolicyRateTests {
        private var live: LivePolicies { .shared }

        /// umask(2) with one of these, with a limit.
        private func limited(_ name: String, _ limit: String) -> String {
            PolicySample.hook(
                name, "sys_umask", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: InRange, values: [\"421:424\"]}], "
                    + "matchActions: [{action: Post, \(limit)}]}")
        }

        /// A scope, and how many events the two processes below give under it.
        struct Scope: CustomTestStringConvertible {
            var limit: String
            var first: Int
            var second: Int
            var testDescription: String { limit }
        }

        @Test(
            "what has a limit of its own: each thread, each process, or the policy as a whole",
            arguments: [
                Scope(limit: "rateLimit: 1h", first: 2, second: 1),
                Scope(limit: "rateLimit: 1h, rateLimitScope: thread", first: 2, second: 1),
                Scope(limit: "rateLimit: 1h, rateLimitScope: process", first: 1, second: 1),
                Scope(limit: "rateLimit: 60m, rateLimitScope: global", first: 1, second: 0),
            ])
        func scopes(_ scope: Scope) throws {
            // Its own name: what a limit remembers is the selector's, as long as it runs.
            try live.run([limited("limited-\(scope.first)-\(scope.second)", scope.limit)])

            let first = try live.agent.run(
                .umask(421), .umask(421), .umask(421), Step("thread-umask", 421, 5))
            let second = try live.agent.run(.umask(421), .umask(421))

            #expect(first.status == .exited(0) && second.status == .exited(0))
            #expect(live.events(first).count == scope.first)
            #expect(live.events(second).count == scope.second)
            let told = UInt64(scope.first + scope.second)
            #expect(live.counts()[1] == ActionCounts(posts: told, heldBack: 10 - told))
        }

        @Test("other values have a limit of their own")
        func values() throws {
            try live.run([limited("values", "rateLimit: 1h, rateLimitScope: process")])

            let story = try live.agent.run(
                steps: [421, 422, 421, 423, 422, 421].map { .umask($0) })

            #expect(live.events(story).numbers() == [421, 422, 423])
            #expect(live.counts()[1] == ActionCounts(posts: 3, heldBack: 3))
        }

        @Test("when the interval is over the next event goes, and says how many were held back before it")
        func intervals() throws {
            try live.run([limited("interval", "rateLimit: 2, rateLimitScope: process")])
            let mark = live.agent.capture.count

            let process = try Activity(
                [Step](repeating: .umask(421), count: 4) + [.report, .wait, .umask(421), .umask(421)])
            _ = try process.report()
            // Nothing but time tells that an interval is over.
            usleep(2_100_000)
            process.release()
            #expect(try process.wait() == .exited(0))
            _ = try live.agent.expect("process_exit", of: process.pid, from: mark)

            let events = live.events(from: mark)
            #expect(events.map { $0.body["held_back"].number } == [0, 3])
            #expect(live.counts()[1] == ActionCounts(posts: 2, heldBack: 4))
        }

        @Test("more keys than are remembered: forgotten ones begin anew, and each call is told or counted")
        func forgotten() throws {
            /// secd_policy_rates, bpf/trace/rate.h.
            let room = 16_384
            let (first, calls, rounds) = (1_000_000, 1000, 18)
            // The oldest again; all of them where that does not take a minute.
            let again = Kernel.scaled(rounds)
            try live.run([
                PolicySample.hook(
                    "many", "sys_umask", [(0, "int")],
                    selector:
                        "{matchArgs: [{index: 0, operator: InRange, "
                        + "values: [\"\(first):\(first + calls * rounds - 1)\"]}], "
                        + "matchActions: [{action: Post, rateLimit: 1h, rateLimitScope: global}]}")
            ])

            // A few at once, so that the ring has room for all of them.
            var told: [Int] = []
            for round in Array(0..<rounds) + Array(0..<again) {
                let story = try live.agent.run(Step("umasks", first + round * calls, calls))
                #expect(story.status == .exited(0))
                told += live.events(story).numbers()
            }

            let (keys, all) = (calls * rounds, calls * (rounds + again))
            #expect(Array(told.prefix(keys)) == Array(first..<first + keys), "each key's first call is told")
            #expect(told.count > keys, "forgotten ones are told again")
            #expect(told.count >= all - room, "no more are held back than are remembered")
            #expect(
                live.counts()[1]
                    == ActionCounts(posts: UInt64(told.count), heldBack: UInt64(all - told.count)))
        }

        @Test("a limit is a selector's own: without one each call is told, beside a policy that has one")
        func neighbours() throws {
            try live.run([
                limited("limited", "rateLimit: 1h, rateLimitScope: global"),
                PolicySample.hook(
                    "all", "sys_umask", [(0, "int")],
                    selector: "matchArgs: [{index: 0, operator: Equal, values: [\"421\"]}]"),
            ])

            let story = try live.agent.run(steps: [Step](repeating: .umask(421), count: 5))

            let events = live.events(story)
            #expect(events.count == 5)
            #expect(events.matched(by: "limited").count == 1)
            #expect(events.matched(by: "all").count == 5)
            #expect(live.counts()[1] == ActionCounts(posts: 1, heldBack: 4))
            #expect(live.counts()[2] == ActionCounts(posts: 5))
        }
    }
}
