import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// Files from strangers: never a crash, always an answer, and memory that the file's size bounds.
@Suite struct HostileInputTests {
    @Test func aHundredMegabytesAreRefusedUnread() {
        var batch = PolicyBatch()
        batch.add(file: "big.yaml", bytes: [UInt8](repeating: UInt8(ascii: "a"), count: 100 << 20))
        #expect(
            batch.files[0].diagnostics.map(\.message) == [
                "the file has 104857600 bytes; at most 8388608 are read"
            ])
    }

    @Test func aBillionLaughsAreCutShort() {
        var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for letter in "bcdefghij" {
            let previous = String(UnicodeScalar((letter.asciiValue ?? 98) - 1))
            text +=
                "\(letter): &\(letter) [" + Array(repeating: "*\(previous)", count: 9).joined(separator: ",")
                + "]\n"
        }
        let found = Sample.findings(text)
        #expect(found.count == 1)
        #expect(found[0].contains("aliases expand to more than"))
    }

    @Test func listsCannotBeNamedWithoutEnd() {
        var spec =
            "lists:\n- name: l\n  values: [" + (0..<5_000).map { "\"\($0)\"" }.joined(separator: ",") + "]\n"
        spec += "kprobes:\n- call: sys_read\n  args:\n  - index: 0\n    type: int\n  selectors:\n"
        for _ in 0..<1_000 {
            spec += "  - matchArgs:\n    - index: 0\n      operator: InMap\n      values: [\"list:l\"]\n"
        }
        let found = Sample.findings(Sample.policy(spec))
        #expect(found.count == 1)
        #expect(found[0].contains("the policy has more than 2000000 values"))
    }

    @Test(arguments: ["[", "{a: ", "- "])
    func depthIsBounded(_ opening: String) {
        let found = Sample.findings(String(repeating: opening, count: 2_000))
        #expect(found.count == 1)
        #expect(found[0].contains("nested deeper than 48 levels"))
    }

    @Test func tabsAreNamed() {
        let found = Sample.findings(
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nspec:\n\tkprobes: []\n")
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("4:1: error:"))
        #expect(found[0].contains("never with tabs"))
    }

    @Test func bytesThatAreNoTextAreRefused() {
        var batch = PolicyBatch()
        batch.add(file: "x", bytes: [0xff, 0xfe, 0x00, 0xc3, 0x28])
        #expect(batch.files[0].hasErrors)
        #expect(batch.policies.isEmpty)
    }

    @Test func aMillionMistakesGiveAHundredMessages() {
        let spec = (0..<60_000).map { "k\($0): 1" }.joined(separator: "\n")
        let file = Sample.check(Sample.policy(spec)).files[0]
        #expect(file.hasErrors)
        #expect(file.diagnostics.count == 101)
        #expect(file.diagnostics.contains { $0.message == "there is more; only the first 100 are shown" })
    }

    @Test func errorsBehindAHundredWarningsStillCount() {
        var spec =
            "kprobes:\n- call: security_file_open\n  syscall: false\n  args:\n  - index: 0\n    type: file\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: Equal\n      values:\n"
        for index in 0..<200 { spec += "      - \"relative\(index)\"\n" }
        spec += "    - index: 0\n      operator: Nonsense\n      values: [a]\n"
        let batch = Sample.check(Sample.policy(spec))
        #expect(batch.policies.isEmpty)
    }

    @Test func streamsOfManyDocumentsAreRead() {
        let one = { (name: String) in
            Sample.policy("loader: true").replacing("name: sample", with: "name: \(name)")
        }
        let text = (0..<50).map { one("p\($0)") }.joined(separator: "---\n") + "---\n---\n"
        let batch = Sample.check(text)
        #expect(batch.files[0].diagnostics == [])
        #expect(batch.policies.map(\.name) == (0..<50).map { "p\($0)" })
    }

    /// Bytes flipped, lines moved, pieces cut out and doubled.
    @Test func mutatedPoliciesNeverCrash() {
        var random = SystemlessRandom(state: 42)
        let seeds = [
            Sample.selector(
                "- matchArgs:\n  - index: 0\n    operator: Prefix\n    values: [\"/etc\"]\n  - index: 1\n    operator: CelExpr\n    values: [\"arg1 > 3 && !(arg1 == 4)\"]\n  matchPIDs:\n  - operator: NotIn\n    followForks: true\n    values: [1, 2]\n  matchActions:\n  - action: Post\n    rateLimit: 5m"
            ),
            Sample.policy(
                "lists:\n- name: l\n  type: syscalls\n  values: [sys_dup]\nselectorsMacros:\n  m:\n    matchBinaries:\n    - operator: In\n      values: [/bin/a]\npodSelector:\n  matchExpressions:\n  - {key: a, operator: In, values: [b]}\ntracepoints:\n- subsystem: raw_syscalls\n  event: sys_enter\n  args:\n  - index: 4\n    type: syscall64\n  selectors:\n  - macros: [m]\n    matchArgs:\n    - index: 0\n      operator: InMap\n      values: [\"list:l\", \"1:5\"]"
            ),
        ].map { Array($0.utf8) }
        let marks = Array("[]{}:-&*!|>'\"#%@,\n\t 0".utf8)
        var compiled = 0
        for _ in 0..<6_000 {
            var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0..<(random.next() % 4 == 0 ? 4 : 1) {
                let at = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 5 {
                case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int(random.next() % 12)))
                case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 20)], at: at)
                case 3: bytes[at] = marks[Int(random.next() % UInt64(marks.count))]
                default: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: at)
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            var batch = PolicyBatch()
            batch.add(file: "f", bytes: bytes)
            for found in batch.files[0].diagnostics { _ = found.rendered(in: batch.files[0].source) }
            if !batch.policies.isEmpty, (try? batch.generation()) != nil { compiled += 1 }
        }
        // Some mutations are harmless: the way through to tables is exercised, too.
        #expect(compiled > 100)
    }

    @Test func mutatedTypeInformationNeverCrashes() throws {
        let blob = BTFBlob.sample
        #expect(throws: Never.self) { try BTFKernelTypes(release: "test", bytes: blob) }
        var random = SystemlessRandom(state: 7)
        var usable = 0
        for _ in 0..<20_000 {
            var bytes = blob
            for _ in 0..<(1 + random.next() % 4) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 8 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            guard let types = try? BTFKernelTypes(release: "test", bytes: bytes) else { continue }
            usable += 1
            _ = types.function("open_it")
            if let structure = types.structure("outer") {
                _ = types.member([.member("inner"), .member("value")], of: structure)
                _ = types.member([.member("nothing")], of: structure)
            }
        }
        #expect(usable > 1_000)
    }
}

/// xorshift64 (Marsaglia 2003): the same mutations in every run.
struct SystemlessRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
