import CEventABI
import PolicyCompiler
import PolicyEngine
import Testing

/// TrackSock and UntrackSock in the bytes of a generation: which socket a rule is about.
@Suite struct SocketTieTests {
    private static func image(_ hooks: [String]) throws -> GenerationImage {
        var batch = PolicyBatch()
        for (index, hook) in hooks.enumerated() {
            let text = """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata:
                  name: p\(index)
                spec:
                  kprobes:
                  - call: a_function
                    syscall: false

                """
            let lines = hook.split(separator: "\n").map { "    " + $0 }
            batch.add(
                file: "\(index).yaml", bytes: Array((text + lines.joined(separator: "\n") + "\n").utf8))
        }
        try #require(!batch.hasErrors)
        return try PackAgreementTests.image(try GenerationBuilder.build(batch.policies))
    }

    private static let track = SECD_POLICY_TRACK
    private static let untrack = SECD_POLICY_UNTRACK

    @Test func theSocketIsTheColumnThatItHasAmongThoseOfAllPolicies() throws {
        let image = try Self.image([
            "args: [{index: 1, type: int}, {index: 2, type: sock}]",
            """
            args: [{index: 0, type: int}, {index: 2, type: sock}]
            selectors:
            - matchActions: [{action: TrackSock, argSock: 2}]
            """,
            """
            args: [{index: 3, type: socket}]
            selectors:
            - matchActions: [{action: UntrackSock, argSock: 3}, {action: NoPost}]
            """,
        ])

        // Columns: 1, 2, 0, 3.
        let ties = image.rules.map { $0.actions & (Self.track | Self.untrack) }
        #expect(ties == [0, Self.track, Self.untrack])
        #expect(image.rules.map { $0.flags >> UInt8(SECD_POLICY_COLUMN_SHIFT) } == [0, 1, 3])
        #expect(image.rules.map { $0.actions & SECD_POLICY_POST != 0 } == [true, true, false])
        #expect(image.hooks[0].tables.flags & SECD_POLICY_HOOK_SOCKETS != 0)
    }

    @Test func whatACallReturnsHasAPlaceOfItsOwn() throws {
        let image = try Self.image([
            """
            args: [{index: 0, type: sock}]
            return: true
            returnArg: {index: 0, type: sock}
            returnArgAction: TrackSock
            selectors:
            - matchActions:
              - {action: UntrackSock, argSock: 0}
              - {action: Post, rateLimit: 5, rateLimitScope: global}
            """
        ])

        let rule = try #require(image.rules.first)
        #expect(rule.actions & (Self.track | Self.untrack) == Self.untrack)
        #expect(rule.return_actions & (Self.track | Self.untrack) == Self.track)
        #expect(rule.flags >> UInt8(SECD_POLICY_COLUMN_SHIFT) == 0)
        #expect(rule.rate_scope >> UInt8(SECD_POLICY_COLUMN_SHIFT) == 1)
        #expect(rule.rate_scope & UInt8(SECD_POLICY_SCOPE_MASK) == UInt8(SECD_POLICY_SCOPE_GLOBAL))
    }

    @Test func whoTiesNothingReadsNothingBefore() throws {
        let image = try Self.image(["args: [{index: 0, type: sock}]"])

        #expect(image.hooks[0].tables.flags & SECD_POLICY_HOOK_SOCKETS == 0)
    }
}
