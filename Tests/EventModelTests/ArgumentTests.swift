import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

@Suite struct ArgumentTests {
    /// argv without argv[0], as Tetragon joins it.
    @Test(
        arguments: [
            (["ls"], nil),
            (["ls", "-l"], "-l"),
            (["ls", "-l", "/tmp"], "-l /tmp"),
            (["sh", "-c", "echo hello"], "-c \"echo hello\""),
            (["grep", "a b", "file"], " \"a b\" file"),  // a quoted first argument has a space before it
            (["grep", "a b"], " \"a b\""),
            (["sh", "say \"hi\" now"], " \"say \"hi\" now\""),  // inner quotes are not escaped
            (["a", "", "b"], " b"),
            (["a", "", ""], " "),
            (["my prog", "x"], "x"),
            (["a", "tab\there"], "tab\there"),
        ] as [([String], String?)])
    func argumentsAreOneString(_ arguments: [String], _ expected: String?) throws {
        let process = try execJSON(.plain(arguments: arguments))
        #expect(process.at("arguments")?.text == expected)
        #expect(process.at("argv")?.elements?.map(\.text) == arguments)
        #expect(SampleImage.plain(arguments: arguments).image.tetragonArguments == expected ?? "")
    }

    @Test func noArgumentsAtAllAreNoField() throws {
        let process = try execJSON(.plain(arguments: []))
        #expect(process.at("argv") == nil)
        #expect(process.at("arguments") == nil)
    }

    @Test func cutArgumentsSayHowMuchIsMissing() throws {
        var sample = SampleImage.plain(arguments: ["cc", "-o"])
        sample.lostArgumentBytes = 3_000_000
        let process = try execJSON(sample)
        #expect(process.at("argv_missing_bytes")?.text == "3000000")
        #expect(process.at("flags")?.text == "execve truncArgs")
        #expect(process.at("argv")?.elements?.map(\.text) == ["cc", "-o"])
    }

    /// A record that holds only the beginning, and no pieces followed.
    @Test func theLastArgumentMayBeCut() throws {
        let context = makeContext()
        var image = SampleImage.plain(arguments: ["cc", String(repeating: "x", count: 5000)]).image
        image.longArguments = nil
        let object = ProcessObject(context: context)
        object.assign(image: image, parent: nil)
        let process = try #require(
            try json(makeEvent(.processExec, object), context).at("process_exec.process"))
        #expect(process.at("argv.1")?.text == String(repeating: "x", count: 4096 - 3))
        #expect(process.at("argv_missing_bytes")?.text == "\(3 + 5001 - 4096)")
    }

    @Test func whatIsNotUTF8IsReplacedEverywhere() throws {
        var sample = SampleImage.plain(arguments: ["x"])
        sample.arguments.append([0x61, 0xff, 0x20, 0xc3])
        sample.binary = [0x2f, 0xed, 0xa0, 0x80]
        sample.cwd = [0x2f, 0xc0]
        sample.filename = [0xfe]
        sample.environment = [0xf5, 0x3d, 0xf6, 0]
        sample.cgroupPath = [0x2f, 0x80]
        sample.head.cgroup_id = 1
        copy("\u{1b}[2J", into: &sample.head.comm)
        let process = try execJSON(sample)
        #expect(process.at("argv.1")?.text == "a\u{fffd} \u{fffd}")
        #expect(process.at("arguments")?.text == " \"a\u{fffd} \u{fffd}\"")
        #expect(process.at("binary")?.text == "/\u{fffd}\u{fffd}\u{fffd}")
        #expect(process.at("cwd")?.text == "/\u{fffd}")
        #expect(process.at("filename")?.text == "\u{fffd}")
        #expect(process.at("environment_variables.0.Key")?.text == "\u{fffd}")
        #expect(process.at("cgroup.path")?.text == "/\u{fffd}")
        #expect(process.at("comm")?.text == "\u{1b}[2J")
    }

    /// The largest argv that Linux allows by default, in both encodings.
    @Test func twoMebibytesOfArgumentsAreComplete() throws {
        let context = makeContext()
        let long = (0..<16).map {
            String(repeating: Character(Unicode.Scalar(UInt8(97 + $0))), count: 131_000)
        }
        let object = SampleImage.plain(arguments: ["cc"] + long).object(context)
        let event = makeEvent(.processExec, object)
        let process = try #require(try json(event, context).at("process_exec.process"))
        #expect(process.at("argv")?.elements?.dropFirst().map(\.text) == long)
        #expect(process.at("arguments")?.text == long.joined(separator: " "))
        #expect(process.at("argv_missing_bytes") == nil)
        #expect(process.at("flags")?.text == "execve")
        let message = try #require(WireMessage(event.wire(context))?.message(1)?.message(1))
        #expect(message.all(50_000).dropFirst().map { String(decoding: $0, as: UTF8.self) } == long)
        #expect(message.text(6) == long.joined(separator: " "))
    }
}
