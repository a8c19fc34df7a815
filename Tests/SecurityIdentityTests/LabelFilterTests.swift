import EventFilters
import SecurityIdentity
import Testing
import WorkloadModel

@Suite struct LabelFilterTests {
    private func filter(_ patterns: String...) throws -> LabelFilter {
        try LabelFilter(patterns) { pattern throws(LabelFilter.Fault) in
            do throws(FilterError) {
                let expression = try CaptureRegex(pattern)
                return { expression.leadingMatch(in: Array($0.utf8)) }
            } catch {
                throw LabelFilter.Fault(pattern: pattern, reason: error.reason)
            }
        }
    }

    @Test(arguments: [
        ("k8s:app=web", true),
        ("k8s:io.kubernetes.pod.namespace=shop", true),
        ("k8s:io.kubernetes.pod.name=web-1", false),
        ("k8s:app.kubernetes.io/name=web", true),
        ("k8s:kubernetes.io/hostname=a", false),
        ("k8s:failure-domain.beta.kubernetes.io/zone=a", false),
        ("k8s:pod-template-hash=77c", false),
        ("k8s:controller-revision-hash=77c", false),
        ("k8s:statefulset.kubernetes.io/pod-name=db-0", false),
        ("k8s:annotation.x=y", false),
        ("k8s:annotations=y", false),
        ("k8s:my-pod-template-hash=1", true),
        ("k8s:ioXkubernetes=1", true),
        ("reserved:host", true),
        ("container:com.example.role=db", true),
        ("k8s:io.cilium.k8s.policy.cluster=default", true),
        ("k8s:io.cilium.k8s.namespace.labels.tier=front", true),
        ("k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop", true),
        ("k8s:io.cilium.k8s.namespace.labels.x.beta.kubernetes.io/zone=a", false),
    ])
    func usuallyWhatTellsWorkloadsApartCounts(text: String, counts: Bool) throws {
        #expect(try filter().counts(#require(Label(parsing: text))) == counts)
    }

    @Test func anInclusionLeavesOnlyWhatIsIncluded() throws {
        let filter = try filter("k8s:app", "role")
        #expect(filter.counts(Label(.k8s, "app", "web")))
        #expect(filter.counts(Label(.k8s, "application", "web")))
        #expect(!filter.counts(Label(.container, "app", "web")))
        #expect(filter.counts(Label(.container, "role", "db")))
        #expect(!filter.counts(Label(.k8s, "tier", "front")))
        #expect(filter.counts(Label(.k8s, "io.kubernetes.pod.namespace", "shop")))
        #expect(filter.counts(Label(.reserved, "host")))
    }

    @Test func anExclusionLeavesTheRest() throws {
        let filter = try filter("!build", "container:!com\\.docker")
        #expect(!filter.counts(Label(.k8s, "build-id", "7")))
        #expect(!filter.counts(Label(.container, "com.docker.compose.project", "x")))
        #expect(filter.counts(Label(.k8s, "com.docker", "x")))
        #expect(filter.counts(Label(.k8s, "app", "web")))
    }

    @Test func theLongerMatchWins() throws {
        let filter = try filter("!foo", "foo.bar")
        #expect(filter.counts(Label(.k8s, "foo.bar", "1")))
        #expect(!filter.counts(Label(.k8s, "foo.baz", "1")))
        #expect(!filter.counts(Label(.k8s, "foo", "1")))
    }

    @Test func expressionsMatchFromTheBegin() throws {
        let filter = try filter("^app$", "tier-[0-9]+")
        #expect(filter.counts(Label(.k8s, "app", "1")))
        #expect(!filter.counts(Label(.k8s, "application", "1")))
        #expect(filter.counts(Label(.k8s, "tier-22", "1")))
        #expect(!filter.counts(Label(.k8s, "my-tier-22", "1")))
    }

    @Test func whatIsNoPatternIsRefused() {
        for pattern in ["k8s:", "!", "k8s:!", "app(", "!a[", ""] {
            #expect(throws: LabelFilter.Fault.self, "\(pattern)") { try filter(pattern) }
        }
    }

    // MARK: Workloads

    @Test func aPodHasItsLabelsAndItsNamespaceWhateverItsLabelsSay() throws {
        var workload = Workload(kind: .container, id: "00ff", name: "web", runtime: "containerd")
        workload.labels = ["maintainer": "x"]
        var pod = Pod(namespace: "shop", name: "web-1")
        pod.labels = ["app": "web", "pod-template-hash": "7", "io.kubernetes.pod.namespace": "kube-system"]
        workload.pod = pod
        let set = try LabelSet(filter().filtered(workload.identityLabels(cluster: "")))
        #expect(
            set.key
                == "k8s:app=web;k8s:io.cilium.k8s.policy.cluster=default;k8s:io.kubernetes.pod.namespace=shop;"
        )
    }

    @Test func aPodHasTheLabelsOfItsNamespaceAndChoosesNoneOfThem() throws {
        var workload = Workload(kind: .container, id: "00ff", name: "web", runtime: "containerd")
        var pod = Pod(namespace: "shop", name: "web-1")
        pod.labels = [
            "app": "web", "io.cilium.k8s.namespace.labels.tier": "own",
            "io.cilium.k8s.namespace.labels.other": "own", "io.cilium.k8s.policy.serviceaccount": "own",
        ]
        workload.pod = pod
        let own = ["k8s:io.cilium.k8s.policy.cluster=prod", "k8s:io.kubernetes.pod.namespace=shop"]
        #expect(
            try LabelSet(filter().filtered(workload.identityLabels(cluster: "prod"))).labels.map(\.text)
                == ["k8s:app=web"] + own)
        workload.pod?.namespaceLabels = ["tier": "front", "kubernetes.io/metadata.name": "shop"]
        #expect(
            try LabelSet(filter().filtered(workload.identityLabels(cluster: "prod"))).labels.map(\.text) == [
                "k8s:app=web", "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop",
                "k8s:io.cilium.k8s.namespace.labels.tier=front",
            ] + own)
    }

    @Test func aContainerHasItsLabelsOrElseItsName() {
        var workload = Workload(kind: .container, id: "00ff", name: "db", runtime: "docker")
        #expect(workload.identityLabels(cluster: "") == [Label(.container, "io.secd.name", "db")])
        workload.labels = ["role": "db"]
        #expect(workload.identityLabels(cluster: "") == [Label(.container, "role", "db")])
        workload.naming = .pending
        #expect(workload.identityLabels(cluster: "") == [Label(.reserved, "init")])
        workload.naming = .unnamed
        #expect(workload.identityLabels(cluster: "") == [Label(.reserved, "unmanaged")])
    }

    @Test func unitsAreTheHost() {
        let unit = Workload(kind: .unit, id: "nginx.service", name: "nginx.service", runtime: "systemd")
        #expect(unit.identityLabels(cluster: "") == [Label(.reserved, "host")])
        #expect(
            Workload(kind: .other, id: "x").identityLabels(cluster: "") == [Label(.reserved, "unmanaged")])
    }
}
