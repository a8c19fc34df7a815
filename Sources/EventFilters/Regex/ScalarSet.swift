/// A set of Unicode scalars: what one step of a regular expression accepts.
struct ScalarSet: Equatable {
    /// Inclusive ranges, in no order: sets are short.
    var ranges: [ClosedRange<UInt32>] = []
    var negated = false
    /// Accept a scalar also by its other case.
    var foldsCase = false

    init() {}

    init(_ scalar: Unicode.Scalar, foldsCase: Bool) {
        ranges = [scalar.value...scalar.value]
        self.foldsCase = foldsCase && (scalar.properties.isLowercase || scalar.properties.isUppercase)
    }

    /// `.`: everything, or everything but a line break.
    static func any(withLineBreaks: Bool) -> Self {
        var set = Self()
        set.negated = true
        if !withLineBreaks { set.ranges = [0x0a...0x0a] }
        return set
    }

    /// The one scalar it accepts, where it is exactly one.
    var single: Unicode.Scalar? {
        guard ranges.count == 1, !negated, !foldsCase, ranges[0].count == 1 else { return nil }
        return Unicode.Scalar(ranges[0].lowerBound)
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var found = holds(scalar.value)
        if !found, foldsCase {
            // Simple folding only: a letter whose other case is several letters stays as it is.
            let lower = scalar.properties.lowercaseMapping.unicodeScalars
            let upper = scalar.properties.uppercaseMapping.unicodeScalars
            found =
                (lower.count == 1 && lower.first.map { holds($0.value) } == true)
                || (upper.count == 1 && upper.first.map { holds($0.value) } == true)
        }
        return found != negated
    }

    private func holds(_ value: UInt32) -> Bool {
        for range in ranges where range.contains(value) { return true }
        return false
    }

    static let digit = ["0"..."9"].scalars
    static let word = ["0"..."9", "A"..."Z", "_"..."_", "a"..."z"].scalars
    /// RE2's `\s`: no vertical tab.
    static let space = ["\t"..."\n", "\u{c}"..."\r", " "..." "].scalars

    /// The ranges of `\d`, `\w` and `\s`, or nil.
    static func perl(_ letter: Unicode.Scalar) -> [ClosedRange<UInt32>]? {
        switch letter {
        case "d", "D": digit
        case "w", "W": word
        case "s", "S": space
        default: nil
        }
    }

    /// The ranges of `[:name:]`, or nil.
    static func posix(_ name: String) -> [ClosedRange<UInt32>]? {
        switch name {
        case "alnum": ["0"..."9", "A"..."Z", "a"..."z"].scalars
        case "alpha": ["A"..."Z", "a"..."z"].scalars
        case "ascii": [0...0x7f]
        case "blank": ["\t"..."\t", " "..." "].scalars
        case "cntrl": [0...0x1f, 0x7f...0x7f]
        case "digit": digit
        case "graph": ["!"..."~"].scalars
        case "lower": ["a"..."z"].scalars
        case "print": [" "..."~"].scalars
        case "punct": ["!"..."/", ":"..."@", "["..."`", "{"..."~"].scalars
        case "space": ["\t"..."\r", " "..." "].scalars
        case "upper": ["A"..."Z"].scalars
        case "word": word
        case "xdigit": ["0"..."9", "A"..."F", "a"..."f"].scalars
        default: nil
        }
    }

    /// What is not in `ranges`.
    static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10_ffff { result.append(next...0x10_ffff) }
        return result
    }
}

extension [ClosedRange<Unicode.Scalar>] {
    fileprivate var scalars: [ClosedRange<UInt32>] { map { $0.lowerBound.value...$0.upperBound.value } }
}
