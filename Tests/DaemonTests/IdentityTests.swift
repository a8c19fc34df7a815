import AgentModel
import Foundation
import Testing

extension DaemonSuite {
    /// Identities as an operator sees them.
    @Suite struct IdentityTests {
        @Test func reservedOnesAreListedAndFoundByName() throws {
            let daemon = try TestDaemon.started()
            let list = try daemon.secctl("identity", "list")
            #expect(list.ending == .code(0))
            let rows = list.lines.map { $0.split(separator: " ").joined(separator: " ") }
            #expect(rows.prefix(3) == ["ID USERS LABELS", "1 - reserved:host", "2 - reserved:world"])
            let one = try daemon.secctl("identity", "get", "kube-apiserver")
            #expect(one.ending == .code(0))
            #expect(one.output.contains("\"number\" : 7"))
            let none = try daemon.secctl("identity", "get", "70000")
            #expect(none.ending == .code(2))
            #expect(none.errors.contains("no identity is called \"70000\""))
            // Nothing is wrong with the file that keeps them.
            #expect(try daemon.status.problems.allSatisfy { !$0.contains("identities") })
            #expect(FileManager.default.fileExists(atPath: daemon.state + "/identities"))
            try daemon.stop()
        }

        @Test func settingsThatCannotBeAreRefused() throws {
            for (yaml, sentence) in [
                ("identity:\n  labels: [\"app(\"]\n", "identity.labels[0]"),
                (
                    "identity:\n  etcd:\n    endpoints: [etcd:2379]\n",
                    "identity.etcd.endpoints[0]: \"etcd:2379\" is no address of etcd"
                ),
                (
                    "identity:\n  etcd:\n    endpoints: [https://a]\n    key: /k.pem\n",
                    "identity.etcd.key: identity.etcd.certificate is missing"
                ),
                ("identity:\n  grace: 1s\n", "expected 10s or more"),
                ("identity:\n  cluster-id: 256\n", "expected 0 to 255"),
            ] {
                let folder = try Folder()
                let file = try folder.write("secd.yaml", yaml)
                let run = try Run.program([Programs.secd, "--config", file, "--show-config"])
                #expect(run.ending == .code(78), "\(yaml)")
                #expect(run.errors.contains(sentence), "\(run.errors)")
            }
        }
    }
}
