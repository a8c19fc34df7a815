import AgentCore
import Foundation
import Logging
import Testing

/// Labels of namespaces, by those who know some, and over restarts.
@Suite struct NamespaceLabelsTests {
    @Test func manifestsGoBeforeTheClusterAndOnlyChangesAreTold() {
        let labels = NamespaceLabels(
            manifests: ["shop": ["tier": "front"]],
            cluster: ["shop": ["tier": "x", "zone": "a"], "lab": ["a": "1"]])
        #expect(labels.merged == ["shop": ["tier": "front", "zone": "a"], "lab": ["a": "1"]])
        var told: [[String: [String: String]]] = []
        #expect(!labels.take(.one("lab", ["a": "1"])) { told.append($0) })
        // Behind a manifest's label: new, and no change.
        #expect(labels.take(.one("shop", ["tier": "y", "zone": "a"])) { told.append($0) })
        #expect(told == [])
        #expect(labels.take(.one("lab", ["a": "2"])) { told.append($0) })
        labels.set(manifests: [:]) { told.append($0) }
        #expect(told == [["lab": ["a": "2"]], ["shop": ["tier": "y", "zone": "a"]]])
    }

    @Test func onlyAWholeListSaysThatANamespaceIsGone() {
        let labels = NamespaceLabels(cluster: ["shop": ["a": "1"], "lab": ["a": "1"]])
        var told: [[String: [String: String]]] = []
        #expect(labels.take(.all(["shop": ["a": "2"]], isWhole: false)) { told.append($0) })
        #expect(labels.ofCluster == ["shop": ["a": "2"], "lab": ["a": "1"]])
        #expect(labels.take(.all(["shop": ["a": "2"]], isWhole: true)) { told.append($0) })
        #expect(!labels.take(.all(["shop": ["a": "2"]], isWhole: true)) { told.append($0) })
        #expect(labels.take(.one("shop", [:])) { told.append($0) })
        #expect(told == [["shop": ["a": "2"]], ["lab": [:]], ["shop": [:]]])
        #expect(labels.merged == [:])
    }

    @Test func whatTheClusterSaidIsThereAfterARestart() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secd-namespaces-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let kept = KeptNamespaceLabels(stateDirectory: folder.path)
        #expect(kept.read() == [:])
        try kept.keep(["shop": ["a": "1\"\n", "b": ""], "lab": [:]], at: 1)
        #expect(kept.read() == ["shop": ["a": "1\"\n", "b": ""], "lab": [:]])
        // Not a write for each change; none is forgotten.
        try kept.keep(["shop": ["a": "2"]], at: 2)
        try kept.keep(["shop": ["a": "3"]], at: 3)
        #expect(kept.read()["shop"] == ["a": "1\"\n", "b": ""])
        try kept.finish()
        #expect(kept.read() == ["shop": ["a": "3"]])
        try kept.keep(["shop": ["a": "4"]], at: 60_000_000_001)
        #expect(kept.read() == ["shop": ["a": "4"]])

        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let told = Told()
        let keeper = NamespaceKeeper(manifests: ["lab": ["m": "1"]], kept, logger: logger) {
            told.values.append($0)
        }
        #expect(told.values == [["shop": ["a": "4"], "lab": ["m": "1"]]])
        keeper.take(.one("shop", ["a": "5"]))
        keeper.finish()
        #expect(told.values.last == ["shop": ["a": "5"]] && kept.read() == ["shop": ["a": "5"]])
        // What is damaged is nothing.
        try "{\"shop\":".write(toFile: kept.path, atomically: true, encoding: .utf8)
        #expect(kept.read() == [:])
    }
}

/// Touched by one thread.
private final class Told: @unchecked Sendable {
    var values: [[String: [String: String]]] = []
}
