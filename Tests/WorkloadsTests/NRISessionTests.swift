import Testing
import WorkloadModel
import Workloads

/// What secd says to a runtime as a plugin of NRI, and what it learns; without a socket.
@Suite struct NRISessionTests {
    private var session = NRISession()

    private mutating func take(_ message: TTRPCMessage) throws -> [NRISession.Outcome] {
        try session.take(message.frame)
    }

    private static let pod = Pod(namespace: "shop", name: "web-1", uid: "u-1")

    /// The workload of the sample, as events have it.
    private static func workload(_ name: String = "app") -> Workload {
        var workload = Workload(kind: .container, id: NRISample.container, name: name, runtime: "containerd")
        workload.labels = ["tier": "edge"]
        workload.image.name = "localhost/box:1"
        workload.pod = pod
        workload.pod?.labels = ["app": "web"]
        workload.pod?.annotations = ["note": "x"]
        return workload
    }

    private static var sandbox: Workload {
        var workload = Workload(kind: .container, id: NRISample.sandbox, runtime: "containerd")
        workload.pod = Self.workload().pod
        return workload
    }

    @Test func itRegistersAndSubscribesForFiveEvents() throws {
        let registration = NRISession.registration
        #expect(registration.connection == .runtime && registration.kind == .request)
        let call = try TTRPCCall(registration.data)
        #expect(call.service == "nri.pkg.api.v1alpha1.Runtime" && call.method == "RegisterPlugin")
        #expect(call.payload == NRISample.text(1, "secd") + NRISample.text(2, "90"))

        var session = NRISession()
        #expect(try session.take(TTRPCMessage(.runtime, .response, stream: 1, []).frame) == [])
        let outcomes = try session.take(
            NRISample.call("Configure", NRISample.configuration(), stream: 3).frame)
        // RunPodSandbox, RemovePodSandbox, CreateContainer, StartContainer, RemoveContainer: bits 0, 2, 3, 5 and 10.
        #expect(outcomes == [.send(NRISample.answer([2 << 3, 0xad, 0x08], stream: 3))])
        #expect(session.configuration?.version == "1.7.24")
    }

    @Test func aPluginThatIsRefusedSaysWhy() {
        var session = NRISession()
        let refusal = TTRPCMessage(.runtime, .response, stream: 1, TTRPCAnswer.failure(2, "no plugins").bytes)
        let fault = NRIFault("it refuses secd as a plugin: no plugins")
        #expect(throws: fault) { try session.take(refusal.frame) }
    }

    @Test func aListMayComeInParts() throws {
        var test = self
        _ = try test.take(NRISample.call("Configure", NRISample.configuration()))
        let first = try test.take(
            NRISample.call("Synchronize", NRISample.state([NRISample.pod()], [], hasMore: true)))
        #expect(first == [.send(NRISample.answer([2 << 3, 1])), .told([Self.sandbox])])
        let second = try test.take(
            NRISample.call("Synchronize", NRISample.state([], [NRISample.container()])))
        #expect(second == [.send(NRISample.answer()), .told([Self.workload()]), .isSynchronized])
        #expect(test.session.inventory.find(NRISample.sandbox) == Self.sandbox)
    }

    /// Versions before 0.10 tell of pods and of starts by `StateChange`, later ones by calls of their own.
    @Test(arguments: [false, true]) func aContainerIsKnownFromItsMakingToItsRemoval(isOld: Bool) throws {
        var test = self
        _ = try test.take(NRISample.call("Configure", NRISample.configuration()))
        let (pod, container) = (NRISample.pod(), NRISample.container())
        func call(_ method: String, _ event: UInt8, _ container: [UInt8]?) -> TTRPCMessage {
            isOld
                ? NRISample.call("StateChange", NRISample.change(event, pod, container))
                : NRISample.call(method, NRISample.subject(pod, container))
        }
        let done = NRISession.Outcome.send(NRISample.answer())
        #expect(try test.take(call("RunPodSandbox", 1, nil)) == [.told([Self.sandbox]), done])
        let made = try test.take(NRISample.call("CreateContainer", NRISample.subject(pod, container)))
        #expect(made == [.told([Self.workload()]), done])
        #expect(test.session.inventory.find(NRISample.container) == Self.workload())

        let starts = try test.take(call("StartContainer", 6, container))
        #expect(starts.first == .told([Self.workload()]) && starts.count == 2)
        guard case .starts(let subject?, stream: 1) = starts.last else {
            Issue.record("the start is not asked about: \(starts)")
            return
        }
        #expect(subject.container?.id == NRISample.container && subject.sandbox?.pod.name == "web-1")

        #expect(try test.take(call("RemoveContainer", 11, container)) == [done])
        #expect(test.session.inventory.find(NRISample.container) == nil)
        #expect(try test.take(call("RemovePodSandbox", 3, nil)) == [done])
        #expect(test.session.inventory.find(NRISample.sandbox) == nil)
    }

