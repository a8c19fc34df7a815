/// DNS messages built by hand (RFC 1035, section 4.1).
struct DNSMessage {
    var bytes: [UInt8]

    /// A header and one question of type A, class IN.
    init(flags: UInt16 = 0x8180, questions: UInt16 = 1, answers: UInt16, name: String) {
        bytes = [0x12, 0x34]
        for word in [flags, questions, answers, 0, 0] { bytes += Self.big(word) }
        bytes += Self.labels(name) + [0, 1, 0, 1]
    }

    /// Where the question's name stands: behind the header.
    static let questionName: UInt16 = 12

    static func big(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)] }

    /// A name in labels, ended by the root.
    static func labels(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func pointer(_ offset: UInt16) -> [UInt8] { big(0xc000 | offset) }

    /// Appends a resource record with a name that is already encoded; returns where its data begins.
    @discardableResult
    mutating func add(
        _ name: [UInt8] = pointer(questionName), type: UInt16, data: [UInt8], length: UInt16? = nil
    ) -> UInt16 {
        bytes += name + Self.big(type) + [0, 1, 0, 0, 0, 60] + Self.big(length ?? UInt16(data.count))
        let position = UInt16(bytes.count)
        bytes += data
        return position
    }
}
