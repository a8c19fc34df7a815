import ControlCommands
import Foundation
import PolicyCompiler
import Testing

/// `secctl policy check`: files, findings, summary.
@Suite struct PolicyCheckTests {
    private func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "policy-check-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "below"), withIntermediateDirectories: true)
        return folder
    }

    private static let good = """
        apiVersion: cilium.io/v1alpha1
        kind: TracingPolicy
        metadata:
          name: good
        spec:
          kprobes:
          - call: sys_read
        """

    @Test func foldersGiveTheirYAMLFilesInOrder() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["b.yaml", "a.yml", "below/c.yaml", "notes.txt"] {
            try Data().write(to: folder.appending(path: name))
        }
        let names = try PolicyFiles.list([folder.path, "-", "/no/such"]).map {
            $0.replacing(folder.path + "/", with: "")
        }
        #expect(names == ["a.yml", "b.yaml", "below/c.yaml", "-", "/no/such"])
    }

    @Test func aLargeFileIsNotRead() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "large.yaml")
        _ = FileManager.default.createFile(atPath: file.path, contents: nil)
        let handle = try FileHandle(forWritingTo: file)
        try handle.truncate(atOffset: 100 << 20)
        try handle.close()
        guard case .tooLarge(let size) = try PolicyFiles.read(file.path, limit: 8 << 20) else {
            Issue.record("it was read")
            return
        }
        #expect(size == 100 << 20)
    }

    @Test func whatIsNoFileIsAnError() throws {
        #expect(throws: InputError.self) { try PolicyFiles.read("/no/such", limit: 10) }
        #expect(throws: InputError.self) { try PolicyFiles.read("/dev/zero", limit: 10) }
    }

    @Test func theSummaryCountsEverything() {
        var batch = PolicyBatch()
        batch.add(file: "good.yaml", bytes: Array(Self.good.utf8))
        batch.add(file: "bad.yaml", bytes: Array(Self.good.replacing("sys_read", with: "sys_raed").utf8))
        let report = PolicyCheckReport(batch)
        #expect(report.errors == 2 && report.warnings == 0)
        let lines = report.lines(batch)
        #expect(
            lines[..<3] == [
                "bad.yaml:4:9: error: metadata.name: there is a policy \"good\" already",
                "    4 |   name: good", "      |         ^~~~ in good.yaml, line 4",
            ])
        #expect(
            lines.last == "1 policy, 1 hook, 1 selector, about 0 kB of kernel memory, 2 errors, 0 warnings")
    }

    @Test func textOfFilesCannotDriveTheTerminal() {
        var batch = PolicyBatch()
        batch.add(file: "x.yaml", bytes: Array(Self.good.replacing("sys_read", with: "\"sys_\\e[2J\"").utf8))
        let lines = PolicyCheckReport(batch).lines(batch)
        #expect(lines[0].contains("sys_\\x1B[2J") || lines[0].contains("sys_\\x1b[2J"))
        #expect(lines.allSatisfy { !$0.contains("\u{1b}") })
    }
}
