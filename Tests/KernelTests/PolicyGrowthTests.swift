import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Generations whose tables differ in size: the slot of the next one is emptied for as much as the last one
    /// had, and what it needs beyond comes later.
    @Suite("generations of all sizes", .serialized) struct PolicyGrowthTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        private func opens(of name: String) -> [Step] {
            [.openat(Call.here, .path(folder / name), O_RDONLY).fails(ENOENT)]
        }

        private func others(_ count: Int, _ turn: Int) -> [String] {
            (0..<count).map { PolicySample.opens("other-\($0)", below: "/nowhere/\(turn)/\($0)/") }
        }

        @Test("each tells what its own policies say, whatever stood in its place before")
        func sizes() throws {
            defer { _ = try? live.run([]) }
            // More and fewer than a chunk of rules (256) has, in both slots.
            for (turn, count) in [0, 300, 310, 2, 700, 3, 0, 520, 1].enumerated() {
                let meant = PolicySample.opens("meant", below: folder / "\(turn)-")
                try live.run(others(count, turn) + [meant])

                let story = try live.agent.run(steps: opens(of: "\(turn)-a") + opens(of: "\(turn - 1)-a"))

                let events = live.events(story)
                #expect(
                    events.map { $0.body["args"][1]["string_arg"].text } == [folder / "\(turn)-a"],
                    "turn \(turn), \(count) others")
                #expect(events.map { $0.body["policy_name"].text } == ["meant"])
            }
        }

        @Test("no policy, and then some again")
        func none() throws {
            defer { _ = try? live.run([]) }
            for turn in 0..<3 {
                try live.run(others(300, turn) + [PolicySample.opens("meant", below: folder.path)])
                #expect(live.events(try live.agent.run(steps: opens(of: "a"))).count == 1)
                try live.run([])
                #expect(live.events(try live.agent.run(steps: opens(of: "a"))).isEmpty)
            }
        }

        @Test("after a set of policies that has no room, what ran goes on, and the next one comes")
        func refused() throws {
            defer { _ = try? live.run([]) }
            let first = PolicySample.opens("first", below: folder.path)
            let second = PolicySample.opens("second", below: folder.path)
            let selector = "  - matchPIDs: [{operator: In, values: [1]}]\n"
            let large = (0..<5).map { number in
                PolicySample.policy(
                    "large-\(number)",
                    "kprobes:\n- call: sys_openat\n  syscall: true\n  selectors:\n"
                        + String(repeating: selector, count: 1000))
            }
            try live.run([first])
            try live.run([first, second])

            let refusal = try #require(try live.refusal(large))
            let story = try live.agent.run(steps: opens(of: "a"))
            try live.run([second])
            let later = try live.agent.run(steps: opens(of: "a"))

            #expect(refusal.reason.contains("there is room for 4096"))
            #expect(
                Set(live.events(story).flatMap { $0.body["policies"].array.map { $0["name"].text } })
                    == ["first", "second"])
            #expect(live.events(later).map { $0.body["policy_name"].text } == ["second"])
        }
    }
}
