import EventModel
import JSONTree

extension EventRenderer {
    /// `vim[77]   /etc/x   O_WRONLY|O_CREAT`.
    func file(_ event: EventLine, _ chain: ProcessChain, _ line: inout StyledLine) {
        let file = event.body["file"]
        actor(chain, &line)
        line.add("   ")
        line.add(file["path"].text ?? "?")
        switch event.kind {
        case .fileRename, .fileLink:
            line.add(" → ", .faint)
            line.add(file["target"].text ?? "?")
        case .fileChmod:
            line.note("mode \(file["mode"].text ?? "?")", .plain)
        case .fileChown:
            line.note("owner \(file["uid"].text ?? "?"):\(file["gid"].text ?? "?")", .plain)
        case .fileOpen, .fileCreate:
            if let flags = file["flags"].text { line.note(flags) }
        default: break
        }
        if let error = file["error"].text { line.note("failed \(error)", .alarm) }
        guard wide else { return }
        var pieces: [String] = []
        if let inode = file["inode"]["number"].text { pieces.append("inode \(inode)") }
        if event.kind != .fileChmod, let mode = file["mode"].text { pieces.append("mode \(mode)") }
        if let source = file["source"].text { pieces.append("path from \(source)") }
        if !pieces.isEmpty { line.note(pieces.joined(separator: "  ")) }
    }
}
