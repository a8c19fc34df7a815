import FilePrevention
import Glibc
import LinuxSystem
import Testing

/// Where no LSM is asked, fanotify asks about files.
private let isAsked = !Kernel.hasLSM && FilePrevention.obstacle == nil

extension KernelSuite {
    /// `imaHash`: events carry the digest of their file.
    @Suite(
        "hashes of files in events of policies", .serialized,
        .enabled(if: Kernel.hasLSM || isAsked, "needs BPF LSM or fanotify"))
    struct PolicyHashTests {
        private let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        private func write(_ text: String, _ name: String) throws -> String {
            let path = folder / name
            let file = unsafe try #require(unsafe fopen(path, "we"))
            unsafe fputs(text, file)
            unsafe fclose(file)
            return path
        }

        /// Opens of a file.
        private func opens(_ name: String, _ path: String, _ action: String) -> String {
            PolicySample.policy(
                name,
                """
                lsmhooks:
                - hook: file_open
                  args: [{index: 0, type: file}]
                  selectors:
                  - matchArgs: [{index: 0, operator: Equal, values: ["\(path)"]}]
                    matchActions: [\(action)]
                """)
        }

        /// What the event of an open says. A busy machine may take longer to read the file than its event waits.
        private func hash(_ path: String) throws -> String {
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            while true {
                let story = try live.agent.run(.open(.path(path), O_RDONLY))
                let event = try #require(story.events.first { $0.kind == "process_lsm" })
                let hash = event.body["file_hash"].text
                if !hash.isEmpty || MonotonicClock.now > deadline { return hash }
            }
        }

        @Test("the SHA-256 of what the file holds; of an empty file, too, and after a change")
        func contents() throws {
            let (some, none) = (try write("abc", "some"), try write("", "none"))
            try live.run([
                opens("some", some, "{action: Post, imaHash: true}"),
                opens("none", none, "{action: Post, imaHash: true}"),
            ])

            // FIPS 180-4: of "abc", of nothing, of "abcd".
            #expect(
                try hash(some) == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(
                try hash(none) == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
            _ = try write("abcd", "some")
            #expect(
                try hash(some) == "sha256:88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589")
        }

        @Test("without imaHash there is none")
        func notAskedFor() throws {
            let path = try write("abc", "plain")
            try live.run([opens("plain", path, "{action: Post}")])

            let story = try live.agent.run(.open(.path(path), O_RDONLY))

            let event = try #require(story.events.first { $0.kind == "process_lsm" })
            #expect(!event.body["file_hash"].isPresent)
        }
    }
}
