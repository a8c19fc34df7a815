import JSONTree
import KubernetesClient
import KubernetesObjects
import Testing
import YAMLReader

/// Objects as the API writes them.
@Suite struct ObjectTests {
    private func read(_ text: String) throws -> KubernetesPod {
        try KubernetesPod(ObjectReader(try JSONScanner.parse(Array(text.utf8).span)))
    }

    @Test func readsAPod() throws {
        let pod = try read(
            """
            {"metadata":{"name":"web-5d4-x","namespace":"shop","uid":"u","resourceVersion":"7",
              "unknown":{"a":[1]},
              "labels":{"app":"web","empty":null},"annotations":{"a":"b"},
              "deletionTimestamp":"2026-11-22T08:00:00Z",
              "ownerReferences":[{"kind":"ReplicaSet","name":"web-5d4","controller":true}]},
             "spec":{"nodeName":"node1",
              "initContainers":[{"name":"init","image":"busybox"}],
              "containers":[{"name":"web","image":"nginx","securityContext":{"privileged":true},
                "livenessProbe":{"exec":{"command":["/bin/check","-q"]}},"readinessProbe":{"httpGet":{"port":80}}}]},
             "status":{"phase":"Running","startTime":"2026-11-22T08:00:00Z",
              "podIPs":[{"ip":"10.0.0.7"},{"ip":"fd00::7"}],
              "containerStatuses":[{"name":"web","containerID":"containerd://0123","image":"docker.io/nginx:1",
                "imageID":"sha256:9","state":{"running":{"startedAt":"2026-11-22T08:00:01Z"}}}]}}
            """)
        #expect(pod.metadata.name == "web-5d4-x" && pod.metadata.namespace == "shop")
        #expect(pod.metadata.labels == ["app": "web", "empty": ""])
        #expect(pod.metadata.isDeleted && pod.metadata.owners.count == 1)
        #expect(pod.nodeName == "node1" && pod.phase == "Running")
        #expect(pod.addresses == ["10.0.0.7", "fd00::7"])
        #expect(pod.containers.map(\.name) == ["init", "web"])
        #expect(pod.containers[1].isPrivileged == true)
        #expect(pod.containers[1].probes == [["/bin/check", "-q"]])
        #expect(pod.statuses.count == 1 && pod.statuses[0].started == "2026-11-22T08:00:01Z")
        let (runtime, id) = pod.statuses[0].runtimeAndID
        #expect(runtime == "containerd" && id == "0123")
    }

