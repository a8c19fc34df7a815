import Testing
import WorkloadModel

/// Which processes look like probes of the kubelet.
@Suite struct ExecProbeTests {
    /// Whether a process is one: its program, what was given to execve, and its arguments.
    private static func matches(
        _ command: [String], _ binary: String, _ argv: [String], filename: String = ""
    ) -> Bool {
        guard let probe = ExecProbe(command) else { return false }
        let (program, given) = (Array(binary.utf8), Array(filename.utf8))
        let words: [UInt8] = argv.flatMap { Array($0.utf8) + [UInt8(0)] }
        return unsafe probe.matches(
            binary: program.span.bytes, filename: given.span.bytes, argv: words.span.bytes)
    }

    @Test(
        arguments: [
            (["/bin/check", "-q"], "/bin/check", ["/bin/check", "-q"], true),
            (["/bin/check", "-q"], "/opt/bin/check", ["/bin/check", "-q"], false),
            (["/bin/check", "-q"], "/bin/check", ["/bin/check"], false),
            (["/bin/check", "-q"], "/bin/check", ["/bin/check", "-q", "-v"], false),
            (["/bin/check", "-q"], "/bin/check", ["/bin/check", "-qq"], false),
            (["/bin/check"], "/bin/check", ["anything"], true),
            (["check", "a b"], "/usr/bin/check", ["check", "a b"], true),
            (["check", "a b"], "/usr/bin/check", ["check", "a", "b"], false),
            (["check"], "/usr/bin/precheck", ["precheck"], false),
            (["bin/check"], "/usr/bin/check", ["bin/check"], true),
            (["sh", "-c", "", "x"], "/bin/sh", ["sh", "-c", "", "x"], true),
            (["sh", "-c", "", "x"], "/bin/sh", ["sh", "-c", "x"], false),
            (["check"], "", ["check"], false), (["/"], "/bin/check", ["/"], false),
            (["check"], "/bin/check", [], false),
        ] as [([String], String, [String], Bool)])
    func programAndArgumentsAreTheSame(
        command: [String], binary: String, argv: [String], wanted: Bool
    ) {
        #expect(Self.matches(command, binary, argv) == wanted)
    }

    @Test func whatWasGivenToExecveCountsAsTheProgram() {
        // A link to busybox.
        #expect(Self.matches(["cat", "/x"], "/bin/busybox", ["cat", "/x"], filename: "/bin/cat"))
        #expect(!Self.matches(["cat", "/x"], "/bin/busybox", ["cat", "/x"], filename: "/bin/ls"))
    }

    @Test func aScriptCountsByItsOwnPath() {
        let path = "/health/ping.sh"
        let command = [path, "5"]
        #expect(Self.matches(command, "/bin/sh", ["/bin/sh", path, "5"], filename: path))
        #expect(Self.matches(command, "/bin/sh", ["/bin/sh", "-e", path, "5"], filename: path))
        #expect(Self.matches(["ping.sh", "5"], "/bin/sh", ["/bin/sh", path, "5"], filename: path))
        #expect(!Self.matches(command, "/bin/sh", ["/bin/sh", path, "5"]))
        #expect(!Self.matches(command, "/bin/sh", ["/bin/sh", "-e", "-x", path, "5"], filename: path))
        #expect(!Self.matches(command, "/bin/sh", ["/bin/sh", "/other.sh", "5"], filename: path))
        #expect(!Self.matches(command, "/bin/sh", ["/bin/sh", "x" + path, "5"], filename: path))
    }

    @Test func whatNoProcessCanHaveIsNoProbe() {
        #expect(ExecProbe([]) == nil && ExecProbe([""]) == nil && ExecProbe(["a", "b\0c"]) == nil)
    }

    @Test func anArgumentThatWasCutIsNotTheSame() {
        let probe = ExecProbe(["check", "abc"])
        let name = Array("/bin/check".utf8)
        for argv in ["check\0abc", "check\0ab", "check\0abc\0x", "", "abc\0", "\0\0\0\0\0"] {
            let bytes = Array(argv.utf8)
            let isOne = unsafe probe?.matches(
                binary: name.span.bytes, filename: name.span.bytes.extracting(0..<0), argv: bytes.span.bytes)
            #expect(isOne == false)
        }
    }
}
