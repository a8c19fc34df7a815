import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// GetUrl and DnsLookup: the daemon asks a server that a policy names, where the setting allows it.
    struct OutreachTests {
        private let folder: Folder

        init() throws { folder = try Folder() }

        /// Masks that nobody else sets, each with an action.
        private static func policy(_ actions: [(mask: Int, action: String)]) -> String {
            let hooks = actions.map { mask, action in
                """
                  - call: sys_umask
                    syscall: true
                    args: [{index: 0, type: int}]
                    selectors:
                    - matchArgs: [{index: 0, operator: Equal, values: ["\(mask)"]}]
                      matchActions: [\(action)]
                """
            }
            return """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata:
                  name: canary
                spec:
                  kprobes:

                """ + hooks.joined(separator: "\n") + "\n"
        }

        private static func sets(_ mask: Int, times: Int = 1) throws {
            // A shell that has the mask already sets it twice.
            for _ in 0..<times { try Run.shell("umask \(String(mask, radix: 8))") }
        }

        private static let hasResolver = FileManager.default.isReadableFile(atPath: "/etc/resolv.conf")
        private static let isOn = "policy-outreach: true\n"
        private static let page = Array("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".utf8)

        private static func lines(_ question: [UInt8]) -> [String] {
            String(decoding: question, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n")
                .map(
                    String.init)
        }

        @Test func aPageIsAskedForOnceForEachEventAndTheEventSaysSo() throws {
            let server = try LocalServer.pages { _ in Self.page }
            let host = "\(LocalServer.host):\(server.port)"
            let file = try folder.write(
                "canary.yaml",
                Self.policy([(0o661, "{action: GetUrl, argUrl: \"http://\(host)/told?by=secd\"}")]))
            let daemon = try TestDaemon.started(in: folder, yaml: Self.isOn)
            let add = try daemon.secctl("policy", "add", file)
            try #require(add.ending == .code(0), "\(add)")

            try Self.sets(0o661, times: 3)

            #expect(eventually { server.questions.count >= 3 }, "\(server.questions.count)\n\(daemon.log)")
            try daemon.settle()
            #expect(server.questions.count == 3)
            for question in server.questions {
                let lines = Self.lines(question)
                #expect(lines.first == "GET /told?by=secd HTTP/1.1")
                #expect(lines.contains("Host: \(host)") || lines.contains("Host: \(LocalServer.host)"))
            }
            let events = try daemon.lines.filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0["action"] } == [String](repeating: "KPROBE_ACTION_GETURL", count: 3))
            try daemon.stop()
        }

        @Test(
            "a name is looked up at the server of /etc/resolv.conf, alone and for a page",
            .enabled(if: hasResolver, "the machine has no /etc/resolv.conf"))
        func names() throws {
            let names = try LocalServer.datagrams(port: 53, NameAnswer.answer)
            let pages = try LocalServer.pages { _ in Self.page }
            let resolver = try folder.write("resolv.conf", "nameserver \(LocalServer.host)\n")
            let file = try folder.write(
                "canary.yaml",
                Self.policy([
                    (0o662, "{action: DnsLookup, argFqdn: \"seen.canary.example\"}"),
                    (0o663, "{action: GetUrl, argUrl: \"http://page.canary.example:\(pages.port)/\"}"),
                ]))
            let daemon = try TestDaemon.started(
                in: folder, yaml: Self.isOn,
                wrapper: Namespace.wrapper("mount --bind \(resolver) /etc/resolv.conf"))
            let add = try daemon.secctl("policy", "add", file)
            try #require(add.ending == .code(0), "\(add)")

            try Self.sets(0o662)
            #expect(eventually { names.asks(for: "seen.canary.example", type: 1) == 1 }, "\(daemon.log)")
            try Self.sets(0o663)
            #expect(eventually { pages.questions.count == 1 }, "\(daemon.log)")

            #expect(names.asks(for: "seen.canary.example", type: 1) == 1)
            #expect(names.asks(for: "page.canary.example", type: 1) == 1)
            #expect(Self.lines(try #require(pages.questions.first)).first == "GET / HTTP/1.1")
            try daemon.stop()
        }

        @Test func withoutTheSettingThePolicyIsRefusedWithTheLineAndNobodyIsAsked() throws {
            let server = try LocalServer.pages { _ in Self.page }
            let file = try folder.write(
                "canary.yaml",
                Self.policy([
                    (0o664, "{action: GetUrl, argUrl: \"http://\(LocalServer.host):\(server.port)/\"}")
                ]))
            let daemon = try TestDaemon.started(in: folder)

            let add = try daemon.secctl("policy", "add", file)

            #expect(add.ending != .code(0))
            let said = add.output + add.errors
            #expect(said.contains("the setting policy-outreach allows it"), "\(said)")
            #expect(said.contains("canary.yaml:12:"), "\(said)")
            try Self.sets(0o664)
            try daemon.settle()
            #expect(server.questions.isEmpty)
            try daemon.stop()
        }
    }
}

extension LocalServer {
    /// How often a name was asked for by a type.
    fileprivate func asks(for name: String, type: Int) -> Int {
        questions.compactMap(NameAnswer.question).count { $0.name == name && $0.type == type }
    }
}
