import IdentityStores
import SecurityIdentity
import Testing

@Suite struct EtcdOptionsTests {
    @Test(arguments: [
        ("http://127.0.0.1:2379", "127.0.0.1", 2379, false),
        ("https://etcd1.example", "etcd1.example", 2379, true),
        ("https://etcd1.example:4001/", "etcd1.example", 4001, true),
        ("http://[::1]:99", "::1", 99, false),
        ("http://[::1]", "::1", 2379, false),
    ])
    func anEndpointIsAnURL(text: String, host: String, port: Int, isSecure: Bool) throws {
        let endpoint = try #require(EtcdOptions.Endpoint(text))
        #expect((endpoint.host, endpoint.port, endpoint.isSecure) == (host, port, isSecure))
        #expect(EtcdOptions.Endpoint(endpoint.description) == endpoint)
    }

    @Test(arguments: [
        "", "etcd:2379", "ftp://x", "http://", "http://:2379", "http://x:0", "http://x:99999", "http://x:y",
        "http://x/y", "http://a b", "https://[::1",
    ])
    func otherTextsAreNone(text: String) {
        #expect(EtcdOptions.Endpoint(text) == nil)
    }
}
