import Foundation

/// Times as `secd` writes them (RFC 3339) and as people type them.
package enum Timestamp {
    private static let second: Int64 = 1_000_000_000

    /// Nanoseconds since 1970 of an RFC 3339 time, or nil. Decimals beyond nine are dropped.
    package static func parse(_ text: String) -> Int64? {
        var reader = DigitReader(text)
        guard let time = civilTime(&reader) else { return nil }
        let fraction = reader.fraction()
        guard let offset = reader.zone() else { return nil }
        guard reader.isAtEnd else { return nil }
        return time &* second &+ fraction &- offset &* second
    }

    /// A point in time as a user gives it, in nanoseconds since 1970: RFC 3339; a date or a date
    /// and time without zone (local time); `now`; or a span counted back from now: `-1h`, `10m`,
    /// `1h30m`, `2d ago`.
    package static func parseBound(_ text: String, now: Int64, localOffset: (Int64) -> Int64) -> Int64? {
        let text = text.trimmingCharacters(in: .whitespaces)
        if text == "now" { return now }
        if let exact = parse(text) { return exact }
        if let span = parseSpan(text) { return now - span }
        var reader = DigitReader(text)
        guard let date = reader.date() else { return nil }
        var local = date * 86_400
        var fraction: Int64 = 0
        if !reader.isAtEnd {
            var whole = DigitReader(text)
            guard let time = civilTime(&whole) else { return nil }
            local = time
            fraction = whole.fraction()
            guard whole.isAtEnd else { return nil }
        }
        return (local - localOffset(local)) * second + fraction
    }

    /// A span of time in nanoseconds: `500ms`, `90s`, `10m`, `1h30m`, `2d`, with or without a minus
    /// before and `ago` behind.
    package static func parseSpan(_ text: String) -> Int64? {
        var rest = Substring(text)
        if rest.hasPrefix("-") { rest.removeFirst() }
        if rest.hasSuffix(" ago") { rest.removeLast(4) }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest.removeFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest.removeFirst(unit.count)
            guard let count = Int64(digits), count < 10_000_000, let factor = milliseconds(of: unit) else {
                return nil
            }
            total += count * factor
        }
        return total > 9_000_000_000_000 ? nil : total * (second / 1000)
    }

    private static func milliseconds(of unit: Substring) -> Int64? {
        switch unit {
        case "ms": 1
        case "s", "sec": 1000
        case "m", "min": 60_000
        case "h": 3_600_000
        case "d": 86_400_000
        case "w": 604_800_000
        default: nil
        }
    }

    /// Seconds since 1970 of `YYYY-MM-DDThh:mm:ss` taken as UTC.
    private static func civilTime(_ reader: inout DigitReader) -> Int64? {
        guard let day = reader.date() else { return nil }
        guard reader.accept("T") || reader.accept("t") || reader.accept(" ") else { return nil }
        guard let hour = reader.number(2), reader.accept(":"), let minute = reader.number(2) else {
            return nil
        }
        var seconds: Int64 = 0
        if reader.accept(":") {
            guard let value = reader.number(2) else { return nil }
            seconds = value
        }
        guard hour < 24, minute < 60, seconds <= 60 else { return nil }
        return day * 86_400 + hour * 3600 + minute * 60 + seconds
    }

    /// `2026-11-21T08:00:00.123456789Z`.
    package static func rfc3339(_ nanoseconds: Int64) -> String {
        let seconds = nanoseconds.floorDivided(by: second)
        let fraction = nanoseconds - seconds * second
        return civil(seconds) + "." + padded(fraction, 9) + "Z"
    }

    /// `2026-11-21T08:00:00`, without a zone.
    package static func civil(_ seconds: Int64) -> String {
        let days = seconds.floorDivided(by: 86_400)
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let civilMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
        let date = padded(year, 4) + "-" + padded(civilMonth, 2) + "-" + padded(day, 2)
        let rest = seconds - days * 86_400
        return date + "T" + padded(rest / 3600, 2) + ":" + padded(rest / 60 % 60, 2) + ":"
            + padded(rest % 60, 2)
    }

    static func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// Now, in nanoseconds since 1970.
    package static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * second + Int64(time.tv_nsec)
    }

    /// Seconds that this machine's zone is ahead of UTC at a moment (seconds since 1970).
    package static func localOffset(at seconds: Int64) -> Int64 {
        var moment = time_t(seconds)
        var parts = unsafe tm()
        guard unsafe localtime_r(&moment, &parts) != nil else { return 0 }
        return unsafe Int64(parts.tm_gmtoff)
    }
}

/// Takes fixed-width numbers and signs from a text.
private struct DigitReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { at == bytes.count }

    mutating func accept(_ sign: Unicode.Scalar) -> Bool {
        guard at < bytes.count, UInt32(bytes[at]) == sign.value else { return false }
        at += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        guard at + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[at..<at + digits] {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        at += digits
        return value
    }

    /// Days since 1970 of `YYYY-MM-DD` (H. Hinnant's `days_from_civil`).
    mutating func date() -> Int64? {
        guard let year = number(4), accept("-"), let month = number(2), accept("-"), let day = number(2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `.123` as nanoseconds; 0 where there is none.
    mutating func fraction() -> Int64 {
        guard accept(".") else { return 0 }
        var value: Int64 = 0
        var digits = 0
        while let digit = number(1) {
            if digits < 9 {
                value = value * 10 + digit
                digits += 1
            }
        }
        for _ in digits..<9 { value *= 10 }
        return value
    }

    /// Seconds ahead of UTC: `Z`, `+02:00`.
    mutating func zone() -> Int64? {
        if accept("Z") || accept("z") { return 0 }
        let sign: Int64
        if accept("+") { sign = 1 } else if accept("-") { sign = -1 } else { return nil }
        guard let hours = number(2) else { return nil }
        _ = accept(":")
        guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
