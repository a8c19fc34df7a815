import Foundation
import Testing

extension DaemonSuite {
    /// `secctl` where no daemon runs.
    @Suite struct WithoutDaemonTests {
        private static let absent = "/no/such/secd.sock"
        private static let reason =
            "no daemon listens on \(absent): is secd running? (systemctl status secd)"

        /// As somebody who named no daemon; the variable only keeps away from one that this machine may run.
        private func ask(_ arguments: String..., wrapper: [String] = []) throws -> Run {
            try Run.program(
                wrapper + [Programs.secctl] + arguments, environment: ["SECD_SOCKET": Self.absent])
        }

        @Test func doctorProbesThisMachineAndSaysSo() throws {
            let probed = try ask("doctor")
            #expect(probed.ending == .code(0), "\(probed.errors)")
            #expect(
                probed.errors == "secctl: \(Self.reason); this machine was probed without a daemon\n")
            let daemon = try TestDaemon.started()
            #expect(try probed.output == daemon.secctl("doctor").output)
            try daemon.stop()
        }

        @Test func doctorSaysThatItNeedsRights() throws {
            let refused = try ask(
                "doctor", wrapper: ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
            #expect(refused.ending == .code(2))
            #expect(refused.errors.contains("the kernel refuses BPF programs"), "\(refused.errors)")
            #expect(refused.output.isEmpty)
        }

        @Test func doctorSaysWhereSecdCannotRun() throws {
            let without = try ask(
                "doctor", wrapper: Namespace.wrapper("mount -t tmpfs secd-test /sys/kernel/btf"))
            #expect(without.ending == .code(1))
            #expect(
                without.errors.contains("secctl: secd cannot run here: this kernel has no BTF"),
                "\(without.errors)")
        }

        @Test func whoNamesADaemonGetsNoProbe() throws {
            let named = try ask("doctor", "--socket", Self.absent)
            #expect(named.ending == .code(2))
            #expect(named.output.isEmpty && named.errors == "secctl: \(Self.reason)\n")
        }

        @Test func versionHasAnAnswerAllTheSame() throws {
            let version = try ask("version")
            #expect(version.ending == .code(0))
            #expect(version.errors.isEmpty)
            #expect(version.lines.count == 2 && version.lines[0].hasPrefix("secctl "))
            #expect(version.lines.last == "secd   not reachable (\(Self.reason))")
        }
    }
}
