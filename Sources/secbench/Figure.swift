import Foundation

/// One measured number with the bar it is held against.
struct Figure: Codable {
    var name: String
    var value: Double
    var unit: String
    /// `≤ 1.05`, `≥ 2000000`; nil = informative.
    var bar: Bar?
    var note: String
    /// Lower and upper quartile, where the value is a median.
    var quartiles: [Double]?

    struct Bar: Codable {
        var limit: Double
        var isUpper: Bool

        static func atMost(_ limit: Double) -> Bar { Bar(limit: limit, isUpper: true) }
        static func atLeast(_ limit: Double) -> Bar { Bar(limit: limit, isUpper: false) }
    }

    init(
        _ name: String, _ value: Double, _ unit: String, bar: Bar?, note: String = "",
        quartiles: [Double]? = nil
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.bar = bar
        self.note = note
        self.quartiles = quartiles
    }

    /// Median of samples with its quartiles.
    init(_ name: String, median samples: [Double], _ unit: String, bar: Bar?, note: String = "") {
        let sorted = samples.sorted()
        self.init(
            name, Self.quantile(sorted, 0.5), unit, bar: bar, note: note,
            quartiles: [Self.quantile(sorted, 0.25), Self.quantile(sorted, 0.75)])
    }

    static func quantile(_ sorted: [Double], _ part: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let place = part * Double(sorted.count - 1)
        let low = Int(place)
        let high = min(low + 1, sorted.count - 1)
        return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
    }

    var isMet: Bool? {
        bar.map { $0.isUpper ? value <= $0.limit : value >= $0.limit }
    }

    var line: String {
        var text =
            name + String(repeating: " ", count: max(1, 44 - name.count)) + Self.text(value) + " " + unit
        if let quartiles { text += "  [\(Self.text(quartiles[0])) … \(Self.text(quartiles[1]))]" }
        if let bar, let isMet {
            text += "  bar \(bar.isUpper ? "≤" : "≥") \(Self.text(bar.limit)) \(isMet ? "met" : "MISSED")"
        }
        return note.isEmpty ? text : text + "  (\(note))"
    }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "-" }
        if value.magnitude >= 1000 { return String(format: "%.0f", value) }
        return String(format: value.magnitude >= 10 ? "%.1f" : "%.3f", value)
    }
}

/// All figures of a run.
struct Results: Codable {
    var machine: String
    var figures: [Figure]
}

/// The machine, without its name or address.
enum Machine {
    static func describe() -> String {
        let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "?"
        return
            "Linux \(release.trimmingCharacters(in: .whitespacesAndNewlines)), \(ProcessInfo.processInfo.processorCount) cpus"
    }
}
