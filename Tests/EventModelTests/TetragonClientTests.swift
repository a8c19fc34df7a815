import ControlProtos
import EventModel
import EventReference
import SwiftProtobuf
import TestSupport
import Testing

/// What a client that was made from Tetragon's own `.proto` file reads from our messages.
@Suite struct TetragonClientTests {
    private func read(_ kind: EventKind) throws -> Tetragon_GetEventsResponse {
        let samples = SampleEvents()
        let event = try #require(samples.onePerKind.first { $0.kind == kind })
        return try Tetragon_GetEventsResponse(serializedBytes: event.wire(samples.context))
    }

    @Test func itReadsAnExec() throws {
        let response = try read(.processExec)
        let exec = response.processExec
        #expect(response.nodeName == "node-1")
        #expect(response.clusterName == "production")
        #expect(response.time.seconds == 1_767_229_200)
        #expect(exec.process.pid.value == 4242)
        #expect(exec.process.hasUid && exec.process.uid.value == 0)
        #expect(exec.process.auid.value == 1000)
        #expect(exec.process.binary == "/srv/jail/usr/bin/curl")
        #expect(exec.process.arguments == "-H \"Accept: text/html\" https://example.com/")
        #expect(exec.process.flags == "execve clone inInitTree")
        #expect(exec.process.parentExecID == exec.parent.execID)
        #expect(exec.process.cap.permitted == [.capNetBindService, .capNetRaw])
        #expect(exec.process.ns.net.inum == 4_026_532_500)
        #expect(exec.process.ns.uts.isHost)
        #expect(exec.process.processCredentials.uid.value == 1000)
        #expect(exec.process.processCredentials.securebits.count == 8)
        #expect(exec.process.processCredentials.userNs.level.value == 1)
        #expect(exec.process.binaryProperties.privilegesChanged.count == 3)
        #expect(exec.process.binaryProperties.file.inode.number == 1_048_601)
        #expect(exec.process.environmentVariables.map(\.key) == ["PATH", "TOKEN"])
        #expect(exec.process.inInitTree.value)
        #expect(exec.ancestors.map(\.pid.value) == [800, 1])
    }

    @Test func itReadsAnExit() throws {
        let exit = try read(.processExit).processExit
        #expect(exit.signal == "SIGSEGV")
        #expect(exit.status == 0)
        #expect(exit.time.seconds == 1_767_229_202)
        #expect(exit.process.pid.value == 4242)
        #expect(exit.ancestors.count == 2)
    }

    @Test func itReadsAKprobe() throws {
        let response = try read(.processKprobe)
        let kprobe = response.processKprobe
        #expect(kprobe.process.pid.value == 4242)
        #expect(kprobe.parent.pid.value == 4000)
        #expect(kprobe.ancestors.map(\.pid.value) == [800, 1])
        #expect(kprobe.functionName == "security_file_open")
        #expect(kprobe.args.count == 3)
        #expect(kprobe.args[0].arg == .fileArg(kprobe.args[0].fileArg))
        #expect(kprobe.args[0].fileArg.path == "/srv/jail/etc/shadow")
        #expect(kprobe.args[0].fileArg.permission == "-rw-r-----")
        #expect(kprobe.args[0].label == "file")
        // A member that is set is present at 0, too.
        #expect(kprobe.args[1].arg == .intArg(0))
        #expect(kprobe.args[2].truncatedBytesArg.origSize == 4096)
        #expect(kprobe.return.intArg == -1)
        #expect(kprobe.data.map(\.longArg) == [-1])
        #expect(kprobe.action == .override)
        #expect(kprobe.returnAction == .post)
        #expect(kprobe.policyName == "shadow-files")
        #expect(kprobe.message == "Password hashes are read")
        #expect(kprobe.tags == ["observability.filesystem"])
        #expect(kprobe.kernelStackTrace.map(\.symbol) == ["do_sys_openat2", "nft_do_chain"])
        #expect(kprobe.userStackTrace.map(\.module) == ["/usr/lib/libc.so.6"])
        #expect(!kprobe.unknownFields.data.isEmpty)
    }

