import JSONTree
package import KubernetesObjects

/// A line of a watch.
package enum WatchEvent<Object: KubernetesObject>: Sendable {
    /// An object came or changed.
    case set(Object)
    /// An object went; its last state.
    case removed(Object)
    /// Nothing happened up to this version.
    case bookmark(String)
    /// An object that cannot be read; its version, empty where not even that can be.
    case unreadable(ObjectError, version: String)
    /// The server gives up: with a code of HTTP and its words.
    case failure(Int, String)

    /// - Throws: `APIFailure.unreadable` where the line is no event: what comes behind it cannot be trusted.
    package init(_ line: [UInt8]) throws(APIFailure) {
        let event: JSONValue
        do throws(JSONError) {
            event = try JSONScanner.parse(line.span)
        } catch {
            throw .unreadable("a line of a watch that is no JSON: \(error)")
        }
        let object = event["object"]
        let version = object["metadata"]["resourceVersion"].text ?? ""
        switch event["type"].text ?? "" {
        case "ADDED", "MODIFIED", "DELETED":
            do throws(ObjectError) {
                let read = try Object(ObjectReader(object, path: "object"))
                self = event["type"].text == "DELETED" ? .removed(read) : .set(read)
            } catch {
                self = .unreadable(error, version: version)
            }
        case "BOOKMARK": self = .bookmark(version)
        case "ERROR":
            self = .failure(
                Int(clamping: object["code"].signed ?? 0), Answer.shown(object["message"].text ?? ""))
        case let other: throw .unreadable("a line of a watch of the type \"\(Answer.shown(other))\"")
        }
    }
}
