import AgentCore
import CEventABI
import Sensors
import Testing

extension KernelSuite {
    /// A page of an environment that cannot be read needs a machine that swaps in the middle of an exec: its
    /// record is made in PieceTests and in AgentCoreTests.
    @Suite("environment") struct EnvironmentTests {
        private static let agent: LiveAgent = {
            do {
                let agent = try LiveAgent {
                    $0.events.unwanted = []
                    $0.events.environment = true
                    $0.sensors.agent.flags |= SECD_AGENT_ENVIRONMENT
                    $0.sensors.sockets = false
                }
                try agent.start()
                return agent
            } catch {
                fatalError("the engine does not start: \(error)")
            }
        }()

        private let agent = Self.agent

        private func exec(_ count: Int, _ bytes: Int) throws -> Story {
            try agent.run(Step("environment", count, bytes), .exec("/bin/true", ["true"]))
        }

        /// Names, and whether each value has the length and the bytes that it was given.
        private func names(_ process: JSON, _ bytes: Int) -> [String] {
            process["environment_variables"].array.map { variable in
                let (name, value) = (variable["Key"].text, variable["Value"].text)
                let isWhole =
                    value.utf8.count == bytes - name.utf8.count - 2
                    && value.utf8.allSatisfy { $0 == UInt8(ascii: "x") }
                return isWhole ? name : "\(name): \(value.utf8.count) bytes"
            }
        }

        @Test(
            "of a few bytes, around one piece, and of 1.5 MiB arrives whole",
            arguments: [(0, 16), (1, 16), (1, 32_640), (2, 16_320), (1, 32_641), (15, 104_858)])
        func whole(_ count: Int, _ bytes: Int) throws {
            let story = try exec(count, bytes)

            let process = try story.exec().process
            #expect(names(process, bytes) == (0..<count).map { "V\($0)" })
            #expect(!process["environment_missing_bytes"].isPresent)
            // Only the event of the exec has it.
            let exit = try story.exit().process
            #expect(!exit["environment_variables"].isPresent && !exit["environment_missing_bytes"].isPresent)
        }

        @Test("beyond what pieces carry: whole variables, and how many bytes there were behind them")
        func cut() throws {
            let (count, bytes) = (24, 100_000)

            let process = try exec(count, bytes).exec().process

            let whole = Int(SECD_PIECES_MAX) * Int(SECD_PIECE_MAX) / bytes
            #expect(whole == 21)
            #expect(names(process, bytes) == (0..<whole).map { "V\($0)" })
            #expect(process["environment_missing_bytes"].number == (count - whole) * bytes)
        }
    }
}
