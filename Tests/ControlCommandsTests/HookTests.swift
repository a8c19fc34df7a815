import AgentModel
import ArgumentParser
import Configuration
import ControlCommands
import Foundation
import LinuxSystem
import Testing

/// `secctl oci-hook` without runtime and daemon.
@Suite(.timeLimit(.minutes(5))) struct HookTests {
    /// A folder that goes with its test.
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws {
            let file = path + "/" + name
            try FileManager.default.createDirectory(
                atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: file, atomically: false, encoding: .utf8)
        }
    }

    private let folder = Folder()
    private static let id = String(repeating: "0a", count: 32)

    private func state(_ bundle: String, isInside: Bool = true) throws -> HookState {
        let text = """
            {"ociVersion":"1.0.2","id":"\(Self.id)","status":"creating","pid":\(getpid()),
            "bundle":"\(folder.path)/\(bundle)","annotations":{"a":"state"}}
            """
        return try HookState(Data(text.utf8), isInside: isInside)
    }

    @Test func annotationsOfTheStateGoBeforeThoseOfTheBundle() throws {
        try folder.write("b/config.json", #"{"annotations":{"a":"bundle","b":"bundle"}}"#)
        let state = try state("b")
        #expect(state.container.id == Self.id)
        #expect(state.container.annotations == ["a": "state", "b": "bundle"])
        #expect(state.container.name.isEmpty && state.container.image.isEmpty)
        #expect(state.namespace.isEmpty)
    }

    @Test func theCgroupIsThatOfTheFirstProcessAndFromInsideTheCallers() throws {
        let hierarchy = CgroupMounts.ofThisProcess.workloads
        if let own = hierarchy?.path(ofProcess: UInt32(getpid())) {
            #expect(try state("b", isInside: false).container.cgroup == own)
        } else {
            // No hierarchy here.
            #expect(throws: InputError.self) { try state("b", isInside: false) }
        }
        #expect(try state("b", isInside: true).container.cgroup.isEmpty)
    }

    @Test(arguments: ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"])
    func thePodsNamespace(_ key: String) throws {
        try folder.write("b/config.json", #"{"annotations":{"\#(key)":"shop"}}"#)
        #expect(try state("b").namespace == "shop")
    }

    @Test(arguments: ["containers.json", "volatile-containers.json"])
    func podmansListHasNameAndImage(_ list: String) throws {
        let metadata = #"{\"image-name\":\"localhost/box:latest\",\"name\":\"web\"}"#
        try folder.write(
            "overlay-containers/\(list)",
            #"[{"id":"x"},{"id":"\#(Self.id)","names":["web"],"image":"00","metadata":"\#(metadata)"}]"#)
        let container = try state("overlay-containers/\(Self.id)/userdata").container
        #expect(container.name == "web")
        #expect(container.image == "localhost/box:latest")
    }

    @Test func dockersFileHasNameAndImage() throws {
        try folder.write(
            "b/config.json",
            #"{"mounts":[{"source":"proc"},{"source":"\#(folder.path)/docker/containers/\#(Self.id)/hosts"}]}"#
        )
        try folder.write(
            "docker/containers/\(Self.id)/config.v2.json",
            #"{"Name":"/web","Config":{"Image":"nginx:1.27"}}"#)
        let container = try state("b").container
        #expect(container.name == "web")
        #expect(container.image == "nginx:1.27")
    }

    @Test(arguments: ["", "{}", "[]", #"{"id":""}"#, #"{"id":7}"#, "\u{0}"])
    func whatIsNoState(_ text: String) {
        #expect(throws: InputError.self) { try HookState(Data(text.utf8), isInside: true) }
    }

    @Test func aSilentRuntimeIsNotWaitedForLong() throws {
        let pipe = Pipe()
        #expect(throws: InputError.self) {
            try HookState.receive(
                descriptor: pipe.fileHandleForReading.fileDescriptor, within: .milliseconds(50))
        }
        try pipe.fileHandleForWriting.write(contentsOf: Data("{}".utf8))
        try pipe.fileHandleForWriting.close()
        #expect(
            try HookState.receive(descriptor: pipe.fileHandleForReading.fileDescriptor, within: .seconds(60))
                == Data("{}".utf8))
    }

    @Test func aStateThatNeverEndsIsNotRead() throws {
        let zeros = try #require(FileHandle(forReadingAtPath: "/dev/zero"))
        let error = #expect(throws: InputError.self) {
            try HookState.receive(descriptor: zeros.fileDescriptor, within: .seconds(60))
        }
        #expect(error?.description.contains("longer than 4 MiB") == true)
    }

    /// Nobody listens at the socket.
    @Test(
        arguments: [
            ([], "shop", true), (["shop"], "shop", false), (["web"], "shop", true), (["*"], "shop", false),
            (["*", "!shop"], "shop", true), (["*", "!shop"], "", false), (["-"], "", false),
            (["-"], "shop", true),
        ] as [([String], String, Bool)])
    func withoutDaemonTheNamespaceDecides(_ closed: [String], _ namespace: String, _ starts: Bool)
        async throws
    {
        let annotations = namespace.isEmpty ? "{}" : #"{"io.kubernetes.pod.namespace":"\#(namespace)"}"#
        let input = Pipe()
        try input.fileHandleForWriting.write(
            contentsOf: Data(#"{"id":"a","pid":\#(getpid()),"annotations":\#(annotations)}"#.utf8))
        try input.fileHandleForWriting.close()
        let hook = OCIHook(
            closed: NamespaceList(closed), socket: folder.path + "/secd.sock", patience: .seconds(60))
        #expect(await hook.run(input.fileHandleForReading.fileDescriptor) == starts)
    }

    @Test(arguments: [[], ["shop"]])
    func withoutAStateTheStrictestRuleCounts(_ closed: [String]) async throws {
        let input = Pipe()
        try input.fileHandleForWriting.close()
        let hook = OCIHook(
            closed: NamespaceList(closed), socket: folder.path + "/secd.sock", patience: .seconds(60))
        #expect(await hook.run(input.fileHandleForReading.fileDescriptor) == closed.isEmpty)
    }

    @Test(arguments: [["--fail-closed", "Shop"], ["--server-address", "unix:///x"]])
    func wrongArguments(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Secctl.parseAsRoot(["oci-hook"] + arguments) }
    }
}
