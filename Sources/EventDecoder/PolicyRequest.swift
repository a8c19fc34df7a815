/// What a policy asks for over the network when it matches.
public enum PolicyRequest: Sendable, Hashable {
    /// Addresses of a name (`DnsLookup`).
    case name(String)
    /// A page (`GetUrl`), over HTTP without encryption.
    case page(host: String, port: String, path: String)

    /// - Parameter url: `http://host[:port][/path]`; nil where it is something else.
    public init?(url: String) {
        let scheme = "http://"
        guard url.hasPrefix(scheme), url.utf8.count <= 2048,
            url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        let rest = url.dropFirst(scheme.count)
        let place = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var path = rest.dropFirst(place.count).prefix { $0 != "#" }
        if path.first != "/" { path = "/" + path }
        // `[::1]:8080`
        let isBracketed = place.hasPrefix("[")
        let end = isBracketed ? place.firstIndex(of: "]") : place.firstIndex(of: ":")
        let host = place[..<(end ?? place.endIndex)].drop { $0 == "[" }
        let port = place[(end ?? place.endIndex)...].drop { $0 == "]" }.dropFirst()
        guard !host.isEmpty, !host.contains("@"), isBracketed ? end != nil : true,
            port.isEmpty || UInt16(port).map({ $0 > 0 }) ?? false
        else { return nil }
        self = .page(host: String(host), port: port.isEmpty ? "80" : String(port), path: String(path))
    }
}
