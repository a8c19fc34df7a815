import AgentCore
import AgentModel
import Configuration
import Logging
import Synchronization
import Testing
import WorkloadModel
import Workloads

/// Containers that wait for their first instruction: who may start, and what is said of those for whom policies do not hold.
@Suite struct AdmissionDeskTests {
    private let desk = AdmissionDesk(logger: Logger(label: "test"))
    private static let patience = Duration.seconds(30)

    private static func container(
        namespace: String? = "shop", obstacle: String? = nil, patience: Duration = patience,
        of runtime: String = "containerd"
    ) -> NRIStart {
        let pod = namespace.map { namespace in
            var pod = Pod(namespace: namespace, name: "web-1", uid: "u-1")
            pod.labels = ["app": "web"]
            return pod
        }
        return NRIStart(
            id: "0b0b", name: "app", runtime: runtime, pod: pod, labels: ["tier": "edge"],
            annotations: ["a": "1"], cgroup: "/x/0b0b", obstacle: obstacle, patience: patience)
    }

    /// Takes all containers, or none.
    private func open(closed: [String] = [], fault: String? = nil) {
        desk.open(
            closed: { NamespaceList(closed) },
            register: { _ throws(PolicyChangeError) in
                if let fault { throw PolicyChangeError(.unavailable, fault) }
            })
    }

    /// What the runtime is told of a container; nil = it may start.
    private func answer(to container: NRIStart, isHeard: Bool = true) async -> String? {
        let told = Mutex<String?>(nil)
        await desk.admit(container) { refusal in
            told.withLock { $0 = refusal }
            return isHeard
        }
        return told.withLock { $0 }
    }

    private var counts: [UInt64] { [desk.counts.held, desk.counts.unheld, desk.counts.refused] }

    @Test func aContainerThatIsTakenStarts() async {
        let taken = Mutex<ContainerRegistration?>(nil)
        desk.open(
            closed: { NamespaceList(["*"]) },
            register: { container throws(PolicyChangeError) in taken.withLock { $0 = container } })
        #expect(await answer(to: Self.container()) == nil)
        var expected = ContainerRegistration(id: "0b0b")
        expected.cgroup = "/x/0b0b"
        expected.annotations = ["a": "1"]
        expected.name = "app"
        expected.runtime = "containerd"
        expected.labels = ["tier": "edge"]
        (expected.podName, expected.podNamespace, expected.podUID) = ("web-1", "shop", "u-1")
        expected.podLabels = ["app": "web"]
        #expect(taken.withLock { $0 } == expected)
        #expect(counts == [1, 0, 0] && desk.notes == [])
    }

    @Test func whereItCannotBeTakenItStartsUnlessItsNamespaceForbidsThat() async {
        open(closed: ["shop"], fault: "no room")
        #expect(desk.refuses)
        #expect(await answer(to: Self.container(namespace: "lab")) == nil)
        #expect(
            await answer(to: Self.container())
                == "secd: container app of pod shop/web-1 does not start (fail-closed for namespace shop): no room"
        )
        #expect(counts == [0, 1, 1])
        #expect(
            desk.notes == [
                "nri: policies did not hold in time for 2 containers, of which 1 were refused; the last: container app "
                    + "of pod shop/web-1 does not start (fail-closed for namespace shop): no room"
            ])
        // Rules count as they are when a container comes.
        open(fault: "no room")
        #expect(!desk.refuses)
        #expect(await answer(to: Self.container()) == nil)
    }

    @Test func whoIsInNoPodHasARuleToo() async {
        open(closed: ["-"], fault: "no room")
        let refusal = await answer(to: Self.container(namespace: nil))
        #expect(
            refusal == "secd: container app does not start (fail-closed for containers in no pod): no room")
        #expect(await answer(to: Self.container()) == nil)
    }

    @Test func forWhoIsUnknownTheStrictestRuleCounts() async {
        let unknown = NRIStart(id: "", obstacle: "it cannot be read", patience: Self.patience)
        open(closed: ["shop"])
        #expect(
            await answer(to: unknown)
                == "secd: a container does not start (fail-closed for some namespaces): it cannot be read")
        open()
        #expect(await answer(to: unknown) == nil)
        #expect(counts == [0, 1, 1])

        let ofSomePod = NRIStart(
            id: "0b0b", obstacle: "its runtime did not tell of its pod", isIdentified: false,
            patience: Self.patience)
        open(closed: ["shop"])
        #expect(await answer(to: ofSomePod)?.contains("(fail-closed for some namespaces)") == true)
    }

    /// It has started the container by then.
    @Test func anAnswerThatNobodyHearsIsNeitherARefusalNorAPromise() async {
        open(closed: ["shop"])
        _ = await answer(to: Self.container(), isHeard: false)
        #expect(counts == [0, 1, 0])
        open(closed: ["shop"], fault: "no room")
        _ = await answer(to: Self.container(), isHeard: false)
        #expect(counts == [0, 2, 0])
        #expect(desk.notes.first?.contains("was to be refused (fail-closed for namespace shop), but") == true)
    }

    @Test func aRuntimeThatDoesNotHeedRefusalsStartsWhatIsRefused() async {
        open(closed: ["shop"], fault: "no room")
        #expect(await answer(to: Self.container(of: "cri-o"))?.hasPrefix("secd: ") == true)
        #expect(counts == [0, 1, 0])
        #expect(desk.notes.first?.contains("but cri-o starts it all the same: no room") == true)
    }

    @Test func namesOfOthersEndNoLineOfTheLog() async {
        open(fault: "no room")
        _ = await answer(to: Self.container(namespace: "a\n<2>secd: b"))
        #expect(desk.notes.first?.contains("\n") == false)
        #expect(desk.notes.first?.contains("pod a\u{FFFD}<2>secd: b/web-1") == true)
    }

    @Test func aContainerWithoutACgroupIsNotTaken() async {
        open(closed: ["*"])
        let refusal = await answer(to: Self.container(obstacle: "it has no cgroup"))
        #expect(refusal?.hasSuffix(": it has no cgroup") == true)
    }

    /// The runtime waits for a while only, and goes on without an answer then.
    @Test func whoIsNotTakenInTimeIsAnsweredInTime() async {
        let (stream, input) = AsyncStream<Void>.makeStream()
        desk.open(
            closed: { NamespaceList(["*"]) },
            register: { _ throws(PolicyChangeError) in for await _ in stream {} })
        let refusal = await answer(to: Self.container(patience: .milliseconds(1)))
        #expect(refusal?.contains("secd is not ready with it after") == true)
        #expect(counts == [0, 0, 1])
        input.finish()
    }

    @Test func beforeItIsOpenAndWhenItIsClosedNobodyIsTaken() async {
        #expect(!desk.isOpen && !desk.refuses)
        #expect(await answer(to: Self.container()) == nil)
        open(closed: ["*"])
        #expect(desk.isOpen)
        #expect(await answer(to: Self.container()) == nil)
        desk.close()
        #expect(await answer(to: Self.container())?.hasSuffix(": secd is stopping") == true)
        #expect(counts == [1, 1, 1])
    }
}
