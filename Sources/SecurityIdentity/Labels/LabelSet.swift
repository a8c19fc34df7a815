/// Labels in canonical order, one for each key: what an identity stands for.
public struct LabelSet: Sendable, Hashable {
    /// Why labels cannot become an identity.
    public enum Fault: Error, Equatable, CustomStringConvertible {
        /// More than `LabelSet.mostLabels`.
        case tooMany(Int)
        /// The canonical text has more bytes than `LabelSet.longestText`.
        case tooLong(Int)
        /// Not a canonical text: at this byte.
        case malformed(at: Int)

        /// What is wrong, and what can be done.
        public var description: String {
            switch self {
            case .tooMany(let count):
                "\(count) labels, at most \(LabelSet.mostLabels) make an identity: leave some out by identity.labels"
            case .tooLong(let bytes):
                "labels of \(bytes) bytes, at most \(LabelSet.longestText) make an identity: leave some out by identity.labels"
            case .malformed(let place): "byte \(place) is no part of a list of labels"
            }
        }
    }

    /// Kubernetes has no limit of its own; an object that it stores has at most 1.5 MiB.
    public static let mostLabels = 512
    /// Bytes of the canonical text: a key of etcd, sent whole with each question.
    public static let longestText = 32_768

    /// In canonical order.
    public let labels: [Label]

    /// Sorts; of two labels with one key the last one counts, as in a dictionary.
    /// - Throws: `Fault` where they are too many or too long.
    public init(_ labels: some Sequence<Label>) throws(Fault) {
        var byKey: [String: Label] = [:]
        for label in labels { byKey[label.key] = label }
        guard byKey.count <= Self.mostLabels else { throw .tooMany(byKey.count) }
        self.labels = byKey.values.sorted()
        let length = keyBytes.count
        guard length <= Self.longestText else { throw .tooLong(length) }
    }

    /// One reserved label: always short enough.
    public init(_ reserved: ReservedIdentity) {
        labels = [Label(.reserved, reserved.name)]
    }

    /// Reads a canonical text.
    /// - Throws: `Fault.malformed` where it is none, `tooMany` and `tooLong` as the other initialiser.
    public init(key bytes: some Collection<UInt8>) throws(Fault) {
        guard bytes.count <= Self.longestText else { throw .tooLong(bytes.count) }
        var labels: [Label] = []
        var place = 0
        for part in bytes.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            defer { place += part.count + 1 }
            // Behind the last semicolon there is nothing.
            if part.isEmpty, place == bytes.count { break }
            guard let label = Self.label(part), place + part.count < bytes.count else {
                throw .malformed(at: place)
            }
            labels.append(label)
        }
        try self.init(labels)
    }

    /// `k8s:app=web;k8s:tier=front;`: what a store knows the set by. The same for the same labels on every node. Bytes
    /// that labels of Kubernetes cannot have (`;`, `%`, `=` in keys, controls) stand as `%3B`.
    public var key: String { String(decoding: keyBytes, as: UTF8.self) }

    /// The bytes of `key`.
    public var keyBytes: [UInt8] {
        var bytes: [UInt8] = []
        for label in labels { Self.append(label, to: &bytes) }
        return bytes
    }

    /// The text of one label in `key`, with its semicolon.
    static func append(_ label: Label, to bytes: inout [UInt8]) {
        bytes += label.source.rawValue.utf8
        bytes.append(UInt8(ascii: ":"))
        append(label.key, isKey: true, to: &bytes)
        bytes.append(UInt8(ascii: "="))
        append(label.value, isKey: false, to: &bytes)
        bytes.append(UInt8(ascii: ";"))
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func append(_ text: String, isKey: Bool, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            let isSpecial =
                byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "%")
                || isKey && byte == UInt8(ascii: "=")
            guard isSpecial else {
                bytes.append(byte)
                continue
            }
            bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }

    /// A label as `append` wrote it, without its semicolon.
    static func label(_ part: some Collection<UInt8>) -> Label? {
        guard let colon = part.firstIndex(of: UInt8(ascii: ":")), colon != part.startIndex else { return nil }
        let rest = part[part.index(after: colon)...]
        let equals = rest.firstIndex(of: UInt8(ascii: "=")) ?? rest.endIndex
        guard equals != rest.startIndex, let key = unescaped(rest[..<equals]) else { return nil }
        let tail = equals == rest.endIndex ? rest[equals...] : rest[rest.index(after: equals)...]
        guard let value = unescaped(tail),
            let source = String(validating: part[..<colon], as: UTF8.self)
        else { return nil }
        return Label(LabelSource(rawValue: source), key, value)
    }

    private static func unescaped(_ bytes: some Collection<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "%")) else { return String(validating: bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            plain.append(high << 4 | low)
        }
        return String(validating: plain, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        digits.firstIndex(of: byte).map { UInt8($0) }
    }
}
