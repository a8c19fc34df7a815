import AgentModel
import EventModel
import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// What a live run writes, as others read it.
    @Suite struct StreamTests {
        /// Every kind that this kernel lets happen: programs, credentials, sockets of several families, files.
        private static let activity = """
            set -e
            /bin/true; /bin/sh -c 'exit 3' x "two words" || true
            /bin/sh -c 'kill -SEGV $$' || true
            setpriv --reuid=65534 --regid=65534 --clear-groups /bin/true
            echo x > "$1/a"; echo y >> "$1/a"; mv "$1/a" "$1/b"; ln "$1/b" "$1/c"; chmod 640 "$1/b"; chown 1:1 "$1/b"; rm "$1/b" "$1/c"
            cp /bin/true "$1/tool"; "$1/tool"
            ( exec 3<>/dev/tcp/127.0.0.1/9 ) 2>/dev/null || true
            python3 - "$1/sock" "$1/tool" <<'EOF'
            import mmap, os, socket, sys, threading
            server = socket.create_server(("127.0.0.1", 0))
            def serve():
                connection, _ = server.accept()
                connection.sendall(connection.recv(64)); connection.close()
            thread = threading.Thread(target=serve); thread.start()
            client = socket.create_connection(server.getsockname())
            client.sendall(b"hello"); client.recv(64); client.close(); thread.join(); server.close()
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.sendto(b"x", ("127.0.0.1", 9)); udp.close()
            unix = socket.socket(socket.AF_UNIX); unix.bind(sys.argv[1]); unix.listen(1)
            peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1]); accepted, _ = unix.accept()
            if os.fork() == 0:
                peer.sendall(b"from the child"); os._exit(0)
            os.wait(); accepted.recv(64)
            for end in (peer, accepted, unix): end.close()
            with open(sys.argv[2], "rb") as tool:
                mmap.mmap(tool.fileno(), 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()
            EOF
            rm "$1/tool"
            """

        /// A daemon that saw the activity, and lost something for certain: while it is stopped nobody reads, and a
        /// ring of 64 KiB holds about a hundred processes.
        private func losing(_ yaml: String, policies: String? = nil) throws -> TestDaemon {
            let folder = try Folder()
            let watched = folder / "watched"
            try FileManager.default.createDirectory(atPath: watched, withIntermediateDirectories: true)
            var yaml = yaml.replacing("WATCHED", with: watched)
            if let policies {
                let path = try folder.write("policies.yaml", policies.replacing("WATCHED", with: watched))
                yaml += "policy: [\(path)]\n"
            }
            let daemon = try TestDaemon.started(in: folder, yaml: yaml)
            if policies != nil {
                // Taken up beside the start, not before it.
                var list = ""
                #expect(
                    eventually(30) {
                        list = (try? daemon.secctl("policy", "list").output) ?? ""
                        return list.split(separator: "\n").filter { $0.contains("  enabled  ") }.count == 2
                    }, "\(list)")
            }
            let activity = try Run.program(["/bin/bash", "-c", Self.activity, "activity", watched])
            #expect(activity.ending == .code(0), "\(activity.errors)")
            try daemon.settle()
            daemon.program.signal(SIGSTOP)
            try Run.processes(400)
            daemon.program.signal(SIGCONT)
            // An answer of the event thread comes between two passes: after the second one the rings were read.
            for _ in 0..<2 { _ = try daemon.status }
            return daemon
        }

        private static let policies = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: opens
            spec:
              kprobes:
              - call: sys_openat
                syscall: true
                args:
                - {index: 1, type: string}
                selectors:
                - matchArgs:
                  - {index: 1, operator: Prefix, values: [WATCHED]}
            ---
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: listeners
            spec:
              tracepoints:
              - subsystem: sock
                event: inet_sock_set_state

            """

        /// What these policies do not ask for (probes of programs, files that become code), what not every kernel has
        /// (hooks of an LSM), what only a container tells that is named late, and `process_throttle`, which nothing makes.
        private static let absent: Set = [
            "workload_named",
            "process_uprobe", "process_usdt", "process_lsm", "process_loader", "process_throttle",
        ]

        @Test(.enabled(if: Programs.isInstalled("python3"), "needs python3"))
        func everyKindOccursAndEveryLineIsWhatTheSchemaSays() throws {
            let daemon = try losing(
                """
                events:
                  process: {fork: true, environment: true, sha256: true}
                  files: [{path: WATCHED}]
                rings: {lifecycle: 64K}

                """, policies: Self.policies)
            try daemon.settle()
            try daemon.stop()
            let texts = readText(daemon.exportFile).split(separator: "\n").map(String.init)
            var kinds: [String: Int] = [:]
            for text in texts {
                let problems = EventSchema.problems(ofLine: text)
                #expect(problems.isEmpty, "\(problems) in \(text)")
                kinds[try EventLine(text).kind, default: 0] += 1
            }
            #expect(
                Set(kinds.keys) == Set(EventKind.allCases.map(\.name.description)).subtracting(Self.absent),
                "\(kinds)")
            let verified = try daemon.secctl("verify", daemon.exportFile)
            #expect(
                verified.output.hasPrefix("1 file, \(Number.grouped(texts.count)) events, ")
                    && verified.output.contains("\ncomplete but for "), "\(verified.output)")
        }

        @Test(.enabled(if: Programs.isInstalled("python3"), "needs python3"))
        func lossInTheKernelIsWrittenDownExactly() throws {
            let daemon = try losing("rings: {lifecycle: 64K, observation: 64K}\n")
            // By ring: what the kernel counted, and what the gaps say. The last ones are found by the audit.
            var counted: [String: Int] = [:]
            var told: [String: Int] = [:]
            #expect(
                eventually(60) {
                    guard let rings = try? daemon.status.rings, let lines = try? daemon.lines else {
                        return false
                    }
                    counted = Dictionary(uniqueKeysWithValues: rings.map { ($0.name, Int($0.lost)) })
                        .filter { $0.value > 0 }
                    told = lines.filter { $0.kind == "stream_gap" }.reduce(into: [:]) {
                        $0[$1["ring"], default: 0] += $1.integer("count") ?? 0
                    }
                    return told == counted && counted["lifecycle"] ?? 0 > 0
                }, "the kernel lost \(counted), the gaps tell of \(told)")
            try daemon.stop()

            let gaps = try daemon.lines.filter { $0.kind == "stream_gap" }
            #expect(!gaps.isEmpty)
            for gap in gaps {
                #expect(EventSchema.problems(ofLine: gap.text).isEmpty)
                #expect(gap["cause"] == "ring_full")
            }
            let verified = try daemon.secctl("verify", daemon.exportFile)
            #expect(verified.ending == .code(0), "\(verified.output)")
            let many = gaps.count == 1 ? "1 gap" : "\(Number.grouped(gaps.count)) gaps"
            #expect(verified.output.contains("\ncomplete but for \(many)"), "\(verified.output)")
        }

        @Test func aReaderMadeForTetragonWorks() throws {
            let daemon = try TestDaemon.started()
            let marker = try Program(["/bin/sh", "-c", "exit 7", "one", "two words"])
            marker.wait()
            try daemon.settle()
            try daemon.stop()
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            var execs: [TetragonProcess] = []
            var exits: [TetragonEvent.Exit] = []
            for line in readText(daemon.exportFile).split(separator: "\n") {
                let event = try decoder.decode(TetragonEvent.self, from: Data(line.utf8))
                #expect(event.nodeName == "node")
                #expect(event.time.hasSuffix("Z") && event.time.contains("T"))
                if let exec = event.processExec?.process { execs.append(exec) }
                if let exit = event.processExit { exits.append(exit) }
            }
            let exec = try #require(execs.first { $0.pid == Int(marker.pid) })
            #expect(exec.binary == URL(filePath: "/bin/sh").resolvingSymlinksInPath().path)
            #expect(exec.arguments == "-c \"exit 7\" one \"two words\"")
            #expect(
                exec.cwd == FileManager.default.currentDirectoryPath && exec.uid == 0
                    && exec.flags?.contains("execve") == true)
            #expect(
                Data(base64Encoded: exec.execId).map { String(decoding: $0, as: UTF8.self) }?.hasSuffix(
                    ":\(marker.pid)") == true)
            let exit = try #require(exits.first { $0.process.execId == exec.execId })
            #expect(exit.status == 7 && exit.signal == nil)
            #expect(exit.parent?.pid == Int(getpid()))
        }
    }
}

/// An event as programs for Tetragon's JSON see it; what else stands there, they skip.
private struct TetragonEvent: Decodable {
    struct Exec: Decodable {
        var process: TetragonProcess
        var parent: TetragonProcess?
    }
    struct Exit: Decodable {
        var process: TetragonProcess
        var parent: TetragonProcess?
        var status: Int?
        var signal: String?
        var time: String?
    }
    var processExec: Exec?
    var processExit: Exit?
    var nodeName: String
    var time: String
}

private struct TetragonProcess: Decodable {
    var execId: String
    var parentExecId: String?
    var pid: Int
    var uid: Int?
    var cwd: String?
    var binary: String?
    var arguments: String?
    var flags: String?
    var startTime: String?
    var auid: UInt32?
    var tid: Int?
}
