import AgentModel
import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// The systemd unit's restrictions, without systemd.
    @Suite struct UnitTests {
        private static let unit = readText(
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
                + "/export/systemd/secd.service")

        private func values(_ key: String) -> [String] {
            Self.unit.split(separator: "\n").filter { $0.hasPrefix("\(key)=") }
                .flatMap { $0.dropFirst(key.count + 1).split(separator: " ").map(String.init) }
        }

        /// The lines of the filter, one after another: a list adds, one with `~` takes away.
        private func allowedCalls() throws -> Set<String> {
            var allowed: Set<String> = []
            for line in Self.unit.split(separator: "\n") where line.hasPrefix("SystemCallFilter=") {
                let value = line.dropFirst("SystemCallFilter=".count)
                let isDenied = value.hasPrefix("~")
                let calls = try callNames(value.drop { $0 == "~" }.split(separator: " ").map(String.init))
                if isDenied { allowed.subtract(calls) } else { allowed.formUnion(calls) }
            }
            return allowed
        }

        /// Calls and groups of calls (`@system-service`) → calls.
        private func callNames(_ names: [String]) throws -> Set<String> {
            var calls: Set<String> = []
            var waiting = names
            while let name = waiting.popLast() {
                guard name.hasPrefix("@") else {
                    calls.insert(name)
                    continue
                }
                let list = try Run.program(["/usr/bin/systemd-analyze", "syscall-filter", name])
                waiting += list.lines.map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty && !$0.hasPrefix("#") && $0 != name }
            }
            return calls
        }

        /// Runs the rest of its arguments with the capabilities of the unit, among its mounts.
        private func restricted(_ folder: Folder) -> [String] {
            let capabilities = values("CapabilityBoundingSet").map {
                "+" + $0.dropFirst("CAP_".count).lowercased()
            }
            #expect(capabilities.count > 5)
            // ProtectSystem=strict, ProtectKernelTunables, with the exceptions of ReadWritePaths.
            var script = """
                mount -t bpf secd-test /sys/fs/bpf && mount --bind \(folder.path) \(folder.path) &&
                (mountpoint -q /sys/kernel/tracing || mount -t tracefs secd-test /sys/kernel/tracing) &&
                mount -o remount,ro,bind / && mount -o remount,ro,bind /sys && mount -o remount,ro,bind /proc
                """
            if values("ProtectControlGroups") != ["no"] {
                script += """
                     && while read -r _ at type _; do
                     case $type in cgroup*) mount -o remount,ro,bind $at;; esac; done < /proc/self/mounts
                    """
            }
            // Where the folder of the test is, too: the daemon would not even find its configuration.
            if values("PrivateTmp") != ["no"] { script += " && mount -t tmpfs secd-test /tmp" }
            return Namespace.wrapper(script) + [
                "/usr/bin/setpriv", "--no-new-privs",
                "--bounding-set=-all," + capabilities.joined(separator: ","), "--inh-caps=-all",
            ]
        }

        @Test func itsCapabilitiesAndItsReadOnlyFileSystemsSuffice() throws {
            let folder = try Folder()
            let daemon = try TestDaemon.started(in: folder, wrapper: restricted(folder))
            #expect(!daemon.log.contains("warning"), "\(daemon.log)")
            let free = try TestDaemon.started()
            #expect(try daemon.status.sensors.map(\.mechanisms) == free.status.sensors.map(\.mechanisms))
            try daemon.settle()
            daemon.program.signal(SIGHUP)
            #expect(daemon.notify.wait(for: "STATUS=reloaded"))
            try daemon.stop()
            try free.stop()
            #expect(try daemon.lines.last?.kind == "stream_stop")
        }

        @Test(.enabled(if: TestCgroup.root != nil, "needs a cgroup2 hierarchy"))
        func policiesActUnderItsRestrictions() throws {
            let folder = try Folder()
            let policy = try UnitPolicy(folder)
            let daemon = try TestDaemon.started(
                in: folder, ["--policy", policy.file], wrapper: restricted(folder))

            // A file below /tmp: the machine's, not one of the daemon's own.
            try #require(eventually { policy.isSecretRefused }, "\(daemon.log)")
            let child = try policy.killTree()
            #expect(eventually { !UnitPolicy.isAlive(child) }, "\(daemon.log)")
            let container = try UnitPolicy.Container()
            #expect(try policy.kill(container) == .signal(SIGKILL))
            #expect(container.bystander.wait() == .signal(SIGKILL), "\(daemon.log)")

            #expect(!daemon.log.contains(" error: "), "\(daemon.log)")
            try daemon.stop()
        }

        @Test(
            .enabled(if: Programs.isInstalled("strace"), "needs strace"),
            .enabled(if: Programs.isInstalled("systemd-analyze"), "needs systemd-analyze"))
        func everySystemCallOfALifeIsAllowed() throws {
            let allowed = try allowedCalls()
            #expect(allowed.count > 200 && !allowed.contains("setuid"))
            let folder = try Folder()
            let policy = try UnitPolicy(folder)
            let daemon = try TestDaemon.started(
                in: folder,
                yaml: "export: {journald: true, file: {max-size: 64K}}\nevents: {process: {sha256: true}}\n",
                ["--metrics", "127.0.0.1:\(try FreePort.tcp())", "--policy", policy.file],
                wrapper: ["/usr/bin/strace", "-f", "-qq", "-o", folder / "calls"])
            try Run.processes(100)
            try #require(eventually(120) { policy.isSecretRefused }, "\(daemon.log)")
            let member = try policy.killTree()
            #expect(eventually { !UnitPolicy.isAlive(member) }, "\(daemon.log)")
            for question in ["status", "ps", "sockets", "doctor"] { _ = try daemon.secctl(question) }
            daemon.program.signal(SIGHUP)
            try Run.processes(10)
            // strace passes the signal on to nobody: the daemon is its child.
            let child = readText("/proc/\(daemon.pid)/task/\(daemon.pid)/children").split(separator: " ")
                .first
            kill(try #require(child.flatMap { Int32($0) }), SIGTERM)
            #expect(daemon.program.wait() == .code(0))
            let used = Set(
                folder.text("calls").split(separator: "\n").compactMap { line -> String? in
                    // 4711 openat(AT_FDCWD, …, or <... openat resumed>
                    let rest = line.drop { $0.isNumber }.drop { $0 == " " }
                    guard let open = rest.firstIndex(of: "("), rest.first?.isLowercase == true else {
                        return nil
                    }
                    return String(rest[..<open])
                })
            #expect(used.contains("bpf") && used.contains("perf_event_open"))
            #expect(used.contains("pidfd_send_signal"))
            // Made before the unit's filter applies, or only where something is not mounted yet.
            #expect(used.subtracting(allowed).subtracting(["mount"]).isEmpty, "\(used.subtracting(allowed))")
        }
    }
}
