import KubernetesClient
import Testing
import YAMLReader

@Suite struct KubeconfigTests {
    private static let good = """
        apiVersion: v1
        kind: Config
        current-context: here
        clusters:
        - name: other
          cluster: {server: "https://10.0.0.2:6443", certificate-authority: /etc/other.pem}
        - name: mine
          cluster:
            server: https://10.0.0.1:6443/k8s/
            certificate-authority: pki/ca.pem
            tls-server-name: kubernetes
        contexts:
        - name: here
          context: {cluster: mine, user: me, namespace: shop}
        users:
        - name: me
          user:
            tokenFile: token
            client-certificate-data: cGVt
            client-key: /etc/me.key
        """

    private func read(_ text: String) -> (ClusterAccess?, String) {
        let collector = DiagnosticCollector(SourceText(file: "config", text: text))
        let access = Kubeconfig.read(collector, folder: "/root/.kube")
        return (access, collector.hasErrors ? collector.rendered() : "")
    }

    @Test func findsTheClusterOfTheCurrentContext() {
        let (access, problems) = read(Self.good)
        #expect(problems.isEmpty)
        var wanted = ClusterAccess(
            server: ServerAddress(isSecure: true, host: "10.0.0.1", port: 6443, prefix: "/k8s"))
        wanted.authority = .file("/root/.kube/pki/ca.pem")
        wanted.serverName = "kubernetes"
        wanted.token = .file("/root/.kube/token")
        wanted.identity = ClusterAccess.Identity(
            certificate: .inline(Array("pem".utf8)), key: .file("/etc/me.key"))
        #expect(access == wanted)
    }

    @Test(arguments: [
        ("current-context: here", "current-context: there", "config:3:18", "has the name \"there\""),
        ("name: mine", "name: yours", "config:14:22", "\"clusters\" has the name \"mine\""),
        ("https://10.0.0.1", "ftp://10.0.0.1", "config:9:13", "expected https://HOST:PORT"),
        ("https://10.0.0.1", "http://10.0.0.1", "config:9:13", "without TLS"),
        (
            "    certificate-authority: pki", "    insecure-skip-tls-verify: true\n    extra: pki",
            "config:10:31", "nobody vouches"
        ),
        ("client-key: /etc/me.key", "exec: {command: aws}", "config:20:11", "starts no programs"),
        ("    client-key: /etc/me.key", "", "config:18:5", "go together"),
        ("cGVt", "no-base64", "config:19:30", "expected base64"),
    ])
    func saysWhatIsWrongAndWhere(old: String, new: String, place: String, words: String) {
        let text = Self.good.replacing(old, with: new)
        let (_, problems) = read(text)
        #expect(problems.contains(place), "\(problems)")
        #expect(problems.contains(words), "\(problems)")
    }

    @Test func refusesWhatIsNoYAML() {
        #expect(read("\t- {").1.contains("config:1:"))
        #expect(read("").1.contains("expected one document"))
    }

    @Test func saysThatAFileIsMissing() {
        #expect(throws: APIFailure.self) { try Kubeconfig.read("/nowhere/config") }
    }

    @Test func findsTheClusterOfItsPod() throws {
        let access = try ClusterAccess.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"],
            folder: "/sa")
        #expect(access.server.description == "https://[fd00::1]:443")
        #expect(access.token == .file("/sa/token") && access.authority == .file("/sa/ca.crt"))
        #expect(throws: APIFailure.self) { try ClusterAccess.inCluster(environment: [:]) }
    }

    @Test(arguments: [
        ("https://a", "https://a:443"), ("http://[::1]:80/", "http://[::1]:80"),
        ("https://a:6443/x/y/", "https://a:6443/x/y"),
    ])
    func readsAddresses(text: String, shown: String) {
        #expect(ServerAddress(text)?.description == shown)
    }

    @Test(arguments: [
        "a", "https://", "https://a:0", "https://a:70000", "https://u@a", "https://a?x", "https://a b",
        "https://[::1", "https://::1:443",
    ])
    func refusesAddresses(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
