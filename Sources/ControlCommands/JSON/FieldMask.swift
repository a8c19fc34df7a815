package import EventFilters
package import EventModel

/// Field filters on a line that was read back: what the daemon does for live events.
package struct FieldMask: Sendable {
    private let specs: [FieldFilterSpec]

    package init(_ specs: [FieldFilterSpec]) {
        self.specs = specs
    }

    package var isEmpty: Bool { specs.isEmpty }

    /// The event's body with the fields that are asked for; the envelope is never touched.
    package func apply(to body: JSONValue, kind: EventKind?) -> JSONValue {
        specs.reduce(body) { body, spec in
            if !spec.eventSet.isEmpty {
                let listed = kind.map { spec.eventSet.contains($0.rawValue) } ?? false
                guard listed != spec.invertEventSet else { return body }
            }
            let paths = spec.fields.map { $0.split(separator: ".").map(String.init) }
            return spec.include ? Self.keep(paths[...], of: body) : Self.drop(paths[...], of: body)
        }
    }

    private static func keep(_ paths: ArraySlice<[String]>, of value: JSONValue) -> JSONValue {
        if paths.contains(where: \.isEmpty) { return value }
        switch value {
        case .array(let elements): return .array(elements.map { keep(paths, of: $0) })
        case .object(let members):
            return .object(
                members.compactMap { member in
                    let below = tails(paths, behind: member.key)
                    return below.isEmpty ? nil : (member.key, keep(below, of: member.value))
                })
        default: return value
        }
    }

    private static func drop(_ paths: ArraySlice<[String]>, of value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map { drop(paths, of: $0) })
        case .object(let members):
            return .object(
                members.compactMap { member in
                    let below = tails(paths, behind: member.key)
                    if below.contains(where: \.isEmpty) { return nil }
                    return (member.key, below.isEmpty ? member.value : drop(below, of: member.value))
                })
        default: return value
        }
    }

    private static func tails(_ paths: ArraySlice<[String]>, behind key: String) -> ArraySlice<[String]> {
        paths.filter { $0.first == key }.map { Array($0.dropFirst()) }[...]
    }
}

extension JSONValue {
    /// The value as JSON, without spaces.
    package var json: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
