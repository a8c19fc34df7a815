package import KubernetesObjects

/// A collection of objects, as the API names it.
package struct ResourcePath: Sendable, Hashable {
    /// `/api/v1/pods`.
    package let path: String
    /// `spec.nodeName=node1`; empty = all.
    package let fieldSelector: String

    package init(_ path: String, fieldSelector: String = "") {
        self.path = path
        self.fieldSelector = fieldSelector
    }

    /// The pods of a node.
    package static func pods(onNode name: String) -> ResourcePath {
        ResourcePath("/api/v1/pods", fieldSelector: "spec.nodeName=\(name)")
    }

    /// One node.
    package static func node(_ name: String) -> ResourcePath {
        ResourcePath("/api/v1/nodes", fieldSelector: "metadata.name=\(name)")
    }

    /// All namespaces.
    package static let namespaces = ResourcePath("/api/v1/namespaces")

    /// Policies, of all namespaces.
    package static func policies<Scope: TracingPolicyScope>(_: Scope.Type) -> ResourcePath {
        ResourcePath("/apis/\(KubernetesTracingPolicy<Scope>.apiVersion)/\(Scope.collection)")
    }

    /// A page of the list; `next` is what the page before told, empty for the first one.
    package func list(limit: Int, next: String) -> String {
        target([("limit", String(limit)), ("continue", next)])
    }

    /// What changed since a version; the server ends it after `seconds`.
    package func watch(from version: String, seconds: Int) -> String {
        target([
            ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
            ("timeoutSeconds", String(seconds)),
        ])
    }

    private func target(_ query: [(name: String, value: String)]) -> String {
        let all = [("fieldSelector", fieldSelector)] + query
        let parts = all.filter { !$0.1.isEmpty }.map { "\($0.0)=\(Self.escaped($0.1))" }
        return path + "?" + parts.joined(separator: "&")
    }

    /// RFC 3986: all but the unreserved characters.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return result
    }
}
