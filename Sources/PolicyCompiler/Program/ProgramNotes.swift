/// What programs say about themselves in notes: their USDT probes and their build id.
extension ELFImage {
    /// A place that a program offers to tracers (SystemTap's `<sys/sdt.h>`).
    struct ProbeNote: Hashable {
        var provider: String
        var name: String
        /// Of the instruction that is hit, in the file.
        var offset: UInt64
        /// Of the number that says whether anybody watches, in the file; 0 = there is none.
        var counterOffset: UInt64
        /// Where its arguments are, as the compiler wrote them.
        var arguments: String
    }

    /// Bytes of a section of notes; a large database has some 100 KiB.
    private static let noteLimit: UInt64 = 16 << 20
    private static let probeLimit = 65_536
    private static let probeKind: UInt32 = 3
    private static let buildKind: UInt32 = 3
    private static let textLimit = 4096
    /// Bytes of a build id; SHA-1 has 20.
    private static let longestBuildID = 64

    private struct Note {
        var owner: String
        var kind: UInt32
        var content: [UInt8]
    }

    /// All probes of the program, in the order of its notes.
    func probes() -> [ProbeNote] {
        let base = sections.first { $0.name == ".stapsdt.base" }
        var probes: [ProbeNote] = []
        for section in sections where section.name == ".note.stapsdt" {
            guard let bytes = contents(of: section, limit: Self.noteLimit) else { continue }
            for note in Self.notes(LittleEndian(bytes)) {
                guard note.owner == "stapsdt", note.kind == Self.probeKind, probes.count < Self.probeLimit,
                    let probe = probe(LittleEndian(note.content), base)
                else { continue }
                probes.append(probe)
            }
        }
        return probes
    }

    /// Names that a linker gave to this very build; empty = it gave none.
    public func buildID() -> [UInt8] {
        for segment in segments where segment.kind == Self.noteSegment && segment.fileSize <= Self.noteLimit {
            guard let bytes = bytes.read(at: segment.offset, count: Int(segment.fileSize)) else { continue }
            let note = Self.notes(LittleEndian(bytes)).first {
                $0.owner == "GNU" && $0.kind == Self.buildKind
            }
            if let note, note.content.count <= Self.longestBuildID { return note.content }
        }
        return []
    }

    private func probe(_ content: LittleEndian, _ base: Section?) -> ProbeNote? {
        guard content.bytes.count > 24 else { return nil }
        var texts: [String] = []
        var at = 24
        for _ in 0..<3 {
            let text = content.string(at, limit: Self.textLimit)
            texts.append(text)
            at += text.utf8.count + 1
        }
        var address = content.u64(0)
        var counter = content.u64(16)
        // Where a tool has moved the program, its notes still say where it was.
        if let base, content.u64(8) != 0 {
            let moved = base.address &- content.u64(8)
            address = address &+ moved
            if counter != 0 { counter = counter &+ moved }
        }
        guard let offset = offset(of: address, executable: true) else { return nil }
        var counterOffset: UInt64 = 0
        if counter != 0 {
            guard let found = self.offset(of: counter, executable: false) else { return nil }
            counterOffset = found
        }
        return ProbeNote(
            provider: texts[0], name: texts[1], offset: offset, counterOffset: counterOffset,
            arguments: texts[2])
    }

    private static func notes(_ bytes: LittleEndian) -> [Note] {
        var notes: [Note] = []
        var at = 0
        let end = bytes.bytes.count
        while at + 12 <= end {
            let nameLength = Int(bytes.u32(at))
            let contentLength = Int(bytes.u32(at + 4))
            let name = at + 12
            let content = name + (nameLength + 3) & ~3
            guard nameLength <= end - name, content <= end, contentLength <= end - content else { break }
            notes.append(
                Note(
                    owner: bytes.string(name, limit: nameLength), kind: bytes.u32(at + 8),
                    content: Array(bytes.bytes[content..<content + contentLength])))
            at = content + (contentLength + 3) & ~3
        }
        return notes
    }
}