    @Test(arguments: [
        (#"{}"#, #""metadata" is missing"#), (#"[]"#, "expected an object, found a list"),
        (#"{"metadata":{}}"#, #"metadata: "name" is missing"#),
        (#"{"metadata":{"name":5}}"#, "metadata.name: expected text, found the number 5"),
        (
            #"{"metadata":{"name":"a","labels":{"x":{}}}}"#,
            #"metadata.labels["x"]: expected text, found an object"#
        ),
        (
            #"{"metadata":{"name":"a"},"spec":{"containers":[{},{"name":[]}]}}"#,
            "spec.containers[1].name: expected text, found a list"
        ),
    ])
    func saysWhereItIsNoPod(text: String, words: String) {
        do {
            _ = try read(text)
            Issue.record("it was read")
        } catch {
            #expect("\(error)" == words)
        }
    }

    @Test(
        arguments: [
            ("ReplicaSet", "web-5d4", ["pod-template-hash": "5d4"], "Deployment web"),
            ("ReplicaSet", "web-5d4", [:], "ReplicaSet web-5d4"),
            ("ReplicaSet", "web-5d4", ["pod-template-hash": "4"], "ReplicaSet web-5d4"),
            ("DaemonSet", "agent", [:], "DaemonSet agent"), ("StatefulSet", "db", [:], "StatefulSet db"),
            ("Job", "backup-28921440", [:], "CronJob backup"), ("Job", "backup-1", [:], "Job backup-1"),
            ("Job", "-28921440", [:], "Job -28921440"),
            ("ReplicationController", "a-1", ["deploymentconfig": "a"], "DeploymentConfig a"),
            ("Node", "node1", [:], "Node node1"),
        ] as [(String, String, [String: String], String)])
    func callsTheOwnerAsPeopleDo(kind: String, name: String, labels: [String: String], wanted: String) {
        var metadata = ObjectMetadata(namespace: "shop", name: "x")
        metadata.owners = [
            OwnerReference(kind: "Other", name: "o", isController: false),
            OwnerReference(kind: kind, name: name),
        ]
        metadata.labels = labels
        let owner = PodOwner(of: metadata)
        #expect("\(owner.kind) \(owner.name)" == wanted)
    }

    @Test func aPodThatNobodyMadeIsItsOwnOwner() {
        let owner = PodOwner(of: ObjectMetadata(namespace: "shop", name: "x"))
        #expect(owner == PodOwner(name: "x", kind: "Pod"))
    }

    @Test func readsNamespacesAndTypes() throws {
        let text = #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{"a":"b"}}}"#
        let tree = try JSONScanner.parse(Array(text.utf8).span)
        #expect(try KubernetesNamespace(ObjectReader(tree)).metadata.labels == ["a": "b"])
        #expect(try ObjectType(ObjectReader(tree)) == ObjectType(of: KubernetesNamespace.self))
    }

    @Test func writesAPolicyAsATextForItsReader() throws {
        let text =
            #"{"metadata":{"name":"ant","namespace":"shop","uid":"u","resourceVersion":"7","managedFields":[{}],"#
            + #""labels":{"a":1},"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"x"}},"#
            + #""spec":{"values":["\#(String(repeating: "v", count: 120))","w"],"odd":"\u2028\u007f\n😀\\"},"#
            + #""status":{"x":1}}"#
        let reader = ObjectReader(try JSONScanner.parse(Array(text.utf8).span))
        let policy = try KubernetesTracingPolicy<NamespaceScope>(reader)
        #expect(policy.metadata.name == "ant" && policy.metadata.resourceVersion == "7")
        #expect(
            String(decoding: policy.text, as: UTF8.self) == """
                {
                  "apiVersion": "cilium.io/v1alpha1",
                  "kind": "TracingPolicyNamespaced",
                  "metadata": {"name": "ant", "namespace": "shop", "labels": {"a": 1}, "annotations": {}},
                  "spec": {
                    "values": [
                      "\(String(repeating: "v", count: 120))",
                      "w"
                    ],
                    "odd": "\\u2028\\u007f\\n😀\\\\"
                  }
                }

                """)
        // YAML has the same values.
        let source = SourceText(file: "x", bytes: policy.text)
        let limits = YAMLLimits(bytes: 1 << 20, depth: 48, nodes: 100)
        let documents = try #require(YAMLReader.documents(DiagnosticCollector(source), limits: limits))
        let spec = NodeCursor(documents[0], DiagnosticCollector(source)).required("spec")
        #expect(spec?.optional("odd")?.string() == "\u{2028}\u{7f}\n😀\\")
        #expect(spec?.optional("values")?.each().count == 2)
    }

    @Test(arguments: [
        (#"{}"#, #""metadata" is missing"#), (#"{"metadata":{}}"#, #"metadata: "name" is missing"#),
        (#"{"metadata":{"name":"../a"}}"#, #"metadata: ""/"../a" is no name of an object"#),
        (#"{"metadata":{"name":"a","namespace":"B"}}"#, #"metadata: "B"/"a" is no name of an object"#),
        (
            #"{"metadata":{"name":"a","namespace":5}}"#,
            "metadata.namespace: expected text, found the number 5"
        ),
    ])
    func saysWhereItIsNoPolicy(text: String, words: String) throws {
        let reader = ObjectReader(try JSONScanner.parse(Array(text.utf8).span))
        do {
            _ = try KubernetesTracingPolicy<ClusterScope>(reader)
            Issue.record("it was read")
        } catch {
            #expect("\(error)" == words)
        }
    }

    @Test func aListMayLackObjectsButNoVersion() throws {
        let empty = try ListPage<KubernetesPod>(
            Array(#"{"items":null,"metadata":{"resourceVersion":"5"}}"#.utf8))
        #expect(empty.objects.isEmpty && empty.version == "5" && empty.next.isEmpty)
        for text in [#"{"items":[]}"#, "{", "[]", "", #"{"items""#, #"{"items":"#, #"{"metadata":{}} x"#] {
            #expect(throws: APIFailure.self) { try ListPage<KubernetesPod>(Array(text.utf8)) }
        }
    }
}
