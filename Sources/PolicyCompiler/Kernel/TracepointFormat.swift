internal import PolicyModel

/// The `format` file of a tracepoint, or why there is none.
public enum TracepointFormatText: Sendable, Hashable {
    case text(String)
    case absent
    case unreadable
}

/// Reads `field:` lines.
enum TracepointFormat {
    /// Fields that are worth naming; real tracepoints have up to 30.
    private static let limit = 256

    static func fields(of text: String) -> [KernelFunction.Parameter] {
        var fields: [KernelFunction.Parameter] = []
        for line in text.split(separator: "\n") where fields.count < limit {
            guard let start = line.firstIndex(where: { !$0.isWhitespace }), line[start...].hasPrefix("field:")
            else {
                continue
            }
            let parts = line[start...].dropFirst(6).split(separator: ";").map {
                String($0.drop { $0.isWhitespace })
            }
            guard let declaration = parts.first else { continue }
            let size = number("size:", in: parts) ?? 8
            let isSigned = number("signed:", in: parts) == 1
            fields.append(parameter(declaration, size: size, isSigned: isSigned))
        }
        return fields
    }

    private static func number(_ key: String, in parts: [String]) -> Int? {
        parts.first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) }
    }

    private static func parameter(_ declaration: String, size: Int, isSigned: Bool)
        -> KernelFunction.Parameter
    {
        var words = declaration.split(separator: " ")
        let last = words.popLast().map(String.init) ?? ""
        let type = words.joined(separator: " ")
        let name = String(last.prefix { $0 != "[" })
        if type.hasPrefix("__data_loc") {
            return KernelFunction.Parameter(name, KernelType(type, .other))
        }
        if last.contains("[") {
            let element = KernelType(
                type, .integer(IntegerShape(bytes: type.hasSuffix("char") ? 1 : 8, isSigned: false)))
            return KernelFunction.Parameter(name, KernelType("\(type)[]", .array(element, count: 0)))
        }
        if type.hasSuffix("*") {
            let base = type.dropLast().trimmed
            let target: KernelType
            if base.hasSuffix("char") {
                target = KernelType(base, .integer(IntegerShape(bytes: 1, isSigned: true)))
            } else if let structure = base.split(separator: " ").last, base.contains("struct ") {
                target = KernelType(base, .structure(String(structure)))
            } else {
                target = KernelType(base, .void)
            }
            return KernelFunction.Parameter(name, KernelType(type, .pointer(target)))
        }
        let width = [1, 2, 4, 8].contains(size) ? size : 8
        return KernelFunction.Parameter(
            name, KernelType(type, .integer(IntegerShape(bytes: width, isSigned: isSigned))))
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = drop { $0 == " " }
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
