import AgentCore
import CEventABI
import EventReference
import TestSupport
import Testing

/// The environment of an exec, from its pieces to the line: what is missing is said.
@Suite struct EnvironmentTests {
    private static let variables = ["A=1", "DB_PASSWORD=secret", "LONG=\(String(repeating: "x", count: 40))"]
    private static let whole: [UInt8] = variables.flatMap { Array($0.utf8) + [UInt8(0)] }

    /// The line of an exec whose environment came in pieces of ten bytes, of which some are lost or unreadable.
    private func process(
        lost: Set<Int> = [], unreadable: Set<Int> = [], asked: Bool = true
    ) throws -> JSONValue {
        var records = Records()
        var settings = EventSettings()
        settings.environment = asked
        let replay = Replay(settings)
        let image = secd_image(start_ns: 7, pid: 100, reserved: 0)
        for (index, start) in stride(from: 0, to: Self.whole.count, by: 10).enumerated() {
            let bytes = Array(Self.whole[start..<min(start + 10, Self.whole.count)])
            guard !lost.contains(index) else { continue }
            replay.take(
                records.environment(
                    of: image, at: start, unreadable.contains(index) ? bytes.map { _ in 0 } : bytes,
                    flags: unreadable.contains(index) ? SECD_PIECE_FAULT : 0))
        }
        var sample = SampleImage(pid: 100, start: image.start_ns, binary: "/bin/true")
        sample.head.head = records.head(SECD_KIND_EXEC)
        sample.lostEnvironmentBytes = Self.whole.count
        replay.take(sample.record)
        let exec = try #require(try replay.events().first { $0.kind == "process_exec" })
        return try #require(exec.at("process_exec.process"))
    }

    private func keys(_ process: JSONValue) -> [String] {
        process["environment_variables"]?.elements?.compactMap { $0["Key"]?.text } ?? []
    }

    @Test func isWholeWhereAllPiecesCame() throws {
        let process = try process()
        #expect(keys(process) == ["A", "DB_PASSWORD", "LONG"])
        #expect(process.at("environment_variables.1.Value")?.text == "*****")
        #expect(process["environment_missing_bytes"] == nil)
    }

    /// The second variable ends in the third piece, the last in the seventh.
    @Test(arguments: [(0, 0), (1, 1), (2, 1), (3, 2), (6, 2)])
    func endsBeforeTheVariableThatALostPieceHolds(_ piece: Int, _ left: Int) throws {
        let missing = Self.variables.dropFirst(left).map { $0.utf8.count + 1 }.reduce(0, +)
        for process in [try process(lost: [piece]), try process(unreadable: [piece])] {
            #expect(keys(process) == Array(["A", "DB_PASSWORD", "LONG"].prefix(left)))
            #expect(process.number("environment_missing_bytes") == UInt64(missing))
        }
    }

    @Test func isMissingAsAWholeWhereNoPieceCame() throws {
        let process = try process(lost: Set(0..<10))
        #expect(process["environment_variables"] == nil)
        #expect(process.number("environment_missing_bytes") == UInt64(Self.whole.count))
    }

    @Test func nothingIsMissingThatNobodyAskedFor() throws {
        let process = try process(asked: false)
        #expect(process["environment_variables"] == nil)
        #expect(process["environment_missing_bytes"] == nil)
    }
}
