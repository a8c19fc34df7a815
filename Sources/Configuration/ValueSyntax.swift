/// What is wrong with the text of a value.
struct ValueProblem: Error {
    var message: String
    var hint = ""
}

/// How values are written, the same in flags, variables and the file.
enum ValueSyntax {
    static func boolean(_ text: String) throws(ValueProblem) -> Bool {
        switch text.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw ValueProblem(message: "expected true or false, found \"\(text)\"")
        }
    }

    /// `4096`, `64K`, `16MiB`, `1G`: powers of 1024, with or without `iB`; `100MB`: powers of 1000.
    static func size(_ text: String) throws(ValueProblem) -> UInt64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        let factors: [String: UInt64] = [
            "": 1, "B": 1, "K": 1 << 10, "KiB": 1 << 10, "kB": 1000, "KB": 1000, "M": 1 << 20, "MiB": 1 << 20,
            "MB": 1_000_000, "G": 1 << 30, "GiB": 1 << 30, "GB": 1_000_000_000,
        ]
        guard let number = UInt64(digits), let factor = factors[String(unit)] else {
            throw ValueProblem(message: "expected a size, found \"\(text)\"", hint: "like 64K, 16M or 1G")
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
        guard !overflow, bytes <= UInt64(Int64.max) else {
            throw ValueProblem(message: "\(text) is too large")
        }
        return bytes
    }

    static func show(size bytes: UInt64) -> String {
        for (shift, unit) in [(30, "G"), (20, "M"), (10, "K")] where bytes > 0 && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return String(bytes)
    }

    /// `90s`, `15m`, `1h30m`, `7d`; `0` = never. Seconds.
    static func duration(_ text: String) throws(ValueProblem) -> UInt64 {
        let problem = ValueProblem(
            message: "expected a duration, found \"\(text)\"", hint: "like 90s, 15m, 12h or 7d; 0 = never")
        if text == "0" { return 0 }
        var rest = text[...]
        var total: UInt64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            guard let number = UInt64(digits), number <= 1_000_000_000, let unit = rest.popFirst(),
                let factor = (["s": 1, "m": 60, "h": 3600, "d": 86_400] as [Character: UInt64])[unit]
            else { throw problem }
            total += number * factor
            // A century: everything after it is a mistake, and no sum overflows before it.
            guard total <= 3_155_760_000 else { throw ValueProblem(message: "\(text) is too long") }
        }
        if total == 0 { throw problem }
        return total
    }

    /// Milliseconds: `200ms`, `2s`, or 0.
    static func wait(_ text: String) throws(ValueProblem) -> UInt64 {
        let problem = ValueProblem(
            message: "expected 0 to 10s, found \"\(text)\"", hint: "like 200ms or 2s; 0 = do not wait")
        if text == "0" { return 0 }
        let (unit, factor) = text.hasSuffix("ms") ? ("ms", UInt64(1)) : ("s", 1000)
        guard text.hasSuffix(unit), let number = UInt64(text.dropLast(unit.count)), number <= 10_000,
            number * factor <= 10_000
        else { throw problem }
        return number * factor
    }

    /// `auto`, `off`, or a URL, which is looked at more closely by who uses it.
    static func kubelet(_ text: String) throws(ValueProblem) -> String {
        if text.isEmpty { return "off" }
        let isURL = text.hasPrefix("https://") || text.hasPrefix("http://")
        guard ["auto", "off"].contains(text) || isURL else {
            throw ValueProblem(
                message: "expected auto, off or a URL, found \"\(text)\"",
                hint: "like https://127.0.0.1:10250, or http://127.0.0.1:10255 for its read-only port")
        }
        return text
    }

    static func show(wait milliseconds: UInt64) -> String {
        if milliseconds == 0 { return "0" }
        return milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }

    static func show(duration seconds: UInt64) -> String {
        if seconds == 0 { return "0" }
        for (factor, unit) in [(UInt64(86_400), "d"), (3600, "h"), (60, "m")] where seconds % factor == 0 {
            return "\(seconds / factor)\(unit)"
        }
        return "\(seconds)s"
    }

    static func count(_ text: String) throws(ValueProblem) -> Int {
        guard let number = Int(text), number >= 0, number <= 1_000_000 else {
            throw ValueProblem(message: "expected a number from 0 to 1000000, found \"\(text)\"")
        }
        return number
    }

    /// Octal, as chmod writes it; nothing that others than owner and group could use.
    static func permissions(_ text: String) throws(ValueProblem) -> UInt32 {
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        guard let bits = UInt32(digits, radix: 8), bits <= 0o777 else {
            throw ValueProblem(message: "expected octal permissions, found \"\(text)\"", hint: "like 0600")
        }
        guard bits & 0o600 == 0o600 else {
            throw ValueProblem(message: "the owner must be able to read and write", hint: "like 0600")
        }
        guard bits & 0o007 == 0 else {
            throw ValueProblem(
                message: "\(text) would let everybody at the events, which hold command lines",
                hint: "0600, or 0640 for a group")
        }
        return bits
    }

    static func show(permissions: UInt32) -> String { "0" + String(permissions, radix: 8) }

    /// `127.0.0.1:2112`, `[::1]:2112`, `localhost:2112`. Empty or `off` = nil.
    static func address(_ text: String) throws(ValueProblem) -> NetworkAddress? {
        if text.isEmpty || text == "off" { return nil }
        let problem = ValueProblem(
            message: "expected host:port, found \"\(text)\"", hint: "like 127.0.0.1:2112 or [::1]:2112")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
            port > 0
        else {
            throw problem
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw problem
        }
        guard !host.isEmpty else { throw problem }
        return NetworkAddress(host: String(host), port: port)
    }

    static func show(address: NetworkAddress?) -> String { address?.description ?? "off" }

    /// A path, made absolute with `base` when that is given (flags: the working directory).
    static func path(_ text: String, base: String?) throws(ValueProblem) -> String {
        try requirePrintable(text)
        guard text.utf8.count < 4096 else {
            throw ValueProblem(message: "the path is longer than 4095 bytes")
        }
        if text.isEmpty || text.hasPrefix("/") { return text }
        guard let base else {
            throw ValueProblem(
                message: "\"\(text)\" is not absolute",
                hint: "the daemon has no working directory to start from")
        }
        return base.hasSuffix("/") ? base + text : base + "/" + text
    }

    static func name(_ text: String) throws(ValueProblem) -> String {
        try requirePrintable(text)
        guard text.utf8.count <= 253, !text.contains(" ") else {
            throw ValueProblem(message: "expected a name of at most 253 bytes without spaces")
        }
        return text
    }

    static func namespace(_ text: String, base _: String?) throws(ValueProblem) -> String {
        if let problem = NamespaceList.problem(of: text) {
            throw ValueProblem(message: problem, hint: "like shop, * (all), - (in no pod) or !kube-system")
        }
        return text
    }

    static func subject(_ text: String) throws(ValueProblem) -> String {
        try requirePrintable(text)
        guard !text.isEmpty, text.utf8.count <= 1024 else {
            throw ValueProblem(message: "expected the subject of a certificate of 1 to 1024 bytes")
        }
        return text
    }

    static func pattern(_ text: String) throws(ValueProblem) -> String {
        guard !text.isEmpty, text.utf8.count <= 4096 else {
            throw ValueProblem(message: "expected a regular expression of 1 to 4096 bytes")
        }
        return text
    }

    private static func requirePrintable(_ text: String) throws(ValueProblem) {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
            throw ValueProblem(message: "control characters are not allowed")
        }
    }
}
