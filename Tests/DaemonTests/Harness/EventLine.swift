import Foundation
import TestSupport

/// One line of an export file.
struct EventLine {
    let text: String
    let json: JSONValue
    /// `process_exec`, …
    let kind: String

    init(_ text: String) throws {
        self.text = text
        json = try JSONValue(text)
        let kinds = json.keys.subtracting(["node_name", "cluster_name", "time", "secd"])
        guard let kind = kinds.first, kinds.count == 1 else { throw Failure("no event in \(text)") }
        self.kind = kind
    }

    var pid: Int? { integer("process.pid") }
    var binary: String { self["process.binary"] }
    var stream: String { json.at("secd.stream")?.text ?? "" }
    var time: String { json["time"]?.text ?? "" }

    /// A text of the event, by path; empty where there is none.
    subscript(_ path: String) -> String { json.at("\(kind).\(path)")?.text ?? "" }

    /// A number of the event; 64-bit ones are texts in JSON.
    func integer(_ path: String) -> Int? {
        let value = json.at("\(kind).\(path)")
        return value?.integer ?? value?.text.flatMap { Int($0) }
    }

    /// The whole lines of a file.
    static func read(_ path: String) throws -> [EventLine] {
        var lines = readText(path).split(separator: "\n", omittingEmptySubsequences: false)
        _ = lines.popLast()
        return try lines.map { try EventLine(String($0)) }
    }
}

/// A file that grows: what came since a mark.
struct FileTail {
    private let path: String
    private let mark: UInt64

    init(_ path: String) {
        self.path = path
        mark = fileSize(path)
    }

    /// Whether a whole line that came since holds all of these.
    func contains(_ parts: String...) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path), (try? file.seek(toOffset: mark)) != nil,
            let data = try? file.readToEnd()
        else { return false }
        let text = String(decoding: data, as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .contains { line in parts.allSatisfy { line.contains($0) } }
    }
}

func fileSize(_ path: String) -> UInt64 {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.size] as? UInt64 ?? 0
}
