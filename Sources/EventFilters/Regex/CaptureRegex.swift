/// A regular expression that says *where* it matches: for hiding parts of a text.
///
/// The same syntax and the same promise as `LinearRegex`: all alternatives are followed at once, so
/// no pattern and no text can stall the caller. Of several matches it takes the one that RE2 and Go take:
/// the leftmost, then the preferred alternative.
public struct CaptureRegex: Sendable {
    /// As it was given.
    public let pattern: String
    /// Groups that capture.
    public let groups: Int
    private let program: [RegexInstruction]
    private let begins: FirstBytes

    /// - Throws: `FilterError` with the position of what is wrong.
    public init(_ pattern: String, field: String = "regular expression") throws(FilterError) {
        do throws(SyntaxError) {
            let (node, groups) = try RegexParser.parseCapturing(pattern)
            program = try RegexCompiler.compile(node)
            self.groups = groups
        } catch {
            throw error.inField(field, pattern)
        }
        begins = FirstBytes(program)
        self.pattern = pattern
    }

    /// What the groups of all matches hold, as byte ranges, in order and not overlapping; whole matches where
    /// the expression has no group. From the place where a text becomes too expensive on, everything counts as
    /// captured: whoever hides secrets must not be talked out of it by a long text.
    ///
    /// - Parameter text: Bytes that should be UTF-8; each byte that is not counts as U+FFFD.
    public func captures(in text: [UInt8]) -> [Range<Int>] {
        var run = CaptureRun(program, groups: groups, begins: begins, text)
        var found: [Range<Int>] = []
        var place = 0
        while place <= text.count {
            switch run.match(from: place) {
            case .none: return CaptureRegex.joined(found)
            case .tooExpensive:
                found.append(place..<text.count)
                return CaptureRegex.joined(found)
            case .found(let whole, let captured):
                found += groups == 0 ? [whole] : captured
                // An empty match is stepped over, so that the next begins further on.
                place = whole.isEmpty ? run.next(after: whole.upperBound) : whole.upperBound
            }
        }
        return CaptureRegex.joined(found)
    }

    /// Bytes of the leftmost match where it stands at the begin of the text; nil where there is none, it stands further
    /// on, or it costs too much.
    public func leadingMatch(in text: [UInt8]) -> Int? {
        var run = CaptureRun(program, groups: groups, begins: begins, text)
        guard case .found(let whole, _) = run.match(from: 0), whole.lowerBound == 0 else { return nil }
        return whole.upperBound
    }

    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var result: [Range<Int>] = []
        for range in ranges.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, range.lowerBound <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }
}

/// The bytes that a match can begin with: most texts hold few places worth a look.
struct FirstBytes: Sendable {
    /// By ASCII byte; others always may. Empty = any place may begin a match, an empty one too.
    private var ascii: [Bool] = []

    init(_ program: [RegexInstruction]) {
        var possible = [Bool](repeating: false, count: 128)
        var seen = [Bool](repeating: false, count: program.count)
        var waiting = [0]
        while let number = waiting.popLast() {
            if seen[number] { continue }
            seen[number] = true
            switch program[number] {
            case .set(let set):
                for value in 0..<128 where !possible[value] {
                    possible[value] = set.contains(Unicode.Scalar(UInt8(value)))
                }
            case .split(let one, let other): waiting += [one, other]
            case .jump(let target): waiting.append(target)
            // Whether it holds depends on the place; what follows it decides.
            case .save, .assertion: waiting.append(number + 1)
            case .match: return
            }
        }
        ascii = possible
    }

    func allow(_ byte: UInt8) -> Bool { ascii.isEmpty || byte >= 128 || ascii[Int(byte)] }

    var isAnything: Bool { ascii.isEmpty }
}
