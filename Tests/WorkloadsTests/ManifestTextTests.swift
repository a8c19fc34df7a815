import KubernetesObjects
import Testing
import Workloads
import YAMLReader

/// Files of manifests: what is read, and where it says what is wrong.
@Suite struct ManifestTextTests {
    private static func text(_ yaml: String) -> ManifestText {
        ManifestText(file: "m.yaml", bytes: Array(yaml.utf8))
    }

    private static func names(_ text: ManifestText) -> [String] { text.objects.map(\.key.description) }

    private static let web = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          namespace: shop
          labels: {app: web, "9": "80"}
          annotations: {team: blue}
        spec:
          containers:
          - name: app
            image: nginx:1.27
            securityContext: {privileged: true}

        """

    @Test func documentsAndListsAreReadWithTheirPlaces() throws {
        let text = Self.text(
            Self.web + """
                ---
                # Nothing but a comment.
                ---
                apiVersion: v1
                kind: List
                items:
                - apiVersion: v1
                  kind: Namespace
                  metadata: {name: shop, labels: {tier: front}}
                - apiVersion: v1
                  kind: Node
                  metadata: {name: node1, labels: {zone: a}}
                ---
                apiVersion: v1
                kind: PodList
                items:
                - metadata: {name: db}
                """)
        #expect(text.errors == [])
        #expect(Self.names(text) == ["Pod shop/web", "Namespace shop", "Node node1", "Pod default/db"])
        #expect(text.objects.map(\.position.line) == [1, 19, 22, 29])
        guard case .pod(let pod) = text.objects[0].value else {
            Issue.record("no pod")
            return
        }
        #expect(pod.metadata.labels == ["app": "web", "9": "80"])
        #expect(pod.metadata.annotations == ["team": "blue"])
        #expect(pod.containers.map(\.image) == ["nginx:1.27"])
        #expect(pod.containers.map(\.isPrivileged) == [true])
    }

    @Test func otherKindsAreKnownByNameAndPoliciesAreLeftToTheirReader() {
        let text = Self.text(
            """
            {apiVersion: v1, kind: Service, metadata: {name: web}}
            ---
            {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-1}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny}}
            ---
            {apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: l7}}
            ---
            {apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: all}}
            ---
            {apiVersion: cilium.io/v1alpha1, kind: TracingPolicy, metadata: {name: opens}, spec: [wrong]}
            """)
        #expect(text.errors == [])
        #expect(
            Self.names(text) == [
                "Service default/web", "EndpointSlice default/web-1", "NetworkPolicy default/deny",
                "CiliumNetworkPolicy default/l7", "CiliumClusterwideNetworkPolicy all",
            ])
    }

    @Test(arguments: [
        (
            "kind: Deployment\napiVersion: apps/v1\n",
            "m.yaml:1:7: error: kind: unknown kind \"Deployment\" of \"apps/v1\" (pods are read, not what makes them: write the Pod that runs here)"
        ),
        (
            "apiVersion: v1\nkind: Pood\n",
            "m.yaml:2:7: error: kind: unknown kind \"Pood\" of \"v1\" (did you mean \"Pod\"?)"
        ),
        (
            "apiVersion: v2\nkind: Pod\nmetadata: {name: a}\n",
            "m.yaml:1:13: error: apiVersion: Pod of \"v2\" is not known (write v1)"
        ),
        ("kind: Pod\n", "m.yaml:1:1: error: \"apiVersion\" is missing"),
        ("- a\n", "m.yaml:1:1: error: expected an object of Kubernetes, found a list"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    app: 80\n",
            "m.yaml:6:10: error: metadata.labels[\"app\"]: expected text, found the number 80"
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: [x]\n",
            "m.yaml:7:11: error: items[0].metadata.name: expected text, found a list"
        ),
        (
            "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List}]\n",
            "m.yaml:3:32: error: items[0].kind: a list in a list is not read"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"a\\nb\"\n",
            "m.yaml:4:9: error: metadata.name: \"a\\nb\" is no name: lower-case letters, digits, - and . are allowed"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: x}, {name: x}]\n",
            "m.yaml:5:15: error: spec.containers: two containers are called \"x\""
        ),
        (
            "",
            "m.yaml:1:1: error: there is no object in this file (remove the file where nothing of it is wanted any more)"
        ),
    ])
    func whatIsWrongIsSaidWithItsPlace(_ yaml: String, _ error: String) {
        let text = Self.text(yaml)
        #expect(text.errors == [error])
        #expect(text.objects.isEmpty)
    }

    @Test func everythingThatIsWrongIsSaidAtOnce() {
        let text = Self.text(
            "{apiVersion: v1, kind: A}\n---\n" + Self.web + "---\n{apiVersion: v1, kind: B}\n")
        #expect(text.errors.count == 2)
        #expect(Self.names(text) == ["Pod shop/web"])
    }

    @Test func aFileThatIsHalfWrittenIsNoYAML() {
        let half = Self.text(Self.web + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: \"db")
        #expect(half.errors.count == 1)
        #expect(half.objects.isEmpty)
    }

    @Test func aHugeFileIsRefusedUnread() {
        let bytes = [UInt8](repeating: UInt8(ascii: " "), count: 8 << 20 + 1)
        #expect(
            ManifestText(file: "m.yaml", bytes: bytes).errors == [
                "m.yaml: error: it has 8388609 bytes; at most 8388608 are read"
            ])
    }

    /// Nine lines that stand for a billion values.
    @Test func aBombOfAliasesIsRefused() {
        var yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        for (name, inner) in zip("bcdefghi", "abcdefgh") {
            let list = Array(repeating: "*\(inner)", count: 10).joined(separator: ", ")
            yaml += "\(name): &\(name) [\(list)]\n"
        }
        let text = Self.text(yaml)
        #expect(text.errors.count == 1)
        #expect(text.errors.first?.contains("aliases expand to more than 500000 values") == true)
    }

    @Test func aDeepNestIsRefused() {
        let text = Self.text("a: " + String(repeating: "[", count: 70))
        #expect(text.errors.count == 1)
        #expect(text.errors.first?.contains("nested deeper than 64 levels") == true)
    }
}
