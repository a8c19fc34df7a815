import Glibc
import Testing

/// Where LSM programs run nobody asks.
private let hasLSM = readText("/sys/kernel/security/lsm").split(separator: ",").contains("bpf")

extension DaemonSuite {
    /// Calls about files that policies forbid, while the daemon that answers them is gone.
    @Suite(.disabled(if: hasLSM, "LSM programs refuse here"))
    struct FileHandoverTests {
        private let folder: Folder
        private let secret: String

        init() throws {
            folder = try Folder()
            secret = try folder.write("secret", "secret")
        }

        private func policy(unknown: String) throws -> String {
            try folder.write(
                "opens.yaml",
                """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata:
                  name: opens
                spec:
                  unknown: \(unknown)
                  lsmhooks:
                  - hook: file_open
                    args:
                    - {index: 0, type: file}
                    selectors:
                    - matchArgs:
                      - {index: 0, operator: Equal, values: ["\(secret)"]}
                      matchActions:
                      - {action: Override, argError: -1}

                """)
        }

        /// Whether the file cannot be read; before the policy runs it can.
        private func isRefused() -> Bool {
            (try? Run.program(["/bin/cat", secret]).ending) == .code(1)
        }

        @Test func callsWaitOverARestartWherePoliciesSayDeny() throws {
            let policy = try policy(unknown: "deny")
            let first = try TestDaemon.started(in: folder, ["--policy", policy])
            try #require(eventually(30) { isRefused() }, "\(first.log)")
            try #require(first.notify.wait(for: "FDNAME=secd-files-1"))
            let group = try #require(first.notify.descriptors.first)
            first.kill()
            Program.handOn(group)
            defer { Program.keep(group) }

            let reader = try Program(["/bin/cat", secret])
            #expect(reader.wait(0.5) == .never)
            let handing = """
                exec 3<&\(group); export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=secd-files-1; exec "$@"
                """
            let second = try TestDaemon.started(
                in: folder, ["--policy", policy], wrapper: ["/bin/bash", "-c", handing, "bash"])

            #expect(reader.wait() == .code(1), "\(second.log)")
            #expect(second.notify.messages.contains { $0.contains("FDSTOREREMOVE=1") })
            #expect(isRefused())
            try second.stop()
        }

        @Test func callsPassWhenTheDaemonIsGoneWherePoliciesSayAllow() throws {
            let policy = try policy(unknown: "allow")
            let daemon = try TestDaemon.started(in: folder, ["--policy", policy])
            try #require(eventually(30) { isRefused() }, "\(daemon.log)")
            let status = try daemon.secctl("policy", "status", "opens")

            daemon.kill()

            #expect(!isRefused())
            #expect(status.output.contains("fanotify  prevent while secd lives"), "\(status.output)")
            #expect(!daemon.notify.messages.contains { $0.contains("FDSTORE=1") })
        }
    }
}
