/// Where the API listens: `https://10.0.0.1:6443`, `https://[::1]:6443/prefix`.
package struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// Whether TLS is spoken.
    package let isSecure: Bool
    /// A name or an address, without brackets.
    package let host: String
    /// 443, or 80 without TLS, unless said.
    package let port: Int
    /// What stands before `/api`; empty or with a slash in front, never one behind.
    package let prefix: String

    package init(isSecure: Bool, host: String, port: Int, prefix: String = "") {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads a URL; nil where it is none of http or https with a host.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        guard text.utf8.count <= 4096, isPlain else { return nil }
        var rest = text[...]
        if rest.hasPrefix("https://") {
            isSecure = true
            rest = rest.dropFirst(8)
        } else if rest.hasPrefix("http://") {
            isSecure = false
            rest = rest.dropFirst(7)
        } else {
            return nil
        }
        let place = rest.prefix { $0 != "/" }
        rest = rest.dropFirst(place.count)
        guard !place.contains("@"), !text.contains("?"), !text.contains("#") else { return nil }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        prefix = String(rest)
        var number: Substring?
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { return nil }
            host = String(place[place.index(after: place.startIndex)..<end])
            let behind = place[place.index(after: end)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { return nil }
            number = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            let parts = place.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            host = String(parts[0])
            number = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty else { return nil }
        guard let number else {
            port = isSecure ? 443 : 80
            return
        }
        guard let value = UInt16(number), value > 0 else { return nil }
        port = Int(value)
    }

    /// `Host` of requests, and what messages call it.
    package var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether nobody but this machine hears what is said there.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(prefix)" }
}