    @Test func aStartThatCannotBeReadIsAskedAboutAllTheSame() throws {
        for method in ["StartContainer", "StateChange"] {
            var test = self
            let outcomes = try test.take(NRISample.call(method, [0xff], stream: 5))
            #expect(outcomes == [.starts(nil, stream: 5)], "\(method)")
        }
    }

    @Test(arguments: ["Synchronize", "Configure"])
    func whatElseCannotBeReadEndsTheConnection(method: String) {
        var session = NRISession()
        #expect(throws: NRIFault.self) { try session.take(NRISample.call(method, [0xff]).frame) }
    }

    @Test(arguments: ["RunPodSandbox", "CreateContainer", "RemoveContainer"])
    func aPodOrContainerThatCannotBeReadIsCountedAndAnswered(method: String) throws {
        var test = self
        #expect(try test.take(NRISample.call(method, [0xff])) == [.send(NRISample.answer())])
        #expect(test.session.unreadable == 1)
    }

    /// Their number is their author's choice, and says nothing of the container.
    @Test func aContainerOfManyArgumentsIsReadAllTheSame() throws {
        var test = self
        let arguments = Array(repeating: [UInt8]([7 << 3 | 2, 1, 97]), count: 70_000).flatMap { $0 }
        let container = NRISample.container() + arguments
        let outcomes = try test.take(
            NRISample.call("CreateContainer", NRISample.subject(NRISample.pod(), container)))
        #expect(outcomes.count == 2 && test.session.unreadable == 0)
        #expect(test.session.inventory.find(NRISample.container)?.name == "app")
    }

    @Test func oneContainerThatCannotBeReadDoesNotHideTheOthers() throws {
        var test = self
        let state = NRISample.state([NRISample.pod()], [[0xff], NRISample.container()])
        _ = try test.take(NRISample.call("Synchronize", state))
        #expect(test.session.inventory.find(NRISample.container)?.pod?.name == "web-1")
        #expect(test.session.unreadable == 1)
    }

    @Test func aContainerHasThePodOfWhichItsRuntimeToldBefore() throws {
        var test = self
        _ = try test.take(NRISample.call("RunPodSandbox", NRISample.subject(NRISample.pod())))
        let outcomes = try test.take(
            NRISample.call("StartContainer", NRISample.subject(nil, NRISample.container()), stream: 5))
        guard case .starts(let subject, _)? = outcomes.last else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(subject?.sandbox?.pod.namespace == "shop")
    }

    @Test func nobodyChangesContainers() throws {
        var test = self
        let subject = NRISample.subject(NRISample.pod(), NRISample.container())
        for method in [
            "UpdateContainer", "StopContainer", "PostStartContainer", "ValidateContainerAdjustment",
        ] {
            #expect(
                try test.take(NRISample.call(method, subject)) == [.send(NRISample.answer())], "\(method)")
        }
        #expect(
            try test.take(NRISample.call("StateChange", NRISample.change(9, NRISample.pod())))
                == [.send(NRISample.answer())])
        #expect(try test.take(NRISample.call("Shutdown")) == [.send(NRISample.answer()), .ends])
    }

    @Test func whatThereIsNotIsSaid() throws {
        var test = self
        let outcomes = try test.take(NRISample.call("Dance", stream: 9))
        let answer = TTRPCAnswer.failure(TTRPCAnswer.unimplemented, "secd has no method Dance")
        #expect(outcomes == [.send(TTRPCMessage(.plugin, .response, stream: 9, answer.bytes))])
        // Nobody was called there.
        #expect(throws: NRIFault.self) {
            var session = NRISession()
            return try session.take(TTRPCMessage(.plugin, .response, stream: 1, []).frame)
        }
    }

    @Test func aListOfTooManyFieldsIsNone() {
        var session = NRISession()
        let fields = Array(repeating: [UInt8]([3 << 3, 0]), count: 70_000).flatMap { $0 }
        #expect(throws: NRIFault.self) { try session.take(NRISample.call("Synchronize", fields).frame) }
    }
}
