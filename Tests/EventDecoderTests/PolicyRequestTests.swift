import EventDecoder
import Testing

/// What policies may ask for.
@Suite struct PolicyRequestTests {
    @Test(arguments: [
        ("http://canary.example", "canary.example", "80", "/"),
        ("http://canary.example:8080/a/b?c=d", "canary.example", "8080", "/a/b?c=d"),
        ("http://canary.example?c", "canary.example", "80", "/?c"),
        ("http://192.0.2.7/x#part", "192.0.2.7", "80", "/x"),
        ("http://[::1]:81/x", "::1", "81", "/x"),
        ("http://[::1]", "::1", "80", "/"),
    ]) func pagesAreTakenApart(_ url: String, _ host: String, _ port: String, _ path: String) {
        #expect(PolicyRequest(url: url) == .page(host: host, port: port, path: path))
    }

    @Test(arguments: [
        "https://canary.example", "ftp://x", "http://", "http:///x", "http://a:0/", "http://a:65536/",
        "http://a:b/",
        "http://user@host/", "http://[::1/", "http://a/\r\nX: y", "http://a b/",
    ]) func othersAreNoRequests(_ url: String) { #expect(PolicyRequest(url: url) == nil) }
}
