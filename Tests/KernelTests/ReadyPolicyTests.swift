import FilePrevention
import Foundation
import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// The policies that come with secd (tracingpolicies/): each is loaded as it is, and set off.
    @Suite("ready policies", .serialized) struct ReadyPolicyTests {
        /// The folder of the checkout, which the guests of the vm tier have at the same path.
        private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../tracingpolicies").standardized.path
        private static var isHere: Bool { unsafe access(folder, R_OK) == 0 }

        let temporary = TemporaryFolder()
        private var live: LivePolicies { .shared }

        private func text(_ name: String) -> String { Kernel.readText("\(Self.folder)/\(name)") }

        @Test("every file of the folder has a test here", .enabled(if: isHere, "needs the checkout"))
        func allAreTested() throws {
            let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
            #expect(
                files.filter { $0.hasSuffix(".yaml") }.sorted() == [
                    "kill-preload-writers.yaml", "refuse-metadata-service.yaml",
                    "refuse-shadow-readers.yaml",
                ])
        }

        @Test(
            "refuse-metadata-service: a connect fails, another one does not",
            .enabled(if: isHere && Kernel.cgroupRoot != nil, "needs the checkout and a cgroup2 hierarchy"))
        func metadataService() throws {
            try live.run([text("refuse-metadata-service.yaml")])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .connect(0, "4,169.254.169.254,80").fails(EPERM),
                .connect(0, "4,127.0.0.1,1").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(event.body["policy_name"].text == "refuse-metadata-service")
            #expect(event.body["message"].text == "connect to the metadata service")
            #expect(event.body["verdict"].text == "denied")
        }

        @Test(
            "kill-preload-writers: the writer is killed, and nothing is written",
            .enabled(if: isHere, "needs the checkout"))
        func preloadWriters() throws {
            // The file of the machine is left alone.
            let path = temporary / "preload"
            try live.run([
                text("kill-preload-writers.yaml").replacing("[/etc/ld.so.preload]", with: "[\(path)]")
            ])

            let victim = try live.agent.run(
                .open(.path(path), O_CREAT | O_WRONLY), .call(1, .number(Call.first), "secret", 6))

            #expect(victim.status == .killed(signal: SIGKILL, core: false))
            #expect(Kernel.readText(path).isEmpty)
            let event = try victim.only("process_kprobe")
            #expect(event.body["policy_name"].text == "kill-preload-writers")
            #expect(event.body["verdict"].text == "killed")
        }

        @Test(
            "refuse-shadow-readers: an open fails, by LSM or fanotify, whatever name is used; other files are opened",
            .enabled(
                if: isHere && (Kernel.hasLSM || FilePrevention.obstacle == nil),
                "needs the checkout, and BPF LSM or fanotify's permission events"))
        func shadowReaders() throws {
            // The file of the machine is left alone.
            let path = temporary / "shadow"
            try Activity.run(.open(.path(path), O_CREAT | O_WRONLY))
            temporary.link("link", to: path)
            let reports = try live.run([
                text("refuse-shadow-readers.yaml").replacing("[/etc/shadow]", with: "[\(path)]")
            ])

            let story = try live.agent.run(
                .open(.path(path), O_RDONLY).fails(EPERM),
                .open(.path(temporary / "link"), O_RDONLY).fails(EPERM), .open("/dev/null", O_RDONLY))

            #expect(story.status == .exited(0))
            #expect(reports[0].hooks.map(\.mechanism) == [Kernel.hasLSM ? "lsm/file_open" : "fanotify"])
            #expect(reports[0].hooks.map(\.effect) == [.prevent])
            let events = story.events.filter { $0.kind == "process_lsm" }
            #expect(events.map { $0.body["args"][0]["file_arg"]["path"].text } == [path, path])
            #expect(events.allSatisfy { $0.body["verdict"].text == "denied" })
        }
    }
}
