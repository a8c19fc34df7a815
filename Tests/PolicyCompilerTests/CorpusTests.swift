import Foundation
import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// Real policies of the field. They lie outside of the repository, and stay there.
@Suite struct CorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(
            path: "shared/corpus/tracing-policies")

    static let isHere = FileManager.default.fileExists(atPath: folder.path)

    static let files: [String] = {
        let all = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
        return all.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    /// Files that are no policies.
    static let others = ["configuration/tetragon.yaml", "quickstart/docker-compose.yaml"]

    /// Policies with places to fill in.
    static let templates = ["policylibrary/egress.yaml", "quickstart/network_egress_cluster_enforce.yaml"]

    static func check(_ file: String, _ settings: CheckSettings = CheckSettings()) throws -> PolicyBatch {
        var batch = PolicyBatch(settings)
        batch.add(file: file, bytes: Array(try Data(contentsOf: folder.appending(path: file))))
        return batch
    }

    static func findings(_ batch: PolicyBatch) -> [String] {
        batch.files[0].diagnostics.map { "\($0.line):\($0.column): \($0.severity.rawValue): \($0.message)" }
    }

    @Test(.enabled(if: isHere, "../shared/corpus is not here"))
    func everyPolicyCompiles() throws {
        try #require(Self.files.count >= 45)
        for file in Self.files where !Self.others.contains(file) && !Self.templates.contains(file) {
            let batch = try Self.check(file)
            let errors = batch.files[0].diagnostics.filter { $0.severity == .error }
            #expect(errors == [], "\(file)")
            #expect(!batch.policies.isEmpty, "\(file)")
            let generation = try batch.generation()
            let isOnlyLoader = batch.policies.allSatisfy { $0.hooks.isEmpty }
            let isDeferred = batch.files[0].diagnostics.contains { $0.severity == .note }
            #expect(generation.hooks.isEmpty == (isOnlyLoader || isDeferred), "\(file)")
        }
    }

    @Test(.enabled(if: isHere, "../shared/corpus is not here"))
    func whatIsNoPolicyIsNamed() throws {
        for file in Self.others {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let first = try #require(lines.firstIndex { !$0.isEmpty && !$0.hasPrefix("#") && $0 != "---" })
            #expect(
                Self.findings(try Self.check(file)) == ["\(first + 1):1: error: \"apiVersion\" is missing"],
                "\(file)")
        }
    }

    @Test(.enabled(if: isHere, "../shared/corpus is not here"))
    func placesToFillInAreRefusedAtTheirLines() throws {
        for file in Self.templates {
            let text = try String(contentsOf: Self.folder.appending(path: file), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let expected = lines.indices.filter { lines[$0].contains("${") }.map { $0 + 1 }
            let found = try Self.check(file).files[0].diagnostics
            #expect(found.map(\.line) == expected, "\(file)")
            #expect(found.allSatisfy { $0.message.hasSuffix("is no address") }, "\(file)")
        }
    }

    static let vmlinux = FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux")

    /// Which symbols exist depends on the kernel; that every finding is about one, does not.
    @Test(.enabled(if: isHere && vmlinux != nil, "../shared/corpus or /sys/kernel/btf/vmlinux is not here"))
    func againstTheRunningKernelOnlySymbolsAreMissing() throws {
        let types = try BTFKernelTypes(release: "running", bytes: Array(try #require(Self.vmlinux)))
        for file in Self.files where !Self.others.contains(file) && !Self.templates.contains(file) {
            let batch = try Self.check(file, CheckSettings(kernel: types))
            for found in batch.files[0].diagnostics where found.severity == .error {
                let isSymbol =
                    found.message.contains("has no function")
                    || found.message.contains("is no regular expression")
                #expect(isSymbol, "\(file): \(found.rendered(in: batch.files[0].source))")
            }
        }
    }
}
