import Configuration
import Testing
import YAMLReader

@Suite struct WatchedPathTests {
    private func load(_ paths: [String]) throws(ConfigurationError) -> [String] {
        let list = paths.map { "    - path: \"\($0)\"\n" }.joined()
        return try AgentConfiguration.load(
            flags: [:], environment: [:],
            source: SourceText(file: "secd.yaml", text: "events:\n  files:\n" + list)
        ).events.files.map(\.path)
    }

    private func problem(_ paths: [String]) -> String {
        do throws(ConfigurationError) {
            _ = try load(paths)
            return ""
        } catch { return error.description }
    }

    @Test(arguments: ["/", "/etc", "/etc/", "/etc/...", "/a b/.c", "/" + String(repeating: "x", count: 246)])
    func pathsThatTheKernelCanCompare(_ path: String) throws {
        #expect(try load([path]) == [path])
    }

    @Test(
        arguments: [
            ("etc", "is not absolute"), ("", "is not absolute"), ("/etc//ssh", "empty components"),
            ("//etc", "empty components"), ("/etc/./ssh", "empty components"),
            ("/etc/..", "empty components"),
            ("/" + String(repeating: "x", count: 247), "is longer than 247 bytes"),
        ])
    func pathsThatWouldNeverMatchAreRefused(_ path: String, _ words: String) {
        #expect(problem([path]).contains(words))
    }

    @Test func aPathStandsOnce() {
        #expect(problem(["/etc", "/usr", "/etc/"]).contains("\"/etc/\" is named twice"))
    }

    @Test func thereIsRoomFor128() throws {
        let paths = (0..<129).map { "/p\($0)" }
        #expect(try load(paths.dropLast()).count == 128)
        #expect(problem(paths).contains("\"/p128\" is one too many: at most 128 paths"))
    }
}
