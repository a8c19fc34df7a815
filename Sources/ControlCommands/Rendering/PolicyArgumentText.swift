import Foundation
import JSONTree

/// Arguments of a hook as text: objects with one member of theirs, named by its type.
enum PolicyArgumentText {
    /// Members beside the value.
    private static let others: Set<String> = ["label", "state", "source"]
    /// Bytes of a buffer that a line shows at most.
    private static let shownBytes = 64

    /// `/etc/shadow`, `fd=4`, `(unreadable)`.
    static func text(_ argument: JSONValue) -> String {
        let label = argument["label"].text.map { "\($0)=" } ?? ""
        switch argument["state"].text {
        case "unreadable": return label + "(unreadable)"
        case "absent": return label + "(absent)"
        case let state:
            guard let (key, value) = argument.members.first(where: { !others.contains($0.key) }) else {
                return label + "?"
            }
            return label + text(of: value, key) + (state == "truncated" ? "…" : "")
        }
    }

    private static func text(of value: JSONValue, _ key: String) -> String {
        switch key {
        case "bytes_arg": return Base64Text.readable(value.textOrEmpty, limit: shownBytes)
        case "truncated_bytes_arg":
            return Base64Text.readable(value["bytes_arg"].textOrEmpty, limit: shownBytes) + "…"
        case "capability_arg": return value["name"].text ?? value["value"].textOrEmpty
        case "error_arg": return "(\(value["Message"].textOrEmpty))"
        case "process_credentials_arg":
            return "uid \(value["uid"].text ?? "?") euid \(value["euid"].text ?? "?")"
        default: break
        }
        if let text = value.text { return text }
        if case .bool(let truth) = value { return "\(truth)" }
        if let path = value["path"].text { return value["mount"].textOrEmpty + path }
        if let source = value["saddr"].text {
            let from = SocketText.endpoint(address: source, port: value["sport"].text)
            return from + " → "
                + SocketText.endpoint(address: value["daddr"].textOrEmpty, port: value["dport"].text)
        }
        if let address = value["addr"].text {
            return SocketText.endpoint(address: address, port: value["port"].text)
        }
        return value.members.compactMap { key, value in value.text.map { "\(key) \($0)" } }
            .joined(separator: ", ")
    }
}

/// Bytes that JSON has as base64.
enum Base64Text {
    /// The bytes as text where they are printable, else how many they are.
    static func readable(_ text: String, limit: Int) -> String {
        guard let data = Data(base64Encoded: text) else { return text }
        let isPrintable = data.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x0A || $0 == 0x09 }
        guard isPrintable, !data.isEmpty else { return Quantity.bytes(UInt64(data.count)) }
        return "\"" + String(decoding: data.prefix(limit), as: UTF8.self)
            + (data.count > limit ? "…\"" : "\"")
    }

    /// `5f0c1f0e`; the text itself where it is no base64.
    static func hexadecimal(_ text: String) -> String {
        guard let data = Data(base64Encoded: text) else { return text }
        return data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