    @Test func itReadsTheOtherKindsOfPolicies() throws {
        let tracepoint = try read(.processTracepoint).processTracepoint
        #expect([tracepoint.subsys, tracepoint.event] == ["syscalls", "sys_enter_openat"])
        #expect(tracepoint.action == .sigkill)
        #expect(tracepoint.args.count == 3)
        let lsm = try read(.processLsm).processLsm
        #expect(lsm.functionName == "file_open")
        #expect(lsm.imaHash.hasPrefix("sha256:"))
        #expect(lsm.policyName == "shadow-files")
        let uprobe = try read(.processUprobe).processUprobe
        #expect([uprobe.path, uprobe.symbol] == ["/usr/bin/bash", "readline"])
        #expect(uprobe.data.count == 1)
        let usdt = try read(.processUsdt).processUsdt
        #expect([usdt.provider, usdt.name] == ["postgresql", "query__start"])
        #expect(usdt.tags == ["audit"])
        let loader = try read(.processLoader).processLoader
        #expect(loader.path == "/srv/jail/usr/lib/libcurl.so.4")
        #expect(loader.buildid.count == 8)
        #expect(loader.parent.pid.value == 4000)
        let throttle = try read(.processThrottle).processThrottle
        #expect(throttle.type == .throttleStop)
        #expect(throttle.cgroup == "/system.slice/web.service")
    }

    /// Every value that an argument can be, read by its member.
    @Test func itReadsEveryArgument() throws {
        let samples = SampleEvents()
        let events = samples.variations.filter { $0.kind == .processKprobe }
        let response = try Tetragon_GetEventsResponse(
            serializedBytes: try #require(events.first).wire(samples.context))
        let arguments = response.processKprobe.args
        #expect(arguments.count == 40)
        #expect(arguments.allSatisfy { $0.arg != nil })
        #expect(
            arguments.compactMap { if case .stringArg(let text) = $0.arg { text } else { nil } }.count == 2)
        #expect(arguments.contains { $0.arg == .bpfCmdArg(.bpfMapCreate) })
        #expect(arguments.contains { $0.arg == .longArg(.min) })
        #expect(arguments.contains { $0.sockArg.state == "TCP_ESTABLISHED" })
        #expect(arguments.contains { $0.processCredentialsArg.caps.effective == [.capNetBindService] })
    }

    /// Kinds that it does not know are an empty event with its envelope.
    @Test(arguments: EventKind.allCases.filter { $0.rawValue > 50_000 })
    func itSkipsOurKinds(_ kind: EventKind) throws {
        let response = try read(kind)
        #expect(response.event == nil)
        #expect(response.nodeName == "node-1")
        #expect(!response.unknownFields.data.isEmpty)
    }

    /// The same message read by name: protojson of what Tetragon knows is a part of our JSON.
    @Test(arguments: [EventKind.processExec, .processExit] + EventKind.ofPolicies)
    func itsJSONIsAPartOfOurs(_ kind: EventKind) throws {
        let samples = SampleEvents()
        let event = try #require(samples.onePerKind.first { $0.kind == kind })
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        let theirs = try JSONValue(try read(kind).jsonString(options: options))
        let ours = try JSONValue(event.line(samples.context))
        #expect(Self.missing(theirs, in: ours, "") == [])
    }

    /// Paths of what is in the first value and not, or differently, in the second.
    private static func missing(_ part: JSONValue, in whole: JSONValue, _ path: String) -> [String] {
        switch (part, whole) {
        case (.object(let members), .object(let all)):
            return members.flatMap { name, value in
                all[name].map { missing(value, in: $0, "\(path).\(name)") } ?? ["\(path).\(name)"]
            }
        case (.array(let elements), .array(let all)) where elements.count == all.count:
            return zip(elements, all).flatMap { missing($0, in: $1, path) }
        case (.string(let text), .string(let other)):
            // protojson writes as many decimals of a second as it needs, in threes.
            return text == other || other.hasPrefix(String(text.dropLast())) && other.hasSuffix("Z")
                ? [] : [path]
        default: return part == whole ? [] : [path]
        }
    }
}
