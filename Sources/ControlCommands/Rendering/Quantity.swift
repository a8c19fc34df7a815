/// Numbers as people read them.
package enum Quantity {
    /// `78 B`, `1.5 KiB`, `12 MiB`.
    package static func bytes(_ count: UInt64) -> String {
        if count < 1024 { return "\(count) B" }
        var value = Double(count)
        var unit = "B"
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] where value >= 1024 {
            value /= 1024
            unit = next
        }
        return short(value) + " " + unit
    }

    /// `85 µs`, `0.4 ms`, `8 ms`, `1.2 s`, `3m04s`, `5h12m`, `3d04h`.
    package static func duration(nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        switch nanoseconds {
        case 0..<1000: return "\(nanoseconds) ns"
        case 1000..<100_000: return "\(nanoseconds / 1000) µs"
        case 100_000..<999_500_000: return short(Double(nanoseconds) / 1e6) + " ms"
        default: break
        }
        switch seconds {
        case 0..<60: return short(Double(nanoseconds) / 1e9) + " s"
        case 60..<3600: return "\(seconds / 60)m" + twoDigits(seconds % 60) + "s"
        case 3600..<86_400: return "\(seconds / 3600)h" + twoDigits(seconds / 60 % 60) + "m"
        default: return "\(seconds / 86_400)d" + twoDigits(seconds / 3600 % 24) + "h"
        }
    }

    /// `12,345,678`.
    package static func grouped(_ count: UInt64) -> String {
        var result = ""
        for (index, digit) in String(count).reversed().enumerated() {
            if index > 0, index % 3 == 0 { result.append(",") }
            result.append(digit)
        }
        return String(result.reversed())
    }

    /// `1 gap`, `2 gaps`.
    package static func counted(_ count: UInt64, _ noun: String, _ plural: String? = nil) -> String {
        grouped(count) + " " + (count == 1 ? noun : plural ?? noun + "s")
    }

    /// One decimal below 10, where it is not 0.
    private static func short(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        guard tenths < 100, tenths % 10 != 0 else { return String(Int64(value.rounded())) }
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func twoDigits(_ value: UInt64) -> String {
        value < 10 ? "0\(value)" : String(value)
    }
}
