import EventModel
import JSONTree

extension EventRenderer {
    /// What the daemon says about its own stream: its start, what was lost, its end.
    func stream(_ event: EventLine, _ line: inout StyledLine) {
        let body = event.body
        let name = body["stream"].text ?? event.secd["stream"].textOrEmpty
        switch event.kind {
        case .streamStart:
            line.add("secd \(body["version"].textOrEmpty) started", .strong)
            let kernel = body["kernel"].text.map { "  kernel \($0)" } ?? ""
            line.note("stream \(name)\(kernel)" + (body["boot_id"].text.map { "  boot \($0)" } ?? ""))
        case .streamStop:
            line.add("secd stopped in order" + (body["reason"].text.map { ": \($0)" } ?? ""), .strong)
            line.note("stream \(name)")
        default:
            line.add(GapText.sentence(body), .alarm)
            if let from = body["from_time"].text {
                line.note(inlineTime(from) + (body["to_time"].text.map { "–" + inlineTime($0) } ?? ""))
            }
            let kinds = body["by_kind"].elements.map {
                "\($0["kind"].textOrEmpty) \($0["count"].textOrEmpty)"
            }
            if !kinds.isEmpty { line.note(kinds.joined(separator: "  ")) }
        }
    }
}

/// A recorded loss in words.
enum GapText {
    /// `lost 37 observations on cpu 3: ring full`.
    static func sentence(_ gap: JSONValue) -> String {
        let count = gap["count"].unsigned ?? 0
        var text = "lost " + records(count, ring: gap["ring"].textOrEmpty)
        if let cpu = gap["cpu"].text, gap["ring"].exists { text += " on cpu \(cpu)" }
        if let sink = gap["sink"].text { text += " for sink \(sink)" }
        if let cause = gap["cause"].text { text += ": " + readable(cause) }
        return text
    }

    /// `412 observations`, `1 lifecycle record`.
    static func records(_ count: UInt64, ring: String) -> String {
        switch ring {
        case "observation": Quantity.counted(count, "observation")
        case "verdict": Quantity.counted(count, "verdict")
        case "": Quantity.counted(count, "event")
        default: Quantity.grouped(count) + " \(ring) record" + (count == 1 ? "" : "s")
        }
    }

    static func readable(_ cause: String) -> String {
        cause.split(separator: "_").joined(separator: " ")
    }
}
